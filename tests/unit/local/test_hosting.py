"""Endpoints: real processes that serve a user module, blue/green updates, and the runtime's errors."""

import contextlib
import json
import os
import signal
import socket
import time

import pytest

from local import processes
from local.sagemaker import cloudformation, operations, runtime, service
from local.sagemaker.errors import ServiceError
from local.sagemaker.hosting.fleet import fleet
from tests.unit.local.conftest import ROLE, TestPlatform
from tests.unit.local.hosted import ENDPOINT, artifact, configure, invoke, register


def test_an_endpoint_serves_its_user_module(group: TestPlatform) -> None:
    config = configure(register(group, "one.tar.gz", artifact()), "one")
    arn, attributes = ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    assert arn == "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn"
    assert attributes["EndpointName"] == "churn"
    assert invoke() == (200, {"prediction": 11})
    described = operations.call("DescribeEndpoint", {"EndpointName": "churn"})
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_an_exception_of_the_module_is_a_model_error(group: TestPlatform) -> None:
    config = configure(register(group, "one.tar.gz", artifact()), "one")
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    status, error = invoke(content_type="text/csv")
    assert status == 424
    assert error["OriginalStatusCode"] == 500
    assert error["OriginalMessage"].startswith("row 2: minutes must be a number\nTraceback")


def test_a_body_over_6_mb_is_refused_with_413(group: TestPlatform) -> None:
    config = configure(register(group, "one.tar.gz", artifact()), "one")
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    status, error = invoke("x" * (6 * 1024 * 1024 + 1))
    assert (status, error["OriginalStatusCode"]) == (424, 413)


def test_an_update_serves_the_new_model(group: TestPlatform) -> None:
    one = configure(register(group, "one.tar.gz", artifact("1")), "one")
    two = configure(register(group, "two.tar.gz", artifact("2")), "two")
    old = {"EndpointName": "churn", "EndpointConfigName": one}
    arn, _ = ENDPOINT.create("", old)
    ENDPOINT.update(
        arn, old, {"EndpointName": "churn", "EndpointConfigName": two, "RetainAllVariantProperties": "true"}
    )
    assert invoke() == (200, {"prediction": 12})
    assert operations.call("DescribeEndpoint", {"EndpointName": "churn"})["EndpointConfigName"] == two


def test_a_model_that_does_not_come_up_leaves_the_old_one_serving(group: TestPlatform) -> None:
    one = configure(register(group, "one.tar.gz", artifact("1")), "one")
    bad = configure(register(group, "bad.tar.gz", artifact("1", "import nothing_of_this_name")), "bad")
    old = {"EndpointName": "churn", "EndpointConfigName": one}
    arn, _ = ENDPOINT.create("", old)
    with pytest.raises(cloudformation.ResourceFailed, match="did not pass the ping health check"):
        ENDPOINT.update(arn, old, {"EndpointName": "churn", "EndpointConfigName": bad})
    assert invoke() == (200, {"prediction": 11})
    described = operations.call("DescribeEndpoint", {"EndpointName": "churn"})
    assert (described["EndpointConfigName"], described["EndpointStatus"]) == (one, "InService")
    # The reason is where AWS would have one look for it.
    lines = [line for stream in group.logs.lines.values() for line in stream]
    assert any("nothing_of_this_name" in line for line in lines)


def test_an_endpoint_that_cannot_be_created_is_removed(group: TestPlatform) -> None:
    bad = configure(register(group, "bad.tar.gz", artifact("no number")), "bad")
    with pytest.raises(cloudformation.ResourceFailed, match="ping health check"):
        ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": bad})
    assert operations.call("ListEndpoints", {})["Endpoints"] == []


def test_after_a_restart_the_first_request_starts_the_endpoint(group: TestPlatform) -> None:
    config = configure(register(group, "one.tar.gz", artifact()), "one")
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    kept = json.loads(json.dumps(service.state()))
    service.reset()
    assert invoke()[0] == 400
    service.restore(kept)
    assert invoke() == (200, {"prediction": 11})


