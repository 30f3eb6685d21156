"""The function that answers how good the model in service is."""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct

from config import Settings
from stacks.components.bucket_rules import RUNS, WATCH, reaches_buckets_from_outside
from stacks.components.bundles import ROOT, bundle
from stacks.components.champion_lookup import look_up_champion
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.grants import allow
from stacks.components.permissions import THROUGH_S3
from stacks.components.place import Place

# Below API Gateway's own limit (api.gateway_timeout_s); a cold start and some twenty calls take two seconds.
MEMORY_MB = 512
OUTSIDE_VPC = (
    "It asks SageMaker's API what is registered and served, which no door of the isolated network leads to, and reads "
    "reports about models. It calls no endpoint and reads nothing of a single customer."
)
# What it has in common with the functions that score, look for the champion, and take files in.
SHARED = {
    **{
        f"{name}.py": ROOT / "lambda" / "invoker" / f"{name}.py"
        for name in ("answers", "json_log", "problems", "request", "serving")
    },
    "champion.py": ROOT / "lambda" / "find_champion" / "champion.py",
    "passing.py": ROOT / "lambda" / "model_report" / "passing.py",
    **{f"contract/{name}.py": ROOT / "contract" / f"{name}.py" for name in ("__init__", "rules")},
}
REPORTS = ("evaluation", "bias")


def model_report(scope: Construct, construct_id: str, *, settings: Settings, place: Place) -> PythonFunction:
    """Make a function that may look at the versions of one model and read what their runs reported."""
    stack, name = Stack.of(scope), settings.resource_name
    evaluated = [f"{RUNS}*/evaluation/{report}.json" for report in REPORTS]
    function = PythonFunction(
        scope,
        construct_id,
        spec=FunctionSpec(
            bundle=bundle({".": ROOT / "lambda" / "model_report", **SHARED}),
            handler="handler.handler",
            description="Answers how good the model in service is",
            timeout_s=settings.api.function_timeout_s,
            memory_mb=MEMORY_MB,
            environment={
                "ENDPOINT_NAME": name,
                "PACKAGE_GROUP_NAME": name,
                "DATA_BUCKET": place.data.bucket_name,
                "WATCHES": WATCH,
            },
            traced=True,
        ),
        grants=[
            *look_up_champion(stack, endpoint_name=name),
            allow(
                "sagemaker:ListModelPackages",
                on=["*"],
                wildcard_because="SageMaker knows no resource for lists; this one tells names and states, and no more.",
            ),
            allow(
                "s3:GetObject",
                on=[
                    *(place.data.arn_for_objects(report) for report in evaluated),
                    place.data.arn_for_objects(f"{WATCH}*/drift.json"),
                ],
                wildcard_because="The reports of each run's evaluation and of each watch, and no customer's row: only "
                "the run's id is open.",
            ),
            # Which watch was the last, and whether a report that S3 refuses is there at all.
            allow(
                "s3:ListBucket",
                on=[place.data.bucket_arn],
                when={"StringLike": {"s3:prefix": [f"{WATCH}*", *evaluated]}},
            ),
            allow("kms:Decrypt", on=[place.keys.data.key_arn], when=THROUGH_S3),
        ],
        storage=settings.storage,
        key=place.keys.logs,
        outside_vpc_because=OUTSIDE_VPC,
    )
    reaches_buckets_from_outside(function.role)
    return function
