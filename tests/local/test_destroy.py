"""`make destroy` on the deployed system, with work going on: all of ours goes, and nothing of others."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from local.driver import environment
from local.settings import ROOT
from tests.local.deployment import Deployment

pytestmark = pytest.mark.ends_deployment

NAME = "churn-local"
SHARED = "/aws/sagemaker/studio"
STRANGERS_GROUP, STRANGERS_BUCKET = "Churn-localhost-Log", "churn-locally"
BOOTSTRAP = ("CDKToolkit", "cdk-hnb659fds-", "/cdk-bootstrap/")
SLEEP = {"ContainerEntrypoint": ["sleep"], "ContainerArguments": ["600"]}


@pytest.fixture(scope="module")
def system(deployment: Deployment) -> Deployment:
    deployment.must_be_ours()
    return deployment


def _destroy(system: Deployment, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "operate.destroy", "--env", "local", *arguments]
    variables = environment.deployment(system.settings)
    variables["PATH"] = os.pathsep.join([str(ROOT / "node_modules" / ".bin"), variables["PATH"]])
    done = subprocess.run(
        command, cwd=ROOT, env=variables, input="", capture_output=True, text=True, check=False, timeout=900
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def strangers(system: Deployment) -> Iterator[str]:
    """What others have in the account, under names as near to ours as can be; the id of their domain."""
    logs, s3 = system.client("logs"), system.client("s3")
    logs.create_log_group(logGroupName=STRANGERS_GROUP)
    s3.create_bucket(Bucket=STRANGERS_BUCKET)
    sagemaker, role = system.client("sagemaker"), "arn:aws:iam::000000000000:role/others"
    domain = sagemaker.create_domain(
        DomainName=STRANGERS_BUCKET, AuthMode="IAM", DefaultUserSettings={"ExecutionRole": role}
    )["DomainArn"].rsplit("/", 1)[-1]
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="theirs")
    yield domain
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName="theirs")
    sagemaker.delete_domain(DomainId=domain)
    logs.delete_log_group(logGroupName=STRANGERS_GROUP)
    s3.delete_bucket(Bucket=STRANGERS_BUCKET)


@pytest.fixture(scope="module")
def work(system: Deployment) -> tuple[str, str]:
    """A run and a job that would go on for minutes (their ARNs), and the log of a function that is gone."""
    sagemaker = system.client("sagemaker")
    definition = json.loads(sagemaker.describe_pipeline(PipelineName=NAME)["PipelineDefinition"])
    definition["Steps"][0]["Arguments"]["AppSpecification"] |= SLEEP
    sagemaker.update_pipeline(PipelineName=NAME, PipelineDefinition=json.dumps(definition))
    token = uuid.uuid4().hex
    run = sagemaker.start_pipeline_execution(PipelineName=NAME, ClientRequestToken=token)["PipelineExecutionArn"]
    (before, *_) = sagemaker.list_processing_jobs(SortOrder="Ascending")["ProcessingJobSummaries"]
    described = sagemaker.describe_processing_job(ProcessingJobName=before["ProcessingJobName"])
    members = ("ProcessingResources", "NetworkConfig", "StoppingCondition", "RoleArn")
    request = {member: described[member] for member in members if member in described}
    job = sagemaker.create_processing_job(
        ProcessingJobName="from-a-notebook", AppSpecification=described["AppSpecification"] | SLEEP, **request
    )["ProcessingJobArn"]
    deadline = time.monotonic() + 120
    while len(sagemaker.list_processing_jobs(StatusEquals="InProgress")["ProcessingJobSummaries"]) < 2:
        assert time.monotonic() < deadline, "the jobs do not start"
        time.sleep(0.2)
    system.client("logs").create_log_group(logGroupName="/aws/lambda/Churn-local-Storage-Gone")
    return run, job


@pytest.fixture(scope="module")
def studio(system: Deployment, strangers: str) -> str:
    """Studio in use: an app in a private space, and a profile made by hand with an app of its own. The domain's id."""
    sagemaker = system.client("sagemaker")
    (domain,) = [one["DomainId"] for one in sagemaker.list_domains()["Domains"] if one["DomainName"] == NAME]
    assert domain != strangers
    (space,) = [one["SpaceName"] for one in sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"]]
    sagemaker.create_app(DomainId=domain, SpaceName=space, AppType="JupyterLab", AppName="default")
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="by-hand")
    sagemaker.create_app(DomainId=domain, UserProfileName="by-hand", AppType="JupyterServer", AppName="default")
    stream = f"{domain}/{space}/JupyterLab/default"
    system.client("logs").create_log_stream(logGroupName=SHARED, logStreamName=stream)
    return str(domain)


