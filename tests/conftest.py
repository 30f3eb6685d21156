"""What every test may use: the raw data set."""

import json
import os
from pathlib import Path

import pytest

# The system that local and browser tests share.
pytest_plugins = ["tests.local.deployment"]

ROOT = Path(__file__).resolve().parent.parent
BESIDE_THE_CHECKOUT = ROOT.parent / "shared" / "data" / "churn.csv"


@pytest.fixture(scope="session")
def churn_csv() -> Path:
    """The real data set: the file that CHURN_DATA names, one beside the checkout, or what `make data` downloaded.

    Tests of the data set's known facts skip when only made-up customers are at hand: there is nothing to test them on.
    """
    named = os.environ.get("CHURN_DATA")
    if named or BESIDE_THE_CHECKOUT.is_file():
        return Path(named or BESIDE_THE_CHECKOUT)
    data = ROOT / "build" / "data"
    if (data / "source.json").is_file() and not json.loads((data / "source.json").read_text())["made_up"]:
        return data / "churn.csv"
    if os.environ.get("CI"):
        pytest.fail("The build machine must have the real data set: name it with CHURN_DATA.")
    pytest.skip("needs the real data set: name it with CHURN_DATA, or run `make data` with a network")
