"""Studio on the deployed system: what a data scientist may do there, under the real role, and what not."""

import base64
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from config import load_settings
from local.settings import ROOT
from tests.local.deployment import Deployment
from tests.local.roles import refusal

NAME = "churn-local"
USER = load_settings("local").studio.users[0]
LAB = {"AppType": "JupyterLab", "AppName": "default"}
PRIVATE = {"SpaceSharingSettings": {"SharingType": "Private"}}


def _denied(call: Any, **arguments: Any) -> None:
    found = refusal(call.__self__, call.__name__, arguments)
    assert found.denied, f"{call.__name__}: {found}"


def _role(deployment: Deployment, name: str) -> str:
    listed = deployment.client("cloudformation").describe_stacks(StackName="Churn-local-Studio")["Stacks"][0]["Outputs"]
    return {one["OutputKey"]: one["OutputValue"] for one in listed}[name]


@pytest.fixture
def domain(deployment: Deployment) -> str:
    return _role(deployment, "DomainId")


@pytest.fixture
def mine(deployment: Deployment) -> Any:
    """SageMaker as the deployed user of Studio sees it."""
    return deployment.client("sagemaker", _role(deployment, "DataScientistRoleArn"), session=USER)


@pytest.fixture
def other(deployment: Deployment, domain: str) -> Iterator[str]:
    """Another user, made by hand, with a private space."""
    root, name = deployment.client("sagemaker"), "by-hand"
    root.create_user_profile(DomainId=domain, UserProfileName=name)
    owner = {"OwnershipSettings": {"OwnerUserProfileName": name}, **PRIVATE}
    root.create_space(DomainId=domain, SpaceName="theirs", SpaceSettings={"AppType": "JupyterLab"}, **owner)
    yield name
    root.delete_space(DomainId=domain, SpaceName="theirs")
    root.delete_user_profile(DomainId=domain, UserProfileName=name)


def _await_app(client: Any, request: dict[str, str], status: str) -> None:
    deadline = time.monotonic() + 120
    while client.describe_app(**request)["Status"] != status:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_domain_is_as_the_template_says(deployment: Deployment, domain: str) -> None:
    described = deployment.client("sagemaker").describe_domain(DomainId=domain)
    assert described["Status"] == "InService"
    assert described["AppNetworkAccessType"] == "VpcOnly"
    assert "HomeEfsFileSystemId" not in described
    config = described["DefaultUserSettings"]["JupyterLabAppSettings"]["BuiltInLifecycleConfigArn"].rsplit("/", 1)[-1]
    content = deployment.client("sagemaker").describe_studio_lifecycle_config(StudioLifecycleConfigName=config)
    assert content["StudioLifecycleConfigAppType"] == "JupyterLab"


def test_the_script_names_notebooks_that_are_there_and_the_role_of_experiments(
    deployment: Deployment, domain: str
) -> None:
    sagemaker = deployment.client("sagemaker")
    (listed,) = sagemaker.list_studio_lifecycle_configs(NameContains=NAME)["StudioLifecycleConfigs"]
    described = sagemaker.describe_studio_lifecycle_config(
        StudioLifecycleConfigName=listed["StudioLifecycleConfigName"]
    )
    script = base64.b64decode(described["StudioLifecycleConfigContent"]).decode()
    values = dict(line.split("=", 1) for line in script.splitlines() if line.startswith(("notebooks=", "project=")))
    bucket, prefix = values["notebooks"].split("'")[1].removeprefix("s3://").split("/", 1)
    role = _role(deployment, "DataScientistRoleArn")
    s3 = deployment.client("s3", role, session=USER)
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    assert f"{prefix}churn.ipynb" in keys
    notebook = s3.get_object(Bucket=bucket, Key=f"{prefix}churn.ipynb")["Body"].read()
    assert notebook == (ROOT / "notebooks" / "churn.ipynb").read_bytes()
    project = json.loads(values["project"].split("'")[1])
    assert project == {"pipeline": NAME, "experiment_role_arn": _role(deployment, "ExperimentRoleArn")}


