"""References and functions of pipeline definitions."""

from typing import Any

import pytest

from local.sagemaker.executor.values import ValueFailure, follow, references, resolve

DESCRIBED = {
    "ModelArtifacts": {"S3ModelArtifacts": "s3://models/x"},
    "ProcessingOutputConfig": {
        "Outputs": [
            {"OutputName": "train", "S3Output": {"S3Uri": "s3://data/train"}},
            {"OutputName": "test", "S3Output": {"S3Uri": "s3://data/test"}},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("ModelArtifacts.S3ModelArtifacts", "s3://models/x"),
        ("ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri", "s3://data/test"),
        ('ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri', "s3://data/train"),
        ("ProcessingOutputConfig.Outputs[1].OutputName", "test"),
    ],
)
def test_a_path_is_followed(path: str, expected: str) -> None:
    assert follow(DESCRIBED, path) == expected


@pytest.mark.parametrize("path", ["Nothing", "ProcessingOutputConfig.Outputs['x']", "ModelArtifacts.A.B", "a..b"])
def test_a_path_to_nothing_is_an_error(path: str) -> None:
    with pytest.raises(KeyError):
        follow(DESCRIBED, path)


def _resolve(value: Any) -> Any:
    known = {"Parameters.Cost": 500, "Parameters.Name": "x", "Execution.PipelineExecutionId": "abc"}
    return resolve(value, known.__getitem__, lambda _path: '{"metrics": {"auc": 0.5, "list": [1, 2]}}')


def test_join_writes_numbers_and_booleans_as_json_does() -> None:
    joined = {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.Name"}, 1, 0.5, True]}}
    assert _resolve(joined) == "s3://x/1/0.5/true"


def test_functions_nest() -> None:
    inner = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.E.PropertyFiles.P"}, "Path": "metrics.auc"}}
    value = {"Message": {"Std:Join": {"On": " ", "Values": ["AUC", inner, {"Get": "Parameters.Cost"}]}}}
    assert _resolve(value) == {"Message": "AUC 0.5 500"}


def test_json_get_finds_an_index() -> None:
    get = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.E.PropertyFiles.P"}, "Path": "metrics.list[1]"}}
    assert _resolve(get) == 2


def test_json_get_of_nothing_names_the_file_and_the_path() -> None:
    get = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.E.PropertyFiles.P"}, "Path": "metrics.f1"}}
    with pytest.raises(ValueFailure, match=r"Steps\.E\.PropertyFiles\.P has nothing at metrics\.f1"):
        _resolve(get)


def test_a_member_called_get_beside_others_is_no_reference() -> None:
    assert _resolve({"Get": "Parameters.Cost", "Other": 1}) == {"Get": "Parameters.Cost", "Other": 1}


def test_references_are_found_at_any_depth() -> None:
    value = [{"a": {"Std:Join": {"On": "", "Values": [{"Get": "Steps.A.b"}]}}}, {"Get": "Parameters.P"}]
    assert sorted(references(value)) == ["Parameters.P", "Steps.A.b"]
