"""Time from `make local` to the first prediction: first with nothing deployed, then after a stop, with its state kept.

The packages are installed already; how long that takes depends on the network, and `make local` prints it.
"""

import argparse
import json
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from bench import laptop

ROOT = Path(__file__).resolve().parent.parent


def predict(site: str, customer: dict[str, object], signed: dict[str, str]) -> None:
    """Ask the deployed system, through its public address; anything but a probability is an error."""
    body = json.dumps({"customers": [customer]}).encode()
    request = urllib.request.Request(f"{site}/api/predictions", body, {"content-type": "application/json", **signed})
    with urllib.request.urlopen(request, timeout=60) as answer:
        float(json.load(answer)["predictions"][0]["probability"])


def once(state: str, customer: dict[str, object]) -> float:
    """Run `make local`, predict once it says where the page is, stop it; return the seconds to the prediction."""
    started = time.perf_counter()
    with laptop.up(state) as site:
        predict(site, customer, laptop.signed(Path(state)))
        return time.perf_counter() - started


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
