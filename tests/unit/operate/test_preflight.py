"""What stands in the way of a deployment, whose it is, and what the person at the terminal is told to do."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from config import load_settings
from operate import names, preflight, report
from operate.account import Account
from operate.conflicts import Conflict, Preflight
from operate.inventory import DOMAIN, Inventory, StackState
from operate.names import LOG_GROUP, LOG_ROLE, PACKAGE_GROUP, FixedName
from operate.things import STACK_TAG

Stub = Callable[[str], Stubber]
THEN = datetime(2026, 1, 1, tzinfo=UTC)
ARN = "arn:aws:sagemaker:eu-west-1:111122223333"
STUDIO, TRAINING_JOBS = "/aws/sagemaker/studio", "/aws/sagemaker/TrainingJobs"
STUDIO_LOG = FixedName(LOG_GROUP, STUDIO, kept=True)
ENDPOINT_LOG = FixedName(LOG_GROUP, "/aws/sagemaker/Endpoints/churn-prod", kept=True)
PACKAGES = FixedName(PACKAGE_GROUP, "churn-prod", kept=True)
CARDS_OF = FixedName(names.CARDS, "churn-prod", kept=True)
ROLE = FixedName(LOG_ROLE, "API Gateway's logging role", kept=True)
PROD = load_settings("prod")
POOL_ID = "eu-west-1_abcdefghi"


def stacks(stub: Stub, held: dict[str, dict[str, str]], status: str = "CREATE_COMPLETE") -> None:
    """The account's stacks: name to physical ids and their types. Only this app's are asked what they hold."""
    cloudformation = stub("cloudformation")
    listed = [{"StackName": name, "StackStatus": "CREATE_COMPLETE", "CreationTime": THEN} for name in held]
    cloudformation.add_response("describe_stacks", {"Stacks": listed}, {})
    for name in sorted(one for one in held if one.startswith("Churn-")):
        entries = [
            {
                "LogicalResourceId": f"Logical{number}",
                "PhysicalResourceId": physical,
                "ResourceType": kind,
                "ResourceStatus": status,
                "LastUpdatedTimestamp": THEN,
            }
            for number, (physical, kind) in enumerate(held[name].items())
        ]
        cloudformation.add_response("list_stack_resources", {"StackResourceSummaries": entries}, {"StackName": name})


def group(stub: Stub, name: str, *there: str, made_by: str | None = None, asked: bool = True) -> None:
    """Log groups that begin with a name, and the tag of the one that has it, where somebody asks whose it is."""
    logs = stub("logs")
    listed = [{"logGroupName": one, "arn": f"arn:aws:logs:eu-west-1:111122223333:log-group:{one}:*"} for one in there]
    logs.add_response("describe_log_groups", {"logGroups": listed}, {"logGroupNamePrefix": name})
    if name in there and asked:
        tags = {STACK_TAG: made_by} if made_by else {}
        arn = f"arn:aws:logs:eu-west-1:111122223333:log-group:{name}"
        logs.add_response("list_tags_for_resource", {"tags": tags}, {"resourceArn": arn})


def conflicts(account: Account, *wanted: FixedName) -> list[Conflict]:
    return Preflight(account, PROD, lambda text: pytest.fail(f"a warning: {text}")).conflicts([*wanted])


def test_what_no_stack_has_and_nobody_made_is_free(account: Account, stub: Stub) -> None:
    stacks(stub, {})
    group(stub, STUDIO, f"{STUDIO}-of-somebody")
    no_group(stub)
    assert conflicts(account, STUDIO_LOG, PACKAGES) == []


def test_what_the_environments_own_stacks_hold_is_in_nobodys_way(account: Account, stub: Stub) -> None:
    arn = f"{ARN}:model-package-group/churn-prod"
    stacks(stub, {"Churn-prod-Training": {STUDIO: LOG_GROUP, arn: PACKAGE_GROUP}, "Churn-prod-Api": {"x": LOG_ROLE}})
    group(stub, STUDIO, STUDIO, asked=False)
    stub("sagemaker").add_response(
        "describe_model_package_group",
        {
            "ModelPackageGroupName": "churn-prod",
            "ModelPackageGroupArn": arn,
            "CreationTime": THEN,
            "CreatedBy": {},
            "ModelPackageGroupStatus": "Completed",
        },
    )
    assert conflicts(account, STUDIO_LOG, PACKAGES, ROLE) == []


def test_another_environments_group_is_left_to_it_by_the_setting(account: Account, stub: Stub) -> None:
    stacks(stub, {"Churn-dev-Studio": {STUDIO: LOG_GROUP}})
    group(stub, STUDIO, STUDIO, made_by="Churn-dev-Studio")
    (found,) = conflicts(account, STUDIO_LOG)
    assert (found.holder, found.adoptable) == ("Churn-dev-Studio", False)
    said = preflight.refusal([found], PROD)
    assert "log group /aws/sagemaker/studio: of the stack Churn-dev-Studio" in said
    assert "storage.owns_job_logs of prod to False" in said
    assert "ADOPT" not in said


def test_a_strangers_stack_is_named_by_its_tag(account: Account, stub: Stub) -> None:
    stacks(stub, {"Analytics": {}})
    group(stub, STUDIO, STUDIO, made_by="Analytics")
    (found,) = conflicts(account, STUDIO_LOG)
    assert (found.holder, found.adoptable) == ("Analytics", False)


def test_what_a_destruction_kept_can_be_taken_over(account: Account, stub: Stub) -> None:
    stacks(stub, {})
    group(stub, STUDIO, STUDIO, made_by="Churn-prod-Studio")
    (found,) = conflicts(account, STUDIO_LOG)
    assert (found.holder, found.adoptable, found.whose) == (None, True, "in no stack; Churn-prod-Studio left it")
    assert "make deploy ENV=prod ADOPT=1 takes it over; or set storage.owns_job_logs" in preflight.refusal(
        [found], PROD
    )


def test_what_a_stack_let_go_of_is_nobodys_though_the_stack_stands(account: Account, stub: Stub) -> None:
    """Switched off: the group stays, with its tag. Switched on again, it is in the way of its own stack."""
    stacks(stub, {"Churn-prod-Training": {}})
    group(stub, TRAINING_JOBS, TRAINING_JOBS, made_by="Churn-prod-Training")
    (found,) = conflicts(account, FixedName(LOG_GROUP, TRAINING_JOBS, kept=True))
    assert (found.holder, found.adoptable) == (None, True)


@pytest.mark.parametrize("status", ["DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_a_stack_that_was_rolled_back_holds_nothing(account: Account, stub: Stub, status: str) -> None:
    stacks(stub, {"Churn-prod-Studio": {STUDIO: LOG_GROUP}}, status)
    group(stub, STUDIO, STUDIO)
    assert [one.whose for one in conflicts(account, STUDIO_LOG)] == ["in no stack"]


def test_what_a_strangers_gone_stack_left_is_nobodys(account: Account, stub: Stub) -> None:
    stacks(stub, {})
    group(stub, STUDIO, STUDIO, made_by="Analytics")
    (found,) = conflicts(account, STUDIO_LOG)
    assert (found.adoptable, found.whose) == (True, "in no stack; Analytics left it")


def test_a_group_that_goes_with_its_stack_cannot_be_taken_over(account: Account, stub: Stub) -> None:
    stacks(stub, {})
    group(stub, STUDIO, STUDIO)
    (found,) = conflicts(account, FixedName(LOG_GROUP, STUDIO, kept=False))
    assert not found.adoptable
    said = preflight.refusal([found], PROD)
    assert "ADOPT" not in said
    assert "aws logs delete-log-group --log-group-name /aws/sagemaker/studio" in said


def test_of_two_domains_of_the_name_the_foreign_one_counts(account: Account, stub: Stub) -> None:
    stacks(stub, {"Churn-prod-Studio": {"d-ours": DOMAIN}})
    domains = [
        {"DomainId": one, "DomainArn": f"{ARN}:domain/{one}", "DomainName": name}
        for one, name in (("d-ours", "churn-prod"), ("d-theirs", "churn-prod"), ("d-other", "others"))
    ]
    stub("sagemaker").add_response("list_domains", {"Domains": domains}, {})
    stub("sagemaker").add_response("list_tags", {"Tags": []}, {"ResourceArn": f"{ARN}:domain/d-theirs"})
    (found,) = conflicts(account, FixedName(DOMAIN, "churn-prod", kept=False))
    assert found.whose == "in no stack"


@pytest.mark.parametrize(
    ("arn", "there", "holder"),
    [
        ("arn:aws:iam::111122223333:role/Churn-dev-Api-LogRole-X", True, "Churn-dev-Api"),
        ("arn:aws:iam::111122223333:role/service-role/others", True, None),
    ],
)
def test_the_role_that_others_log_by_is_not_replaced(
    account: Account, stub: Stub, arn: str, there: bool, holder: str | None
) -> None:
    role = arn.rsplit("/", 1)[-1]
    stacks(stub, {"Churn-dev-Api": {"Churn-dev-Api-LogRole-X": "AWS::IAM::Role"}})
    stub("apigateway").add_response("get_account", {"cloudwatchRoleArn": arn}, {})
    described = {"Path": "/", "RoleName": role, "RoleId": "A" * 16, "Arn": arn, "CreateDate": THEN}
    stub("iam").add_response("get_role", {"Role": described}, {"RoleName": role})
    (found,) = conflicts(account, ROLE)
    assert found.holder == holder
    said = preflight.refusal([found], PROD)
    assert f"it is {role}" in said
    assert "api.manages_log_role of prod to False" in said


def test_a_role_that_is_gone_or_our_own_is_in_nobodys_way(account: Account, stub: Stub) -> None:
    """CloudFormation leaves the account's setting when the stack goes."""
    for arn in ("", "arn:aws:iam::111122223333:role/Churn-prod-Api-LogRole-X", "arn:aws:iam::111122223333:role/gone"):
        stacks(stub, {})
        stub("apigateway").add_response("get_account", {"cloudwatchRoleArn": arn} if arn else {}, {})
        if arn.endswith("gone"):
            stub("iam").add_client_error("get_role", "NoSuchEntity")
        assert conflicts(account, ROLE) == []


