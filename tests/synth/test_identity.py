"""Who may become which role, who may approve, what no job may be without: decided on every environment's policies."""

from typing import Any

import pytest

from stacks.components.guardrails import UNGUARDED
from stacks.components.rollout_grants import CHANGED_TYPES
from tools import iam_table, policy_lint
from tools.iam import as_list
from tools.template_reader import ACCOUNT, KEY_ID, REGION

from .conftest import Environment, Synthesised
from .policies import Identities, decide

SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
OURS = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
# Lambda and API Gateway are not documented to name the account that they assume a role for.
TRUSTS: dict[str, tuple[str, Any]] = {
    "Custom::VpcRestrictDefaultSGCustomResourceProvider/Role": ("lambda.amazonaws.com", None),
    "FlowLogRole": ("vpc-flow-logs.amazonaws.com", OURS),
    "Inputs/Role": ("lambda.amazonaws.com", None),
    "ChampionLookup/Role": ("lambda.amazonaws.com", None),
    "ModelCard/Role": ("lambda.amazonaws.com", None),
    "Tracker/Role": ("lambda.amazonaws.com", None),
    "MlflowRole": ("sagemaker.amazonaws.com", OURS),
    "ProcessingRole": ("sagemaker.amazonaws.com", OURS),
    "TrainingRole": ("sagemaker.amazonaws.com", OURS),
    "PipelineRole": ("sagemaker.amazonaws.com", OURS),
    "ModelRole": ("sagemaker.amazonaws.com", OURS),
    "RegistrarRole": (f"arn:aws:iam::{ACCOUNT}:root", None),
    "PipelineRun/OnEvent/Role": ("lambda.amazonaws.com", None),
    "PipelineRun/IsComplete/Role": ("lambda.amazonaws.com", None),
    "PipelineRun/StartRole": ("lambda.amazonaws.com", None),
    "PipelineRun/WaitRole": ("lambda.amazonaws.com", None),
    "PipelineRun/Framework/waiter-state-machine/Role": ("states.amazonaws.com", OURS),
    "PipelineRun/OnRun/Role": ("lambda.amazonaws.com", None),
    "Rollout/Steer/Role": ("lambda.amazonaws.com", None),
    "Rollout/Probe/Role": ("lambda.amazonaws.com", None),
    "Rollout/Record/Role": ("lambda.amazonaws.com", None),
    "Rollout/MachineRole": ("states.amazonaws.com", OURS),
    "Rollout/StartRole": ("events.amazonaws.com", OURS),
    "RestApi/LogRole": ("apigateway.amazonaws.com", None),
    "Users/GrantScopes/Role": ("lambda.amazonaws.com", None),
    "Invoker/Role": ("lambda.amazonaws.com", None),
    "Batches/Role": ("lambda.amazonaws.com", None),
    "Scoring/Step/Role": ("lambda.amazonaws.com", None),
    "Scoring/MachineRole": ("states.amazonaws.com", OURS),
    "Scoring/StartRole": ("events.amazonaws.com", OURS),
    "ModelReport/Role": ("lambda.amazonaws.com", None),
    "Page/Role": ("lambda.amazonaws.com", None),
    "DataScientistRole": ("sagemaker.amazonaws.com", OURS),
    "ExperimentRole": ("sagemaker.amazonaws.com", OURS),
    "Intake/Step/Role": ("lambda.amazonaws.com", None),
    "Intake/MachineRole": ("states.amazonaws.com", OURS),
    "EventsRole": ("events.amazonaws.com", OURS),
    "DataOwnerRole": (f"arn:aws:iam::{ACCOUNT}:root", None),
    "WatchSteps/Role": ("lambda.amazonaws.com", None),
    "WatchJobRole": ("sagemaker.amazonaws.com", OURS),
    "WatchPipelineRole": ("sagemaker.amazonaws.com", OURS),
    "WatchStartRole": ("events.amazonaws.com", OURS),
}
# Studio puts a person's name on a session of this role.
NAMES_ITS_USERS = "DataScientistRole"
# Where the gate decides alone; elsewhere it tells people what waits.
BY_GATE = "PipelineRun/OnRun/Role"
GUARDED = ("DataScientistRole", "PipelineRole", "WatchPipelineRole")
APPROVERS = {"RegistrarRole", "PipelineRun/IsComplete/Role", BY_GATE}


