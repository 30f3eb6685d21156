"""Whose is what: an environment's own things, those of others, and those that are kept."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from config import load_settings
from operate import report
from operate.account import Account
from operate.inventory import Inventory, Resource
from operate.survey import look

Stub = Callable[[str], Stubber]
THEN = datetime(2026, 1, 1, tzinfo=UTC)
ARN = "arn:aws:sagemaker:eu-west-1:111122223333"
ROLE = "arn:aws:iam::111122223333:role/"


def stack(name: str, status: str = "CREATE_COMPLETE", *, protected: bool = False) -> dict[str, Any]:
    return {
        "StackName": name,
        "StackStatus": status,
        "CreationTime": THEN,
        "EnableTerminationProtection": protected,
    }


def holding(stub: Stub, name: str, resources: dict[str, tuple[str, str, str]]) -> None:
    """A stack's template and resources: logical id to type, physical id, deletion policy."""
    cloudformation = stub("cloudformation")
    template = {"Resources": {logical: {"DeletionPolicy": policy} for logical, (_, _, policy) in resources.items()}}
    cloudformation.add_response("get_template", {"TemplateBody": json.dumps(template)}, {"StackName": name})
    listed = [
        {
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical,
            "ResourceType": kind,
            "ResourceStatus": "CREATE_COMPLETE",
            "LastUpdatedTimestamp": THEN,
        }
        for logical, (kind, physical, _) in resources.items()
    ]
    cloudformation.add_response("list_stack_resources", {"StackResourceSummaries": listed}, {"StackName": name})


