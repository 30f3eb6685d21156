"""The function by which a run of the pipeline writes the model card of what it registered, and decisions reach it."""

from __future__ import annotations

import json

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from config import Settings
from stacks.components import permissions
from stacks.components.bucket_rules import RUNS, reaches_buckets_from_outside
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.grants import Grant, allow
from stacks.components.place import Place

# Of SageMaker's ten minutes for such a step.
TIMEOUT_S = 60
MEMORY_MB = 256
OUTSIDE_VPC = (
    "It reads a run's reports and writes a document to SageMaker's API, to which no door of the isolated network "
    "leads; one for a few calls a run would open that API to every job."
)
CARD_IS_NO_DECISION = (
    "A run waits for its answer. A decision whose event is lost is missing from the card alone; what counts is "
    "the package's."
)
# The frame and the pictures of the run's other reports.
OF_REPORTS = ("__init__.py", "page.py", "charts.py")


def model_card_writer(scope: Construct, construct_id: str, *, settings: Settings, place: Place) -> lambda_.IFunction:
    """Make a function that may write the cards of one package group's versions."""
    texts = json.dumps(vars(settings.model_card), indent=1)
    reports = {f"ml/{file}": ROOT / "ml" / file for file in OF_REPORTS}
    made = PythonFunction(
        scope,
        construct_id,
        spec=FunctionSpec(
            bundle=bundle({".": ROOT / "lambda" / "model_card", "texts.json": texts, **reports}),
            handler="handler.handler",
            description="Writes the model card of a registered package",
            timeout_s=TIMEOUT_S,
            memory_mb=MEMORY_MB,
            environment={"KEY_ARN": place.keys.data.key_arn},
        ),
        grants=_grants(Stack.of(scope), place=place, name=settings.resource_name),
        storage=settings.storage,
        key=place.keys.logs,
        outside_vpc_because=OUTSIDE_VPC,
        no_queue_because=CARD_IS_NO_DECISION,
    )
    decided = events.Rule(
        made,
        "Decided",
        description="A model was approved or rejected",
        event_pattern=events.EventPattern(
            source=["aws.sagemaker"],
            detail_type=["SageMaker Model Package State Change"],
            detail={
                "ModelPackageGroupName": [settings.resource_name],
                "UpdatedModelPackageFields": ["ModelApprovalStatus"],
            },
        ),
    )
    package = events.RuleTargetInput.from_object({"Decided": events.EventField.from_path("$.detail.ModelPackageArn")})
    decided.add_target(targets.LambdaFunction(made.function, event=package))
    reaches_buckets_from_outside(made.role)
    return made.function


def _grants(stack: Stack, *, place: Place, name: str) -> list[Grant]:
    """Read the run's reports and the package, write its card and the card's page."""

    def named(resource: str, names: str) -> str:
        return stack.format_arn(service="sagemaker", resource=resource, resource_name=names)

    counted = "The versions of this one package group: SageMaker counts them up."
    return [
        allow("sagemaker:DescribeModelPackage", on=[named("model-package", f"{name}/*")], wildcard_because=counted),
        allow(
            "sagemaker:CreateModelCard",
            "sagemaker:DescribeModelCard",
            "sagemaker:UpdateModelCard",
            on=[named("model-card", f"{name}-*")],
            wildcard_because=f"A card each. {counted}",
        ),
        # Of a run, the reports and the card's page: no customers, and nothing that others go by.
        permissions.get_objects(place.data, f"{RUNS}*/evaluation/"),
        permissions.write_objects(place.data, f"{RUNS}*/card/"),
        # Of the reports, and of the cards themselves, which are encrypted in the function's name.
        permissions.write_with_key(place.keys.data),
    ]