@pytest.fixture
def identities(environment: Environment) -> Identities:
    return Identities(environment)


def test_each_role_is_trusted_by_whom_it_works_for_and_nobody_else(identities: Identities) -> None:
    studio = {"DataScientistRole", "ExperimentRole"}
    absent = set() if "Studio" in identities.environment.templates else set(studio)
    absent |= set() if identities.environment.settings.experiments.enabled else {"MlflowRole", "Tracker/Role"}
    assert set(identities.roles) == set(TRUSTS) - absent
    for name, statements in identities.trust.items():
        for statement in statements:
            ((_, who),) = statement["Principal"].items()
            assert (who, statement.get("Condition")) == TRUSTS[name], name
        actions = sorted(action for statement in statements for action in as_list(statement["Action"]))
        assert actions == ["sts:AssumeRole"] + ["sts:SetSourceIdentity"] * (name == NAMES_ITS_USERS), name


def test_no_role_has_a_policy_of_aws(identities: Identities) -> None:
    for name, role in identities.roles.items():
        assert not role.aws_managed, f"{name} has {role.aws_managed}: AWS may widen it any day"


def test_every_role_may_do_something(identities: Identities) -> None:
    for name, statements in identities.statements.items():
        assert [one for one in statements if one["Effect"] == "Allow"], name


def package(identities: Identities) -> str:
    return f"{SAGEMAKER}:model-package/churn-{identities.environment.name}/7"


def test_who_trains_cannot_approve(identities: Identities) -> None:
    approval = {"ModelApprovalStatus": "Approved"}
    by_person = identities.environment.settings.serving.approval == "person"
    approvers = APPROVERS - ({BY_GATE} if by_person else set())
    assert identities.allowed_to("sagemaker:UpdateModelPackage", package(identities), **approval) == approvers
    assert not identities.allowed_to("sagemaker:CreateModelPackage", package(identities), **approval)
    # What waits for approval is registered by the pipeline alone.
    waiting = {"ModelApprovalStatus": "PendingManualApproval"}
    assert identities.allowed_to("sagemaker:CreateModelPackage", package(identities), **waiting) == {"PipelineRole"}


def test_who_rejects_and_who_changes_without_deciding(identities: Identities) -> None:
    rejection = {"ModelApprovalStatus": "Rejected"}
    recorder = "Rollout/Record/Role"
    rejects = identities.allowed_to("sagemaker:UpdateModelPackage", package(identities), **rejection)
    assert rejects == {"RegistrarRole", recorder}
    # Facts about a rollout are no decision.
    assert identities.allowed_to("sagemaker:UpdateModelPackage", package(identities)) == {recorder}
    other = f"{SAGEMAKER}:model-package/another/1"
    assert not identities.allowed_to("sagemaker:UpdateModelPackage", other, ModelApprovalStatus="Approved")


def test_one_role_updates_the_serving_stack_and_only_what_a_model_changes(identities: Identities) -> None:
    name = f"Churn-{identities.environment.name}-Serving"
    stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1"
    types = ["AWS::SageMaker::Model", "Custom::PipelineRun"]

    def allowed(**said: Any) -> set[str]:
        return identities.allowed_to("cloudformation:UpdateStack", stack, **said)

    assert allowed(ResourceTypes=types) == {"Rollout/Steer/Role"}
    assert not allowed()
    assert not allowed(ResourceTypes=[*types, "AWS::IAM::Role"])
    assert not allowed(ResourceTypes=["AWS::Lambda::Function"])
    for key in ("RoleArn", "StackPolicyUrl", "TemplateUrl"):
        assert not allowed(ResourceTypes=types, **{key: "x"}), key


