"""Who may call a method of the API, and how often."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from config import ClientSettings, Settings
from contract.access import RESOURCE_SERVER, SCOPES
from stacks.components.user_pool import UserPool


class ApiAccess(Construct):
    """Protects each method, and gives each caller a plan: no method is added without being asked which scope it is for.

    One authorizer for people and systems: API Gateway checks the token of either by itself. The key says whose plan a
    request counts in; it lets nobody in.

    Attributes
    ----------
    page_plan : apigateway.UsagePlan
        Of all who come by the page; the web stack has its key.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, rest_api: apigateway.RestApi, users: UserPool
    ) -> None:
        super().__init__(scope, construct_id)
        self._api, self._users = rest_api, users
        self._authorizer = apigateway.CognitoUserPoolsAuthorizer(self, "Authorizer", cognito_user_pools=[users.pool])
        # The stage bounds each method by itself; those who come by the page share as much for all that they ask.
        self.page_plan = self._plan(
            "PagePlan", rate=settings.api.throttle_rate_per_s, burst=settings.api.throttle_burst
        )
        for client in settings.sign_in.clients:
            self._add_client(settings, client)

    def method_options(self, scope: str) -> dict[str, Any]:
        """Give the keyword arguments of ``add_method`` that let in callers with one scope of contract/access.py.

        Raises
        ------
        ValueError
            If the contract knows no such scope.
        """
        if scope not in SCOPES:
            raise ValueError(f"{scope!r} is no scope of the API: choose one of {', '.join(SCOPES)}.")
        return {
            "authorization_type": apigateway.AuthorizationType.COGNITO,
            "authorizer": self._authorizer,
            "authorization_scopes": [scope],
            "api_key_required": True,
        }

    def _add_client(self, settings: Settings, client: ClientSettings) -> None:
        """Let in a system: its id and secret buy tokens, its key counts what it asks."""
        name = client.identifier
        app_client = cognito.UserPoolClient(
            self,
            f"{name}Client",
            user_pool=self._users.pool,
            user_pool_client_name=f"{settings.resource_name}-{client.name}",
            generate_secret=True,
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(client_credentials=True),
                scopes=[cognito.OAuthScope.custom(f"{RESOURCE_SERVER}/{scope}") for scope in client.scopes],
            ),
            access_token_validity=Duration.minutes(settings.sign_in.token_minutes),
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
        )
        app_client.node.add_dependency(self._users.server)
        plan = self._plan(f"{name}Plan", rate=client.rate_per_s, burst=client.burst, quota=client.daily_quota)
        key = apigateway.ApiKey(self, f"{name}Key", description=f"Counts what {client.name} asks")
        plan.add_api_key(key)
        CfnOutput(self._api.stack, f"{name}ClientId", value=app_client.user_pool_client_id)
        CfnOutput(self._api.stack, f"{name}KeyId", value=key.key_id)

    def _plan(self, name: str, *, rate: int, burst: int, quota: int | None = None) -> apigateway.UsagePlan:
        plan = apigateway.UsagePlan(
            self,
            name,
            throttle=apigateway.ThrottleSettings(rate_limit=rate, burst_limit=burst),
            quota=apigateway.QuotaSettings(limit=quota, period=apigateway.Period.DAY) if quota else None,
        )
        plan.add_api_stage(stage=self._api.deployment_stage)
        return plan
