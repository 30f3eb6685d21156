"""A check that the private names of MiniStack that this package leans on are still there, and called as before.

``python -m local.emulator.contract`` prints what moved and exits 1 if anything did.
"""

import importlib
import inspect
import sys
from importlib.metadata import version

from local.emulator.private_names import NAMES

#: The one version that all this was read against.
PINNED = "1.5.33"


def broken() -> list[str]:
    """Every name that is missing, of another type, or called another way now."""
    found = []
    for module_name, wanted in NAMES.items():
        try:
            module = importlib.import_module(module_name)
        except ImportError as exc:
            found.append(f"{module_name}: {exc}")
            continue
        for name, want in wanted.items():
            if not hasattr(module, name):
                found.append(f"{module_name}.{name}: missing")
                continue
            value = getattr(module, name)
            if isinstance(want, type) and not isinstance(value, want):
                found.append(f"{module_name}.{name}: a {type(value).__name__}, expected {want.__name__}")
            if isinstance(want, list):
                got = list(inspect.signature(value).parameters)
                if got[: len(want)] != want:
                    found.append(f"{module_name}.{name}: called with {got}, expected {want}")
    return found


def require_pinned() -> None:
    """Refuse any other version: what is patched here was read in this one."""
    found = version("ministack")
    if found != PINNED:
        raise SystemExit(
            f"The laptop run is written for ministack {PINNED}, and {found} is installed. "
            "Run `make local`, which installs what requirements-local.txt pins."
        )


def main() -> int:
    """Print what moved."""
    moved = broken()
    total = sum(map(len, NAMES.values()))
    print(f"ministack {version('ministack')}: {total} names, {len(moved)} moved")
    for line in moved:
        print(f"  {line}")
    return 1 if moved else 0


if __name__ == "__main__":
    sys.exit(main())
