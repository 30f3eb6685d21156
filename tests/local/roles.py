"""The roles of the deployed system: found, acted as, and copied with a permission less."""

import copy
import functools
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from local.settings import ACCOUNT
from tests.local.deployment import Deployment

Statement = dict[str, Any]
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")

#: Where a role stands: its stack and the beginning of its logical id.
PLACES = {
    "processing": ("Training", "ProcessingRole"),
    "training": ("Training", "TrainingRole"),
    "pipeline": ("Training", "PipelineRole"),
    "model": ("Training", "ModelRole"),
    "registrar": ("Training", "RegistrarRole"),
    "uploads": ("Training", "InputsRole"),
    "champion": ("Training", "ChampionLookupRole"),
    "model card": ("Training", "ModelCardRole"),
    "tracker": ("Training", "TrackerRole"),
    "mlflow": ("Training", "MlflowRole"),
    "on event": ("Rollout", "PipelineRunOnEventRole"),
    "is complete": ("Rollout", "PipelineRunIsCompleteRole"),
    "on run": ("Rollout", "PipelineRunOnRunRole"),
    "steer": ("Rollout", "RolloutSteerRole"),
    "probe": ("Rollout", "RolloutProbeRole"),
    "record": ("Rollout", "RolloutRecordRole"),
    "rollout machine": ("Rollout", "RolloutMachineRole"),
    "rollout starter": ("Rollout", "RolloutStartRole"),
    "grant scopes": ("SignIn", "UsersGrantScopesRole"),
    "invoker": ("Api", "InvokerRole"),
    "model report": ("Api", "ModelReportRole"),
    "batches": ("Api", "BatchesRole"),
    "scoring": ("Batches", "ScoringStepRole"),
    "scoring machine": ("Batches", "ScoringMachineRole"),
    "scoring starter": ("Batches", "ScoringStartRole"),
    "data scientist": ("Studio", "DataScientistRole"),
    "experiment": ("Studio", "ExperimentRole"),
    "start": ("Rollout", "PipelineRunStartRole"),
    "wait": ("Rollout", "PipelineRunWaitRole"),
    "page": ("Web", "PageRole"),
    "flow log": ("Network", "FlowLogRole"),
    "intake": ("Retraining", "IntakeStepRole"),
    "intake machine": ("Retraining", "IntakeMachineRole"),
    "intake starter": ("Retraining", "EventsRole"),
    "data owner": ("Retraining", "DataOwnerRole"),
    "watch steps": ("Watching", "WatchStepsRole"),
    "watch job": ("Watching", "WatchJobRole"),
    "watch pipeline": ("Watching", "WatchPipelineRole"),
    "watch starter": ("Watching", "WatchStartRole"),
}
#: Roles that carry a deployment's files and events, and those that only AWS becomes (of a state machine's, the emulator
#: delivers no log and no trace): a deployment or a rollout uses them whole.
DEPLOYING = ("uploads", "start", "wait", "page", "flow log", "rollout machine", "rollout starter")
#: Roles that no table is about, and why.
UNTRIED = {
    ("Network", "CustomVpcRestrictDefaultSG"): "changes one security group, and may do nothing that changes nothing",
    ("Rollout", "PipelineRunFrameworkwaiterstatemachineRole"): "calls one function, which would answer CloudFormation",
    ("Api", "RestApiLogRole"): "belongs to API Gateway, which asks for reading and writing the logs it makes",
}


#: A policy has a statement at least.
NOTHING: Statement = {"Effect": "Deny", "Action": "s3:ListAllMyBuckets", "Resource": "*"}


class Refusal(NamedTuple):
    """How a call was refused: the code and the message, both empty when it was not."""

    code: str
    message: str

    @property
    def denied(self) -> bool:
        """Whether it was IAM that refused."""
        return self.code in DENIED or "is not authorized to perform" in self.message


def refusal(client: Any, operation: str, arguments: dict[str, Any]) -> Refusal:
    """Make a call, and tell how it was refused."""
    try:
        getattr(client, operation)(**arguments)
    except ClientError as exc:
        error = exc.response["Error"]
        return Refusal(error["Code"], error.get("Message", ""))
    return Refusal("", "")


class Roles:
    """The roles of a deployed system.

    Parameters
    ----------
    deployment
        The system.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._iam = deployment.client("iam")
        self.client = functools.cache(self._client)
        self.arn = functools.cache(self._arn)

    def _arn(self, name: str) -> str:
        stack, logical = PLACES[name]
        return f"arn:aws:iam::{ACCOUNT}:role/{self._deployment.resource(stack, 'AWS::IAM::Role', logical)}"

    def _client(self, service: str, role: str, session: str = "") -> Any:
        """A client with a session of a role, by its name here or its ARN; a data scientist's has the user's name."""
        session = session or ("data-scientist" if role == "data scientist" else "test")
        return self._deployment.client(service, role if role.startswith("arn:") else self.arn(role), session)

    def statements(self, name: str) -> list[Statement]:
        """All statements of a role's policies, managed and inline."""
        role = self.arn(name).rsplit("/", 1)[-1]
        found: list[Statement] = []
        for policy in self._iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
            found += document["Statement"]
        for policy in self._iam.list_role_policies(RoleName=role)["PolicyNames"]:
            found += self._iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
        return found

    @contextmanager
    def copied(self, name: str) -> Iterator["Copy"]:
        """A role with the same trust and tags as one of the system's, and no permission yet."""
        original = self._iam.get_role(RoleName=self.arn(name).rsplit("/", 1)[-1])["Role"]
        made = self._iam.create_role(
            RoleName=f"copy-{uuid.uuid4().hex[:12]}",
            AssumeRolePolicyDocument=json.dumps(original["AssumeRolePolicyDocument"]),
            Tags=original.get("Tags", []),
        )["Role"]
        try:
            yield Copy(self._iam, made["Arn"])
        finally:
            self._iam.delete_role_policy(RoleName=made["RoleName"], PolicyName=Copy.POLICY)
            self._iam.delete_role(RoleName=made["RoleName"])


class Copy:
    """A copy of a role, whose permissions a test sets."""

    POLICY = "copy"

    def __init__(self, iam: Any, arn: str) -> None:
        self._iam = iam
        self.arn = arn

    def may(self, statements: list[Statement]) -> None:
        """Give it these permissions, in place of those it had; they count from the next call on."""
        document = {"Version": "2012-10-17", "Statement": statements or [NOTHING]}
        name = self.arn.rsplit("/", 1)[-1]
        self._iam.put_role_policy(RoleName=name, PolicyName=self.POLICY, PolicyDocument=json.dumps(document))


class Mutant(NamedTuple):
    """A role's statements with something removed, and what that was."""

    removed: str
    statements: list[Statement]


def actions_of(statement: Statement) -> list[str]:
    """The actions of a statement, which writes a single one without a list."""
    actions: list[str] | str = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def mutants(statements: list[Statement]) -> Iterator[Mutant]:
    """Every way to take one action from one statement; from a statement of one action that takes it whole.

    A path that fails without each action of a statement fails without the statement.
    """
    for at, statement in enumerate(statements):
        if statement["Effect"] != "Allow":
            continue
        for action in actions_of(statement):
            left = [other for other in actions_of(statement) if other != action]
            rest = copy.deepcopy([*statements[:at], *statements[at + 1 :]])
            if left:
                rest.insert(at, copy.deepcopy(statement) | {"Action": left})
            yield Mutant(f"{at + 1}: {action} on {_short(statement['Resource'])}", rest)


def _short(resource: Any) -> str:
    first = resource[0] if isinstance(resource, list) else resource
    return str(first).split(":", 5)[-1]
