"""What the content of a model card must look like: AWS's model card JSON schema, as checks.

The service keeps the content as a text, so botocore's model knows nothing of what is in it. The limits are those of the
developer guide's "Model card JSON schema" and of the resource schema of ``AWS::SageMaker::ModelCard``; where the two
differ, the narrower holds (the guide lets a graph have 20 points).
https://docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html#model-cards-json-schema
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from local.sagemaker.errors import invalid

Check = Callable[[Any, str], Iterator[str]]
_POINTS = 20


def _text(longest: int, shortest: int = 0) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, str) or not shortest <= len(value) <= longest:
            yield f"{path} must be a text of {shortest} to {longest} characters"

    return check


def _one_of(*values: str) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if value not in values:
            yield f"{path} must be one of {', '.join(values)}"

    return check


def _number(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield f"{path} must be a number"


def _version(value: Any, path: str) -> Iterator[str]:
    if list(_number(value, path)) or value < 1:
        yield f"{path} must be a number from 1"


def _items(of: Check, most: int | None = None, least: int = 0) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list) or len(value) < least or (most is not None and len(value) > most):
            yield f"{path} must be a list of {least} to {'any number of' if most is None else most} items"
            return
        for number, item in enumerate(value):
            yield from of(item, f"{path}[{number}]")

    return check


def _texts_by_name(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} must be an object"
        return
    for name, text in value.items():
        yield from _text(1024)(text, f"{path}.{name}")


def _object(required: tuple[str, ...] = (), **members: Check) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path or 'the content'} must be an object"
            return
        prefix = f"{path}." if path else ""
        yield from (f"{prefix}{name} is missing" for name in required if name not in value)
        for name, item in value.items():
            if name in members:
                yield from members[name](item, f"{prefix}{name}")
            else:
                yield f"{prefix}{name} is not known; known are {', '.join(members)}"

    return check


_VALUES: dict[str, Check] = {
    "number": _number,
    "string": _text(63),
    "boolean": lambda value, path: iter(() if isinstance(value, bool) else (f"{path} must be true or false",)),
    "bar_chart": _items(_number, _POINTS, 1),
    "linear_graph": _items(_items(_number, 2, 2), _POINTS, 1),
    "matrix": _items(_items(_number, _POINTS, 1), _POINTS, 1),
}
_AXIS, _AXES = _text(63), _items(_text(63))


def _metric(value: Any, path: str) -> Iterator[str]:
    """Check a metric of an evaluation: what its value may be depends on its type."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in _VALUES:
        yield f"{path}.type must be one of {', '.join(_VALUES)}"
        return
    yield from _object(
        ("name", "type", "value"),
        name=_text(255, 1),
        notes=_text(1024),
        type=_text(63),
        value=_VALUES[kind],
        x_axis_name=_AXES if kind in ("bar_chart", "matrix") else _AXIS,
        y_axis_name=_AXES if kind == "matrix" else _AXIS,
    )(value, path)


_IMAGES = _object(container_image=_items(_text(1024), 15))
_MEASURED = _items(_object(("name", "value"), name=_text(255, 1), notes=_text(1024), value=_number), 50)
_CHOSEN = _items(_object(("name", "value"), name=_text(255, 1), value=_text(255)), 100)
_CONTENT = _object(
    model_overview=_object(
        model_id=_text(1024),
        model_name=_text(1024),
        model_description=_text(1024),
        model_version=_version,
        problem_type=_text(1024),
        algorithm_type=_text(1024),
        model_creator=_text(1024),
        model_owner=_text(1024),
        model_artifact=_items(_text(1024), 15),
        inference_environment=_IMAGES,
    ),
    model_package_details=_object(
        model_package_arn=_text(2048, 1),
        model_package_group_name=_text(63, 1),
        model_package_version=_version,
    ),
    intended_uses=_object(
        purpose_of_model=_text(2048),
        intended_uses=_text(2048),
        factors_affecting_model_efficiency=_text(2048),
        risk_rating=_one_of("High", "Medium", "Low", "Unknown"),
        explanations_for_risk_rating=_text(2048),
    ),
    business_details=_object(
        business_problem=_text(2048), business_stakeholders=_text(2048), line_of_business=_text(2048)
    ),
    training_details=_object(
        objective_function=_object(
            function=_object(function=_one_of("Maximize", "Minimize"), facet=_text(63), condition=_text(63)),
            notes=_text(1024),
        ),
        training_observations=_text(1024),
        training_job_details=_object(
            training_arn=_text(1024),
            training_datasets=_items(_text(1024), 15),
            training_environment=_IMAGES,
            training_metrics=_MEASURED,
            user_provided_training_metrics=_MEASURED,
            hyper_parameters=_CHOSEN,
            user_provided_hyper_parameters=_CHOSEN,
        ),
    ),
    evaluation_details=_items(
        _object(
            ("name",),
            name=_text(63, 1),
            evaluation_observation=_text(2096),
            evaluation_job_arn=_text(256),
            datasets=_items(_text(1024), 10),
            metadata=_texts_by_name,
            metric_groups=_items(_object(("name", "metric_data"), name=_text(63, 1), metric_data=_items(_metric))),
        )
    ),
    additional_information=_object(
        ethical_considerations=_text(2048), caveats_and_recommendations=_text(2048), custom_details=_texts_by_name
    ),
)


def problems(text: str) -> list[str]:
    """Everything that is wrong with a content; empty when it is good."""
    try:
        content = json.loads(text)
    except ValueError as exc:
        return [f"the content is not JSON: {exc}"]
    return list(_CONTENT(content, ""))


def require_good(text: str) -> None:
    """Refuse content that the schema does not allow."""
    if found := problems(text):
        raise invalid(f"Model card content does not follow the model card JSON schema: {'; '.join(found)}.")
