"""Where cfn-lint is right and nothing follows from it."""

from __future__ import annotations

from aws_cdk import CfnResource
from constructs import IConstruct

# The CDK writes a DependsOn on the role beside the reference to it: the same order twice (W3005), and not ours.
REDUNDANT_DEPENDENCY = {"config": {"ignore_checks": ["W3005"]}}
TYPES = {"AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"}


def argue_lint(root: IConstruct) -> None:
    """Note on each resource that has the finding, and on no other, that it is known."""
    for construct in root.node.find_all():
        if isinstance(construct, CfnResource) and construct.cfn_resource_type in TYPES:
            construct.add_metadata("cfn-lint", REDUNDANT_DEPENDENCY)
