"""Lint, types, and for each environment a synthesis with cdk-nag, cfn-lint, parliament: all of it, then one verdict."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from config import ENVIRONMENTS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("app.py", "config", "contract", "schema", "stacks", "ml", "local", "operate", "bench", "tools")


def run(what: str, *command: str, env: dict[str, str] | None = None) -> bool:
    """Run one check, say how it went and how long it took; show its output only when it failed."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"  {what:<34}{verdict:<8}{time.monotonic() - started:5.1f} s", flush=True)
    if done.returncode:
        print(done.stdout[-8000:] + done.stderr[-8000:], flush=True)
    return done.returncode == 0


def main() -> int:
    """Run every check and return the exit code."""
    python = sys.executable
    ok = [
        run("lint (ruff)", python, "-m", "ruff", "check", "."),
        run("format (ruff)", python, "-m", "ruff", "format", "--check", "."),
        run("notebooks without results", python, "-m", "tools.notebooks"),
        run("types (mypy)", python, "-m", "mypy", *PACKAGES),
    ]
    for program in (*sorted(p for p in (ROOT / "lambda").iterdir() if p.is_dir()), ROOT / "notebooks"):
        # Each function is a program of its own, and so is the notebook's folder: their modules may share names.
        path = {"MYPYPATH": f"{ROOT}{os.pathsep}{program}"}
        command = (python, "-m", "mypy", str(program))
        ok.append(run(f"types (mypy, {program.name})", *command, env=path))
    # From standard input, because of a file alone Node only checks what it takes for CommonJS.
    check_all = 'for f in "$@"; do node --input-type=module --check < "$f" || { echo "$f"; exit 1; }; done'
    scripts = sorted(str(p) for p in (ROOT / "web").rglob("*.js"))
    ok.append(run("syntax (web/)", "sh", "-c", check_all, "check", *scripts))
    with tempfile.TemporaryDirectory() as out:
        for name in ENVIRONMENTS:
            where = f"{out}/{name}"
            ok.append(
                run(
                    f"synth and cdk-nag, {name}",
                    "cdk",
                    "synth",
                    "-c",
                    f"env={name}",
                    "--quiet",
                    "-o",
                    where,
                )
            )
            templates = sorted(str(p) for p in Path(where).rglob("*.template.json"))
            ok.append(run(f"cfn-lint, {name}", "cfn-lint", *templates))
            ok.append(run(f"policies (parliament), {name}", python, "-m", "tools.policy_lint", where))
    print("All checks passed." if all(ok) else "Some checks failed.")
    return 0 if all(ok) else 1


if __name__ == "__main__":
    raise SystemExit(main())
