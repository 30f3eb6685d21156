"""features.json is checked when it is loaded: an error names the entry, the rule and the remedy."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schema import Schema, SchemaError, load_schema
from schema.model import FEATURES

DOCUMENT = json.loads(FEATURES.read_text())


def entry(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(a for a in document["attributes"] if a["name"] == name)
    return found


def test_it_describes_the_twenty_attributes_and_the_target() -> None:
    schema = load_schema()
    assert len(schema.attributes) == 21
    assert schema.label.name == "churn"
    dropped = {a.name for a in schema.attributes if a.role == "dropped"}
    assert dropped == {"phone", "day_charge", "eve_charge", "night_charge", "intl_charge"}
    assert all(a.dropped_reason for a in schema.attributes if a.role == "dropped")
    assert all(a.label and a.help and a.group for a in schema.inputs)
    assert all(a.unit and a.maximum and a.step for a in schema.inputs if a.is_numeric)
    assert len(schema.by_name["state"].categories) == 51


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda d: entry(d, "state").pop("categories"), "state"),
        (lambda d: entry(d, "state").update(type="colour"), "type must be one of"),
        (lambda d: entry(d, "state").update(role="boss"), "role must be one of"),
        (lambda d: entry(d, "state").update(weight=3), "weight"),
        (lambda d: entry(d, "state").update(group="nowhere"), "group"),
        (lambda d: entry(d, "state").update(name="the state"), "plain word"),
        (lambda d: entry(d, "state").update(name="day_mins"), "name and a column of its own"),
        (lambda d: entry(d, "phone").pop("dropped_reason"), "dropped_reason"),
        (lambda d: entry(d, "phone").update(role="input", group="account"), "text cannot be an input"),
        (lambda d: entry(d, "day_mins").update(minimum=1000), "minimum"),
        (lambda d: entry(d, "day_mins").pop("label"), "label"),
        (lambda d: entry(d, "churn").update(role="dropped", dropped_reason="no"), "label"),
        (lambda d: d.update(identifier=["passport"]), "identifier"),
        (lambda d: entry(d, "area_code").update(facet={}), "facet must hold why"),
        (lambda d: entry(d, "area_code").update(facet={"why": "because", "limit": 1}), "facet must hold why"),
        (lambda d: entry(d, "area_code").update(facet="yes"), "facet must hold why"),
        (lambda d: entry(d, "day_mins").update(facet={"why": "because"}), "only a category or a yes or no"),
        (lambda d: entry(d, "churn").update(facet={"why": "because"}), "only a category or a yes or no"),
        (lambda d: entry(d, "state")["facet"]["groups"]["South"].remove("TX"), "every category once"),
        (lambda d: entry(d, "state")["facet"]["groups"]["South"].append("NY"), "every category once"),
        (lambda d: entry(d, "intl_plan")["facet"].update(groups={"a": []}), "every category once"),
    ],
)
def test_a_spoilt_document_is_refused(spoil: Callable[[dict[str, Any]], object], told: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    spoil(document)
    with pytest.raises(SchemaError, match=told):
        Schema(document)


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("__import__('os').system('true')", "only max and min"),
        ("day_mins.real", "only numbers"),
        ("day_mins if vmail_plan else 0", "only numbers"),
        ("[day_mins]", "only numbers"),
        ("day_mins ** 2", "only numbers"),
        ("'a' * 9", "constants must be numbers"),
        ("max(day_mins)", "two values"),
        ("max", "no numeric or boolean input"),
        ("day_charge + 1", "day_charge is no numeric"),
        ("state + 1", "state is no numeric"),
        ("day_mins +", "cannot be read"),
        ("1 + 2", "must read an input"),
    ],
)
def test_an_expression_can_do_arithmetic_and_nothing_else(expression: str, told: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["derived"] = [{"name": "new", "label": "New", "expression": expression}]
    with pytest.raises(SchemaError, match=told):
        _ = Schema(document).columns


def test_a_derived_column_may_use_an_earlier_one_but_not_a_later() -> None:
    document = copy.deepcopy(DOCUMENT)
    first, second = document["derived"][:2]
    document["derived"] = [first, second]
    assert Schema(document).columns[-2:] == ("total_charge", "charge_without_vmail")
    document["derived"] = [second, first]
    with pytest.raises(SchemaError, match="earlier"):
        _ = Schema(document).columns


def test_any_change_changes_the_hash_and_formatting_does_not() -> None:
    document = copy.deepcopy(DOCUMENT)
    assert Schema(document).hash == load_schema().hash
    assert Schema(dict(reversed(document.items()))).hash == load_schema().hash
    entry(document, "day_mins")["maximum"] += 1
    assert Schema(document).hash != load_schema().hash


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", '{"attributes": 3}', '{"attributes": [{}]}'])
def test_a_file_that_is_no_schema_is_told_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "f.json").write_text(content)
    with pytest.raises(SchemaError):
        load_schema(tmp_path / "f.json")


def test_a_missing_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="cannot be read"):
        load_schema(tmp_path / "none.json")


def test_validating_loads_neither_ast_nor_third_parties() -> None:
    code = (
        "import sys; before = set(sys.modules); import schema; s = schema.load_schema(); s.validate({});"
        "print(*sorted({m.split('.')[0] for m in set(sys.modules) - before}))"
    )
    run = [sys.executable, "-S", "-c", code]
    out = subprocess.run(run, capture_output=True, text=True, check=True, cwd=FEATURES.parent.parent)
    loaded = set(out.stdout.split())
    assert loaded <= set(sys.stdlib_module_names) | {"schema"}
    assert not loaded & {"ast", "dataclasses", "inspect", "hashlib"}  # a cold Lambda would pay for them
