"""The OpenAPI document: valid, deterministic, and true to the schema and to the function's own rules."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from contract import access, openapi, page, rules, security, shapes
from schema import Schema, load_examples, load_schema

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = load_schema()
DOCUMENT = openapi.document(SCHEMA)
SHAPES = DOCUMENT["components"]["schemas"]
CUSTOMER = load_examples()["at_risk"]


def validator(name: str) -> Draft202012Validator:
    """A validator of one of the document's shapes."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", **DOCUMENT})


def parts(node: Any) -> Iterator[Any]:
    """Every object of the document."""
    yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from parts(inner)


def test_the_document_satisfies_the_meta_schema_of_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_document_is_the_same_wherever_it_is_made() -> None:
    command = [sys.executable, "-m", "contract.openapi"]
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        made = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
        assert made == openapi.text(SCHEMA)
    assert json.loads(made) == DOCUMENT


def test_every_reference_leads_somewhere_and_every_part_is_used() -> None:
    named = {part["$ref"] for part in parts(DOCUMENT) if isinstance(part, dict) and "$ref" in part}
    there = {f"#/components/{kind}/{name}" for kind, members in DOCUMENT["components"].items() for name in members}
    assert named <= there
    # Answers to addresses and methods that the document does not have; and sign-in, which is named without a reference.
    unused = {f"#/components/responses/{status}" for status in (404, 405)} | {"#/components/headers/Allow"}
    unused |= {f"#/components/securitySchemes/{name}" for name in DOCUMENT["components"]["securitySchemes"]}
    assert there - named <= unused


def test_the_customer_of_the_document_is_the_schemas() -> None:
    properties = dict(SHAPES["Customer"]["properties"])
    properties.pop("id")
    assert list(properties) == [attribute.name for attribute in SCHEMA.inputs]
    assert SHAPES["Customer"]["required"] == list(properties)
    for name in load_examples():
        validator("Customer").validate(load_examples()[name])


values = (
    st.none()
    | st.booleans()
    | st.integers(-10, 1100)
    | st.floats(allow_nan=False)
    | st.sampled_from(["NJ", "408", "x", ""])
)


@given(
    changes=st.dictionaries(st.sampled_from([*CUSTOMER, "shoe_size"]), values, max_size=3),
    left_out=st.sets(st.sampled_from([*CUSTOMER]), max_size=1),
)
@settings(max_examples=300, deadline=None)
def test_what_the_document_allows_is_what_the_schema_allows(changes: dict[str, Any], left_out: set[str]) -> None:
    customer = {name: value for name, value in {**CUSTOMER, **changes}.items() if name not in left_out}
    assert validator("Customer").is_valid(customer) == (not SCHEMA.validate(customer))
    assert validator("Change").is_valid(changes) == (not SCHEMA.validate_change(changes))


def test_the_examples_are_valid() -> None:
    found = 0
    for name, shape in SHAPES.items():
        for example in shape.get("examples", ()):
            validator(name).validate(example)
            found += 1
    assert found >= 3


def test_every_problem_and_every_header_of_it_is_told() -> None:
    responses = DOCUMENT["components"]["responses"]
    assert {int(status) for status in responses} == set(rules.STATUSES)
    for status, response in responses.items():
        assert list(response["content"]) == [rules.PROBLEM]
        assert ("Retry-After" in response["headers"]) is (int(status) in rules.WORTH_ANOTHER_TRY)
        assert ("WWW-Authenticate" in response["headers"]) is (status == "401")
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            assert {"400", "429", "500", "503"} <= set(operation["responses"])
            assert {"200", "201"} & set(operation["responses"])


def test_every_operation_but_the_open_one_names_a_scope_of_each_way_to_sign_in() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    for scheme in schemes.values():
        (flow,) = scheme["flows"].values()
        assert flow["scopes"] == access.SCOPES
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            if operation["operationId"] in security.OPEN:
                assert operation["security"] == []
                continue
            assert {name for way in operation["security"] for name in way} == set(schemes)
            (scope,) = {scope for way in operation["security"] for asked in way.values() for scope in asked}
            assert scope in access.SCOPES
            assert "401" in operation["responses"]


def test_limits_stand_where_their_words_are() -> None:
    words = rules.STATUSES[413].when
    assert f"{rules.MAX_CUSTOMERS} customers" in words
    assert f"{rules.MAX_BODY_BYTES // 1024} KiB" in words
    assert SHAPES["PredictionsRequest"]["properties"]["customers"]["maxItems"] == rules.MAX_CUSTOMERS


def test_the_envelope_is_the_outer_form_and_no_more() -> None:
    assert shapes.envelope(SHAPES["PredictionsRequest"]) == {
        "type": "object",
        "required": ["customers"],
        "properties": {
            "customers": {"type": "array", "items": {"type": "object"}, "minItems": 1},
            "what_if": {"type": "array", "items": {"type": "object"}},
            "offers": {"type": "boolean"},
        },
    }


def test_an_input_named_id_is_refused() -> None:
    document = json.loads(json.dumps(SCHEMA.document))
    document["attributes"][1]["name"] = "id"
    with pytest.raises(ValueError, match="named id"):
        shapes.requests(Schema(document), {})


def test_the_page_tells_every_address_and_every_shape_without_script() -> None:
    text = page.html(DOCUMENT)
    for path, methods in DOCUMENT["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} /api{path}</code>" in text
    for name in SHAPES:
        assert f'id="{name}"' in text
    assert "<script" not in text
    assert "style=" not in text
    anchors = {part.split('"')[0] for part in text.split('href="#')[1:]}
    assert anchors <= set(SHAPES)