def test_nothing_is_deleted_unless_somebody_confirms(system: Deployment, work: tuple[str, str]) -> None:
    code, output = _destroy(system)
    assert code == 2
    assert "nothing was deleted" in output
    sagemaker = system.client("sagemaker")
    assert sagemaker.describe_endpoint(EndpointName=NAME)["EndpointStatus"] == "InService"
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=work[0])
    assert described["PipelineExecutionStatus"] == "Executing"


def test_a_stack_does_not_delete_a_bucket_that_holds_something(system: Deployment) -> None:
    """Otherwise nothing below would tell whether the tool empties buckets."""
    cloudformation, s3, stack = system.client("cloudformation"), system.client("s3"), "A-bucket"
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    (bucket,) = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    place = {"Bucket": bucket["PhysicalResourceId"], "Key": "something"}
    s3.put_object(**place, Body=b"")
    cloudformation.delete_stack(StackName=stack)
    with pytest.raises(WaiterError, match="DELETE_FAILED"):
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    s3.delete_object(**place)
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


@pytest.fixture(scope="module")
def objects(system: Deployment) -> None:
    """In every bucket a version that was replaced and one that was deleted, as access logs and pages leave them."""
    s3 = system.client("s3")
    of_storage = [("Storage", bucket) for bucket in ("AccessLogs", "Batches", "Data", "Models")]
    for stack, bucket in [*of_storage, ("Web", "Site")]:
        place = {"Bucket": system.resource(stack, "AWS::S3::Bucket", bucket), "Key": "left/behind"}
        for body in (b"one", b"two"):
            s3.put_object(**place, Body=body)
        s3.delete_object(**place)
        versions = s3.list_object_versions(Bucket=place["Bucket"], Prefix=place["Key"])
        assert (len(versions["Versions"]), len(versions["DeleteMarkers"])) == (2, 1)


def test_destroy_leaves_an_empty_account(
    system: Deployment, work: tuple[str, str], studio: str, strangers: str, objects: None
) -> None:
    code, output = _destroy(system, "--yes")
    assert code == 0, output
    assert "attempt 2" not in output, "something was written into a bucket that had been emptied"
    assert "stopping 1 pipeline run" in output
    assert "stopping 1 job" in output
    assert "go the logs of all jobs and spaces of the account" in output
    assert f"2 user profiles: {studio}/" in output
    assert "with what people keep on their disks" in output
    assert "deleting 2 apps of Studio" in output
    assert "Nothing of local is left." in output
    others = {
        "Logs": [STRANGERS_GROUP],
        "S3": [STRANGERS_BUCKET],
        "SageMaker": sorted([strangers, "theirs"]),
    }
    assert _left(system) == others, output


def test_destroying_again_finds_nothing(system: Deployment, strangers: str) -> None:
    code, output = _destroy(system)
    assert code == 0, output
    assert "Nothing of local is left." in output


def test_every_service_of_the_templates_was_looked_at(system: Deployment) -> None:
    types = {
        resource["Type"]
        for template in system.templates
        for resource in json.loads(Path(template).read_text())["Resources"].values()
    }
    used = {name.split("::")[1] for name in types if name.startswith("AWS::")} - {"CDK"}
    assert used
    assert used <= set(_SERVICES), "say how to list what these services hold"


def _left(system: Deployment) -> dict[str, list[str]]:
    """What every service holds, beside the bootstrap stack and what AWS itself keeps."""
    found = {
        name: sorted(v for v in there(system.client) if not v.startswith(BOOTSTRAP))
        for name, there in _SERVICES.items()
    }
    return {name: values for name, values in found.items() if values}


Clients = Callable[[str], Any]


def _keys(client: Clients) -> Iterator[str]:
    for key in client("kms").list_keys()["Keys"]:
        # A key that waits for its end is deleted as far as anybody can delete one.
        if client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion":
            yield key["KeyId"]


def _logs(client: Clients) -> Iterator[str]:
    """Groups; of shared ones the streams."""
    for group in client("logs").describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        streams = client("logs").describe_log_streams(logGroupName=name)["logStreams"]
        yield from [f"{name} {stream['logStreamName']}" for stream in streams] or [name]


