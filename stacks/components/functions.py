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
from stacks.components.permissions import allow
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
    """A function that may write its own log and what its statements say, nothing else."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: FunctionSpec,
        statements: Sequence[iam.PolicyStatement],
        storage: StorageSettings,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = log_group(self, "Log", settings=storage, key=key)
        # Lambda assumes the role without a source account, so the trust cannot name one.
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={
                "Function": iam.PolicyDocument(
                    statements=[
                        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [self.log_group.log_group_arn]),
                        *statements,
                    ]
                )
            },
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