def _tuning_jobs(sagemaker: Stubber, jobs: dict[str, str]) -> None:
    """What SageMaker lists of tuning jobs, each with the role of its training jobs."""
    counted: dict[str, Any] = {"TrainingJobStatusCounters": {}, "ObjectiveStatusCounters": {}}
    rows = [
        {
            "HyperParameterTuningJobName": name,
            "HyperParameterTuningJobArn": f"{ARN}:hyper-parameter-tuning-job/{name}",
            "HyperParameterTuningJobStatus": "Completed",
            "Strategy": "Bayesian",
            "CreationTime": THEN,
            **counted,
        }
        for name in jobs
    ]
    sagemaker.add_response("list_hyper_parameter_tuning_jobs", {"HyperParameterTuningJobSummaries": rows})
    config = {"Strategy": "Bayesian", "ResourceLimits": {"MaxParallelTrainingJobs": 1}}
    for row, role in zip(rows, jobs.values(), strict=True):
        definition = {
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://b/k"},
            "StoppingCondition": {},
            "RoleArn": ROLE + role,
        }
        described = {k: v for k, v in row.items() if k != "Strategy"}
        described |= {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": definition}
        named = {"HyperParameterTuningJobName": row["HyperParameterTuningJobName"]}
        sagemaker.add_response("describe_hyper_parameter_tuning_job", described, named)


def named(
    stub: Stub,
    *,
    buckets: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
    jobs: dict[str, str] | None = None,
    tuning_jobs: dict[str, str] | None = None,
    asked: bool = True,
    packages: tuple[str, dict[str, Any]] | None = None,
    cards: tuple[str, ...] = (),
    mlflow_apps: tuple[str, ...] = (),
    studio: dict[str, dict[str, Any]] | None = None,
    lifecycle_configs: tuple[str, ...] = (),
    user_pools: dict[str, str] | None = None,
) -> None:
    """What the other services list: buckets, log groups, and training jobs with their role."""
    stub("s3").add_response("list_buckets", {"Buckets": [{"Name": name} for name in buckets]})
    stub("logs").add_response("describe_log_groups", {"logGroups": [{"logGroupName": name} for name in groups]})
    pools = [{"Id": identity, "Name": name} for identity, name in (user_pools or {}).items()]
    stub("cognito-idp").add_response("list_user_pools", {"UserPools": pools}, {"MaxResults": 60})
    sagemaker = stub("sagemaker")
    sagemaker.add_response("list_processing_jobs", {"ProcessingJobSummaries": []})
    summaries = [
        {
            "TrainingJobName": name,
            "TrainingJobArn": f"{ARN}:x/{name}",
            "CreationTime": THEN,
            "TrainingJobStatus": "Failed",
        }
        for name in jobs or {}
    ]
    sagemaker.add_response("list_training_jobs", {"TrainingJobSummaries": summaries})
    for name, role in (jobs or {}).items() if asked else ():
        described = {
            "TrainingJobName": name,
            "TrainingJobArn": f"{ARN}:training-job/{name}",
            "ModelArtifacts": {"S3ModelArtifacts": "s3://b/k"},
            "TrainingJobStatus": "Failed",
            "SecondaryStatus": "Failed",
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "ResourceConfig": {"VolumeSizeInGB": 1},
            "StoppingCondition": {},
            "CreationTime": THEN,
            "RoleArn": ROLE + role,
        }
        sagemaker.add_response("describe_training_job", described, {"TrainingJobName": name})
    _tuning_jobs(sagemaker, tuning_jobs or {})
    domains = [{"DomainId": "d-0", "DomainName": "churn-devtwo"}]
    domains += [{"DomainId": "d-1", "DomainName": "churn-dev"}] if studio else []
    sagemaker.add_response("list_domains", {"Domains": domains})
    sagemaker.add_response("list_pipelines", {"PipelineSummaries": [{"PipelineName": "churn-dev-of-others"}]})
    sagemaker.add_response("list_endpoints", {"Endpoints": []})
    apps = [{"Name": name, "Arn": f"{ARN}:mlflow-app/app-{name}"} for name in mlflow_apps]
    sagemaker.add_response("list_mlflow_apps", {"Summaries": apps})
    names = [packages[0]] if packages else []
    summaries = [
        {
            "ModelPackageGroupName": name,
            "ModelPackageGroupArn": f"{ARN}:model-package-group/{name}",
            "CreationTime": THEN,
            "ModelPackageGroupStatus": "Completed",
        }
        for name in names
    ]
    sagemaker.add_response("list_model_package_groups", {"ModelPackageGroupSummaryList": summaries})
    if packages:
        sagemaker.add_response("list_model_packages", packages[1], {"ModelPackageGroupName": packages[0]})
    else:
        # SageMaker has no code of its own for a group that is not there.
        sagemaker.add_client_error("list_model_packages", "ValidationException", "ModelPackageGroup does not exist.")
    described = [
        {
            "ModelCardName": name,
            "ModelCardArn": f"{ARN}:model-card/{name}",
            "ModelCardStatus": "Draft",
            "CreationTime": THEN,
        }
        for name in cards
    ]
    sagemaker.add_response("list_model_cards", {"ModelCardSummaries": described}, {"NameContains": ANY})
    for operation, answer in (studio or {}).items():
        sagemaker.add_response(operation, answer, {"DomainIdEquals": "d-1"})
    configs = [{"StudioLifecycleConfigName": one} for one in lifecycle_configs]
    sagemaker.add_response("list_studio_lifecycle_configs", {"StudioLifecycleConfigs": configs}, {"NameContains": ANY})


def test_only_the_environments_own_things_are_found(account: Account, stub: Stub) -> None:
    stacks = [stack("Churn-dev-Api"), stack("Churn-dev-Web", "DELETE_COMPLETE"), stack("Churn-devtwo-Api")]
    stub("cloudformation").add_response("describe_stacks", {"Stacks": stacks})
    log = "API-Gateway-Execution-Logs_abc/api"
    holding(stub, "Churn-dev-Api", {"Log": ("AWS::Logs::LogGroup", log, "Delete")})
    named(
        stub,
        buckets=("churn-dev-storage-data-x1", "churn-devtwo-storage-data-x2", "cdk-assets"),
        groups=(
            log,
            "API-Gateway-Execution-Logs_others/api",
            "Churn-dev-Api-Log-x",
            "Churn-devtwo-Api-Log-x",
            "/aws/lambda/Churn-dev-Web-Gone",
            "/aws/sagemaker/Endpoints/churn-dev",
            "/aws/sagemaker/Endpoints/churn-dev2",
            "/aws/sagemaker/TrainingJobs",
        ),
        jobs={"ours": "Churn-dev-Training-Role-x", "others": "Churn-devtwo-Training-Role-x"},
        mlflow_apps=("churn-dev", "churn-devtwo"),
        tuning_jobs={"our-search": "Churn-dev-Training-Role-x", "their-search": "Churn-devtwo-Training-Role-x"},
        user_pools={"eu-west-1_ours": "churn-dev", "eu-west-1_theirs": "churn-devtwo"},
    )
    found = look(account, load_settings("dev"))
    assert [one.name for one in found.stacks] == ["Churn-dev-Api"]
    assert found.buckets == ("churn-dev-storage-data-x1",)
    assert found.log_groups == (
        log,
        "Churn-dev-Api-Log-x",
        "/aws/lambda/Churn-dev-Web-Gone",
        "/aws/sagemaker/Endpoints/churn-dev",
    )
    assert [job.name for job in found.jobs] == ["ours", "our-search"]
    assert (found.pipelines, found.packages, found.mlflow_apps) == ((), (), ("churn-dev",))
    assert found.user_pools == ("eu-west-1_ours",)
    assert found.kept == frozenset()


def test_what_its_deletion_policy_keeps_is_kept_and_said(account: Account, stub: Stub) -> None:
    stub("cloudformation").add_response("describe_stacks", {"Stacks": [stack("Churn-prod-Web", protected=True)]})
    bucket = "AWS::S3::Bucket"
    resources = {
        "Data": (bucket, "churn-prod-data-x", "Retain"),
        "Fresh": (bucket, "churn-prod-fresh-x", "RetainExceptOnCreate"),
        "Site": (bucket, "churn-prod-site-x", "Delete"),
    }
    holding(stub, "Churn-prod-Web", resources)
    # The last one is nobody's any more: production's are kept.
    names = ("churn-prod-data-x", "churn-prod-fresh-x", "churn-prod-site-x", "churn-prod-former-x")
    named(
        stub,
        buckets=names,
        jobs={"ours": "Churn-prod-Training-Role-x"},
        user_pools={"eu-west-1_people": "churn-prod"},
    )
    settings = load_settings("prod")
    found = look(account, settings)
    assert found.protected == ("Churn-prod-Web",)
    assert found.kept == {"churn-prod-data-x", "churn-prod-fresh-x", "churn-prod-former-x", "ours", "eu-west-1_people"}
    assert report.remaining(found) == {"stack": ("Churn-prod-Web",), "bucket": ("churn-prod-site-x",)}
    going, kept = report.plan(found, settings).split("Kept")
    assert "churn-prod-site-x" in going
    assert "churn-prod-data-x" not in going
    assert "churn-prod-data-x" in kept
    assert "storage.retain_on_destroy" in kept


def test_the_jobs_log_groups_go_with_the_stack_that_made_them_and_that_is_said(account: Account, stub: Stub) -> None:
    shared, settings = "/aws/sagemaker/TrainingJobs", load_settings("dev")
    stub("cloudformation").add_response("describe_stacks", {"Stacks": [stack("Churn-dev-Training")]})
    holding(stub, "Churn-dev-Training", {"TrainingJobs": ("AWS::Logs::LogGroup", shared, "Delete")})
    named(stub, groups=(shared,))
    found = look(account, settings)
    assert found.log_groups == (shared,)
    assert f"With {shared} go the logs" in report.plan(found, settings)
    assert "those of other environments too: dev made these groups" in report.plan(found, settings)


def test_a_shared_log_group_is_nobody_s_once_its_stack_is_gone(account: Account, stub: Stub) -> None:
    """SageMaker has made it anew since, for whoever's job."""
    shared, settings = "/aws/sagemaker/TrainingJobs", load_settings("dev")
    stub("cloudformation").add_response("describe_stacks", {"Stacks": []})
    named(stub, groups=(shared, "Churn-dev-Api-Log-x"))
    found = look(
        account,
        settings,
        before=Inventory(resources=(Resource("AWS::Logs::LogGroup", shared, kept=False),)),
    )
    assert found.log_groups == ("Churn-dev-Api-Log-x",)
    assert "other environments" not in report.plan(found, settings)


@pytest.mark.parametrize(("policy", "kept"), [("Retain", True), ("Delete", False)])
def test_packages_share_the_fate_of_their_group(account: Account, stub: Stub, policy: str, kept: bool) -> None:
    """The deployed template decides: the settings of dev keep nothing. CloudFormation knows a group by its ARN."""
    stub("cloudformation").add_response("describe_stacks", {"Stacks": [stack("Churn-dev-Training")]})
    group = ("AWS::SageMaker::ModelPackageGroup", f"{ARN}:model-package-group/churn-dev", policy)
    holding(stub, "Churn-dev-Training", {"Packages": group})
    package = f"{ARN}:model-package/churn-dev/1"
    summary = {"ModelPackageArn": package, "CreationTime": THEN, "ModelPackageStatus": "Completed"}
    named(
        stub,
        packages=("churn-dev", {"ModelPackageSummaryList": [summary]}),
        cards=("churn-dev-1", "churn-dev-of-others-1", "not-churn-dev-1", "churn-dev-draft"),
    )
    found = look(account, load_settings("dev"))
    assert found.cards == ("churn-dev-1",)
    assert found.kept == ({"churn-dev", package, "churn-dev-1"} if kept else set())
    assert ("model package" in report.remaining(found)) is not kept
    assert ("model card" in report.remaining(found)) is not kept


def test_what_is_in_the_domain_is_found_whoever_made_it(account: Account, stub: Stub) -> None:
    stub("cloudformation").add_response("describe_stacks", {"Stacks": []})
    app = {"DomainId": "d-1", "SpaceName": "lab", "AppType": "JupyterLab", "AppName": "default"}
    named(
        stub,
        studio={
            "list_apps": {"Apps": [app | {"Status": "InService"}, app | {"AppName": "old", "Status": "Deleted"}]},
            "list_spaces": {"Spaces": [{"DomainId": "d-1", "SpaceName": "lab"}]},
            "list_user_profiles": {"UserProfiles": [{"DomainId": "d-1", "UserProfileName": "by-hand"}]},
        },
        lifecycle_configs=("churn-dev-1f", "churn-dev-of-others-2f", "not-churn-dev-3f", "churn-dev-"),
    )
    found = look(account, load_settings("dev"))
    assert report.remaining(found) == {
        "Studio domain": ("d-1",),
        "app": ("d-1/lab/JupyterLab/default",),
        "space": ("d-1/lab",),
        "user profile": ("d-1/by-hand",),
        "lifecycle configuration": ("churn-dev-1f",),
    }
    plan = report.plan(found, load_settings("dev"))
    assert "1 space: d-1/lab, with what people keep on their disks" in plan


def test_a_job_is_asked_for_its_role_once(account: Account, stub: Stub) -> None:
    before = Inventory(job_roles={"ours": "Churn-dev-Training-Role-x", "others": "Admin"})
    stub("cloudformation").add_response("describe_stacks", {"Stacks": []})
    named(stub, jobs={"ours": "", "others": ""}, asked=False)
    assert [job.name for job in look(account, load_settings("dev"), before=before).jobs] == ["ours"]


def test_a_group_that_comes_back_after_its_stack_is_still_known(account: Account, stub: Stub) -> None:
    log = "API-Gateway-Execution-Logs_abc/api"
    before = Inventory(resources=(Resource("AWS::Logs::LogGroup", log, kept=False),))
    stub("cloudformation").add_response("describe_stacks", {"Stacks": []})
    named(stub, groups=(log,))
    assert look(account, load_settings("dev"), before=before).log_groups == (log,)


@pytest.mark.parametrize(
    ("reasons", "why"),
    [
        ({}, "it appeared meanwhile; destroy again"),
        ({"churn-dev-a": "S3 says no"}, "S3 says no"),
        ({"stack": "it failed"}, "its stack is not gone"),
    ],
)
def test_the_report_says_why_something_is_left(reasons: dict[str, str], why: str) -> None:
    text = report.outcome(Inventory(buckets=("churn-dev-a",)), load_settings("dev"), reasons, ())
    assert f"bucket churn-dev-a: {why}" in text
    assert "Nothing of dev is left" not in text
