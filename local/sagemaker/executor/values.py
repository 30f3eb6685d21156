"""References and functions in a definition: ``Get``, ``Std:Join`` and ``Std:JsonGet``."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

# Steps.Train.Outputs['x'].S3Uri: a name, then names, quoted keys and indices.
_PART = re.compile(r"\.?([^.\[\]]+)|\[(?:'([^']*)'|\"([^\"]*)\"|(\d+))\]")


class ValueFailure(Exception):
    """A reference that cannot be resolved; the message becomes the step's failure reason."""


def references(value: Any) -> Iterator[str]:
    """Every ``Get`` path in a value, at any depth."""
    if isinstance(value, dict):
        if set(value) == {"Get"} and isinstance(value["Get"], str):
            yield value["Get"]
            return
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def resolve(value: Any, get: Callable[[str], Any], read_property: Callable[[str], str]) -> Any:
    """A value with all its references and functions replaced.

    Parameters
    ----------
    value
        Part of a definition.
    get
        Answers a ``Get`` path.
    read_property
        Answers the text of a property file for ``Steps.<step>.PropertyFiles.<name>``.
    """
    if isinstance(value, list):
        return [resolve(item, get, read_property) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Get"}:
        return get(value["Get"])
    if set(value) == {"Std:Join"}:
        join = value["Std:Join"]
        return join["On"].join(_text(resolve(v, get, read_property)) for v in join["Values"])
    if set(value) == {"Std:JsonGet"}:
        return _json_get(value["Std:JsonGet"], read_property)
    return {key: resolve(item, get, read_property) for key, item in value.items()}


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (bool, int, float)) else str(value)


def _json_get(call: dict[str, Any], read_property: Callable[[str], str]) -> Any:
    source, path = call["PropertyFile"]["Get"], call["Path"]
    try:
        document = json.loads(read_property(source))
    except ValueError as exc:
        raise ValueFailure(f"The property file {source} is not JSON: {exc}") from exc
    try:
        return follow(document, path)
    except KeyError as exc:
        raise ValueFailure(f"The property file {source} has nothing at {path}") from exc


def follow(document: Any, path: str) -> Any:
    """The value at a path such as ``metrics.auc`` or ``Outputs['train'].S3Output.S3Uri``.

    A quoted key on a list finds the item that has this name (``OutputName``, ``ChannelName``…).

    Raises
    ------
    KeyError
        When there is nothing at the path.
    """
    position = 0
    while position < len(path):
        match = _PART.match(path, position)
        if not match:
            raise KeyError(path)
        name, single, double, index = match.groups()
        key = name if name is not None else single if single is not None else double
        try:
            document = _step(document, key) if index is None else document[int(index)]
        except (IndexError, TypeError) as exc:
            raise KeyError(path) from exc
        position = match.end()
    return document


def _step(document: Any, key: str) -> Any:
    if isinstance(document, dict):
        return document[key]
    if isinstance(document, list):
        if key.isdigit():
            return document[int(key)]
        for item in document:
            if isinstance(item, dict) and any(field.endswith("Name") and value == key for field, value in item.items()):
                return item
    raise KeyError(key)
