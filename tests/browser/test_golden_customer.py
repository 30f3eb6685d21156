"""One customer through every path: the form, the API, the function, the endpoint, and the booster asked directly."""

import io
import tarfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xgboost
from playwright.sync_api import Page, expect

from schema import load_schema
from tests.browser.helpers import fill_in, predict
from tests.browser.test_prediction import shown
from tests.local.deployment import Deployment


@pytest.fixture(scope="module")
def live_booster(deployment: Deployment) -> xgboost.Booster:
    """The model that the endpoint serves, found as a person would: endpoint, config, model, package, artifact."""
    sagemaker = deployment.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName="churn-local")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    package = sagemaker.describe_model_package(ModelPackageName=model["Containers"][0]["ModelPackageName"])
    address = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    bucket, key = address.removeprefix("s3://").split("/", 1)
    body = deployment.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as artifact:
        inside = next(member for member in artifact if member.name.endswith("xgboost-model"))
        saved = artifact.extractfile(inside)
        assert saved is not None
        return xgboost.Booster(model_file=bytearray(saved.read()))


@pytest.mark.parametrize("name", ["loyal", "at_risk"])
def test_every_path_gives_one_probability(
    name: str,
    new_page: Callable[..., Page],
    examples: dict[str, dict[str, Any]],
    deployment: Deployment,
    live_booster: xgboost.Booster,
) -> None:
    schema, customer = load_schema(), examples[name]
    row = xgboost.DMatrix(np.array([schema.encode(customer)]), feature_names=list(schema.columns))
    by_booster = float(live_booster.predict(row)[0])

    status, by_api = deployment.post("api/predictions", {"customers": [customer], "offers": True})
    assert status == 200
    assert by_api["predictions"][0]["probability"] == pytest.approx(by_booster, abs=1e-6)

    page = new_page()
    fill_in(page, customer)
    by_page = predict(page)["predictions"][0]
    assert by_page == by_api["predictions"][0]
    expect(page.get_by_role("img", name=f"Risk of leaving: {shown(by_booster)}")).to_be_visible()
