"""Golden customers: made-up ones whose answers by each model are known, put to the endpoint as anybody would."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

# The same code on the same image answers the same; what is left is the rounding of single precision.
TOLERANCE = 1e-6
# By this, captured requests are told from those of customers.
MARK = "golden-"
Golden = Mapping[str, Mapping[str, Any]]
Client = Any


def known(sagemaker: Client, s3: Client, package: str) -> Golden:
    """Get the golden customers of a package with its answers; they lie beside its evaluation."""
    metrics = sagemaker.describe_model_package(ModelPackageName=package)["ModelMetrics"]
    uri = metrics["ModelQuality"]["Statistics"]["S3Uri"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = s3.get_object(Bucket=bucket, Key=f"{key.rpartition('/')[0]}/golden.json")["Body"].read()
    customers: Golden = json.loads(body)["customers"]
    return customers


def ask(runtime: Client, endpoint: str, customer: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Put a customer to the endpoint: the version that answered, and its answer."""
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint,
        ContentType="application/json",
        Accept="application/json",
        InferenceId=f"{MARK}{uuid.uuid4()}",
        Body=json.dumps({"instances": [customer]}),
    )
    told = json.loads(answer["Body"].read())
    (prediction,) = told["predictions"]
    return str(told["model"]["version"]), prediction


def differs(expected: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """Say in what an answer is another than it should be; nothing when it is the same."""
    if abs(expected["probability"] - answer["probability"]) > TOLERANCE:
        return f"the probability is {answer['probability']:.6f} instead of {expected['probability']:.6f}"
    if expected["churn"] != answer["churn"]:
        return "the decision is another"
    if _sentences(expected) != _sentences(answer):
        return "the reasons are others"
    return ""


def _sentences(answer: Mapping[str, Any]) -> list[str]:
    return [reason["text"] for reason in answer["reasons"]]


def check(runtime: Client, endpoint: str, by_version: Mapping[str, Golden]) -> list[str]:
    """Put every golden customer to the endpoint, and say what is wrong with the answers.

    Parameters
    ----------
    by_version : mapping
        The golden customers of each version that may answer.
    """
    wrong = []
    customers = {name: one["customer"] for golden in by_version.values() for name, one in golden.items()}
    for name, customer in customers.items():
        try:
            version, answer = ask(runtime, endpoint, customer)
        except ClientError as exc:
            wrong.append(f"{name}: {exc.response['Error']['Code']}: {exc.response['Error'].get('Message', '')}")
            continue
        except (BotoCoreError, ValueError, KeyError) as exc:
            # No answer in time is as wrong as one that is none.
            wrong.append(f"{name}: {exc!r}")
            continue
        expected = by_version.get(version, {}).get(name)
        problem = f"version {version} answers" if expected is None else differs(expected, answer)
        if problem:
            wrong.append(f"{name}: {problem}")
    return wrong
