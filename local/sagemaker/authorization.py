"""What IAM evaluates a request on: the resource's ARN and SageMaker's condition keys."""

import re
from typing import Any
from urllib.parse import unquote

from local.sagemaker.naming import ARN_WORDS, arn, name_of
from local.sagemaker.store import records
from local.sagemaker.studio import identity

_VERB = re.compile(r"(Create|Describe|Update|Delete|Start|Stop)(.+)")
_INVOCATION = re.compile(r"/endpoints/([^/]+)/")
# Actions whose name does not say which kind of resource theirs is, by one on the same resource that does.
_ACTS_ON = {
    "StartPipelineExecution": "DescribePipeline",
    "UpdateEndpointWeightsAndCapacities": "DescribeEndpoint",
    "ListPipelineExecutions": "DescribePipeline",
    "ListModelCardVersions": "DescribeModelCard",
    "ListTrainingJobsForHyperParameterTuningJob": "DescribeHyperParameterTuningJob",
}
# The members that carry an ARN already.
_ARNS = ("PipelineExecutionArn", "ModelPackageArn", "ResourceArn", "Arn")


def resource(action: str, path: str, request: dict[str, Any]) -> str:
    """The ARN that a request acts on, or ``*`` when it acts on none.

    Parameters
    ----------
    action
        The API operation; empty for the runtime.
    path
        The path of the HTTP request.
    request
        The parsed body.
    """
    match = _INVOCATION.match(path)
    if match:
        return arn("Endpoint", unquote(match[1]))
    for member in _ARNS:
        if isinstance(request.get(member), str):
            return request[member]
    if action == "CreateModelPackage" and isinstance(request.get("ModelPackageGroupName"), str):
        return _next_version(request["ModelPackageGroupName"])
    action = _ACTS_ON.get(action, action)
    verb = _VERB.fullmatch(action)
    in_domain = identity.resource(verb[2], request) if verb else None
    if in_domain:
        return in_domain
    if not verb or verb[2] not in ARN_WORDS:
        return "*"
    name = request.get(f"{verb[2]}Name")
    return arn(verb[2], name_of(verb[2], name)) if isinstance(name, str) else "*"


def _next_version(group: str) -> str:
    """A version of a group is created on the ARN it will have."""
    group = name_of("ModelPackageGroup", group)
    record = records.get("ModelPackageGroup", group)
    return arn("ModelPackage", f"{group}/{record['_next_version'] if record else 1}")


def condition_keys(request: dict[str, Any]) -> dict[str, Any]:
    """SageMaker's condition keys, as the request sets them; keys it does not set are absent.

    The names are those of the service authorization reference; lists are for the ``ForAllValues`` and
    ``ForAnyValue`` operators. A tuning job has them of the training jobs that it is to start.
    """
    request = {**(request.get("TrainingJobDefinition") or {}), **request}
    network = request.get("NetworkConfig") or {}
    vpc = request.get("VpcConfig") or network.get("VpcConfig") or {}
    cluster = (request.get("ProcessingResources") or {}).get("ClusterConfig") or {}
    resources = request.get("ResourceConfig") or request.get("TransformResources") or cluster
    outputs = ("OutputDataConfig", "ProcessingOutputConfig", "TransformOutput")
    output: dict[str, Any] = next((request[name] for name in outputs if request.get(name)), {})
    variants = request.get("ProductionVariants") or []
    types = [resources.get("InstanceType"), *(v.get("InstanceType") for v in variants)]
    isolation = request.get("EnableNetworkIsolation", network.get("EnableNetworkIsolation"))
    traffic = "EnableInterContainerTrafficEncryption"
    encryption = request.get(traffic, network.get(traffic))
    debug = (request.get("RemoteDebugConfig") or {}).get("EnableRemoteDebug")
    runtime = (request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
    sources = [channel.get("DataSource") or {} for channel in request.get("InputDataConfig") or []]
    systems = [source.get("FileSystemDataSource") or {} for source in sources]
    found = {
        "sagemaker:VpcSubnets": vpc.get("Subnets"),
        "sagemaker:VpcSecurityGroupIds": vpc.get("SecurityGroupIds"),
        "sagemaker:VolumeKmsKey": resources.get("VolumeKmsKeyId") or request.get("KmsKeyId"),
        "sagemaker:OutputKmsKey": output.get("KmsKeyId"),
        "sagemaker:InstanceTypes": [t for t in types if t] or None,
        "sagemaker:NetworkIsolation": _flag(isolation),
        "sagemaker:InterContainerTrafficEncryption": _flag(encryption),
        "sagemaker:EnableRemoteDebug": _flag(debug),
        "sagemaker:KeepAlivePeriod": _number(resources.get("KeepAlivePeriodInSeconds")),
        "sagemaker:MaxRuntimeInSeconds": _number(runtime),
        "sagemaker:FileSystemId": next((one["FileSystemId"] for one in systems if "FileSystemId" in one), None),
        "sagemaker:ModelApprovalStatus": request.get("ModelApprovalStatus"),
        "sagemaker:CustomerMetadataPropertiesToRemove": request.get("CustomerMetadataPropertiesToRemove"),
    }
    present = {key: value for key, value in found.items() if value is not None}
    return present | identity.condition_keys(request)


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()
