"""What the service needs from the emulator that hosts it, as one small interface."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol


class Platform(Protocol):
    """The host of the service."""

    #: Folder for the working directories of jobs and endpoints.
    work_dir: Path
    #: Folder for plain copies of the logs that go to CloudWatch; None keeps none.
    log_dir: Path | None
    #: The Python that holds the ML libraries; jobs and endpoints run on it.
    ml_python: str

    def account_id(self) -> str:
        """The account of the current request."""

    def region(self) -> str:
        """The region of the current request."""

    def client(self, service: str, role_arn: str | None = None) -> Any:
        """A boto3 client on this emulator, carrying a session of the role (or the account's root)."""

    def background(self, name: str, function: Callable[[], None]) -> None:
        """Run a function on a thread of its own, in the account and region of the current request."""

    def authorize(self, action: str, resource: str, context: dict[str, Any], role_arn: str | None = None) -> None:
        """Raise ``AccessDeniedException`` unless the caller of the current request (or a role) may do this."""

    def caller(self) -> dict[str, str]:
        """The IAM identity of the caller of the current request, as ``IamIdentity``; empty when nobody calls."""

    def scope(self, account: str, region: str) -> contextlib.AbstractContextManager[None]:
        """Act for an account and region outside a request."""

    def event(self, kind: str, detail: dict[str, Any], resources: list[str]) -> None:
        """Tell EventBridge, and the person in front of the terminal, what happened to which resources (ARNs)."""


_current: list[Platform] = []


def install(platform: Platform) -> None:
    """Make a platform the one that the service runs on."""
    _current[:] = [platform]


@contextlib.contextmanager
def installed(platform: Platform) -> Iterator[Platform]:
    """Install a platform for the length of a block (for tests)."""
    before = list(_current)
    install(platform)
    try:
        yield platform
    finally:
        _current[:] = before


def current() -> Platform:
    """The installed platform."""
    if not _current:
        raise RuntimeError("no platform installed: call platform.install() first")
    return _current[0]
