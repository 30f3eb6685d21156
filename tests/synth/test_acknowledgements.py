"""Each acknowledgement meets a finding of cdk-nag, each finding an acknowledgement; both sides are looked at."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

import app as churn_app
from config import ENVIRONMENTS, load_settings
from stacks.components import acknowledgements
from stacks.components.acknowledgements import Acknowledged, acknowledge, acknowledged
from stacks.components.findings import PACKS, check_all
from stacks.components.grants import allow, role_with
from stacks.components.raw_data import RawData

from .conftest import CONTEXT, ROOT, Synthesised


@pytest.fixture(scope="module")
def findings(raw_data: RawData, tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """All findings of all environments: what cdk-nag says when nothing is acknowledged."""
    folder = tmp_path_factory.mktemp("unacknowledged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(acknowledgements, "_record", lambda *_: None)
        app = App(context=CONTEXT, outdir=str(folder))
        for name in ENVIRONMENTS:
            churn_app.build(app, settings=load_settings(name), raw_data=raw_data)
        assert not acknowledged(app)
        check_all(app)
        with pytest.raises(RuntimeError, match="ValidationFailed"):
            app.synth()
    report: dict[str, Any] = json.loads((folder / "validation-report.json").read_text())
    return {
        (construct["constructPath"], violation["ruleName"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    }


def test_each_acknowledgement_meets_a_finding(synthesised: Synthesised, findings: set[tuple[str, str]]) -> None:
    idle = [
        one
        for one in synthesised.acknowledged
        if not any(
            finding == one.finding and (path == one.path or path.startswith(f"{one.path}/"))
            for path, finding in findings
        )
    ]
    assert not idle, "these acknowledge nothing: remove them, or correct the id"


def test_an_acknowledgement_covers_one_finding_only(synthesised: Synthesised, findings: set[tuple[str, str]]) -> None:
    ours = Counter((one.path, one.finding) for one in synthesised.acknowledged)
    assert ours.most_common(1)[0][1] == 1, "acknowledged twice"
    for one in synthesised.acknowledged:
        covered = [
            path
            for path, finding in findings
            if finding == one.finding and (path == one.path or path.startswith(f"{one.path}/"))
        ]
        assert len(covered) == 1, f"{one.path} is too wide for {one.finding}: it covers {covered}"


def test_each_finding_is_acknowledged_with_an_argument(
    synthesised: Synthesised, findings: set[tuple[str, str]]
) -> None:
    assert len(findings) == len(synthesised.acknowledged)
    for one in synthesised.acknowledged:
        assert len(one.reason.split()) >= acknowledgements.FEWEST_WORDS


@pytest.mark.parametrize("reason", ["", "   ", "needed", "this is needed for it to work"])
def test_a_reason_that_does_not_argue_is_refused(reason: str) -> None:
    bucket = s3.CfnBucket(Stack(App(), "Stack"), "Bucket")
    with pytest.raises(ValueError, match=r"Stack/Bucket.*fewer than"):
        acknowledge(bucket, "AwsSolutions-S1", reason)
    assert not acknowledged(bucket)


@pytest.mark.parametrize(
    "finding", ["", "S1", "AwsSolutions-IAM5[", "AwsSolutions-*", "AwsSolutions-IAM5 [Resource::*]"]
)
def test_what_cannot_be_a_finding_is_refused(finding: str) -> None:
    bucket = s3.CfnBucket(Stack(App(), "Stack"), "Bucket")
    with pytest.raises(ValueError, match="validation report"):
        acknowledge(bucket, finding, "a reason that is long enough to be one indeed")


def test_one_reason_answers_a_finding_of_several_packs() -> None:
    stack = Stack(App(), "Stack")
    bucket = s3.CfnBucket(stack, "Bucket")
    reason = "a reason that is long enough to be one indeed"
    ids = ("NIST.800.53.R5-S3BucketReplicationEnabled", "HIPAA.Security-S3BucketReplicationEnabled")
    acknowledge(bucket, ids, reason)
    assert acknowledged(stack) == [Acknowledged("Stack/Bucket", one, reason) for one in ids]


def test_several_ids_are_all_ids_or_none_is_recorded() -> None:
    bucket = s3.CfnBucket(Stack(App(), "Stack"), "Bucket")
    with pytest.raises(ValueError, match="validation report"):
        acknowledge(bucket, ("AwsSolutions-S1", "S1"), "a reason that is long enough to be one indeed")
    assert not acknowledged(bucket)


def test_the_documentation_counts_the_acknowledgements(synthesised: Synthesised) -> None:
    counts = Counter(
        (one.path.split("-")[1], one.finding.split("[")[0].rpartition("-")[0]) for one in synthesised.acknowledged
    )
    rows = [f"| {name} | " + " | ".join(str(counts[name, pack]) for pack in (*PACKS,)) + " |" for name in ENVIRONMENTS]
    table = "\n".join([f"| environment | {' | '.join(PACKS)} |", f"|---|{'---:|' * len(PACKS)}", *rows])
    assert sum(counts.values()) == len(synthesised.acknowledged)
    assert table in (ROOT / "docs" / "security.md").read_text(), f"write this into docs/security.md:\n{table}"


def test_what_is_acknowledged_can_be_listed() -> None:
    stack = Stack(App(), "Stack")
    bucket = s3.CfnBucket(stack, "Bucket")
    reason = "a reason that is long enough to be one indeed"
    acknowledge(bucket, "AwsSolutions-IAM5[Resource::*]", reason)
    assert acknowledged(stack) == [Acknowledged("Stack/Bucket", "AwsSolutions-IAM5[Resource::*]", reason)]


def test_a_wildcard_action_is_refused() -> None:
    with pytest.raises(ValueError, match="name the actions"):
        allow("s3:Get*", on=["arn:aws:s3:::bucket"])


@pytest.mark.parametrize(("resource", "reason"), [("arn:aws:s3:::bucket/*", ""), ("arn:aws:s3:::bucket", "why not")])
def test_a_wildcard_and_its_reason_come_together(resource: str, reason: str) -> None:
    with pytest.raises(ValueError, match="wildcard_because"):
        allow("s3:GetObject", on=[resource], wildcard_because=reason)


def test_a_wildcard_is_acknowledged_on_the_policy_that_has_it(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Stack")
    reason = "the objects of one bucket, whose names nobody knows beforehand"
    role_with(
        stack,
        "Role",
        trusts=iam.ServicePrincipal("lambda.amazonaws.com"),
        grants=[allow("s3:GetObject", on=["arn:aws:s3:::one/*"], wildcard_because=reason)],
    )
    assert acknowledged(stack) == [
        Acknowledged("Stack/RoleGrants/Resource", "AwsSolutions-IAM5[Resource::arn:aws:s3:::one/*]", reason)
    ]
    check_all(app)
    app.synth()
