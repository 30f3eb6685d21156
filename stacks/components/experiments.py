"""Where runs are compared: a managed MLflow app, and the function by which a run of the pipeline logs to it."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import Settings
from stacks.components import permissions
from stacks.components.bucket_rules import MLFLOW, RUNS, reaches_buckets_from_outside
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.grants import allow, role_with
from stacks.components.permissions import SAGEMAKER
from stacks.components.place import Place

# Of SageMaker's ten minutes for such a step; the function gives up before, to answer why.
TIMEOUT_S = 60
MEMORY_MB = 256
OUTSIDE_VPC = (
    "It reads a run's reports and logs figures to MLflow's address on the internet, signed; no door of the isolated "
    "network leads there, and one would stand there for every job to use."
)
OF_MLFLOW = "What MLflow keeps of runs, under this prefix of this one bucket: MLflow makes the names up."


@dataclass(frozen=True, kw_only=True)
class Experiments:
    """The app, and the function that logs to it."""

    app: sagemaker.CfnMlflowApp
    tracker: lambda_.IFunction


def experiments(scope: Construct, *, settings: Settings, place: Place) -> Experiments | None:
    """Make both, if the settings ask for them."""
    if not settings.experiments.enabled:
        return None
    role = _app_role(scope, place=place)
    app = sagemaker.CfnMlflowApp(
        scope,
        "Mlflow",
        name=settings.resource_name,
        artifact_store_uri=place.data.s3_url_for_object(MLFLOW.rstrip("/")),
        role_arn=role.role_arn,
        # The registry's packages come from the pipeline alone.
        model_registration_mode="AutoModelRegistrationDisabled",
    )
    return Experiments(app=app, tracker=_tracker(scope, settings=settings, place=place, app=app))


def _app_role(scope: Construct, *, place: Place) -> iam.Role:
    """Read what clients have put down for a run, show it, and delete it with the run; no customers, no models."""
    role = role_with(
        scope,
        "MlflowRole",
        description="Shows what MLflow keeps of runs",
        trusts=permissions.service_principal(SAGEMAKER),
        grants=[
            *permissions.read_objects(place.data, MLFLOW, because=OF_MLFLOW),
            permissions.write_objects(place.data, MLFLOW, because=OF_MLFLOW),
            permissions.write_with_key(place.keys.data),
        ],
    )
    reaches_buckets_from_outside(role)
    return role


def _tracker(scope: Construct, *, settings: Settings, place: Place, app: sagemaker.CfnMlflowApp) -> lambda_.IFunction:
    made = PythonFunction(
        scope,
        "Tracker",
        spec=FunctionSpec(
            bundle=bundle({".": ROOT / "lambda" / "track_run"}),
            handler="handler.handler",
            description="Logs a pipeline run to MLflow",
            timeout_s=TIMEOUT_S,
            memory_mb=MEMORY_MB,
            environment={"MLFLOW_APP_ARN": app.attr_arn},
        ),
        grants=[
            allow("sagemaker:CallMlflowAppApi", on=[app.attr_arn]),
            permissions.get_objects(place.data, f"{RUNS}*/evaluation/"),
            permissions.write_objects(place.data, MLFLOW, because=OF_MLFLOW),
            permissions.write_with_key(place.keys.data),
        ],
        storage=settings.storage,
        key=place.keys.logs,
        outside_vpc_because=OUTSIDE_VPC,
    )
    reaches_buckets_from_outside(made.role)
    return made.function