def test_what_may_not_be_looked_at_is_a_warning(account: Account, stub: Stub) -> None:
    stacks(stub, {})
    stub("logs").add_client_error("describe_log_groups", "AccessDeniedException", "logs:DescribeLogGroups")
    group(stub, ENDPOINT_LOG.name, ENDPOINT_LOG.name)
    warnings = list[str]()
    found = Preflight(account, PROD, warnings.append).conflicts([STUDIO_LOG, ENDPOINT_LOG])
    assert [one.taken for one in found] == [ENDPOINT_LOG]
    (warning,) = warnings
    assert warning.startswith("log group /aws/sagemaker/studio was not checked")
    assert "logs:DescribeLogGroups" in warning


def test_without_the_list_of_stacks_nothing_is_anybodys(account: Account, stub: Stub) -> None:
    stub("cloudformation").add_client_error("describe_stacks", "AccessDenied")
    warnings = list[str]()
    assert Preflight(account, PROD, warnings.append).conflicts([STUDIO_LOG]) == []
    assert "no name was checked" in warnings[0]


def test_unreadable_tags_hide_the_maker_alone(account: Account, stub: Stub) -> None:
    stacks(stub, {})
    listed = [{"logGroupName": STUDIO, "arn": f"arn:aws:logs:eu-west-1:111122223333:log-group:{STUDIO}:*"}]
    stub("logs").add_response("describe_log_groups", {"logGroups": listed}, {"logGroupNamePrefix": STUDIO})
    stub("logs").add_client_error("list_tags_for_resource", "AccessDeniedException")
    (found,) = conflicts(account, STUDIO_LOG)
    assert found.whose == "in no stack"


