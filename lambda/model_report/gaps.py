"""What is missing of a report, and why: a part that cannot be had is named, and costs no other part.

Without the endpoint and the list of versions there is nothing to report on: whoever asks for those two answers for
their failures alone. Everything else comes through here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from passing import is_busy
from problems import EndpointUnavailable

# Why a part is missing, as the contract has it.
UNNAMED, GONE, ELSEWHERE = "not named", "gone", "elsewhere"
REFUSED, NO_ANSWER, OTHER_FORM = "refused", "no answer", "another form"
# SageMaker has no exception of its own for what is not there.
NOT_THERE = ("NoSuchKey", "404", "ResourceNotFound", "ValidationException")
# A document that somebody else wrote, or an earlier version: what reading it by our form raises.
_MISREAD = (LookupError, TypeError, ValueError, AttributeError)
Part = TypeVar("Part")
Json = dict[str, Any]


class Gap(Exception):
    """A part that is not to be had; the message is one of the reasons above."""


class Gaps:
    """What is missing of one report. Its parts may be read side by side."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[str, str]] = {}

    def filled(self, part: str, version: str, read: Callable[[], Part], instead: Part) -> Part:
        """Read a part of a version's report, or note why it is missing and give what stands for it.

        Parameters
        ----------
        version : str
            Empty for what is of no version.
        """
        try:
            return read()
        except (Gap, EndpointUnavailable, BotoCoreError, ClientError, *_MISREAD) as exc:
            self._found.setdefault((part, version), (_why(exc), _cause(exc)))
            return instead

    @property
    def told(self) -> list[Json]:
        """For the answer."""
        return [
            {"part": part, "version": version or None, "why": why}
            for (part, version), (why, _) in sorted(self._found.items())
        ]

    @property
    def causes(self) -> list[str]:
        """For the log: the same, with the word of whoever refused."""
        return [" ".join(filter(None, (*key, *told))) for key, told in sorted(self._found.items())]


def _why(exc: Exception) -> str:
    if isinstance(exc, Gap):
        return str(exc)
    if isinstance(exc, ClientError):
        return NO_ANSWER if is_busy(exc) else GONE if exc.response["Error"]["Code"] in NOT_THERE else REFUSED
    return OTHER_FORM if isinstance(exc, _MISREAD) else NO_ANSWER


def _cause(exc: Exception) -> str:
    """Never the message: it may quote a document."""
    if isinstance(exc, Gap):
        return ""
    return str(exc.response["Error"]["Code"]) if isinstance(exc, ClientError) else type(exc).__name__
