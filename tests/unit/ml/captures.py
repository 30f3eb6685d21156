"""Capture files as SageMaker writes them, for the tests of what reads them."""

import json
from collections.abc import Sequence
from typing import Any

HOUR = "2026-03-01T10"


def line(
    customers: Sequence[dict[str, Any]],
    probabilities: Sequence[float] | None,
    *,
    variants: Sequence[dict[str, Any]] = (),
    version: str = "3",
    hour: str = HOUR,
    inference_id: str = "a-request",
) -> str:
    """One captured request of the API's, with the answer of a version of the model."""
    asked: dict[str, Any] = {"instances": [*customers, *variants]}
    if variants:
        asked["explain"] = len(customers)
    data = {"endpointInput": side("INPUT", json.dumps(asked))}
    if probabilities is not None:
        said = [{"probability": one, "churn": one >= 0.2} for one in [*probabilities, *(0.5 for _ in variants)]]
        answer = json.dumps({"predictions": said, "model": {"version": version}})
        data["endpointOutput"] = side("OUTPUT", answer)
    about = {"eventId": "e", "inferenceId": inference_id, "inferenceTime": f"{hour}:17:00Z"}
    return json.dumps({"captureData": data, "eventMetadata": about, "eventVersion": "0"})


def side(mode: str, data: str, kind: str = "application/json", encoding: str = "JSON") -> dict[str, str]:
    """The request or the answer of a captured request."""
    return {"observedContentType": kind, "mode": mode, "data": data, "encoding": encoding}
