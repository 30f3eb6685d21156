"""Api: the REST API that answers predictions, and the functions behind it."""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import Settings
from contract import access
from stacks.components.api_access import ApiAccess
from stacks.components.api_answers import add_problem_answers
from stacks.components.api_edge import (
    STAGE,
    access_log_format,
    acknowledge_stage,
    own_execution_log,
    own_log_role,
    request_envelope,
)
from stacks.components.batch_api import batch_api
from stacks.components.functions import FunctionNetwork, PythonFunction
from stacks.components.invoker import invoker
from stacks.components.model_report import model_report
from stacks.components.place import Place
from stacks.components.storage import log_group
from stacks.components.user_pool import UserPool
from stacks.components.web_acl import WebAcl


class ApiStack(Stack):
    """The addresses of contract/openapi.py, throttled, validated and logged."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        place: Place,
        network: FunctionNetwork | None,
        endpoint: sagemaker.CfnEndpoint,
        users: UserPool,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._settings = settings
        key = place.keys.logs
        self.access_log = log_group(self, "AccessLog", settings=settings.storage, key=key)
        self.rest_api = self._rest_api()
        own_execution_log(self.rest_api, storage=settings.storage, key=key)
        if settings.api.manages_log_role:
            own_log_role(self.rest_api, storage=settings.storage)
        add_problem_answers(self.rest_api)
        self.access = ApiAccess(self, "Access", settings=settings, rest_api=self.rest_api, users=users)
        function = invoker(self, "Invoker", settings=settings, key=key, network=network, endpoint=endpoint)
        report = model_report(self, "ModelReport", settings=settings, place=place)
        batches = batch_api(self, "Batches", settings=settings, place=place)
        acknowledge_stage(self.rest_api, open_methods=self._methods(function, report, batches))
        if settings.firewall.enabled:
            acl = WebAcl(self, "Firewall", settings=settings, key=key, covers="REGIONAL")
            acl.stands_before(self.rest_api.deployment_stage)
        # Without the slash that the construct's own address ends in: API Gateway knows no path with two.
        domain = f"{self.rest_api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
        CfnOutput(self, "ApiUrl", value=f"https://{domain}/{STAGE}")
        CfnOutput(self, "AccessLogGroupName", value=self.access_log.log_group_name)
        CfnOutput(self, "InvokerLogGroupName", value=function.log_group.log_group_name)

    def _methods(
        self, function: PythonFunction, report: PythonFunction, batches: PythonFunction
    ) -> list[apigateway.Method]:
        """Connect the addresses with the functions, each behind the validator; return those that ask for no token."""
        timeout = Duration.seconds(self._settings.api.gateway_timeout_s)
        integration, reporting, batching = (
            apigateway.LambdaIntegration(one.invoked, allow_test_invoke=False, timeout=timeout)
            for one in (function, report, batches)
        )
        validator = self.rest_api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        # What is sent as CSV has no model, so that API Gateway lets it through; the function reads it.
        envelope = request_envelope(self.rest_api, "PredictionsRequest")
        root = self.rest_api.root
        guarded = {scope: self.access.method_options(scope) for scope in access.SCOPES}
        root.add_resource("predictions").add_method(
            "POST",
            integration,
            request_validator=validator,
            request_models={"application/json": envelope},
            **guarded[access.PREDICT],
        )
        model = root.add_resource("model")
        for one in (model, root.add_resource("schema")):
            one.add_method("GET", integration, request_validator=validator, **guarded[access.PREDICT])
        model.add_resource("report").add_method("GET", reporting, request_validator=validator, **guarded[access.REPORT])
        files = root.add_resource("batches")
        for method, one in (("POST", files), ("GET", files.add_resource("{id}"))):
            one.add_method(method, batching, request_validator=validator, **guarded[access.BATCHES])
        # Whether the API answers is asked by what has no token.
        return [root.add_resource("health").add_method("GET", integration, request_validator=validator)]

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
