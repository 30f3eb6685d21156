"""What each role must not do, and what of the same kind it may: real calls with a session of the role.

IAM refuses a call before anything looks at what it names; the allowed calls show that the session, the names and the
shape of a call are right, so that a denial is about the permission.
"""

import json
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.exceptions import ClientError

from local.settings import ACCOUNT, REGION
from tests.local.deployment import Deployment
from tests.local.errands import ENDPOINT, GROUP, NO_FILE, PIPELINE, Errands, changed
from tests.local.roles import PLACES, UNTRIED, Roles, refusal

# In the names of all that the calls make.
TOKEN = "denials"


class Call(NamedTuple):
    """A call: what it would do, the client, the method and its arguments, in which ``{name}`` is a fact of the system.

    ``action`` is the permission it must be denied for; an allowed call has none.
    """

    does: str
    service: str
    operation: str
    arguments: dict[str, Any]
    action: str = ""


def _get(bucket: str, key: str, does: str = "", action: str = "") -> Call:
    return Call(does or f"read {bucket}/{key}", "s3", "get_object", {"Bucket": f"{{{bucket}}}", "Key": key}, action)


def _put(bucket: str, key: str, action: str = "", kms_key: str = "") -> Call:
    place = {"Bucket": f"{{{bucket}}}", "Key": key, "Body": b""}
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": f"{{{kms_key}}}"} if kms_key else {}
    does = f"write {bucket}/{key}" + (f" under the {kms_key}" if kms_key else "")
    return Call(does, "s3", "put_object", place | encrypted, action)


def _put_without_our_keys(bucket: str, key: str) -> Call:
    place = {"Bucket": f"{{{bucket}}}", "Key": key, "Body": b"", "ServerSideEncryption": "AES256"}
    return Call(f"write {bucket}/{key} under S3's own key", "s3", "put_object", place, "s3:PutObject")


def _list(bucket: str, prefix: str, action: str = "") -> Call:
    arguments = {"Bucket": f"{{{bucket}}}", "Prefix": prefix, "MaxKeys": 1}
    return Call(f"list {bucket}/{prefix}", "s3", "list_objects_v2", arguments, action)


def _read_log(group: str, action: str = "logs:GetLogEvents") -> Call:
    arguments = {"logGroupName": f"{{{group}}}", "logStreamName": "any"}
    return Call(f"read the {group}", "logs", "get_log_events", arguments, action)


def _use_key(key: str, action: str = "kms:GenerateDataKey") -> Call:
    arguments = {"KeyId": f"{{{key}}}", "KeySpec": "AES_256"}
    return Call(f"make a data key of the {key}", "kms", "generate_data_key", arguments, action)


def _approve(action: str = "sagemaker:UpdateModelPackage", status: str = "Approved") -> Call:
    arguments = {"ModelPackageArn": "{package}", "ModelApprovalStatus": status}
    return Call(f"set a package {status}", "sagemaker", "update_model_package", arguments, action)


_FORGET = Call(
    "take metadata from a package with a decision",
    "sagemaker",
    "update_model_package",
    {
        "ModelPackageArn": "{package}",
        "ModelApprovalStatus": "Approved",
        "CustomerMetadataPropertiesToRemove": ["a"],
    },
    "sagemaker:UpdateModelPackage",
)


def _invoke(endpoint: str, action: str = "sagemaker:InvokeEndpoint") -> Call:
    arguments = {"EndpointName": endpoint, "ContentType": "application/json", "Body": "{body}"}
    return Call(f"invoke {endpoint}", "sagemaker-runtime", "invoke_endpoint", arguments, action)


def _look_at_function(function: str, action: str = "") -> Call:
    return Call(f"look at the {function}", "lambda", "get_function", {"FunctionName": f"{{{function}}}"}, action)


def _update_stack(does: str, action: str = "cloudformation:UpdateStack", **request: Any) -> Call:
    """An update of the serving stack to what it has."""
    arguments = {"StackName": "Churn-local-Serving", "UsePreviousTemplate": True, **request}
    if arguments.get("TemplateBody"):
        del arguments["UsePreviousTemplate"]
    return Call(f"update the serving stack {does}", "cloudformation", "update_stack", arguments, action)


_MODEL = ["AWS::SageMaker::Model"]


def _start(action: str = "sagemaker:StartPipelineExecution", pipeline: str = PIPELINE) -> Call:
    arguments = {"PipelineName": pipeline, "ClientRequestToken": "{token}"}
    return Call(f"start {pipeline}", "sagemaker", "start_pipeline_execution", arguments, action)


def _look_at_alarm(alarm: str, action: str = "cloudwatch:DescribeAlarms") -> Call:
    return Call(f"look at the alarm {alarm}", "cloudwatch", "describe_alarms", {"AlarmNames": [alarm]}, action)


def _tell(action: str = "sns:Publish") -> Call:
    arguments = {"TopicArn": "{topic}", "Message": "test"}
    return Call("publish a notice", "sns", "publish", arguments, action)


def _start_machine(machine: str, action: str = "states:StartExecution") -> Call:
    """One that finds nothing to do: the file that it is told of is not there."""
    event = json.dumps(NO_FILE)
    arguments = {"stateMachineArn": f"{{{machine} machine}}", "input": event}
    return Call(f"start the {machine} machine", "stepfunctions", "start_execution", arguments, action)


def _publish(namespace: str, action: str = "") -> Call:
    arguments = {"Namespace": namespace, "MetricData": [{"MetricName": "Denials", "Value": 1}]}
    return Call(f"publish metrics in {namespace}", "cloudwatch", "put_metric_data", arguments, action)


