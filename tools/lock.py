"""Write constraints*.txt from what the environments hold now, and the Node lock file from package.json."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADERS = {
    "constraints.txt": "# Versions of everything below the direct requirements: the result of installing\n"
    "# requirements-dev.txt, so that an installation next year is the one that was tested. Renew with `make lock`.\n",
    "constraints-mlflow.txt": "# As constraints.txt, for requirements-mlflow.txt. Renew with `make lock`.\n",
    "constraints-local.txt": "# As constraints.txt, for requirements-local.txt. Renew with `make lock`.\n",
}


def direct(*files: str) -> set[str]:
    """Names that the requirements files pin themselves."""
    lines = "\n".join((ROOT / name).read_text() for name in files)
    return {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", lines, re.MULTILINE)}


def lock(venv: str, target: str, *files: str) -> None:
    """Freeze one environment, less what `files` pin."""
    command = [
        str(ROOT / venv / "bin" / "python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "freeze",
    ]
    frozen = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    skip = direct(*files)
    kept = [line for line in frozen if "==" in line and line.split("==")[0].lower() not in skip]
    (ROOT / target).write_text(HEADERS[target] + "\n".join(kept) + "\n")
    print(f"{target}: {len(kept)} packages")


if __name__ == "__main__":
    lock(
        ".venv",
        "constraints.txt",
        "requirements.txt",
        "requirements-ml.txt",
        "requirements-dev.txt",
    )
    lock(".venv-mlflow", "constraints-mlflow.txt", "requirements-mlflow.txt")
    lock(".venv-emulator", "constraints-local.txt", "requirements-local.txt")
    subprocess.run(["npm", "install", "--package-lock-only"], cwd=ROOT, check=True)
