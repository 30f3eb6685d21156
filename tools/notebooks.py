"""Keep notebooks free of results: ``python -m tools.notebooks`` refuses them, ``--strip`` takes them out.

Outputs show customers' data, and make each run another file.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
# What an editor leaves of a session beside the outputs.
SESSION_METADATA = ("widgets", "vscode", "papermill")


def stripped(document: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook as it was before anybody ran it."""
    cells = []
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            kept = {key: value for key, value in cell["metadata"].items() if key == "tags"}
            cells.append(cell | {"execution_count": None, "outputs": [], "metadata": kept})
        else:
            cells.append(cell)
    metadata = {key: value for key, value in document["metadata"].items() if key not in SESSION_METADATA}
    metadata["language_info"] = {"name": "python"}  # the version is that of whoever ran it last
    return document | {"cells": cells, "metadata": metadata}


def text(document: dict[str, Any]) -> str:
    """Return a notebook as Jupyter writes it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main(argv: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Check or strip every notebook of the folder and return the exit code."""
    strip = "--strip" in (sys.argv[1:] if argv is None else argv)
    found = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    if not found:
        print(f"{folder} holds no notebook: has it moved?")
        return 1
    wrong = 0
    for path in found:
        clean = text(stripped(json.loads(path.read_text(encoding="utf-8"))))
        if path.read_text(encoding="utf-8") == clean:
            continue
        if strip:
            path.write_text(clean, encoding="utf-8")
        else:
            wrong += 1
            print(f"{path.name} holds results of a run, or was not written by Jupyter: run `make format`.")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
