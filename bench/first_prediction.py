"""Time from `make local` to the first prediction: first with nothing deployed, then after a stop, with its state kept.

The packages are installed already; how long that takes depends on the network and is printed by `make local` itself.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
WEB_PORT, PORT = 8766, 4866
GIVE_UP_AFTER_S = 900


def predict(customer: dict[str, object]) -> bool:
    """Whether the deployed system answers a prediction through its public address."""
    body = json.dumps({"customers": [customer]}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{WEB_PORT}/api/predictions", body, {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return "probability" in json.load(answer)["predictions"][0]
    except (OSError, ValueError, KeyError):
        return False


def once(state: str, customer: dict[str, object]) -> float:
    """Start the laptop run, wait for the first prediction, stop it; return the seconds to the prediction."""
    env = {
        **os.environ,
        "CHURN_LOCAL_DIR": state,
        "CHURN_LOCAL_PORT": str(PORT),
        "CHURN_LOCAL_WEB_PORT": str(WEB_PORT),
    }
    started = time.perf_counter()
    run = subprocess.Popen([sys.executable, "-m", "local", "up"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        while not predict(customer):
            if run.poll() is not None or time.perf_counter() - started > GIVE_UP_AFTER_S:
                raise SystemExit("the laptop run did not come up: try `make local`")
            time.sleep(0.25)
        return time.perf_counter() - started
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(120)


def main(argv: list[str] | None = None) -> None:
    """Print the median of both times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2)
    runs = parser.parse_args(argv).runs
    customer = json.loads((ROOT / "schema" / "examples.json").read_text())["at_risk"]
    first, again = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as state:
            first.append(once(state, customer))
            again.append(once(state, customer))
    print("| `make local` to the first prediction | median s | all |\n|---|---|---|")
    for name, values in (("nothing deployed yet", first), ("after a stop", again)):
        print(f"| {name} | {median(values):.0f} | {', '.join(f'{v:.0f}' for v in values)} |")


if __name__ == "__main__":
    main()
