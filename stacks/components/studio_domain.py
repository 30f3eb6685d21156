"""The Studio domain: inside the VPC, under our key, with nothing in it but private JupyterLab spaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import StudioSettings
from config.studio_machines import STUDIO_INSTANCE_TYPES

Domain, Space = sagemaker.CfnDomain, sagemaker.CfnSpace
LEAST_IDLE_MINUTES = 60
# Everything but JupyterLab: Studio's page does not offer it. What keeps a person from starting it all the same is that
# only private spaces are allowed, and that no such space has another type.
HIDDEN_APPS = ("Canvas", "CodeEditor", "JupyterServer", "RStudioServerPro")
# What these would start is denied or not there: jobs outside the guardrails, endpoints, models from the internet.
HIDDEN_TOOLS = (
    "AutoMl",
    "DataWrangler",
    "EmrClusters",
    "FeatureStore",
    "HyperPodClusters",
    "InferenceOptimization",
    "InferenceRecommender",
    "JumpStart",
    "Projects",
)


@dataclass(frozen=True, kw_only=True)
class StudioNetwork:
    """Where spaces are: the VPC, its subnets, and the security group that lets them reach the doors."""

    vpc: ec2.IVpc
    subnets: Sequence[ec2.ISubnet]
    security_group: ec2.ISecurityGroup


def studio_domain(
    scope: Construct,
    construct_id: str,
    *,
    name: str,
    settings: StudioSettings,
    network: StudioNetwork,
    key: kms.IKey,
    role: iam.IRole,
    setup: sagemaker.CfnStudioLifecycleConfig,
) -> sagemaker.CfnDomain:
    """Make the domain.

    People sign in by IAM: whoever may ask for the address of a profile works as it. There is no file system of its
    own, which would outlive the domain and keep the VPC from being deleted: a space has a disk.
    """
    group = [network.security_group.security_group_id]
    return Domain(
        scope,
        construct_id,
        domain_name=name,
        auth_mode="IAM",
        app_network_access_type="VpcOnly",
        vpc_id=network.vpc.vpc_id,
        subnet_ids=[subnet.subnet_id for subnet in network.subnets],
        kms_key_id=key.key_arn,
        home_efs_file_system_creation="Disabled",
        domain_settings=Domain.DomainSettingsProperty(
            security_group_ids=group,
            # CloudTrail then says who it was, though all share one role.
            execution_role_identity_config="USER_PROFILE_NAME",
            docker_settings=Domain.DockerSettingsProperty(enable_docker_access="DISABLED"),
        ),
        default_user_settings=Domain.UserSettingsProperty(
            execution_role=role.role_arn,
            security_groups=group,
            auto_mount_home_efs="Disabled",
            studio_web_portal="ENABLED",
            default_landing_uri="studio::",
            studio_web_portal_settings=Domain.StudioWebPortalSettingsProperty(
                hidden_app_types=list(HIDDEN_APPS),
                # What IAM would refuse is not offered either.
                hidden_instance_types=[one for one in STUDIO_INSTANCE_TYPES if one not in settings.instance_types],
                hidden_ml_tools=list(HIDDEN_TOOLS),
            ),
            sharing_settings=Domain.SharingSettingsProperty(notebook_output_option="Disabled"),
            jupyter_lab_app_settings=Domain.JupyterLabAppSettingsProperty(
                default_resource_spec=Domain.ResourceSpecProperty(instance_type=settings.instance_types[0]),
                # Built in: it runs in every space, and no person can choose another in its place.
                built_in_lifecycle_config_arn=setup.attr_studio_lifecycle_config_arn,
                app_lifecycle_management=Domain.AppLifecycleManagementProperty(
                    idle_settings=Domain.IdleSettingsProperty(
                        lifecycle_management="ENABLED",
                        idle_timeout_in_minutes=settings.idle_minutes,
                        min_idle_timeout_in_minutes=LEAST_IDLE_MINUTES,
                        max_idle_timeout_in_minutes=settings.idle_minutes,
                    )
                ),
            ),
            space_storage_settings=Domain.DefaultSpaceStorageSettingsProperty(
                default_ebs_storage_settings=Domain.DefaultEbsStorageSettingsProperty(
                    default_ebs_volume_size_in_gb=settings.volume_gb,
                    maximum_ebs_volume_size_in_gb=settings.maximum_volume_gb,
                )
            ),
        ),
    )


def private_space(
    scope: Construct, *, user: str, domain: sagemaker.CfnDomain, settings: StudioSettings
) -> sagemaker.CfnSpace:
    """Make a user's profile and private space; both are named, since SageMaker wants names for them."""
    profile = sagemaker.CfnUserProfile(scope, f"User-{user}", domain_id=domain.attr_domain_id, user_profile_name=user)
    space = Space(
        scope,
        f"Space-{user}",
        domain_id=domain.attr_domain_id,
        space_name=f"{user}-lab",
        ownership_settings=Space.OwnershipSettingsProperty(owner_user_profile_name=user),
        space_sharing_settings=Space.SpaceSharingSettingsProperty(sharing_type="Private"),
        space_settings=Space.SpaceSettingsProperty(
            app_type="JupyterLab",
            jupyter_lab_app_settings=Space.SpaceJupyterLabAppSettingsProperty(
                default_resource_spec=Space.ResourceSpecProperty(instance_type=settings.instance_types[0]),
            ),
            space_storage_settings=Space.SpaceStorageSettingsProperty(
                ebs_storage_settings=Space.EbsStorageSettingsProperty(ebs_volume_size_in_gb=settings.volume_gb)
            ),
            remote_access="DISABLED",
        ),
    )
    space.node.add_dependency(profile)
    return space
