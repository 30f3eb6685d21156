"""What a data scientist does in Studio: each kind of call once, with a user of one's own in the domain."""

import contextlib
import datetime
import uuid
from collections.abc import Iterator
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from local.settings import REGION
from tests.local.deployment import Deployment
from tests.local.errands.common import ENDPOINT, GROUP, PIPELINE, SLEEP, Failed, done, errand_name, until
from tests.local.errands.people import Errands
from tests.local.roles import Roles

_TAGS = [{"Key": "errand", "Value": "errand"}]
_DAY = datetime.timedelta(days=1)


class Studio:
    """The errands of people in Studio.

    Parameters
    ----------
    deployment, roles, errands
        The system, its roles and the errands outside Studio.
    """

    def __init__(self, deployment: Deployment, roles: Roles, errands: Errands) -> None:
        self._roles = roles
        self._errands = errands
        self._root, self._logs = errands.sagemaker, deployment.client("logs")
        self.domain = deployment.resource("Studio", "AWS::SageMaker::Domain")

    @contextlib.contextmanager
    def user(self, role: str) -> Iterator[str]:
        """A user of the domain who works with a role."""
        name = errand_name()
        self._root.create_user_profile(DomainId=self.domain, UserProfileName=name, UserSettings={"ExecutionRole": role})
        until(lambda: self._profile(name)["Status"] == "InService")
        try:
            yield name
        finally:
            until(lambda: done(self._root.delete_user_profile, DomainId=self.domain, UserProfileName=name))

    def _profile(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self._root.describe_user_profile(DomainId=self.domain, UserProfileName=name)
        return found

    def study(self, role: str, user: str) -> None:
        """Read data and reports, start and follow a run, try a variant, ask the endpoint, work in a space."""
        sagemaker = self._roles.client("sagemaker", role, user)
        self._look_around(sagemaker)
        self._read(self._roles.client("s3", role, user))
        self._follow(self._roles.client("logs", role, user), self._roles.client("cloudwatch", role, user))
        self._ask(self._roles.client("sagemaker-runtime", role, user))
        self._run(sagemaker)
        self._try(sagemaker)
        self._work(sagemaker, user)

    def _look_around(self, sagemaker: Any) -> None:
        lists = ("apps", "domains", "model_packages", "pipelines", "processing_jobs", "spaces", "training_jobs",
                 "user_profiles")  # fmt: skip
        for name in lists:
            getattr(sagemaker, f"list_{name}")()
        self._compare(sagemaker)
        sagemaker.describe_model_package_group(ModelPackageGroupName=GROUP)
        sagemaker.describe_model_package(ModelPackageName=self._errands.package)
        sagemaker.describe_endpoint(EndpointName=ENDPOINT)
        sagemaker.describe_domain(DomainId=self.domain)
        steps = self._errands.deployed_steps
        sagemaker.describe_processing_job(ProcessingJobName=steps["Prepare"])
        sagemaker.describe_training_job(TrainingJobName=steps["Train"])

    def _compare(self, sagemaker: Any) -> None:
        """Find the MLflow app, open its page, and ask it something, as a page does."""
        (app,) = sagemaker.list_mlflow_apps()["Summaries"]
        sagemaker.describe_mlflow_app(Arn=app["Arn"])
        request = AWSRequest(
            "POST",
            f"{self._errands.deployment.settings.endpoint}/api/2.0/mlflow/experiments/search",
            data=b'{"max_results": 1}',
            headers={"x-sm-mlflow-app-arn": app["Arn"], "content-type": "application/json"},
        )
        SigV4Auth(sagemaker._request_signer._credentials, "sagemaker", REGION).add_auth(request)
        answer = URLLib3Session(proxies={}).send(request.prepare())
        # Without a server on this machine, whoever is let in hears so.
        if answer.status_code not in (200, 503):
            raise Failed(answer.text)
        try:
            sagemaker.create_presigned_mlflow_app_url(Arn=app["Arn"])
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ServiceUnavailable":
                raise

    def _read(self, s3: Any) -> None:
        mine = {"Bucket": self._errands.data, "Key": f"experiments/{self._errands.mark}/probe"}
        s3.put_object(**mine, Body=b"")
        s3.get_object(**mine)
        for bucket in (self._errands.data, self._errands.models):
            found = s3.list_objects_v2(Bucket=bucket, Prefix=self._errands.place)["Contents"]
            s3.get_object(Bucket=bucket, Key=found[0]["Key"])

    def _follow(self, logs: Any, cloudwatch: Any) -> None:
        group = "/aws/sagemaker/ProcessingJobs"
        # Of the deployment's own job: those of errands come and go.
        prefix = f"{self._errands.deployed_steps['Prepare']}/"
        found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
        stream = found[0]["logStreamName"]
        logs.get_log_events(logGroupName=group, logStreamName=stream)
        logs.filter_log_events(logGroupName=group, limit=1)
        # Studio keeps the logs of a person's apps with the person's role.
        own = {"logGroupName": "/aws/sagemaker/studio", "logStreamName": errand_name()}
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=own["logGroupName"])
        logs.create_log_stream(**own)
        try:
            logs.put_log_events(**own, logEvents=[{"timestamp": 0, "message": "errand"}])
        finally:
            self._logs.delete_log_stream(**own)
        now = datetime.datetime.now(datetime.UTC)
        metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"}
        cloudwatch.list_metrics(**metric)
        cloudwatch.get_metric_statistics(**metric, StartTime=now - _DAY, EndTime=now, Period=60, Statistics=["Sum"])
        query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
        cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=now - _DAY, EndTime=now)

    def _ask(self, runtime: Any) -> None:
        runtime.invoke_endpoint(EndpointName=ENDPOINT, ContentType="application/json", Body=self._errands.loyal)

    def _run(self, sagemaker: Any) -> None:
        sagemaker.describe_pipeline(PipelineName=PIPELINE)
        sagemaker.list_pipeline_executions(PipelineName=PIPELINE, MaxResults=1)
        answer = sagemaker.start_pipeline_execution(PipelineName=PIPELINE, ClientRequestToken=uuid.uuid4().hex)
        run = {"PipelineExecutionArn": answer["PipelineExecutionArn"]}
        try:
            sagemaker.describe_pipeline_execution(**run)
            sagemaker.describe_pipeline_definition_for_execution(**run)
            sagemaker.list_pipeline_execution_steps(**run)
            sagemaker.list_pipeline_parameters_for_execution(**run)
            sagemaker.stop_pipeline_execution(**run, ClientRequestToken=uuid.uuid4().hex)
        finally:
            self._errands.end_run(run["PipelineExecutionArn"])

    def _try(self, sagemaker: Any) -> None:
        """Start a job of each kind, look at it and stop it."""
        role, name = self._roles.arn("experiment"), f"experiment-{errand_name()}"
        processing = self._errands.processing_request(
            inputs={}, output=f"s3://{self._errands.data}/experiments/x", code=SLEEP
        )
        training = self._errands.training_request(SLEEP)
        for kind, request in (("processing", processing), ("training", training)):
            named = {f"{kind.capitalize()}JobName": name}
            getattr(sagemaker, f"create_{kind}_job")(**named, RoleArn=role, Tags=_TAGS, **request)
            try:
                getattr(sagemaker, f"describe_{kind}_job")(**named)
                getattr(sagemaker, f"stop_{kind}_job")(**named)
            finally:
                done(getattr(self._root, f"stop_{kind}_job"), **named)
                self._errands.forget(f"{kind.capitalize()}Job", name)

    def _work(self, sagemaker: Any, user: str) -> None:
        """Open a space of one's own, an app in it, and leave nothing."""
        mine = {"DomainId": self.domain, "SpaceName": errand_name()}
        app = mine | {"AppType": "JupyterLab", "AppName": "default"}
        sagemaker.describe_user_profile(DomainId=self.domain, UserProfileName=user)
        sagemaker.create_presigned_domain_url(DomainId=self.domain, UserProfileName=user)
        sagemaker.create_space(
            **mine,
            Tags=_TAGS,
            OwnershipSettings={"OwnerUserProfileName": user},
            SpaceSharingSettings={"SharingType": "Private"},
            SpaceSettings={"AppType": "JupyterLab"},
        )
        try:
            until(lambda: sagemaker.describe_space(**mine)["Status"] == "InService")
            sagemaker.update_space(**mine, SpaceDisplayName="errand")
            sagemaker.create_app(**app, Tags=_TAGS, ResourceSpec={"InstanceType": "ml.t3.medium"})
            until(lambda: sagemaker.describe_app(**app)["Status"] == "InService")
            sagemaker.delete_app(**app)
            if not until(lambda: self._root.describe_app(**app)["Status"] == "Deleted"):
                raise Failed("the app stays")
            sagemaker.delete_space(**mine)
        finally:
            done(self._root.delete_app, **app)
            until(lambda: not self._there(mine) or done(self._root.delete_space, **mine))

    def _there(self, space: dict[str, str]) -> bool:
        return done(self._root.describe_space, **space)
