"""Synthesis time of the app beside that of an empty app, in turn, in the same run."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
EMPTY_APP = "import aws_cdk; app = aws_cdk.App(); aws_cdk.Stack(app, 'Empty'); app.synth()"


def seconds(command: list[str]) -> float:
    """Wall time of one synthesis into a folder of its own."""
    with tempfile.TemporaryDirectory() as out:
        env = {**os.environ, "CDK_OUTDIR": out, "CDK_CONTEXT_JSON": '{"env": "dev"}'}
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
        return time.perf_counter() - started


def main(argv: list[str] | None = None) -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args(argv).runs
    commands = {
        "empty app": [sys.executable, "-c", EMPTY_APP],
        "this app, dev": [sys.executable, "app.py"],
    }
    for command in commands.values():
        seconds(command)  # fills the package cache of jsii
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(seconds(command))
    base = median(times["empty app"])
    print("| synthesis | median s | min–max s | ratio |\n|---|---|---|---|")
    for name, values in times.items():
        middle = median(values)
        print(f"| {name} | {middle:.2f} | {min(values):.2f}–{max(values):.2f} | {middle / base:.2f} |")


if __name__ == "__main__":
    main()
