"""What a running step can reach, and what it comes to."""

import dataclasses
from collections.abc import Callable
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError


class StepFailed(Exception):
    """The step failed; the message is its ``FailureReason``."""


@dataclasses.dataclass
class Context:
    """What a running step can reach.

    Attributes
    ----------
    execution_arn
        The execution's ARN.
    client
        Gives a client of a service that carries the pipeline's role.
    resolve
        Replaces references in a value.
    metadata
        The step's ``Metadata``, which the step fills in.
    stopping
        Whether the execution is being stopped.
    """

    execution_arn: str
    client: Callable[[str], Any]
    resolve: Callable[[Any], Any]
    metadata: dict[str, Any]
    stopping: Callable[[], bool]

    def tags(self, step: str) -> list[dict[str, str]]:
        """The tags that SageMaker Pipelines gives to every job of a step."""
        values = {"sagemaker:pipeline-execution-arn": self.execution_arn, "sagemaker:pipeline-step-name": step}
        return [{"Key": key, "Value": value} for key, value in values.items()]


@dataclasses.dataclass
class Result:
    """What later steps may refer to, and for a condition its outcome."""

    described: dict[str, Any] = dataclasses.field(default_factory=dict)
    outcome: bool | None = None


def invoke(context: Context, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call the API as the pipeline's role, so that its permissions are what decides."""
    method = getattr(context.client("sagemaker"), xform_name(operation))
    try:
        return method(**arguments)
    except ClientError as exc:
        detail = exc.response["Error"].get("Message", str(exc))
        raise StepFailed(f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {detail}") from exc
    except ParamValidationError as exc:
        raise StepFailed(f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {exc}") from exc