def no_group(stub: Stub) -> None:
    stub("sagemaker").add_client_error(
        "describe_model_package_group", "ValidationException", "ModelPackageGroup churn-prod does not exist."
    )


def cards(stub: Stub, *there: str) -> None:
    listed = [
        {
            "ModelCardName": one,
            "ModelCardArn": f"{ARN}:model-card/{one}",
            "ModelCardStatus": "PendingReview",
            "CreationTime": THEN,
        }
        for one in there
    ]
    stub("sagemaker").add_response("list_model_cards", {"ModelCardSummaries": listed}, {"NameContains": "churn-prod"})


def test_cards_that_outlived_their_packages_would_be_taken_for_the_next_ones(account: Account, stub: Stub) -> None:
    stacks(stub, {})
    no_group(stub)
    cards(stub, "churn-prod-of-others-1", "churn-prod-1")
    (found,) = conflicts(account, PACKAGES, CARDS_OF)
    said = preflight.refusal([found], PROD)
    assert "model cards churn-prod-…: in no stack" in said
    assert "aws sagemaker delete-model-card --model-card-name churn-prod-…" in said


def test_cards_of_a_group_that_is_ours_are_ours(account: Account, stub: Stub) -> None:
    stacks(stub, {"Churn-prod-Training": {f"{ARN}:model-package-group/churn-prod": PACKAGE_GROUP}})
    assert conflicts(account, CARDS_OF) == []


