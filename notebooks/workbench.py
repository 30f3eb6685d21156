"""The notebook's workbench: finds what the deployment made, reads it, and asks the endpoint.

It lies beside the notebook in Studio, where there is no internet. Needed are this folder with its ``studio.json``, the
SageMaker Python SDK 3, and AWS's own services; the project's code comes from where the pipeline takes it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from definition import CHAMPION, CHAMPION_URI, PREPARED, WorkbenchError, split
from models import Judged

if TYPE_CHECKING:
    from ml.money import Costs

STUDIO_FILE, CODE_FOLDER = "studio.json", ".code"


def check_sdk() -> None:
    """Refuse a kernel without the SDK that the experiments are written for.

    Raises
    ------
    WorkbenchError
        When it is too old. Nothing can be installed without the internet, so the remedy is another image.
    """
    try:
        import sagemaker.core.resources  # noqa: F401
    except ImportError as exc:
        raise WorkbenchError(
            "The SageMaker Python SDK of this kernel is older than 3: stop the space, choose an image of SageMaker "
            "Distribution 4.2 or later for it, and start it again."
        ) from exc


class Workbench:
    """Everything that the deployment made for a data scientist.

    Parameters
    ----------
    folder : Path
        Holds ``studio.json``, which the deployment wrote.

    Raises
    ------
    WorkbenchError
        When that file is missing, or the SDK is too old.
    """

    def __init__(self, folder: Path = Path()) -> None:
        check_sdk()
        try:
            about = json.loads((folder / STUDIO_FILE).read_text())
        except FileNotFoundError as exc:
            raise WorkbenchError(f"{folder / STUDIO_FILE} is missing; copy it again from the deployment.") from exc
        self.folder = folder
        #: The pipeline, the group of packages and the endpoint have one name.
        self.name: str = about["pipeline"]
        self.role_arn: str = about["experiment_role_arn"]
        self.sagemaker, self.s3 = boto3.client("sagemaker"), boto3.client("s3")
        self.logs = boto3.client("logs")
        document = json.loads(self.sagemaker.describe_pipeline(PipelineName=self.name)["PipelineDefinition"])
        self._parameters = {f"Parameters.{one['Name']}": one.get("DefaultValue") for one in document["Parameters"]}
        self.steps = {step["Name"]: step["Arguments"] for step in document["Steps"]}

    def bring_code(self) -> Path:
        """Fetch the code that the pipeline runs and make it importable; return where it lies."""
        home = self.folder / CODE_FOLDER
        uri = next(c for c in self.steps["Train"]["InputDataConfig"] if c["ChannelName"] == "code")
        bucket, prefix = split(uri["DataSource"]["S3DataSource"]["S3Uri"])
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                target = home / found["Key"].removeprefix(prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                self.s3.download_file(bucket, found["Key"], str(target))
        if str(home.resolve()) not in sys.path:
            sys.path.insert(0, str(home.resolve()))
        return home

    def read(self, uri: str) -> str:
        """Return a text in S3."""
        bucket, key = split(uri)
        return str(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())

    @property
    def costs(self) -> Costs:
        """What the pipeline counts for a missed churner and the rest, in USD."""
        from ml.money import Costs

        # CostMissedChurner and so on: the parameters of the pipeline are named after the fields.
        names = {field: "Parameters.Cost" + field.title().replace("_", "") for field in Costs._fields}
        return Costs(**{field: float(self._parameters[name]) for field, name in names.items()})

    @property
    def known(self) -> dict[str, Any]:
        """What the steps may refer to: the pipeline's parameters, the live model, and the customers of its run."""
        package = self._live["package"]
        (container,) = package["InferenceSpecification"]["Containers"]
        live = {CHAMPION_URI: container["ModelDataUrl"], CHAMPION: package["ModelPackageArn"]}
        return {**self._parameters, **live, PREPARED: f"{self.run_uri}/prepared"}

    def packages(self, most: int = 20, **only: str) -> list[dict[str, Any]]:
        """Return registered models, newest first, each with its package and its evaluation.

        Parameters
        ----------
        most : int
            How many at most.
        **only
            Filters of ``ListModelPackages``, such as ``ModelApprovalStatus="Approved"``.
        """
        return list(islice(self._registered(**only), most))

    def _registered(self, **only: str) -> Iterator[dict[str, Any]]:
        pages = self.sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=self.name, SortBy="CreationTime", SortOrder="Descending", **only
        )
        for summary in (summary for page in pages for summary in page["ModelPackageSummaryList"]):
            package = self.sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
            uri = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
            yield {"package": package, "uri": uri, "evaluation": json.loads(self.read(uri))}

    @cached_property
    def examples(self) -> dict[str, dict[str, Any]]:
        """The example customers of the code, by name."""
        text = (self.folder / CODE_FOLDER / "schema" / "examples.json").read_text()
        found: dict[str, dict[str, Any]] = json.loads(text)
        return found

    @cached_property
    def _live(self) -> dict[str, Any]:
        """The approved package that the endpoint serves: not always the newest, as after a rollback."""
        served = self.ask(list(self.examples.values())[:1])["model"]["trained_at"]
        for found in self._registered(ModelApprovalStatus="Approved"):
            if found["evaluation"]["model"]["trained_at"] == served:
                return found
        raise WorkbenchError(
            f"The endpoint serves a model trained at {served}, which no approved package of {self.name} holds: its "
            "package was rejected or deleted. Deploy again, or ask a registrar."
        )

    @property
    def run_uri(self) -> str:
        """Where the run that made the live model keeps its data: …/runs/<id>."""
        return str(self._live["uri"].rsplit("/", 2)[0])

    def live(self) -> Judged:
        """Return the model that the endpoint serves, with what its own run measured."""
        from ml.compare import Predictions

        version = self._live["package"]["ModelPackageVersion"]
        text = self.read(f"{self.run_uri}/evaluation/predictions.csv")
        return Judged(f"live (version {version})", self._live["evaluation"], Predictions.from_csv(text))

    def ask(self, customers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what the endpoint answers about customers: predictions, and the model that made them."""
        from sagemaker.core.resources import Endpoint

        body = json.dumps({"instances": list(customers)})
        # By its name alone: describing endpoints is not a data scientist's business.
        answer = Endpoint(endpoint_name=self.name).invoke(body=body, content_type="application/json")
        told: dict[str, Any] = json.loads(answer.body.read())
        return told

    def start_run(self, why: str, **parameters: Any) -> str:
        """Start a run of the pipeline with other parameters; return its ARN. Its package waits for an approval."""
        answer = self.sagemaker.start_pipeline_execution(
            PipelineName=self.name,
            PipelineExecutionDescription=why,
            PipelineParameters=[{"Name": name, "Value": str(value)} for name, value in parameters.items()],
        )
        return str(answer["PipelineExecutionArn"])

    def log_tail(self, job: Any, lines: int = 3) -> list[str]:
        """Return the last lines of a job's log."""
        kind = "TrainingJobs" if hasattr(job, "training_job_name") else "ProcessingJobs"
        group = f"/aws/sagemaker/{kind}"
        streams = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job.get_name()}/")
        name = streams["logStreams"][0]["logStreamName"]
        events = self.logs.get_log_events(logGroupName=group, logStreamName=name, limit=lines)["events"]
        return [event["message"].replace("#011", "  ") for event in events]
