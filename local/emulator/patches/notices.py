"""SNS asks KMS: who publishes to a topic with a key needs ``kms:GenerateDataKey`` and ``kms:Decrypt`` of it.

MiniStack's CloudFormation forgets the key of a topic.
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""

from typing import Any
from urllib.parse import parse_qs

from ministack.core import router
from ministack.services import sns
from ministack.services.cloudformation import provisioners

from local.emulator import names

_TOPIC = "AWS::SNS::Topic"
_KEY = "KmsMasterKeyId"
_PUBLISHES = ("Publish", "PublishBatch")
Props = dict[str, Any]


def install() -> None:
    """Keep the key of a deployed topic, and ask for it at each request that publishes."""
    handlers = provisioners._RESOURCE_HANDLERS[_TOPIC]
    handle = sns.handle_request

    def create(logical_id: str, props: Props, stack: str) -> Any:
        made = handlers["create"](logical_id, props, stack)
        _keep(made[0], props)
        return made

    def update(physical_id: str, old: Props, new: Props, *rest: Any, **more: Any) -> Any:
        made = handlers["update"](physical_id, old, new, *rest, **more)
        _keep(made[0], new)
        return made

    async def handle_request(method: str, path: str, headers: Props, body: bytes, query: Props) -> Any:
        refused = _refusal(headers, body, query)
        return refused or await handle(method, path, headers, body, query)

    provisioners._RESOURCE_HANDLERS[_TOPIC] = {**handlers, "create": create, "update": update}
    sns.handle_request = handle_request


def _keep(arn: str, props: Props) -> None:
    attributes = sns._topics[arn]["attributes"]
    if props.get(_KEY):
        attributes[_KEY] = props[_KEY]
    else:
        attributes.pop(_KEY, None)


def _refusal(headers: Props, body: bytes, query: Props) -> Any:
    """SNS's answer when the caller may not use the topic's key; None when it may, or when there is none."""
    form = parse_qs(body.decode("utf-8", "replace"))
    topic = sns._topics.get(form.get("TopicArn", [""])[0])
    caller = router.extract_access_key_id(headers, query)
    if form.get("Action", [""])[0] not in _PUBLISHES or not topic or not caller or not names.auth_enabled():
        return None
    key = names.key_of_topic(topic["arn"])
    context = {"kms:ViaService": f"sns.{names.get_region()}.amazonaws.com", "kms:CallerAccount": names.get_account_id()}
    for action in names.KEY_OF_TOPIC_ACTIONS if key else ():
        denied = names.enforce(caller, action, key or "", context)
        if denied is not None:
            who = getattr(denied, "principal_arn", "unknown")
            return sns._error("KMSAccessDenied", f"User: {who} is not authorized to perform: {action} on {key}", 400)
    return None