@pytest.mark.parametrize(("held", "whose"), [("", ["in no stack"]), (names.MLFLOW_APP, [])])
def test_an_mlflow_app_of_the_name_is_named_unless_it_is_ours(
    account: Account, stub: Stub, held: str, whose: list[str]
) -> None:
    arn = f"{ARN}:mlflow-app/app-ABCDEFGHIJKL"
    stacks(stub, {"Churn-prod-Training": {arn: held} if held else {}})
    listed = [{"Arn": arn, "Name": "churn-prod"}, {"Arn": f"{ARN}:mlflow-app/app-OTHERSAPP012", "Name": "others"}]
    stub("sagemaker").add_response("list_mlflow_apps", {"Summaries": listed}, {})
    if whose:
        stub("sagemaker").add_response("list_tags", {"Tags": []}, {"ResourceArn": arn})
    found = conflicts(account, FixedName(names.MLFLOW_APP, "churn-prod", kept=False))
    assert [one.whose for one in found] == whose
    assert all("delete-mlflow-app" in preflight.refusal([one], PROD) for one in found)


def test_a_sign_in_domain_is_looked_for_with_the_accounts_number(account: Account, stub: Stub) -> None:
    stacks(stub, {})
    cognito, domain = stub("cognito-idp"), "churn-prod-111122223333"
    asked, pool = {"Domain": domain}, "eu-west-1_abcdefghi"
    cognito.add_response("describe_user_pool_domain", {"DomainDescription": {"UserPoolId": pool}}, asked)
    tags = {"UserPool": {"UserPoolTags": {STACK_TAG: "Churn-prod-SignIn"}}}
    cognito.add_response("describe_user_pool", tags, {"UserPoolId": pool})
    wanted = FixedName(names.SIGN_IN, f"churn-prod-{names.ACCOUNT}", kept=False)
    (found,) = conflicts(account, wanted)
    assert found.whose == "in no stack; Churn-prod-SignIn left it"
    assert f"sign-in domain {domain}" in preflight.refusal([found], PROD)
    stacks(stub, {})
    cognito.add_response("describe_user_pool_domain", {"DomainDescription": {}}, asked)
    assert conflicts(account, wanted) == []


