"""What each role is for, done for real and as short as can be, with any role in its place.

An errand is run with a role and answers what went wrong: an empty text when all of it worked. Containers run one line
instead of the model's code, since what they compute does not matter here; everything around them is the system's own:
its buckets, keys, network, image, groups and logs.
"""

import contextlib
import copy
import functools
import io
import json
import re
import tarfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from local.settings import ROOT
from tests.local.deployment import Deployment
from tests.local.roles import Roles

LOYAL: dict[str, Any] = json.loads((ROOT / "schema" / "examples.json").read_text())["loyal"]
PIPELINE = ENDPOINT = GROUP = "churn-local"
# What the containers run: each leaves what the next step reads. A word of a command has 256 characters at most.
_OUT = "/opt/ml/processing/output"
_PREPARE = f"[open('{_OUT}/'+n+'.csv','w').write('1') for n in ('train','validation','test')];print('done')"
_TRAIN = "open('/opt/ml/model/m','w').write('1');print('done')"
_EVALUATE = (
    f"open('{_OUT}/evaluation.json','w')"
    """.write('{"metrics":{"average_precision":1},"cost":{"expected_cost_per_customer":0}}');print('done')"""
)
_SLEEP = "import time;time.sleep(60)"
_INFERENCE = """
def model_fn(folder): return None
def input_fn(body, content_type): return body
def predict_fn(data, model): return data
def output_fn(prediction, accept): return prediction, accept
"""
_LIMIT_S = 60


class Failed(Exception):
    """An errand did not work; the message says what is missing."""


Errand = Callable[[str], None]


def errand_name() -> str:
    """A name of its own for what an errand makes."""
    return f"errand-{uuid.uuid4().hex[:12]}"


def run(errand: Errand, role: str) -> str:
    """Run an errand with a role: what went wrong, or nothing."""
    try:
        errand(role)
    except Failed as exc:
        return str(exc)
    except ClientError as exc:
        return f"{exc.operation_name}: {exc}"
    return ""


def _until(look: Callable[[], Any], within_s: float = _LIMIT_S, every_s: float = 0.05) -> Any:
    deadline = time.monotonic() + within_s
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(every_s)
    return found