def _network(client: Clients) -> Iterator[str]:
    ec2 = client("ec2")
    ours = [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v.get("IsDefault")]
    yield from ours
    yield from (e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints()["VpcEndpoints"])
    yield from (f["FlowLogId"] for f in ec2.describe_flow_logs()["FlowLogs"])
    yield from (i["NetworkInterfaceId"] for i in ec2.describe_network_interfaces()["NetworkInterfaces"])
    defaults = {v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if v.get("IsDefault")}
    yield from (s["SubnetId"] for s in ec2.describe_subnets()["Subnets"] if s["VpcId"] not in defaults)
    yield from (g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"] if g["VpcId"] not in defaults)


def _sagemaker(client: Clients) -> Iterator[str]:
    sagemaker = client("sagemaker")
    for operation, member, key in (
        ("list_models", "Models", "ModelName"),
        ("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
        ("list_endpoints", "Endpoints", "EndpointName"),
        ("list_pipelines", "PipelineSummaries", "PipelineName"),
        ("list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName"),
        ("list_model_packages", "ModelPackageSummaryList", "ModelPackageArn"),
        ("list_model_cards", "ModelCardSummaries", "ModelCardName"),
        ("list_processing_jobs", "ProcessingJobSummaries", "ProcessingJobName"),
        ("list_training_jobs", "TrainingJobSummaries", "TrainingJobName"),
        ("list_hyper_parameter_tuning_jobs", "HyperParameterTuningJobSummaries", "HyperParameterTuningJobName"),
        ("list_domains", "Domains", "DomainId"),
        ("list_user_profiles", "UserProfiles", "UserProfileName"),
        ("list_spaces", "Spaces", "SpaceName"),
        ("list_apps", "Apps", "AppName"),
        ("list_studio_lifecycle_configs", "StudioLifecycleConfigs", "StudioLifecycleConfigName"),
    ):
        yield from (entry[key] for entry in getattr(sagemaker, operation)()[member])


def _roles(client: Clients) -> Iterator[str]:
    iam = client("iam")
    yield from (role["RoleName"] for role in iam.list_roles()["Roles"])
    yield from (policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"])


def _alarms(client: Clients) -> Iterator[str]:
    found = client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    yield from (alarm["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for alarm in found[kind])


def _scaled(client: Clients) -> Iterator[str]:
    found = client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    yield from (target["ResourceId"] for target in found["ScalableTargets"])


def _apis(client: Clients) -> Iterator[str]:
    apigateway = client("apigateway")
    for operation in ("get_rest_apis", "get_usage_plans", "get_api_keys"):
        yield from (entry["name"] for entry in getattr(apigateway, operation)()["items"])


def _distributions(client: Clients) -> Iterator[str]:
    cloudfront = client("cloudfront")
    for name, answer in (
        ("Distribution", cloudfront.list_distributions()),
        ("OriginAccessControl", cloudfront.list_origin_access_controls()),
    ):
        yield from (entry["Id"] for entry in answer[f"{name}List"].get("Items", []))


#: How to list what a service holds, by its name in resource types.
_SERVICES: dict[str, Callable[[Clients], Any]] = {
    "ApiGateway": _apis,
    "CloudFormation": lambda client: [s["StackName"] for s in client("cloudformation").describe_stacks()["Stacks"]],
    "CloudFront": _distributions,
    "ApplicationAutoScaling": _scaled,
    "CloudWatch": _alarms,
    "Cognito": lambda client: [p["Id"] for p in client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]],
    "EC2": _network,
    "Events": lambda client: [r["Name"] for r in client("events").list_rules()["Rules"]],
    "IAM": _roles,
    "KMS": _keys,
    "Lambda": lambda client: [f["FunctionName"] for f in client("lambda").list_functions()["Functions"]],
    "Logs": _logs,
    "S3": lambda client: [b["Name"] for b in client("s3").list_buckets()["Buckets"]],
    "SNS": lambda client: [t["TopicArn"] for t in client("sns").list_topics()["Topics"]],
    "SSM": lambda client: [p["Name"] for p in client("ssm").describe_parameters()["Parameters"]],
    "SageMaker": _sagemaker,
    "StepFunctions": lambda client: [m["name"] for m in client("stepfunctions").list_state_machines()["stateMachines"]],
    "WAFv2": lambda client: [acl["Name"] for acl in client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"]],
}
