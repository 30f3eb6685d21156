"""How to read the definition of a deployed pipeline, and the addresses in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlparse

# How the steps of the definition name what the others made.
PREPARED = "Steps.Prepare.ProcessingOutputConfig.Outputs['prepared'].S3Output.S3Uri"
ARTIFACT = "Steps.Train.ModelArtifacts.S3ModelArtifacts"
CHAMPION_URI = "Steps.Champion.OutputParameters['ModelUri']"
CHAMPION = "Steps.Champion.OutputParameters['Champion']"


class WorkbenchError(Exception):
    """The workbench cannot go on; the message names what is missing and the remedy."""


def resolve(value: Any, known: Mapping[str, Any]) -> Any:
    """Return a value of a pipeline's definition with what it refers to filled in.

    Parameters
    ----------
    value
        A part of the definition.
    known : mapping
        What there is to refer to: ``Parameters.CostMissedChurner``, ``Steps.Train.ModelArtifacts.S3ModelArtifacts``…

    Raises
    ------
    WorkbenchError
        When it refers to something else.
    """
    if isinstance(value, Mapping) and set(value) == {"Std:Join"}:
        parts = [str(resolve(part, known)) for part in value["Std:Join"]["Values"]]
        return value["Std:Join"]["On"].join(parts)
    if isinstance(value, Mapping) and set(value) == {"Get"}:
        if value["Get"] not in known:
            raise WorkbenchError(f"The step refers to {value['Get']}, which this workbench cannot tell; teach it to.")
        return known[value["Get"]]
    if isinstance(value, Mapping):
        return {key: resolve(item, known) for key, item in value.items()}
    return [resolve(item, known) for item in value] if isinstance(value, list) else value


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an address in S3."""
    parts = urlparse(uri)
    return parts.netloc, parts.path.lstrip("/")