def test_the_stack_that_rollouts_update_holds_nothing_that_anybody_may_do(environment: Environment) -> None:
    """A list of types takes no acknowledgement of IAM resources: with one in it, no rollout would work any more."""
    kinds = {body["Type"] for body in environment.templates["Serving"]["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith(("AWS::IAM::", "AWS::Lambda::"))}
    # What a model changes, and what it does not.
    assert kinds - set(CHANGED_TYPES) <= {"AWS::CDK::Metadata", "AWS::Logs::LogGroup"}
    # CloudFormation would read one from Parameter Store with the rights of the function that updates the stack.
    assert set(environment.templates["Serving"]["Parameters"]) == {"Rollout"}


def test_no_role_becomes_another_or_changes_what_roles_may(identities: Identities) -> None:
    for name, statements in identities.statements.items():
        actions = {a for one in statements if one["Effect"] == "Allow" for a in as_list(one["Action"])}
        assert not {a for a in actions if a.startswith(("sts:", "iam:"))} - {"iam:PassRole"}, name
    passing = {name for name in identities.roles if "iam:PassRole" in str(identities.statements[name])}
    assert passing == set(GUARDED) & set(identities.roles)


def test_the_registrar_reads_reports_and_no_customer_s_row(identities: Identities) -> None:
    (data,) = {
        one.rpartition("/runs/")[0]
        for statement in identities.statements["RegistrarRole"]
        for one in as_list(statement["Resource"])
        if ":s3:::" in one
    }
    for name, allowed in {
        "runs/abc/evaluation/evaluation.json": True,
        "runs/abc/evaluation/evaluation.html": True,
        "runs/abc/evaluation/predictions.csv": False,
        "runs/abc/prepared/train.csv": False,
        "raw/churn.csv": False,
    }.items():
        assert identities.may("RegistrarRole", "s3:GetObject", f"{data}/{name}") is allowed, name


KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY_ID}"
JOB = {
    "VpcSubnets": ["subnet-0123456789abcdef0"],
    "VpcSecurityGroupIds": ["sg-0123456789abcdef0"],
    "InstanceTypes": ["ml.m5.large"],
    "VolumeKmsKey": KEY,
    "OutputKmsKey": KEY,
    "NetworkIsolation": "true",
    "InterContainerTrafficEncryption": "true",
}
# Never deployed: what the denials have to stand against in the evaluator.
ANYTHING = {"Effect": "Allow", "Resource": "*"}
OTHER = {
    "VpcSubnets": ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"],
    "VpcSecurityGroupIds": ["sg-0fedcba9876543210"],
    "InstanceTypes": ["ml.p5.48xlarge"],
    "VolumeKmsKey": KEY.replace("1234abcd", "dcba4321"),
    "OutputKmsKey": "alias/aws/s3",
    "NetworkIsolation": "false",
    "InterContainerTrafficEncryption": "false",
}
TRANSFORM = {"InstanceTypes", "VolumeKmsKey", "OutputKmsKey"}
MODEL = {"VpcSubnets", "VpcSecurityGroupIds", "NetworkIsolation"}
FENCED = {
    "CreateHyperParameterTuningJob": set(JOB),
    "CreateModel": MODEL,
    "CreateProcessingJob": set(JOB),
    "CreateTrainingJob": set(JOB),
    "CreateTransformJob": TRANSFORM,
}


def fenced(identities: Identities, action: str, request: dict[str, Any]) -> bool:
    """Whether the guarded roles are kept from a request even if something allowed them everything; all, or none."""
    keys = {f"sagemaker:{key}": value for key, value in request.items()}
    verdicts = {
        decide([*identities.statements[role], {**ANYTHING, "Action": action}], action, f"{SAGEMAKER}:any/x", keys)
        for role in GUARDED
        if role in identities.roles
    }
    (allowed,) = verdicts
    return not allowed


LIMITS = [
    ("CreateTrainingJob", "KeepAlivePeriod", "0", "1"),
    ("UpdateTrainingJob", "KeepAlivePeriod", "0", "60"),
    *(
        (action, "MaxRuntimeInSeconds", "86400", "86401")
        for action in FENCED
        if action.startswith("Create") and action.endswith("Job") and "Transform" not in action
    ),
    ("CreateTrainingJob", "FileSystemId", None, "fs-0123456789abcdef0"),
    ("CreateHyperParameterTuningJob", "FileSystemId", None, "fs-0123456789abcdef0"),
]


@pytest.mark.parametrize(("action", "key", "within", "beyond"), LIMITS)
def test_a_job_has_an_end_no_warm_machines_and_no_file_system(
    identities: Identities, action: str, key: str, within: str | None, beyond: str
) -> None:
    whole = {name: JOB[name] for name in FENCED.get(action, ())}
    assert not fenced(identities, f"sagemaker:{action}", whole), "a request that says nothing of it is let through"
    if within is not None:
        assert not fenced(identities, f"sagemaker:{action}", whole | {key: within})
    assert fenced(identities, f"sagemaker:{action}", whole | {key: beyond})


@pytest.mark.parametrize("action", FENCED)
def test_a_job_without_something_or_with_something_else_is_denied_whatever_allows_it(
    identities: Identities, action: str
) -> None:
    name = f"sagemaker:{action}"
    whole = {key: JOB[key] for key in FENCED[action]}
    assert not fenced(identities, name, whole)
    for key in whole:
        assert fenced(identities, name, {one: value for one, value in whole.items() if one != key}), f"no {key}"
        assert fenced(identities, name, {**whole, key: OTHER[key]}), f"another {key}"


def test_the_machines_that_settings_name_pass(identities: Identities) -> None:
    for machine in identities.environment.settings.training.instance_types:
        assert not fenced(identities, "sagemaker:CreateTrainingJob", {**JOB, "InstanceTypes": [machine]})


def test_what_cannot_be_fenced_is_denied(identities: Identities) -> None:
    for action in UNGUARDED:
        assert fenced(identities, action, JOB)
    assert fenced(identities, "sagemaker:CreateTrainingJob", {**JOB, "EnableRemoteDebug": "true"})
    assert fenced(identities, "sagemaker:UpdateModelPackage", {"ModelApprovalStatus": "Approved"})
    assert fenced(identities, "sts:AssumeRole", {})
    assert not fenced(identities, "sagemaker:UpdateModelPackage", {"ModelApprovalStatus": "Rejected"})


def test_the_documentation_lists_every_role_as_it_is(synthesised: Synthesised) -> None:
    page = iam_table.write(
        {name: one.templates for name, one in synthesised.environments.items()},
        reasons=synthesised.reasons,
    )
    assert iam_table.TARGET.read_text() == page, "out of date: `make iam` writes it anew"


def test_the_policy_linter_finds_nothing_but_what_is_expected(environment: Environment) -> None:
    found = [str(one) for one in policy_lint.lint(environment.templates) if policy_lint.expected(one) is None]
    assert not found


def test_each_exception_for_the_policy_linter_is_needed(synthesised: Synthesised) -> None:
    # Of all environments, the laptop's has MLflow.
    met = {
        policy_lint.expected(one)
        for name in ("prod", "local")
        for one in policy_lint.lint(synthesised.environments[name].templates)
    }
    assert set(policy_lint.EXPECTED) <= met


@pytest.mark.parametrize(
    ("change", "issue"),
    [
        ({"Action": "sagemaker:ApproveModel"}, "UNKNOWN_ACTION"),
        ({"Action": "sagemakr:CreateModel"}, "UNKNOWN_PREFIX"),
        ({"Resource": f"{SAGEMAKER}:endpoint/x"}, "RESOURCE_MISMATCH"),
        ({"Condition": {"StringEquals": {"sagemaker:VpcSubnet": "x"}}}, "UNKNOWN_CONDITION_FOR_ACTION"),
        ({"Condition": {"StringEqual": {"sagemaker:VpcSubnets": "x"}}}, "UNKNOWN_OPERATOR"),
        ({"Effect": "Permit"}, "MALFORMED"),
    ],
)
def test_the_policy_linter_sees_mistakes(change: dict[str, Any], issue: str) -> None:
    statement = {"Effect": "Allow", "Action": "sagemaker:CreateModel", "Resource": f"{SAGEMAKER}:model/x", **change}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    resource = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy}}
    assert issue in {one.issue for one in policy_lint.lint({"Training": {"Resources": {"Grants": resource}}})}


def test_a_wildcard_that_nobody_argues_is_not_documented(synthesised: Synthesised) -> None:
    templates = {name: one.templates for name, one in synthesised.environments.items()}
    kept = {path: why for path, why in synthesised.reasons.items() if "TrainingRoleGrants" not in path}
    with pytest.raises(ValueError, match=r"TrainingRoleGrants/Resource: nobody says why"):
        iam_table.write(templates, reasons=kept)
