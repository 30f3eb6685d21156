"""The CloudFormation types of SageMaker, on our service.

What ``Ref`` answers, which properties replace a resource and which attributes it has follow CloudFormation's
own resource schemas.
"""

from typing import Any

from ministack.services.cloudformation import provisioners, stacks

from local.sagemaker import cloudformation, mlflow_type
from local.sagemaker.studio import cloudformation as studio

_TYPES = {**cloudformation.TYPES, **mlflow_type.TYPES, **studio.TYPES}


def install() -> None:
    """Register the types, and keep their slow handlers off the event loop."""
    for name, kind in _TYPES.items():
        provisioners._RESOURCE_HANDLERS[name] = _handler(kind)
    runs_on_thread = stacks._runs_on_worker_thread

    def runs_on_worker_thread(resource_type: str) -> bool:
        kind = _TYPES.get(resource_type)
        return kind.waits if kind else runs_on_thread(resource_type)

    stacks._runs_on_worker_thread = runs_on_worker_thread


def _handler(kind: cloudformation.Kind) -> dict[str, Any]:
    def create(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        generated = provisioners._physical_name(stack, logical_id, max_len=63).strip("-")
        return kind.create(generated, props)

    def update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str
    ) -> tuple[str, dict[str, str]]:
        if kind.replaces(old, new):
            # CloudFormation deletes the old one in the end, or the new one when the update fails.
            return provisioners._seeded_create(create, logical_id, new, stack)
        return kind.update(physical_id, old, new)

    def delete(physical_id: str, _props: dict[str, Any]) -> None:
        kind.delete(physical_id)

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}
