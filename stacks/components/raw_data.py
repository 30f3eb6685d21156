"""The raw data set that a deployment brings along, and the note of where it came from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

REMEDY = "Run `make data`, or name a folder that it wrote with -c data=FOLDER."


class RawDataError(RuntimeError):
    """The raw data set is not there, or is not what its note says."""


@dataclass(frozen=True, kw_only=True)
class RawData:
    """A CSV file of customers.

    Attributes
    ----------
    file : Path
        The file.
    sha256 : str
        Hash of its content.
    made_up : bool
        Whether its customers are made up; the page says so.
    """

    file: Path
    sha256: str
    made_up: bool

    @classmethod
    def load(cls, folder: Path) -> RawData:
        """Load ``churn.csv`` and ``source.json`` from a folder.

        Raises
        ------
        RawDataError
            If either is missing or they do not belong together.
        """
        file, note = folder / "churn.csv", folder / "source.json"
        try:
            source = json.loads(note.read_text(encoding="utf-8"))
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            noted, made_up = source["sha256"], source["made_up"]
        except FileNotFoundError as exc:
            raise RawDataError(f"There is no raw data: {exc.filename} is missing. {REMEDY}") from exc
        except (ValueError, KeyError, TypeError) as exc:
            raise RawDataError(f"{note} is not a note about raw data. {REMEDY}") from exc
        if noted != digest:
            raise RawDataError(f"{file} is not the file that {note.name} describes: its SHA-256 differs. {REMEDY}")
        if not isinstance(made_up, bool):
            raise RawDataError(f"{note}: made_up must be true or false. {REMEDY}")
        return cls(file=file, sha256=digest, made_up=made_up)
