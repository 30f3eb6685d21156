"""Sign-in: who may use the page and the API."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from config import Settings
from stacks.components.keys import Keys
from stacks.components.user_pool import UserPool


class SignInStack(Stack):
    """The user pool. Its clients stand beside what they are for: the page's with the page, systems' with the API."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, keys: Keys, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.users = UserPool(self, "Users", settings=settings, key=keys.logs)
        CfnOutput(self, "UserPoolId", value=self.users.pool.user_pool_id)
        CfnOutput(self, "LoginUrl", value=self.users.login_url)
