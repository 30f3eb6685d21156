"""Lambda functions in Python, each with a role and a log group of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from config import StorageSettings
from stacks.components.grants import Grant, role_with
from stacks.components.permissions import write_log
from stacks.components.storage import log_group

RUNTIME = lambda_.Runtime.PYTHON_3_14


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    """What a function is: its bundle, its entry, its size and its environment."""

    bundle: Path
    handler: str
    description: str
    timeout_s: int
    memory_mb: int
    environment: Mapping[str, str]


class PythonFunction(Construct):
    """A function that may write its own log and what its grants say, nothing else."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: FunctionSpec,
        grants: Sequence[Grant],
        storage: StorageSettings,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = log_group(self, "Log", settings=storage, key=key)
        # Lambda assumes the role without a source account, so the trust cannot name one.
        self.role = role_with(
            self,
            "Role",
            trusts=iam.ServicePrincipal("lambda.amazonaws.com"),
            grants=[write_log(self.log_group), *grants],
        )
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=RUNTIME,
            code=lambda_.Code.from_asset(str(spec.bundle)),
            handler=spec.handler,
            description=spec.description,
            timeout=Duration.seconds(spec.timeout_s),
            memory_size=spec.memory_mb,
            environment=dict(spec.environment),
            role=self.role,
            log_group=self.log_group,
        )