def changed(request: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A request with some members changed, each named by its path with dots; None takes a member away."""
    request = copy.deepcopy(request)
    for path, value in changes.items():
        *way, last = path.split(".")
        inner = functools.reduce(lambda found, step: found[step], way, request)
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    return request


def _done(call: Callable[..., Any], **arguments: Any) -> bool:
    """Make a call, and tell whether it worked."""
    try:
        call(**arguments)
    except ClientError:
        return False
    return True


def python(code: str) -> dict[str, list[str]]:
    """A container's command that runs a line of Python."""
    return {"ContainerEntrypoint": ["python3", "-c", code]}


class Errands:
    """The errands on one deployed system.

    Parameters
    ----------
    deployment
        The system.
    roles
        Its roles.
    """

    def __init__(self, deployment: Deployment, roles: Roles) -> None:
        self._deployment = deployment
        self._roles = roles
        self.sagemaker, self.s3 = deployment.client("sagemaker"), deployment.client("s3")
        self._logs, self._lambda = deployment.client("logs"), deployment.client("lambda")
        self._cloudwatch = deployment.client("cloudwatch")
        self.data, self.models = (deployment.resource("Storage", "AWS::S3::Bucket", n) for n in ("Data", "Models"))
        described = self.sagemaker.describe_pipeline(PipelineName=PIPELINE)
        self.definition: dict[str, Any] = json.loads(described["PipelineDefinition"])
        self.steps = {step["Name"]: step["Arguments"] for step in self.definition["Steps"]}
        self._code = self.steps["Train"]["InputDataConfig"][-1]["DataSource"]["S3DataSource"]["S3Uri"]
        self.loyal = json.dumps({"instances": [LOYAL]})
        self.place = f"runs/errands-{uuid.uuid4().hex[:8]}"
        self.s3.put_object(Bucket=self.data, Key=f"{self.place}/train.csv", Body=b"1")
        self.s3.put_object(Bucket=self.models, Key=f"{self.place}/model.tar.gz", Body=_artifact())

    def clean_up(self) -> None:
        """Take away what errands have left in the buckets."""
        for bucket in (self.data, self.models):
            pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=self.place)
            for page in pages:
                found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                if keys := [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in found]:
                    self.s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})

    # Jobs

    def process(self, role: str) -> None:
        """A processing job that reads what prepare and evaluate read, and writes where they write."""
        name = errand_name()
        inputs = {
            "code": self._code,
            "raw": f"s3://{self.data}/raw/churn.csv",
            "test": f"s3://{self.data}/{self.place}/train.csv",
            "model": f"s3://{self.models}/{self.place}/model.tar.gz",
        }
        request = self.processing_request(inputs=inputs, output=f"s3://{self.data}/{self.place}/{name}")
        self.sagemaker.create_processing_job(ProcessingJobName=name, RoleArn=role, **request)
        try:
            self._ended("ProcessingJob", name)
            self._require_traces("ProcessingJobs", name)
        finally:
            self.forget("ProcessingJob", name)

    def processing_request(self, *, inputs: dict[str, str], output: str, code: str = _PREPARE) -> dict[str, Any]:
        """A request like the pipeline's, without name and role."""
        step = self.steps["Prepare"]
        request = {k: step[k] for k in ("ProcessingResources", "NetworkConfig", "StoppingCondition")}
        given = step["ProcessingInputs"][0]
        target = step["ProcessingOutputConfig"]["Outputs"][0]
        places = {name: {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/input/{name}"} for name, uri in inputs.items()}
        return request | {
            "AppSpecification": {"ImageUri": step["AppSpecification"]["ImageUri"], **python(code)},
            "ProcessingInputs": [
                given | {"InputName": name, "S3Input": given["S3Input"] | place} for name, place in places.items()
            ],
            "ProcessingOutputConfig": step["ProcessingOutputConfig"]
            | {"Outputs": [target | {"S3Output": target["S3Output"] | {"S3Uri": output}}]},
        }

    def train(self, role: str) -> None:
        """A training job that reads code and splits and writes an artifact."""
        name = errand_name()
        self.sagemaker.create_training_job(TrainingJobName=name, RoleArn=role, **self.training_request())
        try:
            self._ended("TrainingJob", name)
            self._require_traces("TrainingJobs", name)
        finally:
            self.forget("TrainingJob", name)
        self.s3.head_object(Bucket=self.models, Key=f"{self.place}/{name}/output/model.tar.gz")

    def training_request(self, code: str = _TRAIN) -> dict[str, Any]:
        """A request like the pipeline's, without name and role."""
        step = self.steps["Train"]
        kept = ("ResourceConfig", "VpcConfig", "StoppingCondition", "EnableNetworkIsolation",
                "EnableInterContainerTrafficEncryption")  # fmt: skip
        channels = copy.deepcopy(step["InputDataConfig"])
        for channel in channels:
            if channel["ChannelName"] != "code":
                channel["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{self.data}/{self.place}/train.csv"
        algorithm = {k: step["AlgorithmSpecification"][k] for k in ("TrainingImage", "TrainingInputMode")}
        return {k: step[k] for k in kept} | {
            "AlgorithmSpecification": algorithm | python(code),
            "InputDataConfig": channels,
            "OutputDataConfig": step["OutputDataConfig"] | {"S3OutputPath": f"s3://{self.models}/{self.place}"},
        }

    def forget(self, kind: str, name: str) -> None:
        """Delete a job and its log: nobody else knows whose they are."""
        delete = self.sagemaker.delete_processing_job if kind == "ProcessingJob" else self.sagemaker.delete_training_job
        _until(lambda: _done(delete, **{f"{kind}Name": name}))
        group = f"/aws/sagemaker/{kind}s"
        found = self._logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")
        for stream in found["logStreams"]:
            self._logs.delete_log_stream(logGroupName=group, logStreamName=stream["logStreamName"])

    def _ended(self, kind: str, name: str) -> dict[str, Any]:
        describe = getattr(
            self.sagemaker, "describe_processing_job" if kind == "ProcessingJob" else "describe_training_job"
        )

        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = describe(**{f"{kind}Name": name})
            return job if job[f"{kind}Status"] not in ("InProgress", "Stopping") else None

        job: dict[str, Any] = _until(look)
        if job[f"{kind}Status"] != "Completed":
            raise Failed(job.get("FailureReason", job[f"{kind}Status"]))
        return job

    def _require_traces(self, group: str, name: str) -> None:
        """A job's log and its metrics: a role that may not write them leaves a job without."""
        found = self._logs.describe_log_streams(logGroupName=f"/aws/sagemaker/{group}", logStreamNamePrefix=f"{name}/")
        lines = [
            event["message"]
            for stream in found["logStreams"]
            for event in self._logs.get_log_events(
                logGroupName=f"/aws/sagemaker/{group}", logStreamName=stream["logStreamName"]
            )["events"]
        ]
        if "done" not in lines:
            raise Failed("the job has no log")
        self._require_metrics(f"/aws/sagemaker/{group}", {"Host": f"{name}/algo-1"})

    def _require_metrics(self, namespace: str, of: dict[str, str]) -> None:
        dimensions = [{"Name": name, "Value": value} for name, value in of.items()]
        if not self._cloudwatch.list_metrics(Namespace=namespace, Dimensions=dimensions)["Metrics"]:
            raise Failed("there are no metrics")

    # The endpoint

    def serve(self, role: str, name: str) -> None:
        """A model and an endpoint of it that answers, logs and counts."""
        variant = {"VariantName": "main", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        models_key = self.steps["Train"]["OutputDataConfig"]["KmsKeyId"]
        container = {
            "Image": self.steps["Train"]["AlgorithmSpecification"]["TrainingImage"],
            "ModelDataUrl": f"s3://{self.models}/{self.place}/model.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
        }
        with contextlib.ExitStack() as after:
            self.sagemaker.create_model(
                ModelName=name,
                ExecutionRoleArn=role,
                PrimaryContainer=container,
                EnableNetworkIsolation=True,
                VpcConfig=self.steps["Train"]["VpcConfig"],
            )
            after.callback(self.sagemaker.delete_model, ModelName=name)
            self.sagemaker.create_endpoint_config(
                EndpointConfigName=name, ProductionVariants=[variant], KmsKeyId=models_key
            )
            after.callback(self.sagemaker.delete_endpoint_config, EndpointConfigName=name)
            self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
            _until(lambda: self._endpoint(name)["EndpointStatus"] != "Creating")
            after.callback(_done, self._logs.delete_log_group, logGroupName=f"/aws/sagemaker/Endpoints/{name}")
            after.callback(self.sagemaker.delete_endpoint, EndpointName=name)
            endpoint = self._endpoint(name)
            if endpoint["EndpointStatus"] != "InService":
                raise Failed(endpoint.get("FailureReason", endpoint["EndpointStatus"]))
            self._require_metrics("/aws/sagemaker/Endpoints", {"EndpointName": name, "VariantName": "main"})
            # Its log says that it listens, soon after it does.
            if not _until(lambda: self._logged(f"/aws/sagemaker/Endpoints/{name}"), within_s=4):
                raise Failed("the endpoint has no log")

    def _endpoint(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return found

    def _logged(self, group: str) -> bool:
        try:
            return bool(self._deployment.log_lines(group))
        except ClientError:
            return False

    # The pipeline

    @contextlib.contextmanager
    def pipeline(self, name: str, role: str) -> Iterator[None]:
        """A copy of the pipeline under another name, whose containers run a line each."""
        definition = copy.deepcopy(self.definition)
        lines = {"Prepare": _PREPARE, "Evaluate": _EVALUATE, "Train": _TRAIN}
        for step in definition["Steps"]:
            for member in ("AppSpecification", "AlgorithmSpecification"):
                if member in step.get("Arguments", {}):
                    step["Arguments"][member] |= python(lines[step["Name"]])
        asleep = [_asleep(step) for step in definition["Steps"][:2]]
        for suffix, steps in (("", definition["Steps"]), ("-asleep", asleep)):
            body = json.dumps(definition | {"Steps": steps})
            self.sagemaker.create_pipeline(
                PipelineName=name + suffix, PipelineDefinition=body, RoleArn=role, ClientRequestToken=uuid.uuid4().hex
            )
        try:
            yield
        finally:
            for suffix in ("", "-asleep"):
                self.sagemaker.delete_pipeline(PipelineName=name + suffix)

    def orchestrate(self, name: str) -> None:
        """A run of the copied pipeline to its package, and one that is stopped while a job of each kind is at work."""
        execution = self._started(name)
        ended = _until(lambda: self._run(execution)["PipelineExecutionStatus"] != "Executing")
        steps = self._steps(execution)
        for step in steps.values():
            if arn := step.get("Metadata", {}).get("RegisterModel", {}).get("Arn"):
                self.sagemaker.delete_model_package(ModelPackageName=arn)
        self._end_jobs(execution)
        if not ended or self._run(execution)["PipelineExecutionStatus"] != "Succeeded":
            raise Failed("; ".join(s["FailureReason"] for s in steps.values() if "FailureReason" in s) or str(steps))
        execution = self._started(f"{name}-asleep")
        begun = _until(lambda: sum(1 for s in self._steps(execution).values() if s.get("Metadata")) == 2, 5)
        self.sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken=uuid.uuid4().hex)
        _until(lambda: self._run(execution)["PipelineExecutionStatus"] not in ("Executing", "Stopping"))
        wrong = [s["FailureReason"] for s in self._steps(execution).values() if "invoke" in s.get("FailureReason", "")]
        self._end_jobs(execution)
        if wrong or not begun:
            raise Failed("; ".join(wrong) or "the jobs did not begin")

    def _started(self, name: str) -> str:
        answer = self.sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=uuid.uuid4().hex)
        execution: str = answer["PipelineExecutionArn"]
        return execution

    def _run(self, execution: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        return found

    def _steps(self, execution: str) -> dict[str, dict[str, Any]]:
        listed = self.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution, MaxResults=100)
        return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}

    def _end_jobs(self, execution: str) -> None:
        """Stop what a role that may not stop has left at work, and forget the run's jobs."""
        for step in self._steps(execution).values():
            for kind, stop in (
                ("ProcessingJob", self.sagemaker.stop_processing_job),
                ("TrainingJob", self.sagemaker.stop_training_job),
            ):
                if arn := step.get("Metadata", {}).get(kind, {}).get("Arn"):
                    name = arn.rsplit("/", 1)[-1]
                    _done(stop, **{f"{kind}Name": name})
                    self.forget(kind, name)

    # Functions

    @contextlib.contextmanager
    def function(self, original: str, role: str, vpc: dict[str, list[str]] | None = None) -> Iterator[str]:
        """A copy of a function under another role, with the same log group."""
        found = self._lambda.get_function(FunctionName=original)
        config, name = found["Configuration"], errand_name()
        with urllib.request.urlopen(found["Code"]["Location"], timeout=10) as archive:
            code = archive.read()
        more = {"VpcConfig": vpc} if vpc else {}
        self._lambda.create_function(
            FunctionName=name,
            Role=role,
            Runtime=config["Runtime"],
            Handler=config["Handler"],
            Code={"ZipFile": code},
            Timeout=config["Timeout"],
            Environment={"Variables": config.get("Environment", {}).get("Variables", {})},
            LoggingConfig={"LogGroup": config["LoggingConfig"]["LogGroup"]},
            **more,
        )
        try:
            yield name
        finally:
            self._lambda.delete_function(FunctionName=name)

    def call(self, function: str, event: dict[str, Any], log_group: str) -> dict[str, Any]:
        """Call a function; it must answer, and log that it did."""
        before = len(self._deployment.log_lines(log_group))
        answer = self._lambda.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        payload: dict[str, Any] = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise Failed(str(payload.get("errorMessage")))
        if len(self._deployment.log_lines(log_group)) == before:
            raise Failed("the function has no log")
        return payload

    def predict(self, role: str) -> None:
        """The API's function, made in the VPC, asks the endpoint about a customer."""
        original = self._deployment.resource("Api", "AWS::Lambda::Function", "Invoker")
        event = {
            "resource": "/predictions",
            "path": "/predictions",
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"},
            "requestContext": {"requestId": "errand"},
            "body": json.dumps({"customers": [LOYAL]}),
            "isBase64Encoded": False,
        }
        network = {
            "SubnetIds": self.steps["Train"]["VpcConfig"]["Subnets"],
            "SecurityGroupIds": [self._deployment.resource("Network", "AWS::EC2::SecurityGroup", "Invoker")],
        }
        log = self._deployment.resource("Api", "AWS::Logs::LogGroup", "InvokerLog")
        with self.function(original, role, network) as function:
            answer = self.call(function, event, log)
        if answer["statusCode"] != 200:
            raise Failed(answer["body"])

    def start_runs(self, role: str) -> None:
        """CloudFormation asks for the run of its inputs, for a new one, and for the end of what runs."""
        self._hand_in(role, "OnEvent", [
            {"RequestType": "Update", "ResourceProperties": self._deployed},
            {"RequestType": "Create", "ResourceProperties": self._deployed | {"Inputs": {"errand": uuid.uuid4().hex}}},
            {"RequestType": "Delete", "ResourceProperties": self._deployed},
        ])  # fmt: skip
        if self._executing():
            raise Failed("a run was not stopped")

    def approve_run(self, role: str) -> None:
        """CloudFormation asks whether its run is done, whose package waits for approval; and whether all runs ended."""
        execution = self._latest("Succeeded")
        package = self._steps(execution)["Register"]["Metadata"]["RegisterModel"]["Arn"]
        self.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="PendingManualApproval")
        try:
            self._hand_in(role, "IsComplete", [
                {"RequestType": "Update", "ResourceProperties": self._deployed, "Data": {"ExecutionArn": execution}},
                {"RequestType": "Delete", "ResourceProperties": self._deployed},
            ])  # fmt: skip
            status = self.sagemaker.describe_model_package(ModelPackageName=package)["ModelApprovalStatus"]
            if status != "Approved":
                raise Failed(f"the package is {status}")
        finally:
            self.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")

    def _hand_in(self, role: str, handler: str, events: list[dict[str, Any]]) -> None:
        original = self._deployment.resource("Serving", "AWS::Lambda::Function", f"PipelineRun{handler}")
        log = self._deployment.resource("Serving", "AWS::Logs::LogGroup", f"PipelineRun{handler}Log")
        with self.function(original, role) as function:
            for event in events:
                more = {"RequestId": uuid.uuid4().hex, "PhysicalResourceId": f"{PIPELINE}-run"}
                self.call(function, event | more, log)

    def _latest(self, status: str) -> str:
        listed = self.sagemaker.list_pipeline_executions(PipelineName=PIPELINE, SortOrder="Descending", MaxResults=100)
        found: list[str] = [
            run["PipelineExecutionArn"]
            for run in listed["PipelineExecutionSummaries"]
            if run["PipelineExecutionStatus"] == status
            and run["PipelineExecutionDisplayName"].startswith("deployment-")
        ]
        return found[0]

    def _executing(self) -> list[str]:
        """What still runs of the pipeline; a run that is told to stop is not counted."""
        listed = self.sagemaker.list_pipeline_executions(PipelineName=PIPELINE, MaxResults=100)
        return [
            run["PipelineExecutionArn"]
            for run in listed["PipelineExecutionSummaries"]
            if run["PipelineExecutionStatus"] == "Executing"
        ]

    def stop_runs(self) -> None:
        """Stop what an errand may have left running."""
        for execution in self._executing():
            self.sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken=uuid.uuid4().hex)

    @property
    def _deployed(self) -> dict[str, Any]:
        """The custom resource's properties as they were deployed."""
        for template in self._deployment.templates:
            for resource in json.loads(template.read_text())["Resources"].values():
                if resource["Type"] == "Custom::PipelineRun":
                    return resource["Properties"] | {"PipelineName": PIPELINE}
        raise LookupError("no template has a Custom::PipelineRun")

    # People

    def decide(self, role: str) -> None:
        """A registrar, who signs in by a role, finds a package, reads its report and decides."""
        sagemaker, s3 = self._roles.client("sagemaker", role), self._roles.client("s3", role)
        sagemaker.describe_model_package_group(ModelPackageGroupName=GROUP)
        (summary,) = sagemaker.list_model_packages(
            ModelPackageGroupName=GROUP, SortBy="CreationTime", SortOrder="Ascending", MaxResults=1
        )["ModelPackageSummaryList"]
        package = sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
        report = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
        bucket, _, key = report.removeprefix("s3://").partition("/")
        for kind in ("json", "html"):
            s3.get_object(Bucket=bucket, Key=key.removesuffix("json") + kind)
        sagemaker.update_model_package(
            ModelPackageArn=summary["ModelPackageArn"], ModelApprovalStatus=package["ModelApprovalStatus"]
        )

    @functools.cached_property
    def package(self) -> str:
        """A package of the group."""
        listed = self.sagemaker.list_model_packages(ModelPackageGroupName=GROUP, MaxResults=1)
        arn: str = listed["ModelPackageSummaryList"][0]["ModelPackageArn"]
        return arn


def _asleep(step: dict[str, Any]) -> dict[str, Any]:
    """A step of its own that sleeps, whatever its inputs were."""
    step = copy.deepcopy(step)
    arguments = step["Arguments"]
    member = "AppSpecification" if "AppSpecification" in arguments else "AlgorithmSpecification"
    arguments[member] |= python(_SLEEP)
    for inputs in ("ProcessingInputs", "InputDataConfig"):
        if inputs in arguments:
            arguments[inputs] = [i for i in arguments[inputs] if "code" in (i.get("InputName"), i.get("ChannelName"))]
    return step


def _artifact() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("code/inference.py")
        entry.size = len(_INFERENCE)
        tar.addfile(entry, io.BytesIO(_INFERENCE.encode()))
    return packed.getvalue()


def endpoint_of(statements: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The same statements about the log of another endpoint: each writes to its own."""
    text = re.sub(rf"Endpoints/{ENDPOINT}\b", f"Endpoints/{name}", json.dumps(statements))
    renamed: list[dict[str, Any]] = json.loads(text)
    return renamed
