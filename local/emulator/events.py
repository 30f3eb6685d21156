"""What happens inside the emulator, one JSON line each, for whoever watches: the driver's terminal."""

import json
import threading
import time
from pathlib import Path
from typing import Any


class Events:
    """Appends events to a file.

    Parameters
    ----------
    path
        The file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def tell(self, kind: str, detail: dict[str, Any]) -> None:
        """Add an event, with the time it is now."""
        line = json.dumps({"time": time.time(), "kind": kind, "detail": detail}, default=str)
        with self._lock, self._path.open("a") as handle:
            handle.write(line + "\n")
