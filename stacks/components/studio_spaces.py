"""Spaces of Studio: what a person may do with their own, and what nobody may."""

from __future__ import annotations

from aws_cdk import Stack

from config import StudioSettings
from stacks.components import studio_permissions as may
from stacks.components.grants import Grant, allow, deny

# SageMaker fills these in for a session that it gives out in Studio, and for no other.
IN_DOMAIN, MYSELF = "${sagemaker:DomainId}", "${sagemaker:UserProfileName}"


def own_space(stack: Stack) -> list[Grant]:
    """Make, change and delete spaces and apps that are private and one's own; look at those of the domain."""

    def in_domain(kind: str, name: str) -> str:
        return stack.format_arn(service="sagemaker", resource=kind, resource_name=f"{IN_DOMAIN}/{name}")

    spaces, apps, profile = in_domain("space", "*"), in_domain("app", "*"), in_domain("user-profile", MYSELF)
    mine = {
        "ArnEquals": {"sagemaker:OwnerUserProfileArn": profile},
        "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
    }
    own = "Only what belongs to the person's own profile, as the condition says; people name spaces themselves."
    return [
        allow(*may.OWN_SPACE, on=[spaces], when=mine, wildcard_because=own),
        allow(*may.OWN_APPS, on=[apps], when=mine, wildcard_because=own),
        allow(
            *may.TAG,
            on=[apps, spaces],
            when={"StringEquals": {"sagemaker:TaggingAction": ["CreateApp", "CreateSpace"]}},
            wildcard_because="Studio tags what it creates, and at no other time; people name spaces themselves.",
        ),
        allow(
            *may.LOOK_AT_SPACES,
            on=[apps, spaces],
            wildcard_because="The spaces of this one domain, which Studio shows; their settings hold no customer.",
        ),
        allow(*may.OWN_PROFILE, on=[profile]),
        allow(*may.DOMAIN, on=[stack.format_arn(service="sagemaker", resource="domain", resource_name=IN_DOMAIN)]),
    ]


def fence_of_spaces(settings: StudioSettings) -> list[Grant]:
    """Refuse a space other machines than the settings name, and a way in from outside."""
    return [
        deny(
            *("sagemaker:CreateApp", "sagemaker:CreateSpace", "sagemaker:UpdateSpace"),
            when={"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": list(settings.instance_types)}},
            sid="OtherMachinesOfSpaces",
            because="Others cost more; the settings name those that do.",
        ),
        deny(
            *("sagemaker:CreateSpace", "sagemaker:UpdateSpace"),
            when={"StringEquals": {"sagemaker:RemoteAccess": "ENABLED"}},
            sid="RemoteAccess",
            because="It opens a tunnel into the space, past the network and its doors.",
        ),
    ]