def left_behind(stub: Stub, pools: dict[str, str], buckets: dict[str, str]) -> None:
    """User pools and buckets that there are, by id and by name, with the stack that made each; over two pages."""
    cognito, s3 = stub("cognito-idp"), stub("s3")
    others = [{"Id": "eu-west-1_OTHERPOOL", "Name": "churn-production"}]
    cognito.add_response("list_user_pools", {"UserPools": others, "NextToken": "more"}, {"MaxResults": 60})
    listed = [{"Id": pool, "Name": "churn-prod"} for pool in pools]
    cognito.add_response("list_user_pools", {"UserPools": listed}, {"MaxResults": 60, "NextToken": "more"})
    for pool, stack in pools.items():
        tags = {"UserPool": {"UserPoolTags": {STACK_TAG: stack}}}
        cognito.add_response("describe_user_pool", tags, {"UserPoolId": pool})
    s3.add_response("list_buckets", {"Buckets": [{"Name": one} for one in ("churn-production-x", *buckets)]}, {})
    for bucket, stack in buckets.items():
        if stack:
            s3.add_response("get_bucket_tagging", {"TagSet": [{"Key": STACK_TAG, "Value": stack}]}, {"Bucket": bucket})
        else:
            s3.add_client_error("get_bucket_tagging", "NoSuchTagSet")


def test_people_and_data_that_were_kept_are_told_before_others_are_made_beside_them(
    account: Account, stub: Stub
) -> None:
    stacks(stub, {"Analytics": {}})
    data = {"churn-prod-storage-data-x": "Churn-prod-Storage", "churn-prod-by-hand": "", "churn-prod-view": "Analytics"}
    left_behind(stub, {POOL_ID: "Churn-prod-SignIn", "eu-west-1_second": "Analytics"}, data)
    found = conflicts(account, *names.doubled(PROD))
    assert {one.taken.label: one.whose for one in found} == {
        f"user pool {POOL_ID}": "in no stack; Churn-prod-SignIn left it",
        "bucket churn-prod-storage-data-x": "in no stack; Churn-prod-Storage left it",
        "bucket churn-prod-by-hand": "in no stack",
    }
    said = preflight.refusal(found, PROD)
    assert "ANEW=1 makes another beside it, with nobody in it; or import it or delete it" in said
    assert "ANEW=1 makes an empty one beside it; or import" in said


def test_people_and_data_of_the_environments_own_stacks_are_in_nobodys_way(account: Account, stub: Stub) -> None:
    stacks(stub, {"Churn-prod-SignIn": {POOL_ID: names.POOL}, "Churn-prod-Storage": {"churn-prod-data": names.BUCKET}})
    stub("cognito-idp").add_response("list_user_pools", {"UserPools": [{"Id": POOL_ID, "Name": "churn-prod"}]})
    stub("s3").add_response("list_buckets", {"Buckets": [{"Name": "churn-prod-data"}]}, {})
    assert conflicts(account, *names.doubled(PROD)) == []


def test_an_environment_that_keeps_nothing_makes_nothing_twice() -> None:
    assert names.doubled(load_settings("dev")) == []


