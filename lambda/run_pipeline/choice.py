"""Which package a deployment serves: settled by the resource's properties and by what was decided on packages.

Of nothing else, so that a stack that is rolled back to former properties gets the package that it had.
"""

from __future__ import annotations

from typing import Any

import executions
import packages
from properties import Properties

Client = Any


def rolls_back(cloudformation: Client, stack: str) -> bool:
    """Tell whether CloudFormation is on its way back to what there was."""
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    status: str = found["StackStatus"]
    # Once it has gone back, what comes next is no part of it.
    return "ROLLBACK" in status and not status.endswith("ROLLBACK_COMPLETE")


def wants_run(properties: Properties, *, rolls_back: bool) -> bool:
    """Tell whether a run is needed: a model is served that was rolled out, and these inputs have had their run."""
    return properties.needs_run and not (rolls_back and properties.rolled_out)


def served(client: Client, properties: Properties, execution: str, package: str | None, *, rolls_back: bool) -> str:
    """Give the package to serve: the one that was rolled out, or the run's own, approved in the deployment's name.

    A deployment is made by someone who may replace the endpoint: that person's approval is the deployment. Where a
    person is to approve each model, that counts for the first one only.

    Raises
    ------
    NotServable
        If nobody approved what is to be served. On the way back nothing is refused: the package was approved when it
        came, the endpoint may still serve it, and a stack that cannot go back either needs hands.
    """
    if rolled_out := properties.rolled_out:
        if not rolls_back:
            packages.require_approved(client, rolled_out)
        return rolled_out
    if package is None:
        raise packages.NotServable("There is neither a run nor a rollout to take a model from.")
    if rolls_back:
        return package
    if properties.by_person and not packages.is_approved(client, package) and there(client, properties.endpoint):
        raise packages.NotServable(
            f"A person approves what {properties.endpoint} serves, and no rollout is recorded that this deployment "
            f"could leave as it is. Approve {package}, and deploy again once it is served."
        )
    packages.approve(
        client, execution, package, because=f"By the deployment whose run made it: {properties.display_name}"
    )
    return package


def there(client: Client, endpoint: str) -> bool:
    """Tell whether an endpoint is there, whatever it serves."""
    try:
        client.describe_endpoint(EndpointName=endpoint)
    except client.exceptions.ClientError as exc:
        if exc.response["Error"]["Code"] in executions.NOT_THERE:
            return False
        raise
    return True
