"""Model, endpoint configuration and endpoint, made from a registered package."""

from __future__ import annotations

from aws_cdk import Fn
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components import findings
from stacks.components.acknowledgements import acknowledge
from stacks.components.bucket_rules import CAPTURE
from stacks.components.churn_pipeline import SERVING_ENVIRONMENT
from stacks.components.endpoint_alarms import EndpointAlarms
from stacks.components.place import Place

# SageMaker replaces an endpoint whose variant is renamed instead of shifting traffic: the name never changes.
VARIANT = "main"


def serving_environment(model_package_arn: str) -> dict[str, str]:
    """Tell the container which version of its group it serves: an artifact is packed before it has one.

    The package's own variables are repeated, so that it does not matter whether SageMaker adds these to them or takes
    these instead. The version alone, not the ARN: it is told to callers, whom the account is no business of.
    """
    # arn:…:model-package/<group>/<version>
    return {**SERVING_ENVIRONMENT, "MODEL_VERSION": Fn.select(2, Fn.split("/", model_package_arn))}


class ModelEndpoint(Construct):
    """An endpoint with a fixed name; its model and configuration are replaced behind it.

    Parameters
    ----------
    model_package_arn : str
        The package to serve.
    role : Role
        What the container may do.
    log : LogGroup
        The endpoint's log group, made before SageMaker would make its own without key and end.
    topic : ITopic
        Where its alarms tell people; they also bring the old model back while a new one takes over.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        place: Place,
        model_package_arn: str,
        role: iam.Role,
        log: logs.LogGroup,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = serving = settings.serving
        self._place = place
        # The role refers to its grants (see grants.py), so the reference to the role is all the order that
        # CloudFormation needs: the model is never created before the role may read the artifact.
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role.role_arn,
            containers=[
                sagemaker.CfnModel.ContainerDefinitionProperty(
                    model_package_name=model_package_arn, environment=serving_environment(model_package_arn)
                )
            ],
            enable_network_isolation=serving.network_isolated,
            vpc_config=self._vpc_config() if serving.in_vpc else None,
        )
        config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[self._variant(model)],
            kms_key_id=None if serving.serverless else place.keys.models.key_arn,
            data_capture_config=self._data_capture() if serving.data_capture_percent else None,
        )
        if serving.serverless:
            acknowledge(
                config,
                findings.NO_VOLUME_KEY,
                "A serverless endpoint has no volume that a key of ours could encrypt: SageMaker refuses the key.",
            )
        config_name = config.attr_endpoint_config_name
        self._alarms = EndpointAlarms(
            self, "Alarms", settings=settings, variant=VARIANT, config_name=config_name, topic=topic
        ).all
        self.endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=settings.resource_name,
            endpoint_config_name=config_name,
            # Autoscaled capacity survives a new model; otherwise an update sets what the settings name.
            retain_all_variant_properties=serving.autoscaled,
            deployment_config=self._deployment() if serving.canary_percent else None,
        )
        self.endpoint.node.add_dependency(log)

    def _vpc_config(self) -> sagemaker.CfnModel.VpcConfigProperty:
        return sagemaker.CfnModel.VpcConfigProperty(
            subnets=[subnet.subnet_id for subnet in self._place.subnets],
            security_group_ids=[self._place.security_group.security_group_id],
        )

    def _variant(self, model: sagemaker.CfnModel) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        settings = self._settings
        if settings.serverless:
            return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                variant_name=VARIANT,
                model_name=model.attr_model_name,
                serverless_config=sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
                    max_concurrency=settings.serverless_max_concurrency,
                    memory_size_in_mb=settings.serverless_memory_mb,
                ),
            )
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name=VARIANT,
            model_name=model.attr_model_name,
            initial_instance_count=settings.instance_count,
            instance_type=settings.instance_type,
            initial_variant_weight=1,
        )

    def _data_capture(self) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty:
        option = sagemaker.CfnEndpointConfig.CaptureOptionProperty
        return sagemaker.CfnEndpointConfig.DataCaptureConfigProperty(
            enable_capture=True,
            initial_sampling_percentage=self._settings.data_capture_percent,
            destination_s3_uri=self._place.data.s3_url_for_object(CAPTURE.rstrip("/")),
            kms_key_id=self._place.keys.data.key_arn,
            capture_options=[option(capture_mode="Input"), option(capture_mode="Output")],
            capture_content_type_header=sagemaker.CfnEndpointConfig.CaptureContentTypeHeaderProperty(
                json_content_types=["application/json"], csv_content_types=["text/csv"]
            ),
        )

    def _deployment(self) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
        """Give a new model a share of the capacity first; alarms bring the old one back."""
        settings = self._settings
        # Whole machines: of an autoscaled number, a share in percent could come out over the half that is allowed.
        machines = settings.canary_percent * settings.instance_count // 100
        capacity = sagemaker.CfnEndpoint.CapacitySizeProperty(type="INSTANCE_COUNT", value=machines)
        return sagemaker.CfnEndpoint.DeploymentConfigProperty(
            blue_green_update_policy=sagemaker.CfnEndpoint.BlueGreenUpdatePolicyProperty(
                traffic_routing_configuration=sagemaker.CfnEndpoint.TrafficRoutingConfigProperty(
                    type="CANARY", canary_size=capacity, wait_interval_in_seconds=settings.canary_bake_s
                ),
                termination_wait_in_seconds=settings.terminate_wait_s,
                maximum_execution_timeout_in_seconds=settings.update_timeout_s,
            ),
            auto_rollback_configuration=sagemaker.CfnEndpoint.AutoRollbackConfigProperty(
                alarms=[sagemaker.CfnEndpoint.AlarmProperty(alarm_name=one.alarm_name) for one in self._alarms]
            ),
        )
