"""The intake of new data under any role: its function, its machine, what starts that, and who brings data."""

import functools
import json
import uuid
from collections.abc import Callable
from typing import Any

from tests.local.errands.common import NO_FILE, PIPELINE, Failed, errand_name, soon, until
from tests.local.errands.functions import Functions

ACCEPTED = "raw/accepted.json"


class Intake(Functions):
    """The errands of retraining."""

    @functools.cached_property
    def intake_machine(self) -> str:
        """The ARN of the state machine."""
        return self.deployment.output("Retraining", "IntakeArn")

    @functools.cached_property
    def _accepted_before(self) -> bytes | None:
        """Which file was accepted before the errands."""
        try:
            body: bytes = self.s3.get_object(Bucket=self.data, Key=ACCEPTED)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        return body

    def clean_up(self) -> None:
        """Leave the accepted data as they were."""
        if self._accepted_before is None:
            self.s3.delete_object(Bucket=self.data, Key=ACCEPTED)
        else:
            self.s3.put_object(Bucket=self.data, Key=ACCEPTED, Body=self._accepted_before)
        super().clean_up()

    def take_files(self, role: str) -> None:
        """The function takes a file and starts a run, settles one run that succeeded and one that refused the data."""
        original = self.deployment.resource("Retraining", "AWS::Lambda::Function", "IntakeStep")
        log = self.deployment.resource("Retraining", "AWS::Logs::LogGroup", "IntakeStepLog")
        self._accepted_before  # noqa: B018 - looked at before anything changes it
        self._end_runs()
        with self.function(original, role) as function:
            context = {"execution": uuid.uuid4().hex, "started": "2999-01-01T00:00:00+00:00"}
            told = {"step": "choose", "event": self._drop(), **context}
            chosen = self.call(function, told, log)
            if chosen["state"] != "go":
                raise Failed(str(chosen))
            started = self.call(function, told | {"step": "start", "chosen": chosen}, log)
            self._end_runs()
            for run, outcome in ((self._latest("Succeeded"), "trained"), (self._refused_run, "unusable")):
                answer = self.call(function, told | {"step": "look", "chosen": started | {"run": run}}, log)
                if answer.get("outcome") != outcome:
                    raise Failed(str(answer))
            chosen = self.call(function, told | {"event": {"source": "aws.events"}}, log)
            if (chosen["file"] or {}).get("sha256") != started["file"]["sha256"]:
                raise Failed(f"not the accepted file: {chosen}")

    def work_machine(self, role: str) -> None:
        """A copy of the machine, which does not try again, ends one execution well and tells people of another."""
        described = self._states.describe_state_machine(stateMachineArn=self.intake_machine)
        definition = json.loads(described["definition"])
        for state in definition["States"].values():
            state.pop("Retry", None)
        definition["States"]["NewerFiles"]["Seconds"] = 0
        copy = self._states.create_state_machine(name=errand_name(), definition=json.dumps(definition), roleArn=role)[
            "stateMachineArn"
        ]
        try:
            for event, status, error in ((NO_FILE, "SUCCEEDED", None), ({"source": "x"}, "FAILED", "IntakeFailed")):
                ended = self._end_of(copy, event)
                if (ended["status"], ended.get("error")) != (status, error):
                    raise Failed(str(ended.get("cause")))
        finally:
            self._states.delete_state_machine(stateMachineArn=copy)

    def start_machine(self, role: str) -> None:
        """A rule starts the machine when something happens."""
        target = {"Id": "machine", "Arn": self.intake_machine, "RoleArn": role, "Input": json.dumps(NO_FILE)}
        self.fire(target, self._executions)

    def fire(self, target: dict[str, Any], started: Callable[[], set[str]]) -> set[str]:
        """Have a rule of its own start a target; tell what that started, of what `started` lists."""
        events, name = self.deployment.client("events"), errand_name()
        events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}), State="ENABLED")
        try:
            events.put_targets(Rule=name, Targets=[target])
            before = started()
            events.put_events(Entries=[{"Source": name, "DetailType": "errand", "Detail": "{}"}])
            found: set[str] = soon(lambda: started() - before)
        finally:
            events.remove_targets(Rule=name, Ids=[target["Id"]])
            events.delete_rule(Name=name)
        if not found:
            raise Failed("nothing was started")
        return found

    def bring_data(self, role: str) -> None:
        """A data owner drops a file, reads what was set aside and what was accepted, and watches a run."""
        s3, states = self.roles.client("s3", role), self.roles.client("stepfunctions", role)
        sagemaker = self.roles.client("sagemaker", role)
        self.s3.put_object(Bucket=self.data, Key=f"quarantine/{self.mark}/kept", Body=b"1")
        self._accepted_before  # noqa: B018 - as above
        self.s3.put_object(Bucket=self.data, Key=ACCEPTED, Body=b"{}")
        s3.put_object(Bucket=self.data, Key=f"raw/incoming/{self.mark}/new.csv", Body=b"1")
        for found in s3.list_objects_v2(Bucket=self.data, Prefix=f"quarantine/{self.mark}")["Contents"]:
            s3.get_object(Bucket=self.data, Key=found["Key"])["Body"].read()
        s3.get_object(Bucket=self.data, Key=ACCEPTED)
        started = states.start_execution(stateMachineArn=self.intake_machine, input=json.dumps(NO_FILE))
        states.describe_execution(executionArn=started["executionArn"])
        states.list_executions(stateMachineArn=self.intake_machine)
        runs = sagemaker.list_pipeline_executions(PipelineName=PIPELINE)["PipelineExecutionSummaries"]
        sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=runs[0]["PipelineExecutionArn"])

    @functools.cached_property
    def _states(self) -> Any:
        return self.deployment.client("stepfunctions")

    @functools.cached_property
    def _refused_run(self) -> str:
        """A run whose first step refused the data."""
        key = f"{self.place}/bad.csv"
        self.s3.put_object(Bucket=self.data, Key=key, Body=b"not,customers\n1,2\n")
        execution: str = self.sagemaker.start_pipeline_execution(
            PipelineName=PIPELINE,
            PipelineParameters=[{"Name": "RawDataUri", "Value": f"s3://{self.data}/{key}"}],
            ClientRequestToken=uuid.uuid4().hex,
        )["PipelineExecutionArn"]
        until(lambda: self._run(execution)["PipelineExecutionStatus"] == "Failed")
        return execution

    def _drop(self) -> dict[str, Any]:
        """A file under ``raw/incoming/``, and the event that tells of it."""
        key = f"raw/incoming/{self.mark}/{uuid.uuid4().hex}.csv"
        etag = self.s3.put_object(Bucket=self.data, Key=key, Body=key.encode())["ETag"].strip('"')
        return {"source": "aws.s3", "detail": {"object": {"key": key, "etag": etag}}}

    def _end_runs(self) -> None:
        """Stop what goes on, and wait until it has ended: the intake waits its turn."""
        self.stop_runs()
        until(lambda: not self._going_on())

    def _going_on(self) -> bool:
        return any(one["PipelineExecutionStatus"] in ("Executing", "Stopping") for one in self.runs_of(PIPELINE))

    def _executions(self) -> set[str]:
        listed = self._states.list_executions(stateMachineArn=self.intake_machine)["executions"]
        return {one["executionArn"] for one in listed}

    def _end_of(self, machine: str, event: dict[str, Any]) -> dict[str, Any]:
        arn = self._states.start_execution(stateMachineArn=machine, input=json.dumps(event))["executionArn"]

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self._states.describe_execution(executionArn=arn)
            return None if found["status"] == "RUNNING" else found

        ended: dict[str, Any] = until(look)
        return ended
