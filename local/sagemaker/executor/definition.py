"""A pipeline definition: read, checked, and put in order."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from local.sagemaker.errors import invalid
from local.sagemaker.executor.values import references

_VERSIONS = ("2020-12-01",)
_TYPES: dict[str, Any] = {"String": str, "Integer": int, "Float": (int, float), "Boolean": bool}
_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")


@dataclasses.dataclass(frozen=True)
class Step:
    """One step, with the steps and branches that it waits for.

    Attributes
    ----------
    name, kind
        ``Name`` and ``Type``.
    body
        The step as it stands in the definition.
    needs
        Names of the steps that must have succeeded.
    branch
        The condition step that this one belongs to and the outcome it wants, or None.
    """

    name: str
    kind: str
    body: dict[str, Any]
    needs: frozenset[str]
    branch: tuple[str, bool] | None


@dataclasses.dataclass(frozen=True)
class Definition:
    """A checked definition: its parameters and all its steps, those of branches included."""

    parameters: tuple[dict[str, Any], ...]
    steps: tuple[Step, ...]

    def values(self, overrides: dict[str, str]) -> dict[str, Any]:
        """The parameters of one execution.

        Parameters
        ----------
        overrides
            ``PipelineParameters`` of StartPipelineExecution, all texts.

        Raises
        ------
        ServiceError
            For a name that the definition lacks, a missing value, or one of the wrong type.
        """
        known = {p["Name"]: p for p in self.parameters}
        unknown = [name for name in overrides if name not in known]
        if unknown:
            raise invalid(f"Unknown parameters: {', '.join(unknown)}. Known are: {', '.join(known)}.")
        return {name: _parameter(p, overrides.get(name)) for name, p in known.items()}


def _parameter(parameter: dict[str, Any], given: str | None) -> Any:
    name, kind = parameter["Name"], parameter["Type"]
    if given is None:
        if "DefaultValue" not in parameter:
            raise invalid(f"Parameter {name} has no default and must be given a value.")
        return parameter["DefaultValue"]
    try:
        value = _READ[kind](given)
    except ValueError as exc:
        raise invalid(f"Parameter {name} must be of type {kind}.") from exc
    allowed = parameter.get("EnumValues")
    if allowed and value not in allowed:
        raise invalid(f"Parameter {name} must be one of {allowed}.")
    return value


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_READ: dict[str, Callable[[str], Any]] = {"String": str, "Integer": int, "Float": float, "Boolean": _boolean}


def parse(text: str, known_kinds: frozenset[str]) -> Definition:
    """Read and check a definition.

    Raises
    ------
    ServiceError
        ``ValidationException`` that says what is wrong and where.
    """
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise invalid(f"Unable to parse pipeline definition. The definition is not JSON: {exc}") from exc
    if not isinstance(document, dict) or document.get("Version") not in _VERSIONS:
        raise _bad(f"Version must be one of {', '.join(_VERSIONS)}")
    parameters = document.get("Parameters", [])
    for parameter in parameters:
        _check_parameter(parameter)
    if not document.get("Steps"):
        raise _bad("a pipeline needs at least one step")
    steps = tuple(_walk(document["Steps"], None))
    _check_steps(steps, known_kinds, {p["Name"] for p in parameters})
    return Definition(tuple(parameters), steps)


def _bad(reason: str) -> Exception:
    return invalid(f"Unable to parse pipeline definition. {reason}.")


def _check_parameter(parameter: dict[str, Any]) -> None:
    kind = parameter.get("Type")
    if "Name" not in parameter or kind not in _TYPES:
        raise _bad(f"parameter {parameter} needs a Name and a Type of {', '.join(_TYPES)}")
    default = parameter.get("DefaultValue")
    if default is not None and (
        not isinstance(default, _TYPES[kind]) or (isinstance(default, bool) and kind != "Boolean")
    ):
        raise _bad(f"the default of parameter {parameter['Name']} is not of type {kind}")


def _walk(bodies: list[dict[str, Any]], branch: tuple[str, bool] | None) -> Iterator[Step]:
    for body in bodies:
        name, kind = body.get("Name", ""), body.get("Type", "")
        if not _NAME.fullmatch(name) or not kind:
            raise _bad(f"step {name!r} needs a Type and a Name of letters, digits, hyphens")
        inside = {k: v for k, v in body.get("Arguments", {}).items() if k not in ("IfSteps", "ElseSteps")}
        needs = {r.split(".")[1] for r in references(inside) if r.startswith("Steps.")}
        needs |= {r.removeprefix("Steps.").split(".")[0] for r in body.get("DependsOn", [])}
        if branch:
            needs.add(branch[0])
        yield Step(name, kind, body, frozenset(needs), branch)
        if kind == "Condition":
            yield from _walk(body["Arguments"].get("IfSteps", []), (name, True))
            yield from _walk(body["Arguments"].get("ElseSteps", []), (name, False))


def _check_steps(steps: tuple[Step, ...], kinds: frozenset[str], parameters: set[str]) -> None:
    names = [step.name for step in steps]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise _bad(f"step names must be unique: {', '.join(sorted(twice))}")
    for step in steps:
        if step.kind not in kinds:
            raise _bad(f"step {step.name} is of type {step.kind}, which the laptop run does not know")
        if step.kind == "Lambda" and not isinstance(step.body.get("FunctionArn"), str):
            raise _bad(f"step {step.name} needs a FunctionArn")
        missing = step.needs - set(names)
        if missing:
            raise _bad(f"step {step.name} refers to unknown steps: {', '.join(sorted(missing))}")
        for reference in references(step.body.get("Arguments", {})):
            parts = reference.split(".")
            if parts[0] == "Parameters" and parts[1] not in parameters:
                raise _bad(f"step {step.name} refers to the unknown parameter {parts[1]}")
    _check_cycles(steps)


def _check_cycles(steps: tuple[Step, ...]) -> None:
    left = {step.name: set(step.needs) for step in steps}
    while left:
        ready = [name for name, needs in left.items() if not needs & left.keys()]
        if not ready:
            raise _bad(f"the steps {', '.join(sorted(left))} wait for each other")
        for name in ready:
            del left[name]
