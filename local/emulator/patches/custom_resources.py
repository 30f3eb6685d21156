"""Custom resources: a bound on the wait, and the one whose Node code the emulator has no use for."""

from typing import Any

from ministack.services.cloudformation import custom_resource, provisioners

# A provider that waits for long (the first pipeline run) says so itself; one that died must not hang a deploy.
_LONGEST_WAIT_S = 1800


def install() -> None:
    """Apply both."""
    _bound_the_wait()
    # No security group filters anything here: closing the default one is recorded only.
    provisioners._RESOURCE_HANDLERS["Custom::VpcRestrictDefaultSG"] = {
        "create": _default_group_create,
        "update": _default_group_update,
        "delete": lambda _physical_id, _props: None,
    }


def _bound_the_wait() -> None:
    invoke = custom_resource.invoke_custom_resource

    def bounded(request_type: str, logical_id: str, props: dict[str, Any], *rest: Any, **more: Any) -> Any:
        waits = {"ServiceTimeout": str(_LONGEST_WAIT_S), **props}
        return invoke(request_type, logical_id, waits, *rest, **more)

    custom_resource.invoke_custom_resource = bounded


def _default_group_create(_logical_id: str, props: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    return props["DefaultSecurityGroupId"], {}


def _default_group_update(
    _physical_id: str, _old: dict[str, Any], new: dict[str, Any], _stack: str
) -> tuple[str, dict[str, str]]:
    return new["DefaultSecurityGroupId"], {}
