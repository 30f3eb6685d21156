"""Values of synthesised templates, written out: what functions and references stand for.

Templates hold functions where a deployment fills values in. A `Reader` writes them out: `spelled` for people
(``<Data.Arn>/runs/*``), `plausible` for a linter that wants ARNs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Template = dict[str, Any]
ACCOUNT, REGION = "111122223333", "eu-west-1"
PSEUDO = {
    "AccountId": ACCOUNT,
    "Partition": "aws",
    "Region": REGION,
    "StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/stack/12345678-90ab-cdef-1234-567890abcdef",
    "URLSuffix": "amazonaws.com",
}
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
# What `Ref` and `Fn::GetAtt` give for the types that policies speak of; {name} is the logical id.
VALUES = {
    ("AWS::EC2::SecurityGroup", "GroupId"): "sg-0123456789abcdef0",
    ("AWS::EC2::Subnet", "Ref"): "subnet-0123456789abcdef0",
    ("AWS::EC2::VPCEndpoint", "Ref"): "vpce-0123456789abcdef0",
    ("AWS::IAM::ManagedPolicy", "Ref"): f"arn:aws:iam::{ACCOUNT}:policy/{{name}}",
    ("AWS::IAM::Role", "Arn"): f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    ("AWS::KMS::Key", "Arn"): f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY_ID}",
    ("AWS::Lambda::Function", "Arn"): f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    ("AWS::Logs::LogGroup", "Arn"): f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    ("AWS::S3::Bucket", "Arn"): "arn:aws:s3:::{name}",
    ("AWS::SNS::Topic", "Ref"): f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    ("AWS::SageMaker::ModelPackageGroup", "ModelPackageGroupArn"): (
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/{{name}}"
    ),
    ("AWS::SageMaker::Domain", "Ref"): "d-0123456789ab",
    ("AWS::StepFunctions::StateMachine", "Ref"): f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{name}}",
}
Leaf = Callable[[str, str, str], str]


@dataclass(frozen=True)
class Reader:
    """Writes values of one stack's template out, following imports into the others.

    Attributes
    ----------
    leaf : callable
        Gives the text for (kind of resource, construct or logical id, attribute); kinds are ``AWS`` for the account,
        region and so on, ``Map`` for a table by region.
    """

    templates: Mapping[str, Template]
    leaf: Leaf

    def text(self, stack: str, value: Any) -> str:
        """Write a value out."""
        if not isinstance(value, Mapping):
            return str(value).lower() if isinstance(value, bool) else str(value)
        ((function, argument),) = value.items()
        writers: dict[str, Callable[[str, Any], str]] = {
            "Ref": lambda stack, name: self._reference(stack, name, "Ref"),
            "Fn::FindInMap": lambda _, path: self.leaf("Map", path[0], "Ref"),
            "Fn::GetAtt": self._attribute,
            "Fn::ImportValue": lambda stack, export: self._imported(self.text(stack, export)),
            "Fn::Join": lambda stack, join: str(join[0]).join(self.text(stack, part) for part in join[1]),
            "Fn::Select": self._selected,
            "Fn::Sub": lambda stack, text: re.sub(
                r"\$\{([^!}]+)\}", lambda found: self._substituted(stack, found[1]), text
            ),
        }
        if function not in writers:
            raise ValueError(f"{stack}: {function} has no text: teach tools/template_reader.py to write it.")
        return writers[function](stack, argument)

    def _attribute(self, stack: str, argument: Any) -> str:
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        return self._reference(stack, name, attribute)

    def _selected(self, stack: str, argument: Any) -> str:
        delimiter, whole = argument[1]["Fn::Split"]
        return self.text(stack, whole).split(delimiter)[int(argument[0])]

    def _substituted(self, stack: str, name: str) -> str:
        logical_id, _, attribute = name.partition(".")
        return self._reference(stack, logical_id, attribute or "Ref")

    def _reference(self, stack: str, name: str, attribute: str) -> str:
        if name.startswith("AWS::"):
            return self.leaf("AWS", name.removeprefix("AWS::"), attribute)
        if name not in self.templates[stack]["Resources"]:
            return self.leaf("Parameter", name, attribute)
        resource = self.templates[stack]["Resources"][name]
        return self.leaf(resource["Type"], construct_of(resource) or name, attribute)

    def _imported(self, export: str) -> str:
        for stack, template in self.templates.items():
            for output in template.get("Outputs", {}).values():
                if output.get("Export", {}).get("Name") == export:
                    return self.text(stack, output["Value"])
        raise ValueError(f"no stack exports {export}")

    def tree(self, stack: str, value: Any) -> Any:
        """Write out every value in a structure and keep the structure."""
        if isinstance(value, Mapping) and not _is_function(value):
            return {key: self.tree(stack, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.tree(stack, item) for item in value]
        return self.text(stack, value)


def _is_function(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def path_of(resource: Template) -> str:
    """Name the construct that a resource is of, by its path in the app's tree."""
    return str(resource.get("Metadata", {}).get("aws:cdk:path", ""))


def construct_of(resource: Template) -> str:
    """Name the construct that a resource is of, without the stack and the CDK's own ends."""
    parts = path_of(resource).split("/")[1:]
    return "/".join(part for part in parts if part not in ("Resource", "Default"))


def spelled(kind: str, name: str, attribute: str) -> str:
    """Write a reference for people."""
    if kind == "AWS":
        return {"AccountId": "<account>"}.get(name, f"<{name.lower()}>")
    name = re.sub(r"(IsolatedSubnet)\d+/Subnet", r"\1s", name)
    kinds = {"AWS::KMS::Key": " key", "AWS::S3::Bucket": " bucket"}
    return f"<{name}{kinds.get(kind, '')}>" if attribute in ("Ref", "Arn") or kind == "Map" else f"<{name}.{attribute}>"


def plausible(kind: str, name: str, attribute: str) -> str:
    """Write a reference as the value that a deployment might give it."""
    if kind == "AWS":
        return PSEUDO[name]
    if kind == "Map":
        return ACCOUNT
    short = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if (kind, attribute) in VALUES:
        return VALUES[kind, attribute].format(name=short)
    if attribute.endswith("Arn"):
        _, service, resource = kind.split("::")
        return f"arn:aws:{service.lower()}:{REGION}:{ACCOUNT}:{resource.lower()}/{short}"
    return short
