"""The rules over all resources hold in every environment; and each of them speaks when something is wrong."""

from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from .conftest import Environment, Synthesised
from .rules import Rule, access, code, data, entry, sagemaker
from .rules.wrong import WRONG, Draft

RULES: tuple[Rule, ...] = (*access.RULES, *code.RULES, *data.RULES, *entry.RULES, *sagemaker.RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds(rule: Rule, environment: Environment) -> None:
    assert not list(rule(environment))


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found(wrong: str, synthesised: Synthesised) -> None:
    rule, change = WRONG[wrong]
    draft = Draft(synthesised.environments["dev"])
    assert not list(rule(draft))
    change(draft)
    assert list(rule(draft)), "the rule has nothing against it"


def test_every_rule_has_been_seen_to_speak() -> None:
    assert {rule for rule, _ in WRONG.values()} == set(RULES)


@pytest.mark.parametrize("kind", data.KEY_OF)
def test_the_place_of_a_key_is_cloudformation_s(kind: str) -> None:
    """In the schemas that cfn-lint carries."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    node: dict[str, Any] = schema
    for name in data.KEY_OF[kind].split("."):
        if "$ref" in node:
            node = schema["definitions"][node["$ref"].rsplit("/", 1)[-1]]
        assert name in node["properties"], f"{kind} has {sorted(node['properties'])}"
        node = node["properties"][name]
