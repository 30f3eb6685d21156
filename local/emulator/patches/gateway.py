"""API Gateway's parts that CloudFormation drops in MiniStack, whose data plane does know them.

- a request validator is made (MiniStack answers an id and keeps nothing), and a method keeps its own;
- a stage keeps its access log setting (:mod:`local.emulator.patches.access_logs` writes the lines).

And what it does otherwise than AWS:

- a body whose content type has no model is not validated;
  https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
- what a function does not answer, API Gateway answers in the API's own words: one that is throttled is an integration
  that failed (429 is for the gateway's own throttle), and one that breaks an error of no kind of its own.
  https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
  https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html (502, where the API words nothing)
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

_HANDLERS = provisioners._RESOURCE_HANDLERS
Props = dict[str, Any]


class _NoAnswer(Exception):
    """The function has not answered; the message is the kind of answer that the gateway has for that."""


def install() -> None:
    """Make them real."""
    _HANDLERS["AWS::ApiGateway::RequestValidator"] = {
        "create": _validator_create,
        "update": _validator_update,
        "delete": _validator_delete,
    }
    _after("AWS::ApiGateway::Method", _keep_validator)
    _after("AWS::ApiGateway::Stage", _keep_access_log)
    apigateway_v1._check_request_validation = _only_with_a_model(apigateway_v1._check_request_validation)
    apigateway_v1._lambda_proxy_response = _answered(apigateway_v1._lambda_proxy_response)
    apigateway_v1._invoke_lambda_proxy_v1 = _worded(apigateway_v1._invoke_lambda_proxy_v1)


def _answered(shape: Callable[[Props], Any]) -> Callable[[Props], Any]:
    """Keep apart what the function answers, whatever its status, and that it does not."""

    def answered(result: Props) -> Any:
        if result.get("throttle"):
            raise _NoAnswer("INTEGRATION_FAILURE")
        if result.get("error"):
            raise _NoAnswer("DEFAULT_5XX")
        return shape(result)

    return answered


def _worded(invoke: Callable[..., Any]) -> Callable[..., Any]:
    async def worded(*arguments: Any, **named: Any) -> Any:
        try:
            return await invoke(*arguments, **named)
        except _NoAnswer as exc:
            return apigateway_v1._gw_error(str(exc), "Internal server error")

    return worded


def _only_with_a_model(check: Callable[..., Any]) -> Callable[..., Any]:
    """Take the models away from a method before a body is checked that none of them is for."""

    def only(  # noqa: PLR0917 (MiniStack's signature)
        method: Props, api_id: str, request: Props, headers: dict[str, str], body: bytes, query: Props
    ) -> Any:
        sent = next((value for name, value in headers.items() if name.lower() == "content-type"), "application/json")
        models = method.get("requestModels") or {}
        if sent.partition(";")[0].strip() not in models:
            method = {**method, "requestModels": {}}
        return check(method, api_id, request, headers, body, query)

    return only


def _validator_create(logical_id: str, props: Props, _stack: str) -> tuple[str, dict[str, str]]:
    settings = {
        "name": props.get("Name", logical_id),
        "validateRequestBody": _true(props.get("ValidateRequestBody")),
        "validateRequestParameters": _true(props.get("ValidateRequestParameters")),
    }
    _, _, body = apigateway_v1._create_request_validator(props["RestApiId"], settings)
    identity = json.loads(body)["id"]
    return identity, {"RequestValidatorId": identity}


def _validator_update(physical_id: str, _old: Props, new: Props, _stack: str) -> tuple[str, dict[str, str]]:
    apigateway_v1._request_validators[new["RestApiId"]][physical_id] |= {
        "validateRequestBody": _true(new.get("ValidateRequestBody")),
        "validateRequestParameters": _true(new.get("ValidateRequestParameters")),
    }
    return physical_id, {"RequestValidatorId": physical_id}


def _validator_delete(physical_id: str, props: Props) -> None:
    apigateway_v1._request_validators.get(props["RestApiId"], {}).pop(physical_id, None)


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _after(resource_type: str, keep: Callable[[Props], None]) -> None:
    """Do something with a resource's properties after each creation and update of it."""
    handlers = _HANDLERS[resource_type]

    def wrap(handler: Callable[..., Any], props_at: int) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            answer = handler(*arguments)
            keep(arguments[props_at])
            return answer

        return call

    _HANDLERS[resource_type] = {
        **handlers,
        "create": wrap(handlers["create"], 1),
        "update": wrap(handlers["update"], 2),
    }


def _keep_validator(props: Props) -> None:
    resource = apigateway_v1._resources[props["RestApiId"]][props["ResourceId"]]
    resource["resourceMethods"][props["HttpMethod"]]["requestValidatorId"] = props.get("RequestValidatorId")


def _keep_access_log(props: Props) -> None:
    setting = props.get("AccessLogSetting") or {}
    stage = apigateway_v1._stages_v1[props["RestApiId"]][props["StageName"]]
    stage["accessLogSettings"] = {
        "destinationArn": setting.get("DestinationArn", ""),
        "format": setting.get("Format", ""),
    }
