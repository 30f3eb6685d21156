"""A request of API Gateway's proxy integration from its event to its answer, whatever happens, and its line of log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import json_log
from answers import Answer, problem_answer
from request import Request


def served(event: dict[str, Any], context: Any, respond: Callable[[Request], Answer]) -> Answer:
    """Answer one request by `respond`; what it raises becomes problem details."""
    started = time.perf_counter()
    request = Request.of(event, context)
    try:
        made = respond(request)
    except Exception as exc:  # the table in problems.py knows what each one means
        made = problem_answer(exc, request)
        request.facts.update(json_log.describe(exc))
    json_log.write(request, made["statusCode"], time.perf_counter() - started)
    return made
