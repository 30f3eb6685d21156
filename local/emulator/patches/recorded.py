"""Types that need no behaviour on a laptop: kept, so that a stack with them deploys, and nothing more.

What this means is said in docs/decisions/laptop-run.md: none of these is enforced or exercised here.
"""

from typing import Any

from ministack.services.cloudformation import provisioners

_HANDLERS = provisioners._RESOURCE_HANDLERS

#: Deployed as records only.
RECORDED = (
    "AWS::AccessAnalyzer::Analyzer",
    # The managed login here has one look.
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::EC2::FlowLog",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::Logs::QueryDefinition",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACLAssociation",
)


def install() -> None:
    """Add what MiniStack lacks; what it has stays its own."""
    for name in RECORDED:
        _HANDLERS.setdefault(name, {"create": _create, "update": _update, "delete": _delete})
    vpc = _HANDLERS["AWS::EC2::VPC"]

    def create_vpc(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        # CDK's Vpc reads this attribute; MiniStack does not answer it.
        identity, attributes = vpc["create"](logical_id, props, stack)
        return identity, {"CidrBlock": props.get("CidrBlock", ""), **attributes}

    _HANDLERS["AWS::EC2::VPC"] = {**vpc, "create": create_vpc}


def _create(logical_id: str, _props: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    identity = provisioners._physical_name(stack, logical_id, max_len=60)
    return identity, {"Arn": f"arn:aws:local:::{identity}", "Id": identity}


def _update(physical_id: str, _old: dict[str, Any], _new: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    return physical_id, {"Arn": f"arn:aws:local:::{physical_id}", "Id": physical_id}


def _delete(_physical_id: str, _props: dict[str, Any]) -> None:
    return
