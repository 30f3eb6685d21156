"""Model cards: content by AWS's own schema, versions for edits, a status apart from them, the key of its reader."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
import jsonschema
import pytest

from local.sagemaker import card_content
from local.sagemaker.errors import ServiceError
from local.sagemaker.operations import call
from tests.unit.local.conftest import TestPlatform

pytestmark = pytest.mark.usefixtures("host")
KEY = "arn:aws:kms:eu-west-1:111122223333:key/models"
GOOD: dict[str, Any] = {
    "model_overview": {
        "model_id": "arn:package",
        "model_name": "churn",
        "model_version": 3,
        "model_artifact": ["s3://m"],
    },
    "model_package_details": {"model_package_arn": "arn:package", "model_package_group_name": "churn"},
    "intended_uses": {"purpose_of_model": "to call", "risk_rating": "Medium"},
    "training_details": {
        "objective_function": {"function": {"function": "Minimize", "facet": "logloss"}, "notes": "none"},
        "training_job_details": {
            "user_provided_training_metrics": [{"name": "auc", "value": 0.9}],
            "user_provided_hyper_parameters": [{"name": "eta", "value": "0.1"}],
        },
    },
    "evaluation_details": [
        {
            "name": "test",
            "metric_groups": [
                {
                    "name": "quality",
                    "metric_data": [
                        {"name": "auc", "type": "number", "value": 0.9, "notes": "of test customers"},
                        {"name": "passed", "type": "boolean", "value": True},
                        {"name": "groups", "type": "bar_chart", "value": [1, 2], "x_axis_name": ["a", "b"]},
                        {"name": "curve", "type": "linear_graph", "value": [[0, 1], [1, 0]], "x_axis_name": "recall"},
                        {"name": "confusion", "type": "matrix", "value": [[1, 2]], "y_axis_name": ["left"]},
                    ],
                }
            ],
        }
    ],
    "additional_information": {"custom_details": {"data_hash": "abc"}},
}


@cache
def oracle() -> jsonschema.Draft7Validator:
    """CloudFormation's own schema of a card's content, with the members as the API spells them."""
    folder = Path(cfnlint.__file__).parent / "data" / "schemas" / "resources"
    texts = (path.read_text() for path in folder.glob("*.json"))
    (document,) = [json.loads(text) for text in texts if '"typeName": "AWS::SageMaker::ModelCard"' in text]
    definitions = {name: _snaked(one) for name, one in document["definitions"].items()}
    return jsonschema.Draft7Validator({"$ref": "#/definitions/Content", "definitions": definitions})


def _snaked(node: Any) -> Any:
    if isinstance(node, list):
        return [_snaked(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: _snaked(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict):
        found["properties"] = {_snake(name): value for name, value in found["properties"].items()}
    if isinstance(node.get("required"), list):
        found["required"] = [_snake(name) for name in node["required"]]
    return found


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


def create(content: Any = None, **more: Any) -> dict[str, Any]:
    text = json.dumps(GOOD if content is None else content)
    return call("CreateModelCard", {"ModelCardName": "card", "Content": text, "ModelCardStatus": "Draft", **more})


def described(**more: Any) -> dict[str, Any]:
    return call("DescribeModelCard", {"ModelCardName": "card", **more})


def update(**changed: Any) -> dict[str, Any]:
    return call("UpdateModelCard", {"ModelCardName": "card", **changed})


def test_good_content_is_good_to_cloudformations_schema_too() -> None:
    assert not card_content.problems(json.dumps(GOOD))
    assert not list(oracle().iter_errors(GOOD))


BAD: dict[str, Any] = {
    "unknown section": {"model": {}},
    "unknown member": {"model_overview": {"model_nickname": "x"}},
    "text too long": {"model_overview": {"model_owner": "x" * 1025}},
    "text is a number": {"model_overview": {"model_name": 3}},
    "version below one": {"model_overview": {"model_version": 0}},
    "version is a text": {"model_overview": {"model_version": "3"}},
    "too many artifacts": {"model_overview": {"model_artifact": ["x"] * 16}},
    "unknown risk": {"intended_uses": {"risk_rating": "Enormous"}},
    "unknown function": {"training_details": {"objective_function": {"function": {"function": "Guess"}}}},
    "metric without value": {
        "training_details": {"training_job_details": {"user_provided_training_metrics": [{"name": "a"}]}}
    },
    "metric of text": {
        "training_details": {"training_job_details": {"training_metrics": [{"name": "a", "value": "0.9"}]}}
    },
    "evaluation without name": {"evaluation_details": [{}]},
    "evaluations not a list": {"evaluation_details": {"name": "x"}},
    "too many datasets": {"evaluation_details": [{"name": "x", "datasets": ["x"] * 11}]},
    "group without data": {"evaluation_details": [{"name": "x", "metric_groups": [{"name": "y"}]}]},
    "unknown type of metric": {
        "evaluation_details": [
            {
                "name": "x",
                "metric_groups": [{"name": "y", "metric_data": [{"name": "z", "type": "pie", "value": 1}]}],
            }
        ]
    },
    "point of three numbers": {
        "evaluation_details": [
            {
                "name": "x",
                "metric_groups": [
                    {"name": "y", "metric_data": [{"name": "z", "type": "linear_graph", "value": [[1, 2, 3]]}]}
                ],
            }
        ]
    },
    "detail not a text": {"additional_information": {"custom_details": {"rows": 3}}},
    "detail too long": {"additional_information": {"custom_details": {"rows": "x" * 1025}}},
    "not an object": ["x"],
}


@pytest.mark.parametrize("name", BAD)
def test_what_cloudformations_schema_refuses_is_refused(name: str) -> None:
    assert list(oracle().iter_errors(BAD[name])), "the schema itself allows it: the case proves nothing"
    with pytest.raises(ServiceError, match="model card JSON schema"):
        create(BAD[name])


def test_content_that_is_not_json_is_refused() -> None:
    with pytest.raises(ServiceError, match="not JSON"):
        call("CreateModelCard", {"ModelCardName": "card", "Content": "a card", "ModelCardStatus": "Draft"})


def test_the_api_bounds_the_content() -> None:
    with pytest.raises(ServiceError, match="100000"):
        create({"additional_information": {"custom_details": {f"d{i}": "x" * 1000 for i in range(100)}}})


def test_an_edit_makes_a_version_and_a_status_does_not() -> None:
    create()
    update(Content=json.dumps({"business_details": {"line_of_business": "telecom"}}))
    update(ModelCardStatus="Approved")
    assert described()["ModelCardVersion"] == 2
    assert described()["ModelCardStatus"] == "Approved"
    assert json.loads(described(ModelCardVersion=1)["Content"]) == GOOD
    assert described(ModelCardVersion=1)["ModelCardStatus"] == "Draft"
    listed = call("ListModelCardVersions", {"ModelCardName": "card"})["ModelCardVersionSummaryList"]
    assert [(one["ModelCardVersion"], one["ModelCardStatus"]) for one in listed] == [(2, "Approved"), (1, "Draft")]
    with pytest.raises(ServiceError, match="no version 3"):
        described(ModelCardVersion=3)


def test_content_and_status_do_not_change_at_once() -> None:
    create()
    with pytest.raises(ServiceError, match="cannot update both"):
        update(Content="{}", ModelCardStatus="Approved")


def test_an_archived_card_keeps_its_content() -> None:
    create()
    update(ModelCardStatus="Archived")
    with pytest.raises(ServiceError, match="Archived"):
        update(Content="{}")


def test_a_name_is_taken_until_its_card_is_deleted() -> None:
    create(Tags=[{"Key": "project", "Value": "churn"}])
    with pytest.raises(ServiceError) as refused:
        create()
    assert refused.value.code == "ConflictException"
    assert [one["ModelCardName"] for one in call("ListModelCards", {})["ModelCardSummaries"]] == ["card"]
    assert call("ListModelCards", {"ModelCardStatus": "Approved"})["ModelCardSummaries"] == []
    arn = described()["ModelCardArn"]
    assert call("ListTags", {"ResourceArn": arn})["Tags"] == [{"Key": "project", "Value": "churn"}]
    call("DeleteModelCard", {"ModelCardName": "card"})
    with pytest.raises(ServiceError) as missing:
        described()
    assert missing.value.code == "ResourceNotFound"


def test_whoever_may_not_use_the_key_sees_names_only(host: TestPlatform) -> None:
    create(SecurityConfig={"KmsKeyId": KEY})
    assert {("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)} <= {*host.checked}
    host.forbidden.add("kms:Decrypt")
    with pytest.raises(ServiceError, match="kms:Decrypt"):
        described()
    shown = json.loads(described(IncludedData="MetadataOnly")["Content"])
    assert shown["model_overview"] == {"model_id": "arn:package", "model_name": "churn"}
    assert "evaluation_details" not in shown