def test_a_lost_process_is_replaced_by_itself_and_nobody_waits_for_it(group: TestPlatform) -> None:
    config = configure(register(group, "one.tar.gz", artifact()), "one")
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    assert invoke()[0] == 200
    ((served,),) = fleet._serving.values()
    supervisor = served.variants[0]._process
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGTERM)
    supervisor.wait(30)
    refused = []
    deadline = time.monotonic() + 60
    while (last := invoke())[0] != 200:
        refused.append((last[0], last[1]["__type"]))
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert set(refused) == {(503, "ServiceUnavailable")}
    assert last == (200, {"prediction": 11})


def test_requests_that_come_at_once_are_not_turned_away(group: TestPlatform) -> None:
    config = configure(register(group, "one.tar.gz", artifact()), "one")
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    ((served,),) = fleet._serving.values()
    (variant,) = served.variants
    (process,) = processes.working_in(variant.folder.resolve(), "hosting/serve.py")
    os.kill(process, signal.SIGSTOP)
    try:
        with contextlib.ExitStack() as waiting:
            for _ in range(100):
                waiting.enter_context(socket.create_connection(("127.0.0.1", variant.port), timeout=10))
    finally:
        os.kill(process, signal.SIGCONT)
    assert invoke() == (200, {"prediction": 11})


def test_a_missing_artifact_names_its_place(group: TestPlatform) -> None:
    package = register(group, "one.tar.gz", artifact())
    config = configure(package, "one")
    group.s3.objects.clear()
    with pytest.raises(cloudformation.ResourceFailed, match=r"s3://models/one\.tar\.gz"):
        ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})


def test_only_an_approved_package_becomes_a_model(group: TestPlatform) -> None:
    package = register(group, "one.tar.gz", artifact(), "PendingManualApproval")
    with pytest.raises(ServiceError, match="PendingManualApproval"):
        configure(package, "one")


def test_an_unknown_endpoint(host: TestPlatform) -> None:
    with pytest.raises(ServiceError, match=r"Endpoint nowhere of account 111122223333 not found\."):
        runtime.invoke("nowhere", {}, b"")


def test_a_group_with_versions_is_not_deleted(group: TestPlatform) -> None:
    package = register(group, "one.tar.gz", artifact())
    with pytest.raises(ServiceError, match="still contains Model Packages"):
        operations.call("DeleteModelPackageGroup", {"ModelPackageGroupName": "churn"})
    operations.call("DeleteModelPackage", {"ModelPackageName": package})
    operations.call("DeleteModelPackageGroup", {"ModelPackageGroupName": "churn"})


def test_what_replaces_a_resource_follows_cloudformation() -> None:
    config = cloudformation.TYPES["AWS::SageMaker::EndpointConfig"]
    assert config.replaces({"ProductionVariants": [1]}, {"ProductionVariants": [2]})
    assert not config.replaces({"Tags": [1]}, {"Tags": [2]})
    assert not ENDPOINT.replaces({"EndpointConfigName": "a"}, {"EndpointConfigName": "b"})
    assert ENDPOINT.replaces({"EndpointName": "a"}, {"EndpointName": "b"})


def test_ref_answers_what_cloudformation_says(group: TestPlatform) -> None:
    pipeline = cloudformation.TYPES["AWS::SageMaker::Pipeline"]
    steps = [{"Name": "A", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}]
    body = json.dumps({"Version": "2020-12-01", "Steps": steps})
    props = {"RoleArn": ROLE, "PipelineDefinition": {"PipelineDefinitionBody": body}}
    assert pipeline.create("Stack-Pipeline-1", props) == ("Stack-Pipeline-1", {})
    changed = props | {"PipelineDescription": "new"}
    assert pipeline.update("Stack-Pipeline-1", props, changed) == ("Stack-Pipeline-1", {})
    described = operations.call("DescribePipeline", {"PipelineName": "Stack-Pipeline-1"})
    assert described["PipelineDescription"] == "new"
    pipeline.delete("Stack-Pipeline-1")
    assert operations.call("ListPipelines", {})["PipelineSummaries"] == []
