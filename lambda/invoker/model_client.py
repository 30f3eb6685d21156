"""The call to the SageMaker endpoint: botocore's signature over urllib3's connections.

A boto3 client costs two fifths of the cold start (it loads and compiles service models) and half of
the time of a warm call. Both libraries used here are part of Lambda's Python runtime.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import credentials
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import get_cert_path
from problems import EndpointUnavailable, ModelFailure
from request import Request

# One more try: for a connection that went stale while Lambda had frozen the process, and for a brief
# failure of SageMaker's own. A prediction changes nothing, so sending it twice does no harm. Throttling
# and a missing endpoint do not pass in a tenth of a second: those go to the caller at once.
_WORTH_A_RETRY = {"ProtocolError", "NewConnectionError", "ServiceUnavailable", "InternalFailure"}
_PAUSE_S = 0.1
# What SageMaker calls trouble that passes. ValidationError is a missing or not yet running endpoint:
# the rest of the request has no part that could be invalid.
_PASSING = {
    "ValidationError": 30,
    "ModelNotReadyException": 10,
    "ServiceUnavailable": 5,
    "ThrottlingException": 2,
    "InternalFailure": 5,
    "InternalDependencyException": 5,
}
# The container's own statuses that pass; 0 is SageMaker's word for one that did not answer at all.
_BUSY = (0, 502, 503, 504)


class ModelClient:
    """Sends customers to one endpoint.

    Parameters
    ----------
    url
        Address of the endpoint's invocations.
    region
        For which requests are signed.
    role
        Gives the credentials to sign a request with.
    timeout_s
        Seconds for one prediction, second try included.
    """

    def __init__(self, url: str, region: str, role: Callable[[], Any], timeout_s: float) -> None:
        self._url = url
        self._region = region
        self._role = role
        self._timeout_s = timeout_s
        # One process serves one request at a time, so one connection is enough. Certificates are those
        # that boto3 trusts, and asked for by name: urllib3 1.26, which some runtimes carry, would not.
        pools = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=get_cert_path(True))
        self._http = pools.connection_from_url(url)
        self._path = urlsplit(url).path

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> ModelClient:
        """Read ENDPOINT_NAME, INVOKE_TIMEOUT_S and what Lambda and the AWS SDKs define."""
        region = env["AWS_REGION"]
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        base = (
            env.get("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME")
            or env.get("AWS_ENDPOINT_URL")
            or f"https://runtime.sagemaker.{region}.{suffix}"
        )
        return cls(
            f"{base.rstrip('/')}/endpoints/{env['ENDPOINT_NAME']}/invocations",
            region,
            credentials.of_role(env),
            float(env["INVOKE_TIMEOUT_S"]),
        )

    def predict(
        self, records: list[dict[str, Any]], request: Request, explained: int | None = None
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Score the customers.

        Parameters
        ----------
        records
            Validated customers; with none, the model only tells of itself.
        request
            Its id goes along as the inference id, its correlation id as a custom attribute, both of which SageMaker
            stores with captured data; its facts get the milliseconds spent on the endpoint.
        explained
            How many of the customers, from the first, get reasons; None for all.

        Returns
        -------
        tuple
            One prediction a customer in the same order, and what the model says of itself.
        """
        asked: dict[str, Any] = {"instances": records}
        if explained is not None:
            asked["explain"] = explained
        body = json.dumps(asked, separators=(",", ":")).encode()
        started = time.perf_counter()
        try:
            data = self._post(body, request)
        finally:
            request.facts["model_ms"] = round((time.perf_counter() - started) * 1000, 1)
        try:
            answer = json.loads(data)
            predictions, model = answer["predictions"], answer["model"]
        except (ValueError, TypeError, KeyError) as exc:
            raise ModelFailure("UnreadableAnswer") from exc
        if len(predictions) != len(records):
            raise ModelFailure("WrongNumberOfPredictions")
        return predictions, model

    def _post(self, body: bytes, request: Request) -> bytes:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Amzn-SageMaker-Inference-Id": request.id[:64],
            "X-Amzn-SageMaker-Custom-Attributes": f"correlation-id={request.correlation_id}",
        }
        # As the AWS SDKs send it on: the trace that API Gateway began. It is no part of what is signed.
        if trace := os.environ.get("_X_AMZN_TRACE_ID"):
            headers["X-Amzn-Trace-Id"] = trace
        deadline = time.monotonic() + self._timeout_s
        try:
            return self._post_once(body, headers, self._timeout_s)
        except EndpointUnavailable as exc:
            if exc.cause not in _WORTH_A_RETRY or deadline - time.monotonic() <= _PAUSE_S:
                raise
        time.sleep(_PAUSE_S)
        return self._post_once(body, headers, max(deadline - time.monotonic(), 0.01))

    def _post_once(self, body: bytes, headers: dict[str, str], timeout_s: float) -> bytes:
        signed = AWSRequest("POST", self._url, headers=headers, data=body)
        SigV4Auth(self._role(), "sagemaker", self._region).add_auth(signed)
        try:
            response = self._http.urlopen(
                "POST",
                self._path,
                body=body,
                headers=dict(signed.headers.items()),
                retries=False,
                timeout=urllib3.Timeout(total=timeout_s),
            )
        except urllib3.exceptions.HTTPError as exc:
            raise _unreachable(exc) from exc
        if response.status == 200:
            return response.data
        raise _error_of(response)


def _unreachable(exc: Exception) -> EndpointUnavailable:
    # To urllib3 1.26 a refused connection is a kind of timeout.
    refused = isinstance(exc, urllib3.exceptions.NewConnectionError)
    if isinstance(exc, urllib3.exceptions.TimeoutError) and not refused:
        return EndpointUnavailable("The model did not answer in time. Try again.", cause="Timeout", retry_after_s=5)
    return EndpointUnavailable("The model could not be reached. Try again.", cause=type(exc).__name__, retry_after_s=5)


def _error_of(response: urllib3.BaseHTTPResponse) -> Exception:
    """Tell trouble that passes from trouble that does not."""
    name = response.headers.get("x-amzn-errortype", "").split(":")[0] or f"Http{response.status}"
    if name == "ModelError":
        original = _original_status(response.data)
        name = "ModelError" if original is None else f"ModelError {original}"
        if original in _BUSY:
            return EndpointUnavailable("The model is busy. Try again.", cause=name, retry_after_s=5)
    if name in _PASSING or response.status in (429, *_BUSY):
        return EndpointUnavailable(
            "The model is not available at the moment. Try again.", cause=name, retry_after_s=_PASSING.get(name, 5)
        )
    return ModelFailure(name)


def _original_status(data: bytes) -> int | None:
    """Read the container's own status; its message stays unread, it may quote a customer."""
    try:
        return int(json.loads(data)["OriginalStatusCode"])
    except (ValueError, TypeError, KeyError):
        return None
