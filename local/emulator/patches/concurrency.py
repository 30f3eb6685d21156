"""Reserved concurrency: MiniStack enforces it, but CloudFormation drops it.

:mod:`local.emulator.patches.gateway` answers where it is used up.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::Lambda::Function"
Props = dict[str, Any]


def install() -> None:
    """Keep what the template reserves."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]

    def create(logical_id: str, props: Props, stack: str) -> Any:
        made = handlers["create"](logical_id, props, stack)
        _reserve(made[0], props)
        return made

    def update(physical_id: str, old: Props, new: Props, *rest: Any) -> Any:
        made = handlers["update"](physical_id, old, new, *rest)
        _reserve(made[0], new)
        return made

    provisioners._RESOURCE_HANDLERS[_TYPE] = {**handlers, "create": create, "update": update}


def _reserve(name: str, props: Props) -> None:
    wanted = props.get("ReservedConcurrentExecutions")
    lambda_svc._functions[name]["concurrency"] = None if wanted is None else int(wanted)
