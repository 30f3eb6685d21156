"""Reserved concurrency: MiniStack enforces it, but CloudFormation drops it, and API Gateway answers 429 beyond it.

On AWS API Gateway takes a function that is throttled for an integration that failed, whose answer the API may word
(``INTEGRATION_FAILURE``); 429 is for its own throttle.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from typing import Any

from ministack.services import apigateway_v1, lambda_svc
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::Lambda::Function"
Props = dict[str, Any]


class _Throttled(Exception):
    """The function takes no more calls at the moment."""


def install() -> None:
    """Keep what the template reserves, and answer as AWS does when it is used up."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    shaped, invoke = apigateway_v1._lambda_proxy_response, apigateway_v1._invoke_lambda_proxy_v1

    def create(logical_id: str, props: Props, stack: str) -> Any:
        made = handlers["create"](logical_id, props, stack)
        _reserve(made[0], props)
        return made

    def update(physical_id: str, old: Props, new: Props, *rest: Any) -> Any:
        made = handlers["update"](physical_id, old, new, *rest)
        _reserve(made[0], new)
        return made

    def response(result: Props) -> Any:
        if result.get("throttle"):
            raise _Throttled
        return shaped(result)

    async def proxy(*arguments: Any, **named: Any) -> Any:
        try:
            return await invoke(*arguments, **named)
        except _Throttled:
            return apigateway_v1._gw_error("INTEGRATION_FAILURE", "Internal server error")

    provisioners._RESOURCE_HANDLERS[_TYPE] = {**handlers, "create": create, "update": update}
    apigateway_v1._lambda_proxy_response, apigateway_v1._invoke_lambda_proxy_v1 = response, proxy


def _reserve(name: str, props: Props) -> None:
    wanted = props.get("ReservedConcurrentExecutions")
    lambda_svc._functions[name]["concurrency"] = None if wanted is None else int(wanted)
