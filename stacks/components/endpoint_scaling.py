"""How many machines serve: between the settings' minimum and maximum, by how much each has to do."""

from __future__ import annotations

from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import ServingSettings

# The only dimension in which a variant scales.
DIMENSION = "sagemaker:variant:DesiredInstanceCount"


class EndpointScaling(Construct):
    """Application Auto Scaling of the endpoint's variant.

    It works under the role that the service itself makes (AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint):
    none of ours could be narrower.

    Parameters
    ----------
    endpoint : CfnEndpoint
        The endpoint; it keeps the capacity that it was given here when its model is replaced.
    variant : str
        The variant that scales.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: ServingSettings,
        endpoint: sagemaker.CfnEndpoint,
        variant: str,
    ) -> None:
        super().__init__(scope, construct_id)
        # A changed instance_count acts through the minimum: the endpoint itself keeps what it has.
        target = autoscaling.CfnScalableTarget(
            self,
            "Target",
            service_namespace="sagemaker",
            scalable_dimension=DIMENSION,
            resource_id=f"endpoint/{endpoint.attr_endpoint_name}/variant/{variant}",
            min_capacity=settings.instance_count,
            max_capacity=settings.autoscaling_max_count,
        )
        autoscaling.CfnScalingPolicy(
            self,
            "Invocations",
            policy_name="invocations",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=(
                autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                    target_value=settings.autoscaling_invocations_per_instance,
                    predefined_metric_specification=(
                        autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                            predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                        )
                    ),
                )
            ),
        )
