"""Roles, policies and trust of a synthesised environment, read from its templates: what IAM will be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.template_reader import Template, construct_of, path_of


def as_list(value: Any) -> list[Any]:
    """Take what JSON policies write as one or as several."""
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True)
class Document:
    """One policy document: where it stands (the construct with its whole path and without), and what it says."""

    stack: str
    path: str
    construct: str
    logical_id: str
    type: str
    kind: str
    body: dict[str, Any]

    @property
    def statements(self) -> list[dict[str, Any]]:
        """The statements, as the template has them."""
        found: list[dict[str, Any]] = self.body["Statement"]
        return found


# Where resource policies stand.
RESOURCE_POLICIES = {
    "AWS::EC2::VPCEndpoint": "PolicyDocument",
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::Logs::ResourcePolicy": "PolicyDocument",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
}
IDENTITY, TRUST, RESOURCE = "identity", "trust", "resource"


def documents(templates: Mapping[str, Template]) -> Iterator[Document]:
    """Go through every policy document of an environment."""
    for stack, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            kind, properties = resource["Type"], resource.get("Properties", {})

            bodies: list[tuple[str, Any]] = []
            if kind == "AWS::IAM::Role":
                bodies.append((TRUST, properties["AssumeRolePolicyDocument"]))
                bodies += [(IDENTITY, inline["PolicyDocument"]) for inline in properties.get("Policies", [])]
            elif kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
                bodies.append((IDENTITY, properties["PolicyDocument"]))
            elif kind in RESOURCE_POLICIES and RESOURCE_POLICIES[kind] in properties:
                bodies.append((RESOURCE, properties[RESOURCE_POLICIES[kind]]))
            path, construct = path_of(resource), construct_of(resource) or logical_id
            for what, body in bodies:
                yield Document(stack, path, construct, logical_id, kind, what, body)


@dataclass
class Role:
    """A role with all that is attached to it."""

    stack: str
    construct: str
    logical_id: str
    description: str
    trust: list[dict[str, Any]]
    aws_managed: list[Any]
    boundary: Any
    policies: list[Document] = field(default_factory=list)

    @property
    def statements(self) -> list[tuple[Document, dict[str, Any]]]:
        """Every statement, with the policy that it stands in."""
        return [(policy, statement) for policy in self.policies for statement in policy.statements]


def roles(templates: Mapping[str, Template]) -> list[Role]:
    """List every role of an environment, the CDK's own included."""
    all_documents = [one for one in documents(templates) if one.kind == IDENTITY]
    found = []
    for stack, template in templates.items():
        resources = template["Resources"]
        for logical_id, resource in resources.items():
            if resource["Type"] != "AWS::IAM::Role":
                continue
            properties = resource["Properties"]
            managed = properties.get("ManagedPolicyArns", [])
            attached = [one["Ref"] for one in managed if isinstance(one, dict) and "Ref" in one]
            attached += [
                name
                for name, other in resources.items()
                if {"Ref": logical_id} in other.get("Properties", {}).get("Roles", [])
                and other["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
            ]
            role = Role(
                stack=stack,
                construct=construct_of(resource) or logical_id,
                logical_id=logical_id,
                description=properties.get("Description", ""),
                trust=properties["AssumeRolePolicyDocument"]["Statement"],
                aws_managed=[one for one in managed if not (isinstance(one, dict) and "Ref" in one)],
                boundary=properties.get("PermissionsBoundary"),
            )
            # What is inline stands under the role's own name.
            holders = {*attached, logical_id}
            role.policies += [one for one in all_documents if one.stack == stack and one.logical_id in holders]
            found.append(role)
    return found
