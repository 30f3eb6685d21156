"""Lint every policy of synthesised templates with parliament: actions, resources and conditions that IAM would know.

    python -m tools.policy_lint FOLDER…        each the output of a synthesis

What a deployment fills in is written out as a plausible value first. parliament brings its own copy of AWS's service
authorization reference, so nothing leaves this machine.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tools.iam import IDENTITY, TRUST, Document, documents
from tools.template_reader import ACCOUNT, KEY_ID, REGION, Reader, Template, plausible

with warnings.catch_warnings():
    # It looks for its data in a way that setuptools warns about.
    warnings.simplefilter("ignore")
    import parliament


class Finding(NamedTuple):
    """What parliament says of one policy."""

    where: str
    issue: str
    detail: str

    def __str__(self) -> str:
        return f"{self.where}: {self.issue} {self.detail}"


class Expected(NamedTuple):
    """A finding that may be: where, which, and why."""

    where: str
    issue: str
    because: str


# Where actions on MLflow apps stand.
_MLFLOW = {
    "Training/Tracker/RoleGrants": ("CallMlflowAppApi",),
    "Studio/DataScientistRoleExperiments": (
        "CallMlflowAppApi",
        "CreatePresignedMlflowAppUrl",
        "DescribeMlflowApp",
        "ListMlflowApps",
    ),
    "Network/Vpc/SageMakerApi": (
        "CallMlflowAppApi",
        "CreatePresignedMlflowAppUrl",
        "DescribeMlflowApp",
        "ListMlflowApps",
    ),
}
# Compared by what `where` and the issue begin with. A test fails when one of these meets nothing any more.
EXPECTED = (
    Expected("Api/RestApi/LogRoleGrants", "RESOURCE_STAR", "One role for all APIs of the account: argued beside it."),
    Expected(
        "Api/Invoker/RoleGrants",
        "RESOURCE_MISMATCH [{'action': 'ec2:DeleteNetworkInterface'",
        "Lambda asks for all resources of EC2 here: argued beside it, and kept from the function's own code.",
    ),
    Expected(
        "Keys/Logs",
        "UNKNOWN_CONDITION_FOR_ACTION Unknown condition kms:EncryptionContext:aws:logs:arn for action kms:DescribeKey",
        "CloudWatch Logs' own documentation writes the key's policy so.",
    ),
    Expected(
        "Keys/Logs",
        "MISMATCHED_TYPE Type mismatch: ArnLike requires a value of type Arn but given String",
        "The encryption context of CloudWatch Logs is an ARN; KMS only knows contexts as text.",
    ),
    Expected(
        "Studio/DataScientistRoleGuardrails",
        "UNKNOWN_CONDITION_FOR_ACTION Unknown condition sagemaker:RemoteAccess for action sagemaker:",
        "The service authorization reference has this key for spaces; parliament's copy is from before.",
    ),
    *(
        Expected(
            where,
            "RESOURCE_MISMATCH [{'action': 'states:",
            "An execution, or the list of a machine's: parliament asks for every type of resource that an action has.",
        )
        for where in ("Retraining/DataOwnerRoleGrants", "Rollout/Rollout/SteerTurns")
    ),
    *(
        Expected(
            where,
            f"UNKNOWN_ACTION Unknown action sagemaker:{action}",
            "The service authorization reference has MLflow apps; parliament's copy is from before.",
        )
        for where, actions in _MLFLOW.items()
        for action in actions
    ),
    Expected("Network/Vpc/S3", "RESOURCE_STAR", "The door of S3: bounded by account and role, as doors.py says."),
)


def lint(templates: Mapping[str, Template]) -> Iterator[Finding]:
    """Lint all policies of one environment; yield what is found, expected or not."""
    reader = Reader(templates, plausible)
    for document in documents(templates):
        body = prepared(document, reader.tree(document.stack, document.body))
        # It takes the colon of a policy variable for one of the ARN's.
        text = re.sub(r"\$\{[^}]+\}", "variable", json.dumps(body))
        policy = parliament.analyze_policy_string(text)
        for found in policy.findings:
            yield Finding(f"{document.stack}/{document.construct} ({document.kind})", found.issue, str(found.detail))


def prepared(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """Name the resource where a policy means its own: a trust policy its role, a key's its key and aliases."""
    kms = f"arn:aws:kms:{REGION}:{ACCOUNT}"
    own = [f"{kms}:key/{KEY_ID}", f"{kms}:alias/this"] if document.type == "AWS::KMS::Key" else []
    statements = []
    for statement in body["Statement"]:
        one = dict(statement)
        if document.kind == TRUST:
            one["Resource"] = f"arn:aws:iam::{ACCOUNT}:role/this"
        elif own and one["Resource"] == "*":
            one["Resource"] = own
        statements.append(one)
    return {**body, "Statement": statements}


def expected(found: Finding) -> Expected | None:
    """Give the reason why a finding may be, if there is one."""
    for one in EXPECTED:
        if found.where.startswith(one.where) and f"{found.issue} {found.detail}".startswith(one.issue):
            return one
    return None


def read(folder: Path) -> dict[str, Template]:
    """Read the templates of a synthesis, each by its stack's name without the environment."""
    return {
        path.name.removesuffix(".template.json").split("-", 2)[-1]: json.loads(path.read_text())
        for path in sorted(folder.glob("Churn-*.template.json"))
    }


def main(folders: list[str]) -> int:
    """Lint each folder; print what is found and return the exit code."""
    failed = False
    for folder in folders:
        templates = read(Path(folder))
        if not any(one.kind == IDENTITY for one in documents(templates)):
            print(f"{folder} holds no policy: has the app been synthesised there?")
            return 2
        for found in lint(templates):
            if expected(found) is None:
                print(found)
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
