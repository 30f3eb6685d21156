"""Requests and answers against botocore's model."""

import pytest

from local.sagemaker import model, operations, shapes
from local.sagemaker.errors import ServiceError


def _problems(operation: str, request: dict) -> list[str]:
    shape = model.operation(operation).input_shape
    assert shape is not None
    return shapes.problems(shape, request)


def test_a_good_request_has_no_problems() -> None:
    assert _problems("CreateEndpoint", {"EndpointName": "churn", "EndpointConfigName": "churn-1"}) == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"EndpointConfigName": "c"}, "'endpointName' failed to satisfy constraint: Member must not be null"),
        ({"EndpointName": "a_b", "EndpointConfigName": "c"}, "regular expression pattern"),
        ({"EndpointName": "a" * 64, "EndpointConfigName": "c"}, "less than or equal to 63"),
        ({"EndpointName": 5, "EndpointConfigName": "c"}, "must be a string, not int"),
        ({"EndpointName": "a", "EndpointConfigName": "c", "Colour": "red"}, "Unknown member 'colour'"),
        ({"EndpointName": "a", "EndpointConfigName": "c", "Tags": [{"Key": "k"}]}, "'tags.1.member.value'"),
    ],
)
def test_each_rule_of_the_model_is_applied(request_: dict, words: str) -> None:
    found = _problems("CreateEndpoint", request_)
    assert any(words in problem for problem in found), found


def test_enumerations_ranges_and_lists_are_checked() -> None:
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.huge", "InitialInstanceCount": 0}
    found = "\n".join(_problems("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": [variant]}))
    assert "productionVariants.1.member.instanceType" in found
    assert "enum value set" in found
    assert "greater than or equal to 1" in found
    empty = _problems("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": []})
    assert empty
    assert "length greater than or equal to 1" in empty[0]


def test_all_problems_come_in_one_answer() -> None:
    with pytest.raises(ServiceError, match="2 validation errors detected") as caught:
        operations.call("CreateEndpoint", {})
    assert caught.value.code == "ValidationException"


def test_true_is_not_a_number() -> None:
    assert _problems("ListModels", {"MaxResults": True}) == ["Value at 'maxResults' must be a integer, not bool"]


def test_cloudformation_texts_become_what_the_api_takes() -> None:
    shape = model.operation("CreateEndpointConfig").input_shape
    assert shape is not None
    props = {"ProductionVariants": [{"InitialInstanceCount": "2", "InitialVariantWeight": "0.5", "VariantName": 1}]}
    assert shapes.coerce(shape, props) == {
        "ProductionVariants": [{"InitialInstanceCount": 2, "InitialVariantWeight": 0.5, "VariantName": "1"}]
    }


def test_an_operation_that_aws_lacks_is_unknown() -> None:
    with pytest.raises(ServiceError) as caught:
        operations.call("CreateMagic", {})
    assert caught.value.code == "UnknownOperationException"
