"""The deployed API keeps what its OpenAPI document says: requests made up from the document, and each answer checked.

Bounded: a few dozen requests an address, in an order that is the same each time, below the API's own throttle.
"""

import csv
import io
import json
import urllib.request
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from contract import openapi
from schema import Attribute, load_schema
from tests.local.deployment import Deployment

DOCUMENT = openapi.document(load_schema())
EXAMPLES = 30
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    positive_data_acceptance,
    negative_data_rejection,
]


def _cell(attribute: Attribute) -> st.SearchStrategy[str]:
    if attribute.type == "boolean":
        return st.sampled_from(list(attribute.csv_values or ("true", "false")))
    if attribute.type == "category":
        return st.sampled_from(attribute.categories)
    low, high = attribute.minimum or 0, attribute.maximum or 0
    numbers = st.integers(int(low), int(high)) if attribute.type == "integer" else st.floats(low, high)
    return numbers.map(str)


def _as_csv(rows: list[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([[attribute.name for attribute in load_schema().inputs], *rows])
    return out.getvalue().encode()


# The document can only say that CSV is a text: valid tables are made here.
_rows = st.tuples(*(_cell(attribute) for attribute in load_schema().inputs))
schemathesis.openapi.media_type("text/csv", st.lists(_rows, min_size=1, max_size=4).map(_as_csv))

api = schemathesis.openapi.from_dict(DOCUMENT)
api.config.update(rate_limit="15/s")


@api.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_knows(case: schemathesis.Case, deployment: Deployment) -> None:
    answer = case.call(base_url=f"{deployment.site_url}api", timeout=30, headers=deployment.signed())
    # Who asks for leniency is answered: the customers that break the document come back with what is wrong.
    lenient = "lenient" in str((case.headers or {}).get("Prefer", ""))
    checks = [check for check in CHECKS if not (lenient and check is negative_data_rejection)]
    case.validate_response(answer, checks=checks)


def test_what_is_served_is_the_document(deployment: Deployment) -> None:
    with urllib.request.urlopen(f"{deployment.site_url}openapi.json", timeout=30) as answer:
        assert json.load(answer) == DOCUMENT
    with urllib.request.urlopen(f"{deployment.site_url}api-docs.html", timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/html")
        assert b"POST /api/predictions" in answer.read()
