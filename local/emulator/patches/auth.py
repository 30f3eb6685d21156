"""IAM for the SageMaker service: actions, resources and condition keys of its requests; the resources of logs, and the
namespace of metrics.
"""

import json
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions

from local.sagemaker import authorization

_ON_TAGS = ("ListTagsForResource", "TagResource", "UntagResource")


def install() -> None:
    """Teach the evaluator what a SageMaker request does to what."""
    iam_actions.SERVICE_TO_IAM_NAMESPACE["sagemaker"] = "sagemaker"
    # Paths of the runtime APIs, which sign with the same name.
    iam_actions._BOTOCORE_SERVICE_MAP["sagemaker"] = ["sagemaker-runtime"]
    resource_of, context_of = iam_actions.extract_resource_arn, iam_actions.request_tag_context

    def extract_resource_arn(  # noqa: PLR0917 (MiniStack's signature)
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if service != "sagemaker":
            resource = resource_of(service, method, path, headers, body, query_params, region, account_id)
            return _stream(action, resource, _parsed(body)) if service == "logs" else resource
        return authorization.resource(action, path, _parsed(body) if action else {})

    def request_tag_context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        context = context_of(service, iam_action, body, params)
        if service == "sagemaker" and iam_action != "sagemaker:InvokeEndpoint":
            context = {**context, **authorization.condition_keys(_parsed(body))}
        if service == "cloudformation":
            context = {**context, **_of_stacks(params)}
        if iam_action == "cloudwatch:PutMetricData":
            context = {**context, "cloudwatch:namespace": _namespace(body)}
        return context

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.request_tag_context = request_tag_context


def _of_stacks(params: dict[str, Any]) -> dict[str, Any]:
    """The condition keys of CloudFormation: what a request says of its template, its role and what it may touch.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
    """
    given = {name: value[0] if isinstance(value, list) else value for name, value in params.items()}
    single = {"RoleARN": "RoleArn", "StackPolicyURL": "StackPolicyUrl", "TemplateURL": "TemplateUrl"}
    keys: dict[str, Any] = {f"cloudformation:{key}": given[name] for name, key in single.items() if name in given}
    types = [value for name, value in given.items() if name.startswith("ResourceTypes.member.")]
    return {**keys, **({"cloudformation:ResourceTypes": types} if types else {})}


def _stream(action: str, group: str, request: dict[str, Any]) -> str:
    """What CloudWatch Logs evaluates a request on: a stream, whose name may be empty, and not the bare group.

    "Use the version with ``:*`` in policies for all API actions but those on tags"; a denial shows why, as its resource
    ends in ``:log-stream:``.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    """
    if group == "*" or action in _ON_TAGS:
        return group
    return f"{group}:log-stream:{request.get('logStreamName', '')}"


def _namespace(body: bytes) -> str:
    """The namespace that metrics are published in; SDKs write it in JSON or as a form, and MiniStack reads no CBOR."""
    if body[:1] == b"{":
        return str(_parsed(body).get("Namespace", ""))
    return parse_qs(body.decode(errors="replace")).get("Namespace", [""])[0]


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
