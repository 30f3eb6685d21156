"""Checks of values against botocore's shapes, worded as AWS words them.

botocore's own validator checks types and required members; AWS also refuses what breaks an enumeration, a
pattern, a length or a range, and so does this one.
"""

import datetime
import re
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str, datetime.datetime),
    "blob": (str, bytes),
}


def problems(shape: Shape, value: Any, path: str = "") -> list[str]:
    """Everything about a value that its shape does not allow.

    Parameters
    ----------
    shape
        The botocore shape.
    value
        The value as parsed from JSON.
    path
        Where it stands, in AWS's notation (``productionVariants.1.member.modelName``).

    Returns
    -------
    list of str
        One sentence each, empty when the value is good.
    """
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path)
    if isinstance(shape, ListShape):
        return _list(shape, value, path)
    if isinstance(shape, MapShape):
        return _map(shape, value, path)
    return _scalar(shape, value, path)


def _failed(value: Any, path: str, rule: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {rule}"


def _wrong_type(shape: Shape, value: Any, path: str) -> str:
    return f"Value at '{path}' must be a {shape.type_name}, not {type(value).__name__}"


def _join(path: str, member: str) -> str:
    name = member[:1].lower() + member[1:]
    return f"{path}.{name}" if path else name


def _structure(shape: StructureShape, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [_wrong_type(shape, value, path)]
    found = [
        _failed("null", _join(path, name), "not be null") for name in shape.required_members if value.get(name) is None
    ]
    for name, member in value.items():
        if name not in shape.members:
            found.append(f"Unknown member '{_join(path, name)}'; known are: {', '.join(shape.members)}")
        elif member is not None:
            found += problems(shape.members[name], member, _join(path, name))
    if shape.is_tagged_union and len([v for v in value.values() if v is not None]) != 1:
        found.append(_failed(sorted(value), path, "have exactly one of its members set"))
    return found


def _list(shape: ListShape, value: Any, path: str) -> list[str]:
    if not isinstance(value, list):
        return [_wrong_type(shape, value, path)]
    found = _length(shape, value, path)
    for number, item in enumerate(value, start=1):
        found += problems(shape.member, item, f"{path}.{number}.member")
    return found


def _map(shape: MapShape, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [_wrong_type(shape, value, path)]
    found = _length(shape, value, path)
    for key, item in value.items():
        found += problems(shape.key, key, f"{path}.key")
        found += problems(shape.value, item, f"{path}.{key}")
    return found


def _scalar(shape: Shape, value: Any, path: str) -> list[str]:
    kinds = _TYPES[shape.type_name]
    # bool is an int in Python and is not one in JSON.
    good = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
    if not good:
        return [_wrong_type(shape, value, path)]
    if shape.type_name == "string":
        return [*_length(shape, value, path), *_pattern(shape, value, path), *_enum(shape, value, path)]
    if shape.type_name in ("integer", "long", "float", "double"):
        return _range(shape, value, path)
    return []


def _length(shape: Shape, value: Any, path: str) -> list[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    found = []
    if low is not None and len(value) < low:
        found.append(_failed(value, path, f"have length greater than or equal to {low}"))
    if high is not None and len(value) > high:
        found.append(_failed(_short(value), path, f"have length less than or equal to {high}"))
    return found


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "…"


def _range(shape: Shape, value: Any, path: str) -> list[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    found = []
    if low is not None and value < low:
        found.append(_failed(value, path, f"have value greater than or equal to {low}"))
    if high is not None and value > high:
        found.append(_failed(value, path, f"have value less than or equal to {high}"))
    return found


def _enum(shape: Shape, value: Any, path: str) -> list[str]:
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        return [_failed(value, path, f"satisfy enum value set: [{', '.join(allowed)}]")]
    return []


def _pattern(shape: Shape, value: Any, path: str) -> list[str]:
    pattern = shape.metadata.get("pattern")
    if not pattern:
        return []
    try:
        good = re.fullmatch(pattern, value, re.DOTALL if pattern == ".*" else 0)
    except re.error:
        # A few patterns use Java's notation for character classes.
        return []
    return [] if good else [_failed(_short(value), path, f"satisfy regular expression pattern: {pattern}")]


def coerce(shape: Shape, value: Any) -> Any:
    """A CloudFormation property as the API takes it: ``"true"`` and ``"3"`` become true and 3."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        known = shape.members
        return {k: coerce(known[k], v) if k in known else v for k, v in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [coerce(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {k: coerce(shape.value, v) for k, v in value.items()}
    if isinstance(value, str):
        return _from_text(shape, value)
    if shape.type_name == "string" and isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def _from_text(shape: Shape, value: str) -> Any:
    if shape.type_name == "boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", value):
        return int(value)
    if shape.type_name in ("float", "double") and re.fullmatch(r"-?\d+(\.\d+)?([eE]-?\d+)?", value):
        return float(value)
    return value


def project(shape: StructureShape, record: dict[str, Any]) -> dict[str, Any]:
    """The part of a record that a structure names."""
    return {k: v for k, v in record.items() if k in shape.members and v is not None}
