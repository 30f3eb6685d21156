"""What API Gateway lets through and writes down, and what it does without for now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from config import StorageSettings
from contract.openapi import document
from contract.rules import JSON
from contract.shapes import envelope
from schema import load_schema
from stacks.components import findings
from stacks.components.acknowledgements import acknowledge
from stacks.components.grants import allow, resource_of, role_with
from stacks.components.storage import log_group, removal_policy

# CloudFront passes "/api/…" on unchanged, and the stage's name is the first part of a REST API's path.
STAGE = "api"
JsonType = apigateway.JsonSchemaType


def request_envelope(api: apigateway.RestApi, name: str) -> apigateway.Model:
    """Make API Gateway's model of a body of the contract: its outer form only.

    The function checks the fields, so that each gets its own message, and what is too much, which it refuses with
    413: the validator knows 400 only.
    """
    body = document(load_schema())["components"]["schemas"][name]
    return api.add_model(name, content_type=JSON, schema=_draft_4(envelope(body), outermost=True))


def _draft_4(shape: Mapping[str, Any], *, outermost: bool = False) -> apigateway.JsonSchema:
    """Write an envelope in the dialect that API Gateway knows."""
    return apigateway.JsonSchema(
        schema=apigateway.JsonSchemaVersion.DRAFT4 if outermost else None,
        type=JsonType(shape["type"].upper()),
        required=shape.get("required"),
        properties={name: _draft_4(part) for name, part in shape.get("properties", {}).items()} or None,
        items=_draft_4(shape["items"]) if "items" in shape else None,
        min_items=shape.get("minItems"),
    )


def own_execution_log(api: apigateway.RestApi, *, storage: StorageSettings, key: kms.IKey) -> None:
    """Make the group that API Gateway would make itself, without key and end, on the first error."""
    group = log_group(
        api.stack,
        "ExecutionLog",
        settings=storage,
        key=key,
        name=f"API-Gateway-Execution-Logs_{api.rest_api_id}/{STAGE}",
    )
    api.deployment_stage.node.add_dependency(group)


def own_log_role(api: apigateway.RestApi, *, storage: StorageSettings) -> None:
    """Give API Gateway the one role per account and region with which it writes the logs of all APIs.

    It refuses a role that may do less than AWS's own policy for this says; so ours says the same.
    """
    role = role_with(
        api,
        "LogRole",
        description="Writes the logs of API Gateway",
        trusts=iam.ServicePrincipal("apigateway.amazonaws.com"),
        grants=[
            allow(
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogGroups",
                "logs:DescribeLogStreams",
                "logs:FilterLogEvents",
                "logs:GetLogEvents",
                "logs:PutLogEvents",
                on=["*"],
                wildcard_because="API Gateway takes one role for all APIs of an account and region, and refuses it "
                "unless it may write to whatever groups those name.",
            )
        ],
    )
    account = apigateway.CfnAccount(api, "LogAccount", cloud_watch_role_arn=role.role_arn)
    # The account's setting outlives the API where data does, and with it what it names: other APIs may log by it.
    for part in (resource_of(role), resource_of(api.node.find_child("LogRoleGrants")), account):
        part.apply_removal_policy(removal_policy(storage))
    api.deployment_stage.node.add_dependency(account)


def access_log_format() -> apigateway.AccessLogFormat:
    """One JSON object a request; nothing that a client could write freely, so that a line is always valid JSON."""
    fields = {
        "requestId": "requestId",
        "requestTime": "requestTime",
        "requestTimeEpoch": "requestTimeEpoch",
        "ip": "identity.sourceIp",
        "httpMethod": "httpMethod",
        "resourcePath": "resourcePath",
        "protocol": "protocol",
        "status": "status",
        "responseLength": "responseLength",
        "responseLatency": "responseLatency",
        "integrationStatus": "integration.status",
        "integrationLatency": "integration.latency",
        "errorType": "error.responseType",
        # Who asked, by the ids that Cognito and API Gateway gave them: no name, no address of a person.
        "subject": "authorizer.claims.sub",
        "clientId": "authorizer.claims.client_id",
        "apiKeyId": "identity.apiKeyId",
    }
    line = {name: f"$context.{variable}" for name, variable in fields.items()}
    return apigateway.AccessLogFormat.custom(json.dumps(line, separators=(",", ":")))


def acknowledge_stage(api: apigateway.RestApi, *, open_methods: Sequence[apigateway.Method]) -> None:
    """Argue what the API does without."""
    for method in open_methods:
        acknowledge(
            method,
            findings.NO_SIGN_IN,
            "Whether the API answers, a monitor without credentials may ask: the answer is the same for everybody, "
            "calls no model, reads nothing that is stored, and is throttled.",
        )
    stage = api.deployment_stage
    acknowledge(
        stage,
        findings.NO_CACHE,
        "An answer is about one customer and must not be kept anywhere: no cache is the safest cache.",
    )
    acknowledge(
        stage,
        findings.NO_CLIENT_CERTIFICATE,
        "A client certificate proves the gateway to a backend over HTTP. The backend is a function, which the gateway "
        "calls through IAM and which accepts no other caller.",
    )
