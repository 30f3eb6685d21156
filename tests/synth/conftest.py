"""All environments synthesised once, checks included; tests read the templates as plain data."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# jsii starts the first node on the path: the project's own stands beside its Python.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

from aws_cdk import App

import app as churn_app
from config import ENVIRONMENTS, Settings, load_settings
from stacks.components.acknowledgements import Acknowledged, acknowledged
from stacks.components.findings import check_all
from stacks.components.grants import reasons_given
from stacks.components.pipeline_definition import all_steps
from stacks.components.raw_data import RawData

ROOT = Path(__file__).resolve().parents[2]
STACKS = (
    *("Keys", "Notices", "Network", "Storage", "Training", "Studio"),
    *("Rollout", "Serving", "SignIn", "Api", "Batches", "Web", "Watching", "Retraining"),
)
# As the command line asks for it: templates then name the construct of each resource.
CONTEXT = {**json.loads((ROOT / "cdk.json").read_text())["context"], "aws:cdk:enable-path-metadata": True}


@dataclass(frozen=True)
class Resource:
    """One resource of a template."""

    stack: str
    logical_id: str
    body: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.body["Type"])

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body.get("Properties", {})
        return found

    @property
    def path(self) -> str:
        """The construct's path."""
        return str(self.body.get("Metadata", {}).get("aws:cdk:path", ""))

    def __str__(self) -> str:
        return f"{self.stack}/{self.logical_id}"


class Environment:
    """The templates of one environment."""

    def __init__(self, settings: Settings, templates: dict[str, dict[str, Any]]) -> None:
        self.settings = settings
        self.name = settings.name
        self.templates = templates

    def resources(self, *types: str) -> list[Resource]:
        """Every resource, or every one of some types; asking for a type that nothing has is a mistake in the test."""
        found = [
            Resource(stack, logical_id, body)
            for stack, template in self.templates.items()
            for logical_id, body in template["Resources"].items()
            if not types or body["Type"] in types
        ]
        assert found, f"{self.name} has no {types}: this test would prove nothing"
        return found

    def one(self, kind: str) -> Resource:
        """The only resource of a type."""
        (found,) = self.resources(kind)
        return found

    def pipeline_definition(self, name: str = "") -> dict[str, Any]:
        """The definition of the pipeline that makes models, or of another whose name ends so."""
        return self.pipeline_definitions()[f"churn-{self.name}{name}"]

    def pipeline_definitions(self) -> dict[str, dict[str, Any]]:
        """The definition of each pipeline by its name; what only the deployment knows becomes a placeholder."""
        return {
            one.properties["PipelineName"]: json.loads(
                flat(one.properties["PipelineDefinition"]["PipelineDefinitionBody"])
            )
            for one in self.resources("AWS::SageMaker::Pipeline")
        }

    def steps(self) -> Iterator[dict[str, Any]]:
        """Every step of every pipeline."""
        for definition in self.pipeline_definitions().values():
            yield from all_steps(definition)


def flat(value: Any) -> str:
    """Write a text with functions in it as one text, each function a placeholder of a valid shape."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        delimiter, parts = value["Fn::Join"]
        return str(delimiter).join(flat(part) for part in parts)
    if value.get("Fn::GetAtt", ["", ""])[1] == "Arn":
        return "arn:aws:iam::111122223333:role/placeholder"
    if isinstance(value.get("Fn::ImportValue"), str):
        return str(value["Fn::ImportValue"])  # says which stack's what it is
    return PLACEHOLDERS.get(json.dumps(value), "placeholder")


PLACEHOLDERS = {
    '{"Ref": "AWS::Region"}': "eu-west-1",
    '{"Ref": "AWS::URLSuffix"}': "amazonaws.com",
    '{"Ref": "AWS::Partition"}': "aws",
    '{"Ref": "AWS::AccountId"}': "111122223333",
}


def read_templates(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    return {
        stack: json.loads((folder / f"Churn-{name}-{stack}.template.json").read_text())
        for stack in STACKS
        if (folder / f"Churn-{name}-{stack}.template.json").is_file()
    }


@pytest.fixture(scope="session")
def raw_data(tmp_path_factory: pytest.TempPathFactory) -> RawData:
    """A stand-in for the customers: synthesis only carries the file."""
    folder = tmp_path_factory.mktemp("data")
    body = b"State,Churn?\nKS,False.\n"
    (folder / "churn.csv").write_bytes(body)
    note = {"source": "file", "made_up": True, "sha256": hashlib.sha256(body).hexdigest(), "rows": 1}
    (folder / "source.json").write_text(json.dumps(note))
    return RawData.load(folder)


@dataclass(frozen=True)
class Synthesised:
    """All environments, in one assembly, as they came out."""

    folder: Path
    acknowledged: list[Acknowledged]
    reasons: dict[str, list[dict[str, Any]]]
    environments: dict[str, Environment]


@pytest.fixture(scope="session")
def synthesised(raw_data: RawData, tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    """Synthesise every environment with cdk-nag; a finding fails here, and with it every test."""
    folder = tmp_path_factory.mktemp("assembly")
    app = App(context=CONTEXT, outdir=str(folder))
    for name in ENVIRONMENTS:
        churn_app.build(app, settings=load_settings(name), raw_data=raw_data)
    check_all(app)
    app.synth()
    environments = {name: Environment(load_settings(name), read_templates(folder, name)) for name in ENVIRONMENTS}
    return Synthesised(folder, acknowledged(app), reasons_given(app), environments)


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest, synthesised: Synthesised) -> Environment:
    """Each environment in turn."""
    return synthesised.environments[request.param]


@pytest.fixture(scope="session")
def synthesise(raw_data: RawData, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Settings], Environment]:
    """Synthesise settings of a test's own, cdk-nag included."""

    def run(settings: Settings) -> Environment:
        folder = tmp_path_factory.mktemp("assembly")
        app = App(context=CONTEXT, outdir=str(folder))
        churn_app.build(app, settings=settings, raw_data=raw_data)
        check_all(app)
        app.synth()
        return Environment(settings, read_templates(folder, settings.name))

    return run
