"""The people who may sign in: a user pool, its groups, and what its tokens may be for."""

from __future__ import annotations

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_kms as kms
from constructs import Construct

from config import Settings
from contract.access import GROUPS, RESOURCE_SERVER, SCOPES
from stacks.components.acknowledgements import acknowledge
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.grants import resource_of

# Cognito gives a trigger five seconds, and asks three times.
TRIGGER_TIMEOUT_S = 5
TRIGGER_MEMORY_MB = 128
PASSWORD_LENGTH = 14
INVITATION_DAYS = 3
OUTSIDE_VPC = (
    "It looks at the groups in the event and answers with a list of scopes: it calls nothing, and a place in the VPC "
    "would only make people wait for their sign-in."
)
MFA = {"off": cognito.Mfa.OFF, "optional": cognito.Mfa.OPTIONAL, "required": cognito.Mfa.REQUIRED}


class UserPool(Construct):
    """A pool that only its operators add people to.

    Attributes
    ----------
    pool : cognito.UserPool
        The pool.
    login_url : str
        Where its managed login is: ``https://…``, without a slash behind.
    server : cognito.UserPoolResourceServer
        Of the scopes in contract/access.py; what names a scope depends on it.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        chosen, keep = settings.sign_in, settings.storage.retain_on_destroy
        self.pool = cognito.UserPool(
            self,
            "Pool",
            # By which it is found again where it outlives its stack; other pools may have the same.
            user_pool_name=settings.resource_name,
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True),
                fullname=cognito.StandardAttribute(required=False, mutable=True),
            ),
            password_policy=cognito.PasswordPolicy(
                min_length=PASSWORD_LENGTH,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                password_history_size=5,
                temp_password_validity=Duration.days(INVITATION_DAYS),
            ),
            mfa=MFA[chosen.mfa],
            mfa_second_factor=None if chosen.mfa == "off" else cognito.MfaSecondFactor(otp=True, sms=False),
            # Managed login and tokens that a trigger may change take Essentials, threat protection Plus.
            feature_plan=cognito.FeaturePlan.PLUS if chosen.threat_protection else cognito.FeaturePlan.ESSENTIALS,
            standard_threat_protection_mode=(
                cognito.StandardThreatProtectionMode.FULL_FUNCTION if chosen.threat_protection else None
            ),
            deletion_protection=keep,
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )
        self.pool.add_trigger(
            cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG,
            self._trigger(settings, key).function,
            cognito.LambdaVersion.V2_0,
        )
        self.server = self.pool.add_resource_server(
            "Api",
            identifier=RESOURCE_SERVER,
            scopes=[
                cognito.ResourceServerScope(scope_name=name.partition("/")[2], scope_description=told)
                for name, told in SCOPES.items()
            ],
        )
        for group in GROUPS:
            cognito.CfnUserPoolGroup(self, group.title(), user_pool_id=self.pool.user_pool_id, group_name=group)
        # A prefix must be the only one of its name in a region, whoever has it.
        domain = self.pool.add_domain(
            "Login",
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=f"{settings.resource_name}-{Aws.ACCOUNT_ID}"),
            managed_login_version=cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
        )
        self.login_url = domain.base_url()
        self._acknowledge(settings)

    def _trigger(self, settings: Settings, key: kms.IKey) -> PythonFunction:
        """Make the function that leaves in a person's token what the person's groups give."""
        contract = {f"contract/{name}.py": ROOT / "contract" / f"{name}.py" for name in ("__init__", "access")}
        return PythonFunction(
            self,
            "GrantScopes",
            spec=FunctionSpec(
                bundle=bundle({".": ROOT / "lambda" / "grant_scopes", **contract}),
                handler="handler.handler",
                description="Leaves in a person's token the scopes that the person's groups give",
                timeout_s=TRIGGER_TIMEOUT_S,
                memory_mb=TRIGGER_MEMORY_MB,
                environment={},
            ),
            grants=[],
            storage=settings.storage,
            key=key,
            outside_vpc_because=OUTSIDE_VPC,
        )

    def _acknowledge(self, settings: Settings) -> None:
        resource = resource_of(self.pool)
        if settings.sign_in.mfa != "required":
            acknowledge(
                resource,
                "AwsSolutions-COG2",
                "The settings (sign_in.mfa) leave the second factor to each person here; where customers' data is "
                "studied, it is required.",
            )
        if not settings.sign_in.threat_protection:
            acknowledge(
                resource,
                "AwsSolutions-COG8",
                "Threat protection takes the Plus plan, which is paid for each person: the settings "
                "(sign_in.threat_protection) decide. Long passwords and the second factor stand in for it.",
            )
