"""The user module of SageMaker's XGBoost container: JSON records or CSV in, predictions with reasons out.

A batch transform sends JSON lines, a customer each, and gets JSON lines: the model, then a prediction each with the
strongest reasons as sentences. Of a million customers, more would be gigabytes.

The artifact holds a copy at ``code/inference.py`` with the packages it needs beside it.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

try:  # inside the container: its server answers this with the status the exception carries, instead of 500
    from sagemaker_inference.errors import BaseInferenceToolkitError as _ServerError
except ImportError:
    _ServerError = Exception

JSON, CSV, LINES = "application/json", "text/csv", "application/jsonlines"
STRONGEST = 3  # reasons of a customer in a file


class RequestError(_ServerError):
    """A request that cannot be answered; `message` says which row, field and rule, and never a value."""

    def __init__(self, message: str, status_code: int = 400) -> None:
        Exception.__init__(self, message)
        self.message = self.phrase = message
        self.status_code = status_code


def model_fn(model_dir: str) -> Any:
    """Load the model of an artifact, by the code that it was packed with."""
    code = str(Path(model_dir) / "code")
    if code not in sys.path:
        sys.path.insert(0, code)
    from ml.predictor import Predictor

    return Predictor(Path(model_dir))


def input_fn(body: str | bytes, content_type: str = JSON) -> tuple[str, Any, int | None]:
    """Read a request: ("records", list of objects, how many of them to explain) from JSON, ("lines", list of objects,
    None) from JSON lines, or ("csv", text, None).

    ``explain`` in the JSON counts from the first customer; without it, all are explained.

    Raises
    ------
    RequestError
        When the body is of another type or cannot be read.
    """
    kind = (content_type or JSON).partition(";")[0].strip().lower()
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes | bytearray) else body
    except UnicodeDecodeError as exc:
        raise RequestError("The body must be UTF-8 text.") from exc
    if kind == CSV:
        return "csv", text, None
    if kind == LINES:
        return "lines", _of_lines(text), None
    if kind != JSON:
        raise RequestError(f"The content type must be {JSON}, {LINES} or {CSV}.", 415)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise RequestError("The body must be JSON.") from exc
    records = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(records, list):
        raise RequestError('The body must be an object with "instances", a list of customers.')
    explain = document.get("explain")
    if not (explain is None or (type(explain) is int and explain >= 0)):
        raise RequestError('"explain" must be a whole number of customers, from 0.')
    return "records", records, explain


def _of_lines(text: str) -> list[Any]:
    try:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError) as exc:
        raise RequestError("Each line must be a JSON object.") from exc


def predict_fn(data: tuple[str, Any, int | None], model: Any) -> dict[str, Any]:
    """Check and score the customers of a request.

    Raises
    ------
    RequestError
        When any customer breaks a rule: none is scored then.
    """
    kind, content, explain = data
    try:
        records = model.check_csv(content) if kind == "csv" else model.check(content)
    except ValueError as exc:  # BadRecords and SchemaError
        raise RequestError(str(exc)) from exc
    strongest = STRONGEST if kind == "lines" else None
    answer: dict[str, Any] = model.predict(records, explain=explain, strongest=strongest)
    return answer


def output_fn(prediction: dict[str, Any], accept: str = JSON) -> tuple[str, str]:
    """Write the answer: JSON, JSON lines, or CSV with probability and decision alone.

    Raises
    ------
    RequestError
        When another type is wanted.
    """
    kinds = {part.partition(";")[0].strip().lower() for part in (accept or JSON).split(",")}
    if kinds & {JSON, "*/*", "application/*"}:
        return json.dumps(prediction, allow_nan=False), JSON
    if LINES in kinds:
        rows = [{"model": prediction["model"]}, *map(_line, prediction["predictions"])]
        return "".join(f"{json.dumps(row, allow_nan=False, separators=(',', ':'))}\n" for row in rows), LINES
    if CSV in kinds:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("probability", "churn"))
        writer.writerows((repr(p["probability"]), str(p["churn"]).lower()) for p in prediction["predictions"])
        return out.getvalue(), CSV
    raise RequestError(f"The answer can be {JSON}, {LINES} or {CSV}.", 406)


def _line(one: dict[str, Any]) -> dict[str, Any]:
    texts = [reason["text"] for reason in one["reasons"][:STRONGEST]]
    return {"probability": one["probability"], "churn": one["churn"], "reasons": texts}
