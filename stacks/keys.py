"""Keys: what everything else is encrypted with. They come first and, where data is kept, stay last.

The account's analyzer of access, where settings ask for it, comes with them: before there is anything to share.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_accessanalyzer as accessanalyzer
from constructs import Construct

from config import Settings
from stacks.components.keys import Keys, let_alarms_use, let_logs_use, rotating_key


class KeysStack(Stack):
    """One key for customers' data, one for models, one for logs, one for notices."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        name, storage = settings.resource_name, settings.storage
        logs = rotating_key(self, "Logs", description=f"Logs of {name}", settings=storage)
        let_logs_use(logs)
        notices = rotating_key(self, "Notices", description=f"Notices of {name}", settings=storage)
        let_alarms_use(notices)
        self.keys = Keys(
            data=rotating_key(self, "Data", description=f"Customers' data of {name}", settings=storage),
            models=rotating_key(self, "Models", description=f"Models of {name}", settings=storage),
            logs=logs,
            notices=notices,
        )
        if settings.identity.access_analyzer:
            # Of this account: it finds what anybody outside can reach. Nothing here should be; the page is served by
            # CloudFront, which is a service and not an account.
            accessanalyzer.CfnAnalyzer(self, "AccessAnalyzer", type="ACCOUNT")
