"""The platform of the SageMaker service, on MiniStack."""

import contextlib
import contextvars
import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.emulator import names
from local.emulator.events import Events
from local.sagemaker.errors import denied, invalid
from local.sagemaker.roles import SERVICE

_log = logging.getLogger("sagemaker.host")
#: The access key of the request that is being answered; None when CloudFormation (or nobody) calls.
caller: contextvars.ContextVar[str | None] = contextvars.ContextVar("sagemaker_caller", default=None)
_CONFIG = Config(
    s3={"addressing_style": "path"},
    retries={"total_max_attempts": 2, "mode": "standard"},
    connect_timeout=5,
    read_timeout=120,
    max_pool_connections=20,
    proxies={},
)


class MiniStackHost:
    """See :class:`local.sagemaker.platform.Platform`.

    Parameters
    ----------
    work_dir
        Folder for jobs and endpoints.
    log_dir
        Folder for plain copies of their logs.
    ml_python
        The Python that holds the ML libraries.
    port
        The gateway's port.
    events
        Where the driver learns what happens.
    """

    def __init__(self, work_dir: Path, log_dir: Path, ml_python: str, port: int, events: Events) -> None:
        self.work_dir = work_dir
        self.log_dir: Path | None = log_dir
        self.ml_python = ml_python
        self._endpoint = f"http://127.0.0.1:{port}"
        self._events = events
        # Building a client takes tens of milliseconds and is not thread-safe in one session.
        self._session = boto3.session.Session()
        self._clients: dict[tuple[str, ...], Any] = {}
        self._sessions: dict[tuple[str, str, str], dict[str, str]] = {}
        self._lock = threading.Lock()

    def account_id(self) -> str:
        """The account of the current request."""
        return names.get_account_id()

    def region(self) -> str:
        """The region of the current request."""
        return names.get_region()

    def scope(self, account: str, region: str) -> contextlib.AbstractContextManager[None]:
        """Act for an account and region outside a request."""
        return names.request_scope(account, region)

    def background(self, name: str, function: Callable[[], None]) -> None:
        """Run a function on a thread of its own, with the current account and region."""

        def run() -> None:
            # What runs later is not the caller of now.
            caller.set(None)
            function()

        names.spawn_background(run, thread_name=name)

    def client(self, service: str, role_arn: str | None = None, principal: str = SERVICE) -> Any:
        """A client on this gateway, as the account's root or with a session that a service has of a role."""
        account, region = self.account_id(), self.region()
        key = (service, account, region, role_arn or "", principal)
        with self._lock:
            if key not in self._clients:
                if role_arn:
                    credentials = self._assume(role_arn, account, principal)
                else:
                    credentials = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
                self._clients[key] = self._session.client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint,
                    config=_CONFIG,
                    **credentials,
                )
            return self._clients[key]

    def forget_clients(self) -> None:
        """Drop all sessions: the emulator forgot them too."""
        with self._lock:
            self._clients.clear()
            self._sessions.clear()

    def _assume(self, role_arn: str, account: str, principal: str) -> dict[str, str]:
        """A session of a role for a service, after a look at its trust policy; one for each role and service."""
        if session := self._sessions.get((account, role_arn, principal)):
            return session
        role = role_arn.rsplit("/", 1)[-1]
        record = names.find_role(account, role)
        if record is None or not names.trusts(record, principal, account):
            raise invalid(
                f"Could not assume role {role_arn}. Please ensure that the role exists and allows "
                f"principal '{principal}' to assume the role."
            )
        name = "SageMaker" if principal == SERVICE else principal.partition(".")[0]
        key = "ASIA" + uuid.uuid4().hex[:16].upper()
        secret, token = uuid.uuid4().hex, uuid.uuid4().hex
        names.register_session(
            key,
            {
                "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
                "UserId": f"{record.get('RoleId', role)}:{name}",
                "SecretAccessKey": secret,
                "SessionToken": token,
                "AccountId": account,
                "PrincipalType": "AssumedRole",
            },
        )
        session = {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}
        self._sessions[account, role_arn, principal] = session
        return session

    def authorize(
        self,
        action: str,
        resource: str,
        context: dict[str, Any],
        role_arn: str | None = None,
        principal: str = SERVICE,
    ) -> None:
        """Raise AccessDenied unless the caller of this request (or a service with a role) may do this."""
        key = caller.get()
        if role_arn:
            with self._lock:
                key = self._assume(role_arn, self.account_id(), principal)["aws_access_key_id"]
        if key is None or not names.auth_enabled():
            return
        result = names.enforce(key, action, resource, context)
        if result is not None:
            principal = getattr(result, "principal_arn", "unknown")
            reason = f"because no identity-based policy allows the {action} action"
            if getattr(result, "decision", "") == "Deny":
                reason = "with an explicit deny in an identity-based policy"
            raise denied(f"User: {principal} is not authorized to perform: {action} on resource: {resource} {reason}")

    def caller(self) -> dict[str, str]:
        """The IAM identity of the caller of this request."""
        key = caller.get()
        return names.identity(key) if key else {}

    def event(self, kind: str, detail: dict[str, Any], resources: list[str]) -> None:
        """Tell EventBridge, which tells the driver."""
        names.put_service_event("aws.sagemaker", kind, detail, resources)

    def tell(self, kind: str, detail: dict[str, Any]) -> None:
        """Tell the driver what a service has told EventBridge."""
        self._events.tell(kind, detail)

    @contextlib.contextmanager
    def acting_for(self, access_key: str | None) -> Iterator[None]:
        """Answer a request of this caller."""
        token = caller.set(access_key)
        try:
            yield
        finally:
            caller.reset(token)
