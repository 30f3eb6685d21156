"""What CloudFormation hands the deployer: pipeline, hashes of a run's inputs, and which package was rolled out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Properties:
    """The custom resource's properties.

    Attributes
    ----------
    by_person : bool
        Whether only a person's approval changes what is served, once something is.
    rollout : str
        The stack's parameter: the hash of the inputs with which a package was rolled out, and the package; or nothing.
    """

    pipeline: str
    endpoint: str
    inputs: Mapping[str, str]
    by_person: bool
    rollout: str

    @classmethod
    def read(cls, properties: Mapping[str, Any]) -> Properties:
        """Read them as CloudFormation passes them."""
        return cls(
            pipeline=properties["PipelineName"],
            endpoint=properties["EndpointName"],
            inputs=properties["Inputs"],
            by_person=properties["Approval"] == "person",
            rollout=properties["Rollout"],
        )

    @property
    def physical_id(self) -> str:
        """One id for the resource's whole life: only its removal stops anything."""
        return f"{self.pipeline}-run"

    @property
    def inputs_hash(self) -> str:
        """A hash of the inputs: 32 hexadecimal characters."""
        return hashlib.sha256(json.dumps(dict(self.inputs), sort_keys=True).encode()).hexdigest()[:32]

    @property
    def display_name(self) -> str:
        """Name of the runs that have exactly these inputs."""
        return f"deployment-{self.inputs_hash}"

    @property
    def rolled_out(self) -> str | None:
        """The package that is to be served whatever runs: that of the last rollout, while it counts.

        Where the gate decides, other inputs end it: the model that comes of them is served. Where a person does, only
        another rollout does.
        """
        inputs_hash, _, package = self.rollout.partition(" ")
        return package if package and (self.by_person or inputs_hash == self.inputs_hash) else None

    @property
    def needs_run(self) -> bool:
        """Whether these inputs have not made a model yet, as far as the rollout tells."""
        return self.rolled_out is None or self.rollout.partition(" ")[0] != self.inputs_hash
