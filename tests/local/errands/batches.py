"""Files that are scored as a whole, under any role: the API's function, the machine's, the machine, what starts it."""

import functools
import json
import uuid
from typing import Any

from tests.local.errands.common import LOYAL, Failed, errand_name, until
from tests.local.errands.watching import Watching

LINE = ",".join("yes" if value is True else "no" if value is False else str(value) for value in LOYAL.values())
FILE = f"{','.join(LOYAL)}\n{LINE}\n".encode()
# A file that nobody announced, as S3 tells of it.
NOBODYS = {"detail": {"object": {"key": "uploads/none.csv"}}}


class Batches(Watching):
    """The errands of batches."""

    @functools.cached_property
    def batches(self) -> str:
        """The bucket."""
        return self.deployment.output("Storage", "BatchesBucketName")

    @functools.cached_property
    def batch_machine(self) -> str:
        """The ARN of the state machine."""
        return self.deployment.output("Batches", "BatchMachineArn")

    def announce(self, role: str) -> None:
        """The API's function announces a batch and tells how far it is; what it signs is done with its role."""
        original = self.deployment.resource("Api", "AWS::Lambda::Function", "Batches")
        log = self.deployment.resource("Api", "AWS::Logs::LogGroup", "Batches")
        request = {"requestContext": {"requestId": "errand"}}
        with self.function(original, role) as function:
            begun = self.call(function, request | {"resource": "/batches", "httpMethod": "POST"}, log)
            if begun["statusCode"] != 201:
                raise Failed(begun["body"])
            identity = json.loads(begun["body"])["id"]
            self._tell(identity, status="scoring", parts=1)
            look = {"resource": "/batches/{id}", "httpMethod": "GET", "pathParameters": {"id": identity}}
            told = self.call(function, request | look, log)
            if told["statusCode"] != 200 or json.loads(told["body"])["status"] != "scoring":
                raise Failed(told["body"])
        result, s3 = f"results/{identity}/result.csv", self.roles.client("s3", role)
        self.s3.put_object(Bucket=self.batches, Key=result, Body=b"1")
        # Under a name that is no batch's, so that the machine leaves it alone.
        s3.put_object(Bucket=self.batches, Key=f"uploads/{identity}x.csv", Body=b"1")
        s3.get_object(Bucket=self.batches, Key=result)

    def score_file(self, role: str) -> None:
        """The machine's function takes a file through all its steps, and gives up another."""
        original = self.deployment.resource("Batches", "AWS::Lambda::Function", "ScoringStep")
        log = self.deployment.resource("Batches", "AWS::Logs::LogGroup", "ScoringStepLog")
        with self.function(original, role) as function:
            known = self._checked(function, log)
            self._take(function, log, "start", known, "scoring")
            until(lambda: self._take(function, log, "look", known)["state"] != "scoring", every_s=0.5)
            self._take(function, log, "merge", known, "done")
            late = self._checked(function, log)
            self._take(function, log, "start", late, "scoring")
            self._tell(late["id"], status="scoring", until=1)
            self._take(function, log, "look", late, "refused")

    def _checked(self, function: str, log: str) -> dict[str, Any]:
        """A file that has come and is checked; the machine that its event starts finds it unannounced, or taken."""
        identity = str(uuid.uuid4())
        key = f"uploads/{identity}.csv"
        self.s3.put_object(Bucket=self.batches, Key=key, Body=FILE)
        self.s3.put_object(Bucket=self.batches, Key=f"taken/{identity}", Body=b"errand")
        self._tell(identity, status="waiting")
        event = {"detail": {"object": {"key": key}}}
        checked = self.call(function, {"step": "check", "event": event, "execution": "errand"}, log)
        if checked["state"] != "start":
            raise Failed(str(checked))
        return checked

    def _take(self, function: str, log: str, step: str, known: dict[str, Any], expected: str = "") -> dict[str, Any]:
        answer = self.call(function, {"step": step, "batch": known}, log)
        if expected and answer["state"] != expected:
            raise Failed(f"{step}: {answer['state']}")
        return answer

    def _tell(self, identity: str, **facts: Any) -> None:
        known = {"id": identity, "created_at": 1, "until": 32503680000, **facts}
        self.s3.put_object(Bucket=self.batches, Key=f"states/{identity}.json", Body=json.dumps(known).encode())

    def work_batch_machine(self, role: str) -> None:
        """A copy of the machine, which does not try again, leaves one file alone and tells people of another."""
        states = self.deployment.client("stepfunctions")
        definition = json.loads(states.describe_state_machine(stateMachineArn=self.batch_machine)["definition"])
        for state in definition["States"].values():
            state.pop("Retry", None)
        copy = states.create_state_machine(name=errand_name(), definition=json.dumps(definition), roleArn=role)[
            "stateMachineArn"
        ]
        try:
            for event, status, error in ((NOBODYS, "SUCCEEDED", None), ({}, "FAILED", "BatchFailed")):
                ended = self._end_of(copy, event)
                if (ended["status"], ended.get("error")) != (status, error):
                    raise Failed(str(ended.get("cause")))
        finally:
            states.delete_state_machine(stateMachineArn=copy)

    def start_batch_machine(self, role: str) -> None:
        """A rule starts the machine when a file arrives."""
        machine = self.batch_machine
        listed = self.deployment.client("stepfunctions").list_executions
        target = {"Id": "machine", "Arn": machine, "RoleArn": role, "Input": json.dumps(NOBODYS)}
        self.fire(target, lambda: {one["executionArn"] for one in listed(stateMachineArn=machine)["executions"]})
