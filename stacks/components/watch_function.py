"""The function of the watch's two steps beside its job."""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct

from config import Settings
from stacks.components import permissions
from stacks.components.bucket_rules import CAPTURE, LABELS, QUARANTINED_LABELS, WATCH, reaches_buckets_from_outside
from stacks.components.bundles import ROOT, bundle
from stacks.components.champion_lookup import look_up_champion
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.grants import Grant, allow
from stacks.components.model_endpoint import VARIANT
from stacks.components.place import Place

# Of SageMaker's ten minutes for such a step.
TIMEOUT_S = 60
MEMORY_MB = 256
OUTSIDE_VPC = (
    "It asks SageMaker's API what is served and tells CloudWatch what was found: the isolated network has a door to "
    "the second only, and one to the first would open that API to every job."
)
NAMED_BY_OTHERS = (
    "SageMaker names captured files after hours, runs name their folders, and people name files of labels."
)


def namespace(settings: Settings) -> str:
    """Name the metrics' namespace, in which nobody else may publish: what counts golden answers has another."""
    return f"Churn/{settings.name}/Watch"


def watch_function(scope: Construct, construct_id: str, *, settings: Settings, place: Place) -> PythonFunction:
    """Make the function that names what there is to look at, and publishes what was found."""
    made = PythonFunction(
        scope,
        construct_id,
        spec=FunctionSpec(
            bundle=bundle(
                {
                    ".": ROOT / "lambda" / "watch",
                    "champion.py": ROOT / "lambda" / "find_champion" / "champion.py",
                }
            ),
            handler="handler.handler",
            description="Tells the watch what is live, and CloudWatch what the watch has found",
            timeout_s=TIMEOUT_S,
            memory_mb=MEMORY_MB,
            environment={
                "ENDPOINT_NAME": settings.resource_name,
                "DATA_BUCKET": place.data.bucket_name,
                "CAPTURES": f"{CAPTURE}{settings.resource_name}/{VARIANT}/",
                "LABELS": LABELS,
                "RUNS": WATCH,
                "QUARANTINE": QUARANTINED_LABELS,
                "LABELS_DAYS": str(settings.watching.labels_days),
                "NAMESPACE": namespace(settings),
            },
        ),
        grants=_grants(Stack.of(scope), settings=settings, place=place),
        storage=settings.storage,
        key=place.keys.logs,
        outside_vpc_because=OUTSIDE_VPC,
    )
    reaches_buckets_from_outside(made.role)
    return made


def _grants(stack: Stack, *, settings: Settings, place: Place) -> list[Grant]:
    """Look up what is served; list captures and labels; write and read the watch's own; set bad labels aside."""
    return [
        *look_up_champion(stack, endpoint_name=settings.resource_name),
        allow(
            "s3:ListBucket",
            on=[place.data.bucket_arn],
            when={"StringLike": {"s3:prefix": [f"{CAPTURE}*", f"{LABELS}*"]}},
        ),
        permissions.get_objects(place.data, WATCH, LABELS, because=NAMED_BY_OTHERS),
        allow(
            "s3:PutObject",
            on=[place.data.arn_for_objects(f"{prefix}*") for prefix in (WATCH, QUARANTINED_LABELS)],
            wildcard_because=NAMED_BY_OTHERS,
        ),
        allow("s3:DeleteObject", on=[place.data.arn_for_objects(f"{LABELS}*")], wildcard_because=NAMED_BY_OTHERS),
        permissions.write_with_key(place.keys.data),
        permissions.put_metrics(namespace(settings)),
    ]