def test_an_alarm_of_the_name_is_in_the_way_whatever_its_kind(account: Account, stub: Stub) -> None:
    stacks(stub, {"Analytics": {}})
    arn = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:fits"
    asked = {"AlarmNames": ["fits"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    cloudwatch = stub("cloudwatch")
    cloudwatch.add_response("describe_alarms", {"MetricAlarms": [{"AlarmName": "fits", "AlarmArn": arn}]}, asked)
    tags = [{"Key": STACK_TAG, "Value": "Analytics"}]
    cloudwatch.add_response("list_tags_for_resource", {"Tags": tags}, {"ResourceARN": arn})
    cloudwatch.add_response("describe_alarms", {}, asked)
    fits = FixedName(names.COMPOSITE_ALARM, "fits", kept=False)
    (found,) = conflicts(account, fits)
    assert (found.holder, found.whose) == ("Analytics", "of the stack Analytics")
    stacks(stub, {})
    assert conflicts(account, fits) == []


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A synthesised app with a fixed and a generated name; and a template of an earlier one, which is not read."""

    def template(name: str, resources: dict[str, Any]) -> None:
        (tmp_path / f"{name}.template.json").write_text(json.dumps({"Resources": resources}))

    log = {"Type": LOG_GROUP, "DeletionPolicy": "RetainExceptOnCreate"}
    of_account = {"Fn::Join": ["", ["churn-prod-", {"Ref": "AWS::AccountId"}]]}
    joined = {"Fn::Join": ["", ["API-Gateway-Execution-Logs_", {"Ref": "Api"}]]}
    template(
        "Churn-prod-Serving",
        {
            "Log": {**log, "Properties": {"LogGroupName": ENDPOINT_LOG.name}},
            "Joined": {**log, "Properties": {"LogGroupName": joined}},
            "SignIn": {"Type": names.SIGN_IN, "Properties": {"Domain": of_account}},
            "Generated": log,
            "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
        },
    )
    template("Churn-prod-Gone", {"Log": {**log, "Properties": {"LogGroupName": STUDIO}}})
    artifacts = {
        "Churn-prod-Serving": {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": "Churn-prod-Serving.template.json"},
        },
        "Churn-prod-Serving.assets": {"type": "cdk:asset-manifest", "properties": {"file": "x"}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return tmp_path


def test_only_names_that_the_templates_give_are_looked_for(app: Path) -> None:
    assert names.read(app) == [
        FixedName(names.SIGN_IN, f"churn-prod-{names.ACCOUNT}", kept=False),
        ENDPOINT_LOG,
    ]


def test_a_deployment_stops_or_adopts(
    app: Path, account: Account, stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Account, "current", classmethod(lambda cls: account))
    for arguments, code in (([], 2), (["--adopt"], 2), (["--anew"], 2), (["--adopt", "--anew"], 0)):
        stacks(stub, {})
        stub("cognito-idp").add_response("describe_user_pool_domain", {"DomainDescription": {}})
        group(stub, ENDPOINT_LOG.name, ENDPOINT_LOG.name)
        left_behind(stub, {POOL_ID: "Churn-prod-SignIn"}, {})
        assert preflight.main(["--env", "prod", "--app", str(app), *arguments]) == code
    shown = capsys.readouterr()
    assert "prod was not deployed" in shown.err
    assert "has not been tried on AWS" in shown.err
    assert f"{ENDPOINT_LOG.label} (in no stack) will be taken over as it is" in shown.out
    assert f"user pool {POOL_ID} (in no stack; Churn-prod-SignIn left it) stays as it is, and another is" in shown.out


def test_a_destruction_names_what_the_next_deployment_finds_in_the_same_words() -> None:
    packages = f"{ARN}:model-package/churn-prod/1"
    kept = frozenset({"churn-prod", "churn-prod-data-x", POOL_ID, STUDIO, ENDPOINT_LOG.name, packages})
    left = Inventory(
        package_groups=("churn-prod",),
        buckets=("churn-prod-data-x", "churn-prod-site-x"),
        user_pools=(POOL_ID,),
        kept=kept,
    )
    said = report.outcome(left, PROD, {}, ())
    _, said = said.split("Before prod is deployed again")
    pool, bucket = FixedName(names.POOL, POOL_ID, kept=True), FixedName(names.BUCKET, "churn-prod-data-x", kept=True)
    for one in (STUDIO_LOG, ENDPOINT_LOG, PACKAGES, pool, bucket):
        assert f"  {one.label}:\n    {names.remedy(one, PROD)}\n" in said
        assert names.remedy(one, PROD) in preflight.refusal([Conflict(one)], PROD)
    assert "churn-prod-site-x" not in said


def test_as_long_as_stacks_stand_their_names_are_theirs() -> None:
    stands = StackState("Churn-prod-Studio", "DELETE_FAILED", protected=False)
    left = Inventory(stacks=(stands,), package_groups=("churn-prod",), kept=frozenset({"churn-prod"}))
    assert "deployed again" not in report.outcome(left, PROD, {}, ())


def test_the_account_is_looked_at_in_the_region_that_the_cdk_deploys_to(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    stub("sts").add_response("get_caller_identity", {"Account": "111122223333"}, {})
    monkeypatch.setattr(boto3.Session, "client", lambda self, service, **_: stub("sts").client)
    assert Account.current().region == "eu-west-1"
