"""SageMaker's pipeline language (schema 2020-12-01) as plain data.

The SDK builds the same documents with 130 packages and a session; what the project needs of it fits here, stays
deterministic, and is checked against botocore's model of each job's API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

VERSION = "2020-12-01"
Json = Any

EXECUTION_ID: Json = {"Get": "Execution.PipelineExecutionId"}
EXECUTION_ARN: Json = {"Get": "Execution.PipelineExecutionArn"}


def parameter(name: str) -> Json:
    """Refer to a parameter of the run."""
    return {"Get": f"Parameters.{name}"}


def step_property(step: str, path: str) -> Json:
    """Refer to what the Describe API of a step's job answers: ``step_property("Train", "ModelArtifacts.…")``."""
    return {"Get": f"Steps.{step}.{path}"}


def processing_output(step: str, output: str) -> Json:
    """Refer to the address of a processing step's output."""
    return step_property(step, f"ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri")


def join(*values: Json, on: str = "") -> Json:
    """Join values to a text when the run knows them; numbers become text."""
    return {"Std:Join": {"On": on, "Values": list(values)}}


def text(value: Json) -> Json:
    """Turn a reference to a number into text, for fields that take text only."""
    return join(value)


def json_get(step: str, property_file: str, path: str) -> Json:
    """Read a value from a JSON file that a processing step wrote."""
    return {"Std:JsonGet": {"PropertyFile": {"Get": f"Steps.{step}.PropertyFiles.{property_file}"}, "Path": path}}


def lambda_output(step: str, output: str) -> Json:
    """Refer to what the function of a Lambda step answered."""
    return step_property(step, f"OutputParameters['{output}']")


def equals(left: Json, right: Json) -> Json:
    """Compare: left == right."""
    return {"Type": "Equals", "LeftValue": left, "RightValue": right}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of the run: text unless the default is a number."""

    name: str
    default: str | float

    def as_dict(self) -> Json:
        """Write it in SageMaker's form."""
        kind = "String" if isinstance(self.default, str) else "Float"
        return {"Name": self.name, "Type": kind, "DefaultValue": self.default}


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step: its type, the arguments of its API call, files of its output that conditions read, and what else its
    type asks for.
    """

    name: str
    type: str
    arguments: Mapping[str, Json]
    property_files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    members: Mapping[str, Json] = field(default_factory=dict)

    def as_dict(self) -> Json:
        """Write it in SageMaker's form."""
        written: dict[str, Json] = {"Name": self.name, "Type": self.type, "Arguments": dict(self.arguments)}
        written |= self.members
        if self.property_files:
            written["PropertyFiles"] = [
                {"PropertyFileName": name, "OutputName": output, "FilePath": path}
                for name, (output, path) in self.property_files.items()
            ]
        return written


def condition(
    name: str,
    *,
    conditions: Sequence[Json],
    then: Sequence[Step],
    otherwise: Sequence[Step],
    after: Sequence[Step] = (),
) -> Step:
    """Go one way if all conditions hold, the other if any does not; not before the steps `after` have ended."""
    return Step(
        name=name,
        type="Condition",
        arguments={
            "Conditions": list(conditions),
            "IfSteps": [step.as_dict() for step in then],
            "ElseSteps": [step.as_dict() for step in otherwise],
        },
        members={"DependsOn": [step.name for step in after]} if after else {},
    )


def lambda_step(name: str, *, function_arn: str, arguments: Mapping[str, Json], outputs: Sequence[str]) -> Step:
    """Call a function with the arguments as its event; of its answer, later steps may refer to these texts."""
    told = [{"OutputName": output, "OutputType": "String"} for output in outputs]
    members = {"FunctionArn": function_arn, "OutputParameters": told}
    return Step(name=name, type="Lambda", arguments=arguments, members=members)


def fail(name: str, *, message: Json) -> Step:
    """End the run as failed, with a message for people."""
    return Step(name=name, type="Fail", arguments={"ErrorMessage": message})


def definition(*, parameters: Sequence[Parameter], steps: Sequence[Step]) -> dict[str, Json]:
    """Put a definition together.

    Raises
    ------
    ValueError
        If two steps share a name, or something refers to a parameter or step that is not there.
    """
    document: dict[str, Json] = {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": [one.as_dict() for one in parameters],
        "Steps": [one.as_dict() for one in steps],
    }
    names = [step["Name"] for step in all_steps(document)]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"steps share a name: {sorted(repeated)}. Names are how steps refer to each other.")
    known = {"Parameters": {one.name for one in parameters}, "Steps": set(names)}
    for reference in references(document):
        kind, _, rest = reference.partition(".")
        if kind in known and rest.partition(".")[0] not in known[kind]:
            raise ValueError(f"the definition refers to {reference}, which is not among {sorted(known[kind])}.")
    return document


def all_steps(document: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """Go through the steps of a definition, those behind conditions included."""
    pending = list(document["Steps"])
    while pending:
        step = pending.pop(0)
        yield step
        pending += step["Arguments"].get("IfSteps", []) + step["Arguments"].get("ElseSteps", [])


def references(node: Json) -> Iterator[str]:
    """Go through everything that a definition gets from elsewhere."""
    if isinstance(node, Mapping):
        if set(node) == {"Get"}:
            yield node["Get"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)
