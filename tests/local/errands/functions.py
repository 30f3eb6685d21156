"""Functions under any role: the API's, and those of the deployment's run."""

import contextlib
import functools
import json
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

from tests.local.errands.common import ENDPOINT, GROUP, LOYAL, PIPELINE, Failed, done, errand_name, until
from tests.local.errands.runs import Runs

# What gives a run a gate of its own.
UNUSUAL = {"Name": "MinimumAveragePrecision", "Value": "0.1"}


class Functions(Runs):
    """The errands of functions: each is copied, with its code and its log group, and called."""

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
            TracingConfig={"Mode": config["TracingConfig"]["Mode"]},
            **more,
        )
        try:
            yield name
        finally:
            self._lambda.delete_function(FunctionName=name)

    def call(self, function: str, event: dict[str, Any], log_group: str) -> dict[str, Any]:
        """Call a function; it must answer, and log that it did."""
        before = len(self.deployment.log_lines(log_group))
        answer = self._lambda.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        payload: dict[str, Any] = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise Failed(str(payload.get("errorMessage")))
        if len(self.deployment.log_lines(log_group)) == before:
            raise Failed("the function has no log")
        return payload

    def grant_scopes(self, role: str) -> None:
        """Cognito's trigger says what a person's token is not for."""
        original = self.deployment.resource("SignIn", "AWS::Lambda::Function", "GrantScopes")
        log = self.deployment.resource("SignIn", "AWS::Logs::LogGroup", "GrantScopes")
        event = {"request": {"groupConfiguration": {"groupsToOverride": ["agent"]}}, "response": {}}
        with self.function(original, role) as function:
            answer = self.call(function, event, log)
        if "churn/report" not in json.dumps(answer["response"]):
            raise Failed(f"the agent keeps everything: {answer}")

    def predict(self, role: str) -> None:
        """The API's function, made in the VPC, asks the endpoint about a customer."""
        original = self.deployment.resource("Api", "AWS::Lambda::Function", "Invoker")
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
            "SecurityGroupIds": [self.deployment.resource("Network", "AWS::EC2::SecurityGroup", "Invoker")],
        }
        log = self.deployment.resource("Api", "AWS::Logs::LogGroup", "InvokerLog")
        with self.function(original, role, network) as function:
            answer = self.call(function, event, log)
        if answer["statusCode"] != 200:
            raise Failed(answer["body"])

    def report(self, role: str) -> None:
        """The function behind the page's view of the model tells what is served, how good it is and how fair."""
        original = self.deployment.resource("Api", "AWS::Lambda::Function", "ModelReport")
        log = self.deployment.resource("Api", "AWS::Logs::LogGroup", "ModelReport")
        event = {"resource": "/model/report", "httpMethod": "GET", "requestContext": {"requestId": "errand"}}
        with self.function(original, role) as function:
            answer = self.call(function, event, log)
        told = json.loads(answer["body"])
        if answer["statusCode"] != 200 or not (told["version"] and told["test"] and told["bias"]):
            raise Failed(answer["body"])
        # Versions of other tests may have reports elsewhere; this one's and the watch's are for the role to read.
        own = [one for one in told["missing"] if one["version"] in (told["version"], None)]
        if any(one["why"] == "refused" for one in own):
            raise Failed(f"the report comes without {own}")

    def look_up(self, role: str) -> None:
        """A run asks which model the endpoint serves."""
        original = self.deployment.resource("Training", "AWS::Lambda::Function", "ChampionLookup")
        log = self.deployment.resource("Training", "AWS::Logs::LogGroup", "ChampionLookup")
        with self.function(original, role) as function:
            answer = self.call(function, {"EndpointName": ENDPOINT, "Otherwise": "none"}, log)
        if not answer["ModelUri"].startswith("s3://"):
            raise Failed(f"there is no model: {answer['Champion']}")

    def write_card(self, role: str) -> None:
        """A run writes the card of its package: one that is not there, then one that says otherwise; it is decided."""
        original = self.deployment.resource("Training", "AWS::Lambda::Function", "ModelCard")
        log = self.deployment.resource("Training", "AWS::Logs::LogGroup", "ModelCard")
        name = self.package.rpartition(":model-package/")[2].replace("/", "-")
        page = f"runs/{self.run_of(self.package)}/card/card.html"
        done(self.sagemaker.delete_model_card, ModelCardName=name)
        self.s3.delete_object(Bucket=self.data, Key=page)
        with self.function(original, role) as function:
            self.call(function, {"Package": self.package}, log)
            self.sagemaker.update_model_card(ModelCardName=name, Content="{}")
            self.call(function, {"Package": self.package}, log)
            self.call(function, {"Decided": self.package}, log)
        card = self.sagemaker.describe_model_card(ModelCardName=name)
        if json.loads(card["Content"])["model_overview"]["model_id"] != self.package:
            raise Failed("the card is not the package's")
        self.s3.head_object(Bucket=self.data, Key=page)

    def track(self, role: str) -> None:
        """A run is logged to MLflow again, with its reports, and is told its package."""
        original = self.deployment.resource("Training", "AWS::Lambda::Function", "Tracker")
        log = self.deployment.resource("Training", "AWS::Logs::LogGroup", "Tracker")
        run = {"Experiment": PIPELINE, "Run": self.run_of(self.package)}
        reports = {"RunArn": "arn", "Reports": f"s3://{self.data}/runs/{run['Run']}/evaluation", "CodeHash": "c0"}
        with self.function(original, role) as function:
            for told in (reports | {"RawData": f"s3://{self.data}/raw/churn.csv"}, {"Package": self.package}):
                answer = self.call(function, run | told, log)
                if answer["Note"]:
                    raise Failed(answer["Note"])

    def keep_artifacts(self, role: str) -> None:
        """MLflow's app keeps, finds and shows what belongs to a run."""
        s3, key = self.roles.client("s3", role), f"mlflow/{self.mark}/{errand_name()}"
        s3.put_object(Bucket=self.data, Key=key, Body=b"1")
        s3.list_objects_v2(Bucket=self.data, Prefix="mlflow/")
        s3.get_object(Bucket=self.data, Key=key)

    def artifact(self) -> str:
        """The key of something that MLflow keeps, whether a server runs or not."""
        key = f"mlflow/{self.mark}/artifact"
        self.s3.put_object(Bucket=self.data, Key=key, Body=b"1")
        return key

    @functools.cached_property
    def package(self) -> str:
        """The package of the deployment's latest run, which is approved, and left so by all that is tried on it."""
        arn: str = self._steps(self._latest("Succeeded"))["Register"]["Metadata"]["RegisterModel"]["Arn"]
        return arn

    def run_of(self, package: str) -> str:
        """The id of the run that made a package."""
        found = self.sagemaker.describe_model_package(ModelPackageName=package)
        run: str = found["CustomerMetadataProperties"]["run"]
        return run

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

    def judge_run(self, role: str) -> None:
        """A run of the deployment has succeeded, and its package waits."""
        execution = self._latest("Succeeded")
        package = self._steps(execution)["Register"]["Metadata"]["RegisterModel"]["Arn"]
        self.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="PendingManualApproval")
        try:
            self._ask("PipelineRunOnRun", role, {"detail": {"pipelineExecutionArn": execution}})
            # And another run had a gate of its own, of which people are told.
            self._ask("PipelineRunOnRun", role, {"detail": {"pipelineExecutionArn": self._unusual}})
            status = self.sagemaker.describe_model_package(ModelPackageName=package)["ModelApprovalStatus"]
            if status != "Approved":
                raise Failed(f"the package is {status}")
        finally:
            self.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")

    def steer(self, role: str) -> None:
        """A rollout looks whether it may begin, updates the stack to what it has, and asks what came of it."""
        machine = self.deployment.output("Rollout", "RolloutMachineArn")
        live = self.deployment.output("Serving", "ModelPackageArn")
        context = {"machine": machine, "execution": "errand", "started": "2999-01-01T00:00:00+00:00"}
        looked = self._ask("RolloutSteer", role, {"step": "look", "rollout": {"package": live}, **context})
        if looked["state"] != "live":
            raise Failed(f"the rollout is {looked['state']}")
        # The deployment's own approval was a rollout, too, and is newer than one of long ago.
        old = {"step": "look", "rollout": {"package": live}, **context, "started": "2000-01-01T00:00:00+00:00"}
        if (dropped := self._ask("RolloutSteer", role, old)["state"]) != "dropped":
            raise Failed(f"an older rollout is {dropped}")
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in self._serving["Parameters"]}
        updated = self._ask(
            "RolloutSteer", role, {"step": "update", "rollout": looked | {"wanted": parameters["Rollout"]}}
        )
        if updated["state"] != "done":
            raise Failed(f"the update is {updated['state']}")
        asked = self._ask("RolloutSteer", role, {"step": "ask", "rollout": updated | {"target": "another"}})
        # Replaced by another rollout's, as far as the stack tells, if it was ever updated; not done in any case.
        if asked["state"] not in ("dropped", "failed"):
            raise Failed(f"the update to another package is {asked['state']}")

    def ask_golden(self, role: str) -> None:
        """The probe asks the golden customers, and counts."""
        if wrong := self._ask("RolloutProbe", role, {})["wrong"]:
            raise Failed("; ".join(wrong))

    def record(self, role: str) -> None:
        """A rollout is kept, which rejects another package; and one that failed is told of."""
        live = self.deployment.output("Serving", "ModelPackageArn")
        found = self.sagemaker.describe_model_package(ModelPackageName=live)
        made = self.sagemaker.create_model_package(
            ModelPackageGroupName=GROUP,
            InferenceSpecification=found["InferenceSpecification"],
            ModelApprovalStatus="PendingManualApproval",
        )["ModelPackageArn"]
        rollout = {"package": live, "rejects": made, "reason": "an errand", "by": "an errand"}
        try:
            self._ask("RolloutRecord", role, {"step": "keep", "rollout": rollout})
            if self.sagemaker.describe_model_package(ModelPackageName=made)["ModelApprovalStatus"] != "Rejected":
                raise Failed("the package is not rejected")
            told = self._ask("RolloutRecord", role, {"step": "fail", "rollout": rollout | {"reason_failed": "x"}})
            if "Live now: version" not in told["message"]:
                raise Failed(told["message"])
        finally:
            self.sagemaker.delete_model_package(ModelPackageName=made)

    def _ask(self, function: str, role: str, event: dict[str, Any]) -> dict[str, Any]:
        """What a function of the Rollout stack answers under a role; nothing where it answers nothing."""
        original = self.deployment.resource("Rollout", "AWS::Lambda::Function", function)
        log = self.deployment.resource("Rollout", "AWS::Logs::LogGroup", f"{function}Log")
        with self.function(original, role) as made:
            return self.call(made, event, log) or {}

    def _hand_in(self, role: str, handler: str, events: list[dict[str, Any]]) -> None:
        original = self.deployment.resource("Rollout", "AWS::Lambda::Function", f"PipelineRun{handler}")
        log = self.deployment.resource("Rollout", "AWS::Logs::LogGroup", f"PipelineRun{handler}Log")
        with self.function(original, role) as function:
            for event in events:
                more = {
                    "RequestId": uuid.uuid4().hex,
                    "PhysicalResourceId": f"{PIPELINE}-run",
                    "StackId": self._serving["StackId"],
                }
                self.call(function, event | more, log)

    @functools.cached_property
    def _unusual(self) -> str:
        """A run with a gate of its own, whose package waits; it is made once."""
        execution: str = self.sagemaker.start_pipeline_execution(
            PipelineName=PIPELINE, ClientRequestToken=uuid.uuid4().hex, PipelineParameters=[UNUSUAL]
        )["PipelineExecutionArn"]
        if not until(lambda: self._run(execution)["PipelineExecutionStatus"] == "Succeeded", within_s=240):
            raise LookupError(f"{execution} did not succeed")
        return execution

    @property
    def _deployed(self) -> dict[str, Any]:
        """The custom resource's properties as they were deployed."""
        for template in self.deployment.templates:
            for resource in json.loads(template.read_text())["Resources"].values():
                if resource["Type"] == "Custom::PipelineRun":
                    return resource["Properties"] | {"PipelineName": PIPELINE, "Rollout": ""}
        raise LookupError("no template has a Custom::PipelineRun")

    @property
    def _serving(self) -> dict[str, Any]:
        """The stack that the deployer's functions serve."""
        found: list[dict[str, Any]] = self.deployment.client("cloudformation").describe_stacks(
            StackName="Churn-local-Serving"
        )["Stacks"]
        return found[0]