def test_ones_own_space_starts_and_stops(mine: Any, domain: str) -> None:
    app = {"DomainId": domain, "SpaceName": f"{USER}-lab", **LAB}
    tags = [{"Key": "sagemaker:user", "Value": USER}]
    mine.create_app(**app, ResourceSpec={"InstanceType": "ml.t3.medium"}, Tags=tags)
    _await_app(mine, app, "InService")
    address = mine.create_presigned_domain_url(DomainId=domain, UserProfileName=USER, SpaceName=f"{USER}-lab")
    assert domain in address["AuthorizedUrl"]
    mine.delete_app(**app)
    _await_app(mine, app, "Deleted")


def test_a_space_of_ones_own_can_be_made_and_removed(mine: Any, domain: str) -> None:
    owner = {"OwnershipSettings": {"OwnerUserProfileName": USER}, **PRIVATE}
    mine.create_space(DomainId=domain, SpaceName="second", SpaceSettings={"AppType": "JupyterLab"}, **owner)
    mine.update_space(DomainId=domain, SpaceName="second", SpaceDisplayName="Second")
    mine.delete_space(DomainId=domain, SpaceName="second")


def test_what_belongs_to_others_or_to_nobody_is_out_of_reach(mine: Any, domain: str, other: str) -> None:
    theirs = {"DomainId": domain, "SpaceName": "theirs"}
    _denied(mine.create_app, **theirs, **LAB)
    _denied(mine.update_space, **theirs, SpaceDisplayName="mine now")
    _denied(mine.delete_space, **theirs)
    _denied(mine.create_presigned_domain_url, DomainId=domain, UserProfileName=other)
    _denied(mine.describe_user_profile, DomainId=domain, UserProfileName=other)
    shared = {"OwnershipSettings": {"OwnerUserProfileName": USER}, "SpaceSharingSettings": {"SharingType": "Shared"}}
    _denied(mine.create_space, DomainId=domain, SpaceName="shared", **shared)
    _denied(mine.create_space, DomainId=domain, SpaceName="nobodys")
    # An app of a profile itself, as Studio Classic had them, is no private space's.
    _denied(mine.create_app, DomainId=domain, UserProfileName=USER, AppType="JupyterServer", AppName="default")


def test_spaces_run_on_the_machines_of_the_settings_and_open_no_tunnel(mine: Any, domain: str) -> None:
    lab = {"DomainId": domain, "SpaceName": f"{USER}-lab"}
    _denied(mine.create_app, **lab, **LAB, ResourceSpec={"InstanceType": "ml.g5.xlarge"})
    big = {"JupyterLabAppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.p4d.24xlarge"}}}
    _denied(mine.update_space, **lab, SpaceSettings=big)
    _denied(mine.update_space, **lab, SpaceSettings={"RemoteAccess": "ENABLED"})


def test_the_domain_and_its_people_are_not_theirs_to_change(mine: Any, domain: str) -> None:
    _denied(mine.update_domain, DomainId=domain, AppNetworkAccessType="PublicInternetOnly")
    _denied(mine.delete_domain, DomainId=domain)
    _denied(mine.create_user_profile, DomainId=domain, UserProfileName="friend")
    _denied(mine.update_user_profile, DomainId=domain, UserProfileName=USER, UserSettings={})


def test_somebody_with_the_role_who_is_no_user_of_the_domain_starts_nothing(
    deployment: Deployment, domain: str
) -> None:
    """Without a profile the variables of the policy have no value, and so match nothing."""
    stranger = deployment.client("sagemaker", _role(deployment, "DataScientistRoleArn"), session="nobody")
    _denied(stranger.create_app, DomainId=domain, SpaceName=f"{USER}-lab", **LAB)
    _denied(stranger.create_presigned_domain_url, DomainId=domain, UserProfileName=USER)


