"""Ways through a template: values, and the policy documents among them."""

import json
from collections.abc import Iterator
from typing import Any

from tests.synth.conftest import Environment, Resource


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def named(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with a name, with the names that lead to it; the items of a list share the list's."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{path}.{key}".lstrip("."), item
            yield from named(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from named(item, path)


def at(value: Any, path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def statements(environment: Environment) -> Iterator[tuple[Resource, str, dict[str, Any]]]:
    """Every statement of every policy document, wherever a property holds one; as text, too."""
    for resource in environment.resources():
        for path, value in named(resource.properties):
            document = value
            if isinstance(value, str) and '"Statement"' in value:
                document = json.loads(value)
            if isinstance(document, dict) and "Statement" in document:
                for statement in as_list(document["Statement"]):
                    yield resource, path, statement


def is_key(value: Any, concern: str = "") -> bool:
    """Whether a value is a key of the keys stack, imported: any, or that of a concern."""
    return f"-Keys:ExportsOutputFnGetAtt{concern}" in text(value)
