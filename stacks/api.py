"""Api: the REST API that answers predictions, and the function behind it."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import Settings
from stacks.components.api_answers import add_problem_answers
from stacks.components.api_edge import (
    STAGE,
    access_log_format,
    acknowledge_public_api,
    customers_envelope,
    own_execution_log,
    own_log_role,
)
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionNetwork, FunctionSpec, PythonFunction
from stacks.components.grants import allow
from stacks.components.storage import log_group

OUTSIDE_BY_SETTING = (
    "The settings keep it out of the VPC (api.in_vpc), to spare the interface endpoint it would need. "
    "It may call one endpoint of SageMaker, over TLS, and nothing else."
)


class ApiStack(Stack):
    """``POST /predictions`` and ``GET /health``, throttled, validated and logged."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        key: kms.IKey,
        network: FunctionNetwork | None,
        endpoint: sagemaker.CfnEndpoint,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._settings = settings
        self._key = key
        self._network = network
        self.access_log = log_group(self, "AccessLog", settings=settings.storage, key=key)
        self.rest_api = self._rest_api()
        own_execution_log(self.rest_api, storage=settings.storage, key=key)
        if settings.api.manages_log_role:
            own_log_role(self.rest_api, storage=settings.storage)
        add_problem_answers(self.rest_api)
        invoker = self._invoker(endpoint)
        integration = apigateway.LambdaIntegration(
            invoker.function, allow_test_invoke=False, timeout=Duration.seconds(settings.api.gateway_timeout_s)
        )
        validator = self.rest_api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        predict = self.rest_api.root.add_resource("predictions").add_method(
            "POST",
            integration,
            request_validator=validator,
            request_models={"application/json": customers_envelope(self.rest_api)},
        )
        health = self.rest_api.root.add_resource("health").add_method("GET", integration, request_validator=validator)
        acknowledge_public_api(self.rest_api, methods=[predict, health])
        CfnOutput(self, "ApiUrl", value=self.rest_api.url)
        CfnOutput(self, "AccessLogGroupName", value=self.access_log.log_group_name)
        CfnOutput(self, "InvokerLogGroupName", value=invoker.log_group.log_group_name)

    def _rest_api(self) -> apigateway.RestApi:
        api = self._settings.api
        return apigateway.RestApi(
            self,
            "RestApi",
            rest_api_name=self._settings.resource_name,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=False,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                throttling_rate_limit=api.throttle_rate_per_s,
                throttling_burst_limit=api.throttle_burst,
                access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
                access_log_format=access_log_format(),
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                # Bodies hold customers' data and must not reach a log.
                data_trace_enabled=False,
                metrics_enabled=True,
                tracing_enabled=True,
            ),
        )

    def _invoker(self, endpoint: sagemaker.CfnEndpoint) -> PythonFunction:
        api = self._settings.api
        name = endpoint.attr_endpoint_name
        arn = self.format_arn(service="sagemaker", resource="endpoint", resource_name=name)
        return PythonFunction(
            self,
            "Invoker",
            spec=FunctionSpec(
                bundle=bundle({".": ROOT / "lambda" / "invoker", "schema": ROOT / "schema"}),
                handler="handler.handler",
                description="Answers predictions from the model's endpoint",
                timeout_s=api.function_timeout_s,
                memory_mb=api.function_memory_mb,
                environment={"ENDPOINT_NAME": name, "INVOKE_TIMEOUT_S": str(api.endpoint_timeout_s)},
            ),
            grants=[allow("sagemaker:InvokeEndpoint", on=[arn])],
            storage=self._settings.storage,
            key=self._key,
            network=self._network,
            outside_vpc_because="" if self._network else OUTSIDE_BY_SETTING,
        )
