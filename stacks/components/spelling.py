"""Resources spelled as cdk-nag spells them in the ids of its findings, so that a reason can name the one it is for."""

from __future__ import annotations

from typing import Any

from aws_cdk import Reference, Stack, Token, Tokenization


def as_found(stack: Stack, resource: str) -> str:
    """Spell a resource as cdk-nag does: ``<Bucket.Arn>/runs/*``, or the export's name for another stack's.

    References between stacks become imports only at the end of synthesis; asking for the export now yields the same.
    """
    for token in Tokenization.reverse_string(resource).tokens:
        if not isinstance(token, Reference):
            continue
        owner = Stack.of(token.target)
        if owner is not stack:
            exported = owner.export_value(token)
            resource = resource.replace(Token.as_string(token), exported)
    return as_nag_spells(stack.resolve(resource))


def as_nag_spells(node: Any) -> str:
    """Spell a resource of a template, functions and all, as cdk-nag does in the ids of its findings."""
    if isinstance(node, str):
        # A policy's variable, such as ${sagemaker:DomainId}.
        return node.replace("${", "<").replace("}", ">")
    ((function, value),) = node.items()
    if function == "Fn::Join":
        delimiter, parts = value
        return str(delimiter).join(as_nag_spells(part) for part in parts)
    if function == "Fn::GetAtt":
        return f"<{'.'.join(value)}>"
    if function == "Ref":
        return f"<{value}>"
    if function == "Fn::ImportValue":
        return as_nag_spells(value)
    if function == "Fn::Sub" and isinstance(value, str):
        return value.replace("${", "<").replace("}", ">")
    raise ValueError(f"a resource with {function} has no spelling that a finding could be compared with.")
