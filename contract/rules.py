"""Limits, names and statuses. The function reads them at its cold start, so nothing heavy is imported here."""

from __future__ import annotations

from typing import NamedTuple

JSON, CSV, PROBLEM = "application/json", "text/csv", "application/problem+json"

MAX_CUSTOMERS = 100
# A customer takes about 400 bytes; 100 of them fit well, with generous white space.
MAX_BODY_BYTES = 256 * 1024
MAX_CHANGES = 20

# The first character keeps a spreadsheet from taking an id for a formula: ids come back in CSV.
ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9 ._:/@+-]{0,63}"
ID_RULE = (
    "must be a whole number from 0, or a text of 1 to 64 letters, digits and . _ : / @ + - that begins with a letter "
    "or digit"
)
ID_REMEDY = "Send such an id, or none: customers are counted then."
# What JavaScript, too, reads exactly.
MAX_ID = 2**53 - 1

# Of a batch: nobody guesses another's.
BATCH_ID_PATTERN = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

# Goes into logs and into captured traffic: nothing that could be a sentence, or end a line.
CORRELATION_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}"

ASSOCIATION = (
    "Effects are what the model expects of customers who differ in nothing but the change. They are associations in "
    "past data; the change itself need not cause them."
)


class Status(NamedTuple):
    """An error: its title (the status's phrase, as RFC 9457 asks where the type is blank), its cause, its remedy."""

    title: str
    when: str
    remedy: str


STATUSES: dict[int, Status] = {
    400: Status("Bad Request", "the body is not what is asked for, or fields break rules", "mend the request"),
    401: Status(
        "Unauthorized",
        "there is no token, it has ended or lacks the scope, or the API key is not known",
        "send `Authorization: Bearer` with a token that has the scope, and your key as `x-api-key`",
    ),
    404: Status("Not Found", "no such address or batch, or not with this method", "check the method and the path"),
    405: Status("Method Not Allowed", "the address does not answer this method", "use a method of the Allow header"),
    406: Status("Not Acceptable", "the answer has no form that the Accept header names", "accept application/json"),
    413: Status("Content Too Large", "more than 100 customers, 20 changes or 256 KiB", "send several requests"),
    415: Status(
        "Unsupported Media Type",
        "the body is neither application/json nor text/csv",
        "send one of them, and say which in Content-Type",
    ),
    429: Status("Too Many Requests", "more requests than the API lets through", "send again after Retry-After seconds"),
    500: Status("Internal Server Error", "a fault on our side", "report the request_id"),
    503: Status(
        "Service Unavailable",
        "the model, or what else the answer takes, is starting, updating, busy or slow",
        "send again after Retry-After seconds",
    ),
}
WORTH_ANOTHER_TRY = frozenset({429, 503})

# Of an answer in CSV.
CSV_COLUMNS = ("id", "probability", "churn", "reason_1", "reason_2", "reason_3", "error")