def _transform(does: str, machine: dict[str, str] | None = None, **changes: Any) -> Call:
    """A transform like those of batches but for something."""
    place = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://{batches}/scoring/in/{mark}/"}}
    request: dict[str, Any] = {
        "TransformJobName": f"{ENDPOINT}-{{token}}",
        "ModelName": "none",
        "TransformInput": {"DataSource": place},
        "TransformOutput": {"S3OutputPath": "s3://{batches}/scoring/out/{mark}", "KmsKeyId": "{data key}"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": "{data key}"}
        | (machine or {}),
        **changes,
    }
    return Call(
        f"start a transform {does}", "sagemaker", "create_transform_job", request, "sagemaker:CreateTransformJob"
    )


def _assume(role: str) -> Call:
    arguments = {"RoleArn": f"{{{role} role}}", "RoleSessionName": "test"}
    return Call(f"become the {role} role", "sts", "assume_role", arguments, "sts:AssumeRole")


def _experiment(does: str, changes: dict[str, Any], action: str = "") -> Call:
    """A job of a data scientist's own."""
    own = {"ProcessingJobName": "experiment-{token}", "RoleArn": "{experiment role}"}
    return _process(does, own | changes, action)


def _process(does: str, changes: dict[str, Any], action: str = "sagemaker:CreateProcessingJob") -> Call:
    """A job like the pipeline's but for some members; None takes one away."""
    return Call(f"start a job {does}", "sagemaker", "create_processing_job", {"job": changes}, action)


#: What no role may do, whatever it is for.
ANYBODY = [
    _get("site bucket", "index.html", action="s3:GetObject"),
    _list("access logs bucket", "", action="s3:ListBucket"),
    Call("delete data", "s3", "delete_object", {"Bucket": "{data}", "Key": "raw/churn.csv"}, "s3:DeleteObject"),
    Call("delete a model", "s3", "delete_object", {"Bucket": "{models}", "Key": "runs/x"}, "s3:DeleteObject"),
    Call("open the data bucket", "s3", "delete_bucket_policy", {"Bucket": "{data}"}, "s3:DeleteBucketPolicy"),
    _use_key("logs key"),
    Call("delete a key", "kms", "schedule_key_deletion", {"KeyId": "{data key}"}, "kms:ScheduleKeyDeletion"),
    _read_log("API's access log"),
    _read_log("invoker's log"),
    _read_log("endpoint's log"),
    _invoke("other"),
    Call("delete the endpoint", "sagemaker", "delete_endpoint", {"EndpointName": ENDPOINT}, "sagemaker:DeleteEndpoint"),
    Call("delete a package", "sagemaker", "delete_model_package", {"ModelPackageName": "{package}"},
         "sagemaker:DeleteModelPackage"),
    Call("delete the pipeline", "sagemaker", "delete_pipeline",
         {"PipelineName": PIPELINE, "ClientRequestToken": "{token}"}, "sagemaker:DeletePipeline"),
    Call("change the pipeline", "sagemaker", "update_pipeline", {"PipelineName": PIPELINE, "PipelineDefinition": "{}"},
         "sagemaker:UpdatePipeline"),
    Call("update the endpoint", "sagemaker", "update_endpoint",
         {"EndpointName": ENDPOINT, "EndpointConfigName": "other"}, "sagemaker:UpdateEndpoint"),
    Call("call the API's function", "lambda", "invoke", {"FunctionName": "{invoker function}"},
         "lambda:InvokeFunction"),
    Call("widen itself", "iam", "put_role_policy",
         {"RoleName": "{own name}", "PolicyName": "more", "PolicyDocument": "{}"}, "iam:PutRolePolicy"),
    Call("change a stack", "cloudformation", "delete_stack", {"StackName": "Churn-local-Serving"},
         "cloudformation:DeleteStack"),
    _assume("registrar"),
    _assume("pipeline"),
]  # fmt: skip

#: What a role may do, and what it may not though another role may.
ALLOWED = {
    "processing": [
        _get("data", "raw/churn.csv"), _list("data", "raw/"), _get("models", "{artifact}"),
        _put("data", "{place}/probe"), _put("data", "{place}/probe", kms_key="data key"),
        _use_key("data key", action=""),
    ],
    "training": [
        _get("data", "{split}"), _list("data", "runs/"), _list("models", "checkpoints/"),
        _put("models", "{place}/probe"),
        _put("models", "{place}/probe", kms_key="models key"),
    ],
    "pipeline": [
        _get("data", "{report}"), _get("models", "{artifact}"),
        _process("like the pipeline's", {}, action=""),
        Call("look at a package", "sagemaker", "describe_model_package", {"ModelPackageName": "{package}"}),
    ],
    "model": [_get("models", "{artifact}")],
    "registrar": [
        _get("data", "{report}"), _approve(action=""), _approve("", "Rejected"), _approve("", "Approved"),
        Call("list the packages", "sagemaker", "list_model_packages", {"ModelPackageGroupName": GROUP}),
        Call("look at a run", "sagemaker", "describe_pipeline_execution", {"PipelineExecutionArn": "{execution}"}),
        Call("look at what a run was asked for", "sagemaker", "list_pipeline_parameters_for_execution",
             {"PipelineExecutionArn": "{execution}"}),
    ],
    "on event": [
        Call("look for runs", "sagemaker", "list_pipeline_executions", {"PipelineName": PIPELINE}),
    ],
    "is complete": [
        _approve(action=""),
        Call("look at a run", "sagemaker", "describe_pipeline_execution", {"PipelineExecutionArn": "{execution}"}),
    ],
    "on run": [
        Call("look at a run", "sagemaker", "describe_pipeline_execution", {"PipelineExecutionArn": "{execution}"}),
    ],
    "steer": [
        Call("look at the stack", "cloudformation", "describe_stacks", {"StackName": "Churn-local-Serving"}),
    ],
    "probe": [_invoke(ENDPOINT, action=""), _get("data", "{golden}")],
    "record": [
        Call("note a fact", "sagemaker", "update_model_package",
             {"ModelPackageArn": "{package}", "CustomerMetadataProperties": {"denials": "a"}}),
    ],
    "rollout machine": [
        Call("call a function of its own", "lambda", "invoke", {"FunctionName": "{probe function}"}),
    ],
    "rollout starter": [
        Call("start a rollout", "stepfunctions", "start_execution",
             {"stateMachineArn": "{machine}", "input": '{"package": "{package}"}'}),
    ],
    "champion": [
        Call("look at the endpoint", "sagemaker", "describe_endpoint", {"EndpointName": ENDPOINT}),
        Call("look at a package", "sagemaker", "describe_model_package", {"ModelPackageName": "{package}"}),
    ],
    "model card": [
        _get("data", "{report}"), _put("data", "{run}/card/probe"),
        Call("look at a package", "sagemaker", "describe_model_package", {"ModelPackageName": "{package}"}),
        Call("look at a card", "sagemaker", "describe_model_card", {"ModelCardName": "{card}"}),
    ],
    "tracker": [_get("data", "{report}"), _put("data", "mlflow/{mark}/probe")],
    "mlflow": [_get("data", "{artifact of mlflow}"), _put("data", "mlflow/{mark}/probe"), _list("data", "mlflow/")],
    "grant scopes": [
        Call("begin a log", "logs", "create_log_stream",
             {"logGroupName": "{trigger's log}", "logStreamName": "{token}"}),
    ],
    "invoker": [_invoke(ENDPOINT, action="")],
    "model report": [
        _get("data", "{report}"),
        Call("look at a package", "sagemaker", "describe_model_package", {"ModelPackageName": "{package}"}),
        Call("list the packages", "sagemaker", "list_model_packages", {"ModelPackageGroupName": GROUP}),
        _list("data", "watch/"), _list("data", "runs/r/evaluation/bias.json"),
    ],
    "experiment": [
        _get("data", "raw/churn.csv"), _get("models", "{artifact}"), _put("data", "experiments/{mark}/probe"),
        _put("models", "experiments/{mark}/probe"),
    ],
    "data scientist": [
        _get("data", "raw/churn.csv"), _get("data", "{report}"), _get("models", "{artifact}"), _invoke(ENDPOINT, ""),
        _put("data", "experiments/{mark}/probe"), _list("data", "experiments/"), _experiment("like the pipeline's", {}),
        Call("look at a package", "sagemaker", "describe_model_package", {"ModelPackageName": "{package}"}),
        Call("look for runs", "sagemaker", "list_pipeline_executions", {"PipelineName": PIPELINE}),
        Call("read a job's log", "logs", "describe_log_streams", {"logGroupName": "{training log}"}),
        Call("open one's own profile", "sagemaker", "create_presigned_domain_url",
             {"DomainId": "{domain}", "UserProfileName": "data-scientist"}),
    ],
    "uploads": [_list("data", "raw/"), _put("data", "{place}/probe")],
    "start": [_look_at_function("on event function")],
    "wait": [_look_at_function("is complete function")],
    "page": [_list("site bucket", "")],
    "intake": [
        _list("data", "raw/incoming/"), _get("data", "raw/taken/{mark}"), _put("data", "quarantine/{mark}"),
        _put("data", "raw/taken/{mark}", kms_key="data key"), _tell(action=""),
        Call("look for runs", "sagemaker", "list_pipeline_executions", {"PipelineName": PIPELINE}),
    ],
    "batches": [
        _put("batches", "uploads/{mark}", kms_key="data key"), _get("batches", "states/{mark}"),
        _get("batches", "results/{mark}"), _list("batches", "states/x"), _list("batches", "scoring/out/x"),
    ],
    "scoring": [
        _get("batches", "states/{mark}"), _put("batches", "results/{mark}", kms_key="data key"),
        _list("batches", "states/x"),
        Call("look at the endpoint", "sagemaker", "describe_endpoint", {"EndpointName": ENDPOINT}),
    ],
    "scoring machine": [_tell(action="")],
    "scoring starter": [_start_machine("batch", action="")],
    "intake machine": [_tell(action="")],
    "intake starter": [_start_machine("intake", action="")],
    "data owner": [
        _put("data", "raw/incoming/{mark}/"), _put("data", "labels/{mark}"),
        _list("data", "quarantine/"), _get("data", "quarantine/{mark}"),
        _start_machine("intake", action=""),
        Call("look for runs", "sagemaker", "list_pipeline_executions", {"PipelineName": PIPELINE}),
    ],
    "watch steps": [
        _list("data", "capture/"), _list("data", "labels/"), _put("data", "watch/{mark}", kms_key="data key"),
        _get("data", "watch/{mark}"), _put("data", "quarantine/labels/{mark}"), _publish("Churn/local/Watch"),
        Call("look at the endpoint", "sagemaker", "describe_endpoint", {"EndpointName": ENDPOINT}),
    ],
    "watch job": [
        _get("data", "watch/{mark}"), _get("data", "{report}"), _get("models", "{artifact}"), _list("data", "runs/"),
        _put("data", "watch/{mark}", kms_key="data key"),
    ],
    "watch pipeline": [_process("like the pipeline's", {"RoleArn": "{watch job role}"}, action="")],
    "watch starter": [_start("", f"{PIPELINE}-watch")],
    "flow log": [
        Call("look at its log", "logs", "describe_log_streams", {"logGroupName": "{flow log group}"}),
    ],
}  # fmt: skip

_TRAINS = [_approve(), _start(), _invoke(ENDPOINT)]
# What the guardrails forbid of a job, whatever its name and role.
_UNGUARDED: list[tuple[str, dict[str, Any]]] = [
    ("outside the network", {"NetworkConfig.VpcConfig": None}),
    ("in other subnets", {"NetworkConfig.VpcConfig.Subnets": ["subnet-other"]}),
    ("with another security group", {"NetworkConfig.VpcConfig.SecurityGroupIds": ["sg-other"]}),
    ("without isolation", {"NetworkConfig.EnableNetworkIsolation": False}),
    ("without a word on isolation", {"NetworkConfig.EnableNetworkIsolation": None}),
    ("without encrypted traffic", {"NetworkConfig.EnableInterContainerTrafficEncryption": False}),
    ("without a key for the disk", {"ProcessingResources.ClusterConfig.VolumeKmsKeyId": None}),
    ("with another key for the disk", {"ProcessingResources.ClusterConfig.VolumeKmsKeyId": "{logs key}"}),
    ("without a key for the output", {"ProcessingOutputConfig.KmsKeyId": None}),
    ("with another key for the output", {"ProcessingOutputConfig.KmsKeyId": "{logs key}"}),
    ("on a larger machine", {"ProcessingResources.ClusterConfig.InstanceType": "ml.p4d.24xlarge"}),
]
_READS_NOTHING = [
    _get("data", "raw/churn.csv", action="s3:GetObject"),
    _get("models", "{artifact}", action="s3:GetObject"),
    _put("data", "raw/churn.csv", action="s3:PutObject"),
    _put("models", "{place}/probe", action="s3:PutObject"),
]
DENIED = {
    "processing": [
        *_TRAINS,
        _put("data", "raw/churn.csv", "s3:PutObject"),
        _put("data", "code/evil.py", "s3:PutObject"),
        _put("models", "{place}/probe", "s3:PutObject"),
        _put("data", "{place}/probe", "kms:GenerateDataKey", kms_key="models key"),
        _get("data", "capture/x", action="s3:GetObject"),
        _list("data", "", action="s3:ListBucket"),
        _use_key("models key"),
        _read_log("training log"),
        _process("of its own", {}),
    ],
    "training": [
        *_TRAINS,
        _get("data", "raw/churn.csv", "read the raw data", "s3:GetObject"),
        _list("data", "raw/", "s3:ListBucket"),
        _get("models", "{artifact}", "read another model", "s3:GetObject"),
        _list("models", "runs/", "s3:ListBucket"),
        _put("data", "{place}/probe", "s3:PutObject"),
        _put("models", "{place}/probe", "kms:GenerateDataKey", kms_key="data key"),
        _put_without_our_keys("models", "{place}/probe"),
        _use_key("data key"),
        _process("of its own", {}),
        Call("register its model", "sagemaker", "create_model_package", {"ModelPackageGroupName": GROUP},
             "sagemaker:CreateModelPackage"),
    ],
    "pipeline": [
        *_TRAINS,
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _put("data", "{place}/probe", "s3:PutObject"),
        _put("models", "{place}/probe", "s3:PutObject"),
        _list("data", "runs/", "s3:ListBucket"),
        _use_key("data key"),
        Call("register as approved", "sagemaker", "create_model_package",
             {"ModelPackageGroupName": GROUP, "ModelApprovalStatus": "Approved"}, "sagemaker:CreateModelPackage"),
        Call("register elsewhere", "sagemaker", "create_model_package", {"ModelPackageGroupName": "other"},
             "sagemaker:CreateModelPackage"),
        _process("under the model's role", {"RoleArn": "{model role}"}, "iam:PassRole"),
        _process("under the registrar's role", {"RoleArn": "{registrar role}"}, "iam:PassRole"),
        _process("under another name", {"ProcessingJobName": "other"}),
        *(_process(does, changes) for does, changes in _UNGUARDED),
        Call("serve a model", "sagemaker", "create_model",
             {"ModelName": "other", "ExecutionRoleArn": "{model role}", "PrimaryContainer": {"Image": "x"}},
             "sagemaker:CreateModel"),
    ],
    "model": [
        _look_at_alarm("churn-local-attributes-drifted"),
        *_TRAINS,
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _get("data", "{report}", action="s3:GetObject"),
        _put("models", "{place}/probe", "s3:PutObject"),
        _put("data", "raw/probe", "s3:PutObject"),
        _list("models", "runs/", "s3:ListBucket"),
        _use_key("models key"),
    ],
    "registrar": [
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _get("data", "{split}", "read customers of a run", "s3:GetObject"),
        _get("models", "{artifact}", action="s3:GetObject"),
        _put("data", "{report}", "s3:PutObject"),
        _list("data", "runs/", "s3:ListBucket"),
        _use_key("data key"),
        _start(),
        _invoke(ENDPOINT),
        Call("register a model", "sagemaker", "create_model_package", {"ModelPackageGroupName": GROUP},
             "sagemaker:CreateModelPackage"),
        Call("look at another pipeline's run", "sagemaker", "describe_pipeline_execution",
             {"PipelineExecutionArn": "{other execution}"}, "sagemaker:DescribePipelineExecution"),
        Call("stop a run", "sagemaker", "stop_pipeline_execution",
             {"PipelineExecutionArn": "{execution}", "ClientRequestToken": "{token}"},
             "sagemaker:StopPipelineExecution"),
        Call("decide in another group", "sagemaker", "update_model_package",
             {"ModelPackageArn": "{other package}", "ModelApprovalStatus": "Approved"}, "sagemaker:UpdateModelPackage"),
        Call("change a package without deciding", "sagemaker", "update_model_package",
             {"ModelPackageArn": "{package}", "CustomerMetadataProperties": {"a": "b"}},
             "sagemaker:UpdateModelPackage"),
        _FORGET,
        _process("of its own", {}),
    ],
    "on event": [
        *_READS_NOTHING, _approve(), _invoke(ENDPOINT), _start(pipeline="other"), _process("of its own", {}),
    ],
    "is complete": [
        *_READS_NOTHING, _approve(status="Rejected"), _invoke(ENDPOINT), _start(), _process("of its own", {}), _FORGET,
        Call("approve in another group", "sagemaker", "update_model_package",
             {"ModelPackageArn": "{other package}", "ModelApprovalStatus": "Approved"}, "sagemaker:UpdateModelPackage"),
    ],
    "grant scopes": [
        *_READS_NOTHING, _approve(), _start(), _invoke(ENDPOINT),
        Call("put somebody into a group", "cognito-idp", "admin_add_user_to_group",
             {"UserPoolId": "{user pool}", "Username": "agent@example.com", "GroupName": "analyst"},
             "cognito-idp:AdminAddUserToGroup"),
        Call("read a client's secret", "cognito-idp", "describe_user_pool_client",
             {"UserPoolId": "{user pool}", "ClientId": "{system's client}"}, "cognito-idp:DescribeUserPoolClient"),
    ],
    "invoker": [
        *_READS_NOTHING, _approve(), _start(),
        Call("look at the endpoint", "sagemaker", "describe_endpoint", {"EndpointName": ENDPOINT},
             "sagemaker:DescribeEndpoint"),
        Call("list the endpoints", "sagemaker", "list_endpoints", {}, "sagemaker:ListEndpoints"),
    ],
    "model report": [
        _approve(), _start(), _invoke(ENDPOINT),
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _get("data", "{split}", action="s3:GetObject"),
        _get("models", "{artifact}", action="s3:GetObject"),
        _put("data", "{report}", "s3:PutObject"),
        _list("data", "runs/", "s3:ListBucket"), _list("data", "runs/r/prepared/", "s3:ListBucket"),
        _get("data", "watch/x/report/captured.jsonl", action="s3:GetObject"),
        _use_key("data key"),
    ],
    "experiment": [
        *_TRAINS, _approve(status="Rejected"),
        _put("data", "raw/churn.csv", "s3:PutObject"),
        _put("data", "{place}/probe", "s3:PutObject"),
        _put("models", "{place}/probe", "s3:PutObject"),
        _get("data", "capture/x", action="s3:GetObject"),
        _list("data", "", "s3:ListBucket"),
        _process("of its own", {}),
        Call("register its model", "sagemaker", "create_model_package", {"ModelPackageGroupName": GROUP},
             "sagemaker:CreateModelPackage"),
    ],
    "data scientist": [
        _approve(), _approve(status="Rejected"), _start(pipeline="other"),
        _put("data", "raw/churn.csv", "s3:PutObject"),
        _put("data", "code/evil.py", "s3:PutObject"),
        _put("data", "{place}/probe", "s3:PutObject"),
        _put("models", "{place}/probe", "s3:PutObject"),
        _put("data", "experiments/{mark}/probe", "kms:GenerateDataKey", kms_key="models key"),
        _put_without_our_keys("data", "experiments/{mark}/probe"),
        _get("data", "capture/x", action="s3:GetObject"),
        _list("data", "", "s3:ListBucket"),
        Call("register a model", "sagemaker", "create_model_package", {"ModelPackageGroupName": GROUP},
             "sagemaker:CreateModelPackage"),
        Call("register as approved", "sagemaker", "create_model_package",
             {"ModelPackageGroupName": GROUP, "ModelApprovalStatus": "Approved"}, "sagemaker:CreateModelPackage"),
        _experiment("under the pipeline's role", {"RoleArn": "{pipeline role}"}, "iam:PassRole"),
        _experiment("under the training role", {"RoleArn": "{training role}"}, "iam:PassRole"),
        _experiment("under one's own role", {"RoleArn": "{data scientist role}"}, "iam:PassRole"),
        _experiment("that looks like the pipeline's", {"ProcessingJobName": "pipelines-{token}"},
                    "sagemaker:CreateProcessingJob"),
        *(_experiment(does, changes, "sagemaker:CreateProcessingJob") for does, changes in _UNGUARDED),
        Call("serve a model", "sagemaker", "create_model",
             {"ModelName": "other", "ExecutionRoleArn": "{model role}", "PrimaryContainer": {"Image": "x"}},
             "sagemaker:CreateModel"),
        Call("make an endpoint", "sagemaker", "create_endpoint",
             {"EndpointName": "other", "EndpointConfigName": "other"}, "sagemaker:CreateEndpoint"),
        Call("open another's profile", "sagemaker", "create_presigned_domain_url",
             {"DomainId": "{domain}", "UserProfileName": "other"}, "sagemaker:CreatePresignedDomainUrl"),
        Call("open a shared space", "sagemaker", "create_space",
             {"DomainId": "{domain}", "SpaceName": "shared", "SpaceSharingSettings": {"SharingType": "Shared"},
              "OwnershipSettings": {"OwnerUserProfileName": "data-scientist"}}, "sagemaker:CreateSpace"),
        Call("open a space for another", "sagemaker", "create_space",
             {"DomainId": "{domain}", "SpaceName": "others", "SpaceSharingSettings": {"SharingType": "Private"},
              "OwnershipSettings": {"OwnerUserProfileName": "other"}}, "sagemaker:CreateSpace"),
        Call("work on a larger machine", "sagemaker", "create_app",
             {"DomainId": "{domain}", "SpaceName": "data-scientist", "AppType": "JupyterLab", "AppName": "default",
              "ResourceSpec": {"InstanceType": "ml.p4d.24xlarge"}}, "sagemaker:CreateApp"),
        Call("add a user", "sagemaker", "create_user_profile", {"DomainId": "{domain}", "UserProfileName": "other"},
             "sagemaker:CreateUserProfile"),
        Call("delete the domain", "sagemaker", "delete_domain", {"DomainId": "{domain}"}, "sagemaker:DeleteDomain"),
    ],
    "on run": [
        *_READS_NOTHING, _approve(status="Rejected"), _invoke(ENDPOINT), _start(), _process("of its own", {}), _FORGET,
    ],
    "steer": [
        *_READS_NOTHING, *_TRAINS, _approve(status="Rejected"),
        _update_stack("without a word on types"),
        _update_stack("and its roles", ResourceTypes=[*_MODEL, "AWS::IAM::Role"]),
        _update_stack("and functions", ResourceTypes=["AWS::Lambda::Function"]),
        _update_stack("to a template, with leave to change roles", TemplateBody="{}", Capabilities=["CAPABILITY_IAM"]),
        _update_stack("to a template from elsewhere", ResourceTypes=_MODEL, UsePreviousTemplate=False,
                      TemplateURL="https://s3.amazonaws.com/mine/template.json"),
        _update_stack("under another role", ResourceTypes=_MODEL, RoleARN="{pipeline role}"),
        Call("update another stack", "cloudformation", "update_stack",
             {"StackName": "Churn-local-Training", "UsePreviousTemplate": True, "ResourceTypes": _MODEL},
             "cloudformation:UpdateStack"),
    ],
    "probe": [
        *_READS_NOTHING, _approve(), _start(), _get("data", "{report}", action="s3:GetObject"),
        _list("data", "runs/", "s3:ListBucket"), _use_key("data key"),
        Call("count elsewhere", "cloudwatch", "put_metric_data",
             {"Namespace": "Other", "MetricData": [{"MetricName": "a", "Value": 1}]}, "cloudwatch:PutMetricData"),
    ],
    "record": [
        *_READS_NOTHING, *_TRAINS, _FORGET,
        Call("reject in another group", "sagemaker", "update_model_package",
             {"ModelPackageArn": "{other package}", "ModelApprovalStatus": "Rejected"}, "sagemaker:UpdateModelPackage"),
    ],
    "rollout machine": [*_READS_NOTHING, *_TRAINS],
    "rollout starter": [*_READS_NOTHING, *_TRAINS],
    "champion": [
        *_READS_NOTHING, *_TRAINS, _process("of its own", {}),
        Call("look at another endpoint", "sagemaker", "describe_endpoint", {"EndpointName": "other"},
             "sagemaker:DescribeEndpoint"),
        Call("look at another group's package", "sagemaker", "describe_model_package",
             {"ModelPackageName": "{other package}"}, "sagemaker:DescribeModelPackage"),
    ],
    "model card": [
        *_TRAINS, _process("of its own", {}),
        _get("data", "{split}", "read customers of a run", "s3:GetObject"),
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _get("models", "{artifact}", action="s3:GetObject"),
        _put("data", "{report}", "s3:PutObject"),
        _list("data", "runs/", "s3:ListBucket"),
        _use_key("models key"),
        Call("look at another group's package", "sagemaker", "describe_model_package",
             {"ModelPackageName": "{other package}"}, "sagemaker:DescribeModelPackage"),
        Call("write another group's card", "sagemaker", "create_model_card",
             {"ModelCardName": "other-1", "Content": "{}", "ModelCardStatus": "Draft"}, "sagemaker:CreateModelCard"),
        Call("delete a card", "sagemaker", "delete_model_card", {"ModelCardName": "{card}"},
             "sagemaker:DeleteModelCard"),
    ],
    "tracker": [
        *_TRAINS, _process("of its own", {}),
        _get("data", "{split}", "read customers of a run", "s3:GetObject"),
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _get("models", "{artifact}", action="s3:GetObject"),
        _put("data", "{report}", "s3:PutObject"),
        _list("data", "mlflow/", "s3:ListBucket"),
        _use_key("models key"),
        Call("open MLflow's pages", "sagemaker", "create_presigned_mlflow_app_url", {"Arn": "{app}"},
             "sagemaker:CreatePresignedMlflowAppUrl"),
        Call("delete the MLflow app", "sagemaker", "delete_mlflow_app", {"Arn": "{app}"}, "sagemaker:DeleteMlflowApp"),
    ],
    "mlflow": [
        *_TRAINS,
        _get("data", "{report}", "read a run's own report", "s3:GetObject"),
        _get("data", "{split}", "read customers of a run", "s3:GetObject"),
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _get("models", "{artifact}", action="s3:GetObject"),
        _put("data", "{report}", "s3:PutObject"),
        _list("data", "runs/", "s3:ListBucket"),
        _use_key("models key"),
    ],
    "uploads": [
        _approve(), _start(), _invoke(ENDPOINT),
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _put("models", "{place}/probe", "s3:PutObject"),
        _put("data", "{place}/probe", "kms:GenerateDataKey", kms_key="models key"),
    ],
    "intake": [
        _approve(), _approve(status="Rejected"), _invoke(ENDPOINT), _start(pipeline="other"),
        _process("of its own", {}),
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _get("data", "{split}", "read customers of a run", "s3:GetObject"),
        _get("models", "{artifact}", action="s3:GetObject"),
        _put("data", "raw/churn.csv", "s3:PutObject"),
        _put("data", "raw/incoming/{mark}", "s3:PutObject"),
        _put("data", "code/evil.py", "s3:PutObject"),
        _put("data", "{place}/probe", "s3:PutObject"),
        _put_without_our_keys("data", "raw/taken/{mark}"),
        _list("data", "", "s3:ListBucket"),
        _list("data", "runs/", "s3:ListBucket"),
        _start_machine("intake"),
        Call("register a model", "sagemaker", "create_model_package", {"ModelPackageGroupName": GROUP},
             "sagemaker:CreateModelPackage"),
    ],
    "batches": [
        *_READS_NOTHING, *_TRAINS, _tell(), _start_machine("batch"), _use_key("data key"),
        _get("batches", "uploads/{mark}", "read what a caller sent", "s3:GetObject"),
        _get("batches", "scoring/in/{mark}", action="s3:GetObject"),
        _put("batches", "results/{mark}", "s3:PutObject"),
        _put("batches", "scoring/in/{mark}", "s3:PutObject"),
        _put_without_our_keys("batches", "uploads/{mark}"),
        _put("batches", "uploads/{mark}", "kms:GenerateDataKey", kms_key="models key"),
        _list("batches", "", "s3:ListBucket"), _list("batches", "uploads/", "s3:ListBucket"),
    ],
    "scoring": [
        *_READS_NOTHING, *_TRAINS, _tell(), _start_machine("batch"), _invoke(ENDPOINT),
        _get("batches", "results/{mark}/result.csv", action="s3:GetObject"),
        _put("batches", "uploads/{mark}", "s3:PutObject"),
        _put("batches", "scoring/out/{mark}", "s3:PutObject"),
        _put("batches", "results/{mark}", "kms:GenerateDataKey", kms_key="models key"),
        _list("batches", "uploads/", "s3:ListBucket"),
        _transform("under another name", TransformJobName="other-{token}"),
        _transform("on another machine", machine={"InstanceType": "ml.p4d.24xlarge"}),
        _transform("on a disk without our key", machine={"VolumeKmsKeyId": "alias/other"}),
        Call("stop a job of others", "sagemaker", "stop_transform_job", {"TransformJobName": "other"},
             "sagemaker:StopTransformJob"),
    ],
    "scoring machine": [*_READS_NOTHING, *_TRAINS, _start_machine("batch"), _use_key("data key")],
    "scoring starter": [*_READS_NOTHING, *_TRAINS, _tell()],
    "intake machine": [*_READS_NOTHING, *_TRAINS, _start_machine("intake"), _use_key("data key")],
    "intake starter": [*_READS_NOTHING, *_TRAINS, _tell()],
    "data owner": [
        *_TRAINS, _approve(status="Rejected"), _tell(),
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _get("data", "raw/taken/{mark}", action="s3:GetObject"),
        _get("data", "{split}", "read customers of a run", "s3:GetObject"),
        _get("models", "{artifact}", action="s3:GetObject"),
        _put("data", "raw/churn.csv", "s3:PutObject"),
        _put("data", "raw/accepted.json", "s3:PutObject"),
        _put("data", "raw/taken/{mark}", "s3:PutObject"),
        _put("data", "quarantine/{mark}", "s3:PutObject"),
        _put("data", "raw/incoming/{mark}/", "kms:GenerateDataKey", kms_key="models key"),
        _put_without_our_keys("data", "raw/incoming/{mark}/"),
        _list("data", "raw/", "s3:ListBucket"),
        _start_machine("other"),
    ],
    "watch steps": [
        *_READS_NOTHING, *_TRAINS, _tell(),
        _get("data", "capture/x", action="s3:GetObject"),
        _get("data", "{report}", action="s3:GetObject"),
        _put("data", "labels/{mark}", "s3:PutObject"),
        _put("data", "quarantine/{mark}", "s3:PutObject"),
        _put("data", "watch/{mark}", "kms:GenerateDataKey", kms_key="models key"),
        _list("data", "raw/", "s3:ListBucket"), _list("data", "", "s3:ListBucket"),
        _publish("Churn/local", "cloudwatch:PutMetricData"),
        _publish("Churn/other/Watch", "cloudwatch:PutMetricData"),
        _publish("AWS/SageMaker", "cloudwatch:PutMetricData"),
        Call("delete what was captured", "s3", "delete_object", {"Bucket": "{data}", "Key": "capture/x"},
             "s3:DeleteObject"),
    ],
    "watch job": [
        *_TRAINS, _tell(),
        _get("data", "raw/churn.csv", action="s3:GetObject"),
        _put("data", "raw/churn.csv", "s3:PutObject"),
        _put("data", "{place}/probe", "s3:PutObject"),
        _put("data", "labels/{mark}", "s3:PutObject"),
        _put("data", "capture/x", "s3:PutObject"),
        _put("models", "{place}/probe", "s3:PutObject"),
        _list("data", "capture/", "s3:ListBucket"), _list("data", "raw/", "s3:ListBucket"),
        _use_key("models key"),
        _publish("Churn/local/Watch", "cloudwatch:PutMetricData"),
        _process("of its own", {}),
    ],
    "watch pipeline": [
        *_READS_NOTHING, *_TRAINS, _start(pipeline=f"{PIPELINE}-watch"),
        _process("under the processing role", {}, "iam:PassRole"),
        _process("under another name", {"ProcessingJobName": "other", "RoleArn": "{watch job role}"}),
        *(_process(does, {"RoleArn": "{watch job role}"} | changes) for does, changes in _UNGUARDED),
    ],
    "watch starter": [*_READS_NOTHING, *_TRAINS, _tell()],
    "start": [*_READS_NOTHING, *_TRAINS, _look_at_function("invoker function", "lambda:GetFunction")],
    "wait": [*_READS_NOTHING, *_TRAINS, _look_at_function("invoker function", "lambda:GetFunction")],
    "page": [*_READS_NOTHING, *_TRAINS, _list("data", "raw/", "s3:ListBucket")],
    "flow log": [*_READS_NOTHING, *_TRAINS],
}  # fmt: skip


class Stage:
    """The facts of the system, and the roles to call it as."""

    def __init__(self, deployment: Deployment) -> None:
        self.roles = Roles(deployment)
        self.errands = errands = Errands(deployment, self.roles)
        find, jobs = deployment.resource, errands.steps
        package = errands.sagemaker.describe_model_package(ModelPackageName=errands.package)
        report = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].split("/", 3)[3]
        model = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"].split("/", 3)[3]
        run = report.split("/")[1]
        for place in ("raw/taken", "quarantine", "watch"):
            errands.s3.put_object(Bucket=errands.data, Key=f"{place}/{errands.mark}", Body=b"")
        for place in ("states", "results"):
            errands.s3.put_object(Bucket=errands.batches, Key=f"{place}/{errands.mark}", Body=b"")
        self.facts = {
            "data": errands.data,
            "models": errands.models,
            "batches": errands.batches,
            "site bucket": find("Web", "AWS::S3::Bucket", "Site"),
            "access logs bucket": find("Storage", "AWS::S3::Bucket", "AccessLogs"),
            "data key": jobs["Train"]["ResourceConfig"]["VolumeKmsKeyId"],
            "models key": jobs["Train"]["OutputDataConfig"]["KmsKeyId"],
            "logs key": deployment.client("kms").describe_key(KeyId=find("Keys", "AWS::KMS::Key", "Logs"))[
                "KeyMetadata"
            ]["Arn"],
            "API's access log": find("Api", "AWS::Logs::LogGroup", "AccessLog"),
            "invoker's log": find("Api", "AWS::Logs::LogGroup", "InvokerLog"),
            "endpoint's log": f"/aws/sagemaker/Endpoints/{ENDPOINT}",
            "trigger's log": find("SignIn", "AWS::Logs::LogGroup", "GrantScopes"),
            "user pool": deployment.output("SignIn", "UserPoolId"),
            "system's client": deployment.output("Api", "CrmClientId"),
            "training log": "/aws/sagemaker/TrainingJobs",
            "invoker function": find("Api", "AWS::Lambda::Function", "Invoker"),
            "on event function": find("Rollout", "AWS::Lambda::Function", "PipelineRunOnEvent"),
            "is complete function": find("Rollout", "AWS::Lambda::Function", "PipelineRunIsComplete"),
            "topic": deployment.output("Notices", "NoticesTopicArn"),
            "intake machine": (intake := deployment.output("Retraining", "IntakeArn")),
            "batch machine": errands.batch_machine,
            "other machine": intake + "-other",
            "flow log group": find("Network", "AWS::Logs::LogGroup", "FlowLog"),
            "package": package["ModelPackageArn"],
            "other package": package["ModelPackageArn"].replace(f"/{GROUP}/", "/other/"),
            "execution": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{PIPELINE}/execution/{run}",
            "other execution": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/other/execution/{run}",
            "probe function": find("Rollout", "AWS::Lambda::Function", "RolloutProbe"),
            "machine": deployment.output("Rollout", "RolloutMachineArn"),
            "golden": f"{report.rpartition('/')[0]}/golden.json",
            "report": report,
            "run": f"runs/{run}",
            "app": errands.sagemaker.list_mlflow_apps()["Summaries"][0]["Arn"],
            "artifact of mlflow": errands.artifact(),
            "card": f"{GROUP}-{package['ModelPackageVersion']}",
            "split": f"runs/{run}/prepared/train.csv",
            "artifact": model,
            "place": errands.place,
            "mark": errands.mark,
            "domain": find("Studio", "AWS::SageMaker::Domain"),
            "body": errands.loyal,
            **{f"{name} role": self.roles.arn(name) for name in PLACES},
        }

    def filled(self, role: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call, with the facts in their places."""
        if "job" in arguments:
            arguments = self._job(arguments["job"])
        # Long enough for the tokens that SageMaker asks for, short enough for a job's name.
        token = f"{TOKEN}-{uuid.uuid4().hex}"
        facts = self.facts | {"token": token, "own name": self.roles.arn(role).rsplit("/", 1)[-1]}

        def fill(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: fill(inner) for key, inner in value.items()}
            if isinstance(value, str):
                for name, fact in facts.items():
                    value = value.replace(f"{{{name}}}", fact)
            return value

        filled: dict[str, Any] = fill(arguments)
        return filled

    def _job(self, changes: dict[str, Any]) -> dict[str, Any]:
        """A job that ends at once, like the pipeline's but for what a test changes."""
        request = self.errands.processing_request(
            inputs={}, output=f"s3://{self.errands.data}/{self.errands.place}/job", code="print('done')"
        )
        named = {"ProcessingJobName": "pipelines-{token}", "RoleArn": "{processing role}"}
        return changed(request | named, changes)

    def clean_up(self) -> None:
        """Take away what allowed calls have made."""
        listed = self.errands.sagemaker.list_processing_jobs(NameContains=TOKEN, MaxResults=100)
        for job in listed["ProcessingJobSummaries"]:
            self.errands.forget("ProcessingJob", job["ProcessingJobName"])
        self.errands.clean_up()


@pytest.fixture(scope="module")
def stage(deployment: Deployment) -> Iterator[Stage]:
    # What an allowed call begins is nobody's wish: no file is taken, no package rolled out.
    with deployment.quiet("Rollout", "Retraining", "Watching", "Batches"):
        made = Stage(deployment)
        yield made
        deployment.settle()
        made.clean_up()


def _cases(table: dict[str, list[Call]], *, with_everybodys: bool) -> list[Any]:
    return [
        pytest.param(role, call, id=f"{role}: {call.does}")
        for role, calls in table.items()
        for call in [*calls, *(ANYBODY if with_everybodys else [])]
    ]


@pytest.mark.parametrize(("role", "call"), _cases(ALLOWED, with_everybodys=False))
def test_allowed(stage: Stage, role: str, call: Call) -> None:
    found = refusal(stage.roles.client(call.service, role), call.operation, stage.filled(role, call.arguments))
    assert found == ("", "")


@pytest.mark.parametrize(("role", "call"), _cases(DENIED, with_everybodys=True))
def test_denied(stage: Stage, role: str, call: Call) -> None:
    found = refusal(stage.roles.client(call.service, role), call.operation, stage.filled(role, call.arguments))
    assert found.denied, found
    assert call.action in found.message


def test_each_role_of_the_system_has_both_tables(deployment: Deployment) -> None:
    assert set(ALLOWED) == set(DENIED) == set(PLACES)
    known = [*PLACES.values(), *UNTRIED]
    for stack, logical in deployment.logical_ids("AWS::IAM::Role"):
        (place,) = [known_as for known_as in known if known_as[0] == stack and logical.startswith(known_as[1])]
        known.remove(place)
    assert not known, "no role of the system is called so"


def test_a_wrong_secret_is_refused(stage: Stage, deployment: Deployment) -> None:
    good = stage.roles.client("sagemaker", "invoker")._request_signer._credentials
    stranger = boto3.client(
        "sagemaker",
        region_name=REGION,
        endpoint_url=deployment.settings.endpoint,
        aws_access_key_id=good.access_key,
        aws_secret_access_key="guess",
        aws_session_token=good.token,
    )
    with pytest.raises(ClientError, match="signature"):
        stranger.list_models()
