"""Set up what the project needs, inside the project's folder: virtual environments and Node packages.

Run by the Makefile with whatever Python the machine has, so it uses the standard library only, and an older Python than
3.11 gets a clear message. Each part carries a stamp of what it was made from; with nothing changed
the whole run takes a few milliseconds.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)

APP, EMULATOR, NODE, DEV, MLFLOW = "app", "emulator", "node", "dev", "mlflow"
LEVELS = {
    "app": (APP, NODE),
    "local": (APP, NODE, EMULATOR),
    "experiments": (APP, NODE, EMULATOR, MLFLOW),
    "test": (APP, NODE, EMULATOR, MLFLOW, DEV),
}
# What each part installs, and all that it is made from.
REQUIREMENTS = {
    APP: ("requirements.txt", "requirements-ml.txt"),
    EMULATOR: ("requirements-local.txt",),
    DEV: ("requirements-dev.txt",),
    MLFLOW: ("requirements-mlflow.txt",),
}
FILES = {
    APP: (*REQUIREMENTS[APP], "constraints.txt"),
    EMULATOR: (*REQUIREMENTS[EMULATOR], "constraints-local.txt"),
    NODE: ("package.json", "package-lock.json", ".npmrc"),
    MLFLOW: (*REQUIREMENTS[MLFLOW], "constraints-mlflow.txt"),
    DEV: (*REQUIREMENTS[DEV], *REQUIREMENTS[APP], "constraints.txt"),
}
HOME = {APP: ".venv", EMULATOR: ".venv-emulator", NODE: "node_modules", DEV: ".venv", MLFLOW: ".venv-mlflow"}
WHAT = {
    APP: "Python packages for the CDK app and the model",
    EMULATOR: "the AWS emulator of the laptop run",
    NODE: "the CDK command line",
    MLFLOW: "MLflow, where runs are compared (850 MB)",
    DEV: "test tools and the SageMaker SDK (about 1 GB)",
}


def fingerprint(part: str) -> str:
    """What `part` is made from: its files, this Python and the place (a moved environment does not work)."""
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    for name in FILES[part]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def run(command: list[str], log: Path) -> None:
    """Run `command` quietly; on failure show the end of what it printed and stop."""
    with open(log, "ab") as out:
        code = subprocess.call(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    if code:
        tail = Path(log).read_text(errors="replace").splitlines()[-15:]
        sys.exit("\n".join([*tail, "", f"Set-up failed (the whole log: {log})."]))


def install(part: str, log: Path) -> None:
    """Make `part` anew from its files."""
    home = ROOT / HOME[part]
    python = home / "bin" / "python"
    if part == NODE:
        # npm comes from PyPI's Node.js wheel; its own directory first, so that it finds its own node.
        os.environ["PATH"] = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        run([str(ROOT / ".venv" / "bin" / "npm"), "ci", "--no-progress"], log)
        return
    if part != DEV and not works(python):
        shutil.rmtree(home, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(home)], log)
    files = [word for name in REQUIREMENTS[part] for word in ("-r", name)]
    run([str(python), "-m", "pip", "install", "--disable-pip-version-check", *files], log)


def works(python: Path) -> bool:
    """Whether an environment's interpreter is there and is this very version."""
    if not python.exists():
        return False
    version = subprocess.run(
        [str(python), "-c", "import sys; print(sys.version)"],
        capture_output=True,
        text=True,
        check=False,
    )
    return version.stdout.strip() == sys.version.strip()


def main(level: str) -> None:
    """Bring every part of `level` up to date."""
    if sys.version_info < OLDEST_PYTHON:
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit(
            f"Python {version} is too old: the project needs 3.11 or later. Name another: make PYTHON=python3.12 …"
        )
    logs = ROOT / ".cache"
    logs.mkdir(exist_ok=True)
    for part in LEVELS[level]:
        stamp, wanted = ROOT / HOME[part] / f".made-from-{part}", fingerprint(part)
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        print(f"Setting up {WHAT[part]} …", end=" ", flush=True)
        started = time.monotonic()
        log = logs / f"setup-{part}.log"
        log.write_bytes(b"")
        install(part, log)
        stamp.write_text(wanted)
        print(f"{time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
