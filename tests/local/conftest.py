"""What every test of the deployed system begins with."""

import pytest

from tests.local.deployment import Deployment


@pytest.fixture(autouse=True, scope="module")
def settled(deployment: Deployment) -> None:
    """What an earlier module has set off, such as a rollout of a model that a run of its own has made, is over."""
    deployment.settle()
