"""What SageMaker itself does with a role that it was handed, beside what the code in the container asks for.

The list is AWS's: "How to use SageMaker AI execution roles" (sections on CreateProcessingJob, CreateTrainingJob and
CreateModel) says which permissions a role needs for its image, its network, its keys, its log and its metrics. Nothing
here pulls an image or attaches an interface, so IAM is asked about each of these acts as if there were one; S3 and the
logs are really used, with a session of the role.
https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from local.sagemaker import platform
from local.sagemaker.errors import ServiceError, invalid
from local.sagemaker.jobs import s3

_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<name>[^:@]+)")
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")
_LOOK_AROUND = ("DescribeDhcpOptions", "DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSubnets",
                "DescribeVpcs")  # fmt: skip
_ATTACH = ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission")
# What whoever registers needs beside the registry itself is known only from AWS's own managed policy for it,
# AmazonSageMakerModelRegistryFullAccess: these two, s3:GetObject and, where there is a key, kms:Decrypt.
_REGISTER = ("ecr:BatchGetImage", "ecr:DescribeImages")
# SageMaker's documentation names Encrypt for a key of the output. The rest is S3's: an upload in parts, which a large
# file is, both makes data keys and opens them ("Permissions required to use the multipart upload API").
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
_WRITE = ("kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt")


def prepare(
    role: str,
    *,
    image: str,
    vpc: Mapping[str, Sequence[str]] | None,
    volume_key: str | None = None,
    output_key: str | None = None,
) -> None:
    """Do what comes before a container starts: pull its image, join its network, take the keys.

    Raises
    ------
    ServiceError
        ``AccessDeniedException`` with the act that the role may not do.
    """
    _pull(role, image)
    if vpc:
        _join(role, vpc["Subnets"], vpc["SecurityGroupIds"])
    if volume_key:
        _may(role, "kms:CreateGrant", _key(volume_key), {"kms:GrantIsForAWSResource": "true"})
    for action in _WRITE if output_key else ():
        _may(role, action, _key(str(output_key)))


def give_disk(role: str, key: str) -> None:
    """Encrypt the disk of a Studio app with the domain's key, as whoever works in it ("enforced during CreateApp")."""
    _may(role, "kms:CreateGrant", _key(key), {"kms:GrantIsForAWSResource": "true"})
    _may(role, "kms:DescribeKey", _key(key))


def watch_alarms(role: str, alarms: Sequence[str]) -> None:
    """Look at the alarms that are to bring an update of an endpoint back: "ensure that your IAM execution role has
    permission to perform the cloudwatch:DescribeAlarms action on the auto-rollback alarms you specify".
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
    """
    host = platform.current()
    for alarm in alarms:
        arn = f"arn:aws:cloudwatch:{host.region()}:{host.account_id()}:alarm:{alarm}"
        _may(role, "cloudwatch:DescribeAlarms", arn)


def measure(role: str, namespace: str, dimensions: Mapping[str, str], values: Mapping[str, float]) -> None:
    """Publish what was measured of a container, in per cent; a role that may not leaves no metrics, as on AWS."""
    host = platform.current()
    try:
        _may(role, "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": namespace})
    except ServiceError:
        return
    found = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    host.client("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": name, "Dimensions": found, "Value": value, "Unit": "Percent"}
            for name, value in values.items()
        ],
    )


def register(container: Mapping[str, Any]) -> None:
    """Look up what a package names, image and artifact, as whoever registers it."""
    host = platform.current()
    if repository := _repository(container["Image"]):
        for action in _REGISTER:
            host.authorize(action, repository, {})
    if url := container.get("ModelDataUrl"):
        bucket, name = s3.split(url)
        host.authorize("s3:GetObject", f"arn:aws:s3:::{bucket}/{name}", {})
        if key := s3.key_of(host.client("s3"), bucket, name):
            host.authorize("kms:Decrypt", _key(key), {})


def use_key(key: str, *actions: str) -> None:
    """Use a key in the caller's own name, as SageMaker does where no role is handed to it."""
    for action in actions:
        platform.current().authorize(action, _key(key), {})


def find_artifact(role: str, url: str) -> None:
    """Look the artifact of a model up with the model's role, as CreateModel does.

    Raises
    ------
    ServiceError
        ``ValidationException``, in AWS's words, when the role may not read it or it is not there.
    """
    bucket, name = s3.split(url)
    try:
        platform.current().client("s3", role).head_object(Bucket=bucket, Key=name)
    except ClientError as exc:
        raise invalid(
            f'Could not access model data at {url}. Please ensure that the role "{role}" exists and that its trust '
            'relationship policy allows the action "sts:AssumeRole" for the service principal '
            '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object '
            f"is located in {platform.current().region()}."
        ) from exc


def _pull(role: str, image: str) -> None:
    repository = _repository(image)
    if repository is None:
        return
    _may(role, "ecr:GetAuthorizationToken", "*")
    for action in _PULL:
        try:
            _may(role, action, repository)
        except ServiceError as exc:
            word = action.removeprefix("ecr:")
            raise ServiceError(
                exc.code, f"The role '{role}' does not have {word} permission for the image: '{image}'."
            ) from exc


def _repository(image: str) -> str | None:
    """The ARN of an image's repository; None for what is no address in ECR."""
    match = _IMAGE.match(image)
    return match and f"arn:aws:ecr:{match['region']}:{match['account']}:repository/{match['name']}"


def _join(role: str, subnets: Sequence[str], groups: Sequence[str]) -> None:
    """Attach an interface to a subnet, and take it away in the end; the condition keys are those EC2 documents."""
    for action in _LOOK_AROUND:
        _may(role, f"ec2:{action}", "*")
    for subnet in subnets:
        # A new interface has no id yet.
        _may(role, "ec2:CreateNetworkInterface", _network("network-interface", "*"))
        _may(role, "ec2:CreateNetworkInterface", _network("subnet", subnet), {"ec2:SubnetID": subnet})
        for action in _ATTACH:
            context = {"ec2:Subnet": _network("subnet", subnet)}
            _may(role, f"ec2:{action}", _network("network-interface", "eni-0"), context)
    for group in groups:
        _may(role, "ec2:CreateNetworkInterface", _network("security-group", group), {"ec2:SecurityGroupID": group})


def _network(kind: str, name: str) -> str:
    host = platform.current()
    return f"arn:aws:ec2:{host.region()}:{host.account_id()}:{kind}/{name}"


def _key(key: str) -> str:
    """The ARN of a key, by ARN, id or alias."""
    if key.startswith("arn:"):
        return key
    host = platform.current()
    return f"arn:aws:kms:{host.region()}:{host.account_id()}:{key if key.startswith('alias/') else f'key/{key}'}"


def _may(role: str, action: str, resource: str, context: Mapping[str, Any] | None = None) -> None:
    platform.current().authorize(action, resource, dict(context or {}), role_arn=role)
