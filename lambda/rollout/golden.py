"""Golden customers: made-up ones whose answers by each model are known, put to the endpoint as anybody would."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

# The same code on the same image answers the same; what is left is the rounding of single precision.
TOLERANCE = 1e-6
# By this, captured requests are told from those of customers.
MARK = "golden-"
Golden = Mapping[str, Mapping[str, Any]]
Client = Any


class Wrong(NamedTuple):
    """A wrong answer: what is wrong with it, and which version gave it; none where nobody can tell."""

    text: str
    version: str = ""

    def __str__(self) -> str:
        return self.text


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


def check(runtime: Client, endpoint: str, by_version: Mapping[str, Golden]) -> list[Wrong]:
    """Put every golden customer to the endpoint, and say what is wrong with the answers, and whose they are.

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
            error = exc.response["Error"]
            wrong.append(Wrong(f"{name}: {error['Code']}: {error.get('Message', '')}"))
            continue
        except (BotoCoreError, ValueError, KeyError) as exc:
            # No answer in time is as wrong as one that is none.
            wrong.append(Wrong(f"{name}: {exc!r}"))
            continue
        expected = by_version.get(version, {}).get(name)
        problem = f"version {version} answers" if expected is None else differs(expected, answer)
        if problem:
            wrong.append(Wrong(f"{name}: {problem}", version))
    return wrong


def counted(wrong: Sequence[Wrong], *, live: str, coming: str) -> tuple[int, int]:
    """Count the wrong answers of the live version, and those of the one that an update brings.

    What nobody can tell is put down to the live one: an error of the new machines is in SageMaker's own metric of
    them, and whatever else they answer is asked for once more when the update is done. Where an update brings the same
    version on other machines, each answer may be of either.
    """
    of_coming = [one for one in wrong if coming and one.version == coming]
    return len(wrong) if coming == live else len(wrong) - len(of_coming), len(of_coming)
