"""What the page is to the user pool and to the API: an app client, and a key of its own plan."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, Duration, Fn
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from config import SignInSettings
from contract.access import SCOPES
from stacks.components.api_access import ApiAccess
from stacks.components.user_pool import UserPool

# How long the token before the last still counts: for an answer that got lost on its way.
GRACE_S = 10


def page_key(scope: Construct, construct_id: str, *, access: ApiAccess) -> str:
    """Make the key that CloudFront puts on what the page asks, and return its value.

    It counts requests and lets nobody in, so it needs no secret: the stack's own id stands in for one, the same at each
    deployment and known inside the account only.
    """
    value = Fn.select(2, Fn.split("/", Aws.STACK_ID))
    key = apigateway.ApiKey(scope, construct_id, description="Counts what comes by the page", value=value)
    # The plan's own way would put the connection into its stack, which would then depend on this one in a circle.
    apigateway.CfnUsagePlanKey(
        scope,
        f"{construct_id}Plan",
        key_id=key.key_id,
        key_type="API_KEY",
        usage_plan_id=access.page_plan.usage_plan_id,
    )
    return value


def page_client(
    scope: Construct, construct_id: str, *, settings: SignInSettings, users: UserPool, addresses: Sequence[str]
) -> cognito.UserPoolClient:
    """Make the page's app client: public, so a code alone is worth nothing without the verifier that the page keeps.

    Parameters
    ----------
    addresses : sequence of str
        Where the page is, each with a slash behind: people may come back to these, and nowhere else.
    """
    client = cognito.UserPoolClient(
        scope,
        construct_id,
        user_pool=users.pool,
        generate_secret=False,
        # People sign in at the managed login, and there only. A client without any flow would get three of them.
        auth_flows=cognito.AuthFlow(user_srp=True),
        o_auth=cognito.OAuthSettings(
            flows=cognito.OAuthFlows(authorization_code_grant=True),
            scopes=[
                cognito.OAuthScope.OPENID,
                cognito.OAuthScope.EMAIL,
                cognito.OAuthScope.PROFILE,
                *(cognito.OAuthScope.custom(name) for name in SCOPES),
            ],
            callback_urls=list(addresses),
            logout_urls=list(addresses),
        ),
        supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
        access_token_validity=Duration.minutes(settings.token_minutes),
        id_token_validity=Duration.minutes(settings.token_minutes),
        refresh_token_validity=Duration.hours(settings.session_hours),
        refresh_token_rotation_grace_period=Duration.seconds(GRACE_S),
        enable_token_revocation=True,
        prevent_user_existence_errors=True,
        # What a person's token tells the page; the page itself changes nothing of a person.
        read_attributes=cognito.ClientAttributes().with_standard_attributes(email=True, fullname=True),
    )
    client.node.add_dependency(users.server)
    # Without a style of its own, even Cognito's, the managed login shows nothing.
    cognito.CfnManagedLoginBranding(
        scope,
        f"{construct_id}Login",
        user_pool_id=users.pool.user_pool_id,
        client_id=client.user_pool_client_id,
        use_cognito_provided_values=True,
    )
    return client