def test_runs_may_be_started_followed_and_stopped(mine: Any) -> None:
    run = mine.start_pipeline_execution(PipelineName=NAME, ClientRequestToken=uuid.uuid4().hex)["PipelineExecutionArn"]
    assert mine.describe_pipeline_execution(PipelineExecutionArn=run)["PipelineExecutionStatus"] == "Executing"
    deadline = time.monotonic() + 240
    # A run that is stopped before a step has begun would have none to show.
    while not mine.list_pipeline_execution_steps(PipelineExecutionArn=run)["PipelineExecutionSteps"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    mine.stop_pipeline_execution(PipelineExecutionArn=run, ClientRequestToken=uuid.uuid4().hex)
    while mine.describe_pipeline_execution(PipelineExecutionArn=run)["PipelineExecutionStatus"] != "Stopped":
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_models_are_looked_at_and_asked_and_never_approved(deployment: Deployment, mine: Any) -> None:
    (package, *_) = mine.list_model_packages(ModelPackageGroupName=NAME)["ModelPackageSummaryList"]
    described = mine.describe_model_package(ModelPackageName=package["ModelPackageArn"])
    assert described["ModelMetrics"]
    for status in ("Approved", "Rejected"):
        _denied(mine.update_model_package, ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus=status)
    _denied(mine.delete_model_package, ModelPackageName=package["ModelPackageArn"])
    runtime = deployment.client("sagemaker-runtime", _role(deployment, "DataScientistRoleArn"), session=USER)
    customer = json.loads((ROOT / "schema" / "examples.json").read_text())["loyal"]
    body = json.dumps({"instances": [customer]})
    answer = runtime.invoke_endpoint(EndpointName=NAME, ContentType="application/json", Body=body)
    assert json.load(answer["Body"])["predictions"]


def test_the_logs_of_work_are_read_and_those_of_the_site_are_not(deployment: Deployment) -> None:
    logs = deployment.client("logs", _role(deployment, "DataScientistRoleArn"), session=USER)
    streams = logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs")["logStreams"]
    assert logs.get_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=streams[0]["logStreamName"])[
        "events"
    ]
    root = deployment.client("logs")
    groups = {group["logGroupName"] for group in root.describe_log_groups()["logGroups"]}
    for group in groups - {f"/aws/sagemaker/{name}" for name in ("ProcessingJobs", "TrainingJobs", "studio")}:
        _denied(logs.describe_log_streams, logGroupName=group)
        _denied(logs.filter_log_events, logGroupName=group)


def test_data_is_read_and_written_where_experiments_are_only(deployment: Deployment) -> None:
    s3 = deployment.client("s3", _role(deployment, "DataScientistRoleArn"), session=USER)
    data = deployment.resource("Storage", "AWS::S3::Bucket", "Data")
    models = deployment.resource("Storage", "AWS::S3::Bucket", "Models")
    assert s3.get_object(Bucket=data, Key="raw/churn.csv")["Body"].read(10)
    key = f"experiments/{uuid.uuid4().hex}.txt"
    s3.put_object(Bucket=data, Key=key, Body=b"x")
    assert s3.get_object(Bucket=data, Key=key)["Body"].read() == b"x"
    for bucket, elsewhere in ((data, "raw/churn.csv"), (data, "code/x"), (data, "runs/x"), (models, "runs/x")):
        _denied(s3.put_object, Bucket=bucket, Key=elsewhere, Body=b"x")
    _denied(s3.delete_object, Bucket=data, Key=key)
    _denied(s3.get_object, Bucket=data, Key="capture/x")
    logs = deployment.resource("Storage", "AWS::S3::Bucket", "AccessLogs")
    _denied(s3.list_objects_v2, Bucket=logs)
    with pytest.raises(ClientError):
        s3.list_buckets()
