"""The container contract, with real processes."""

import io
import json
import os
import tarfile
import time
from typing import Any

import pytest

from local.sagemaker import operations
from local.sagemaker.errors import ServiceError
from local.sagemaker.jobs.container import Container
from local.sagemaker.jobs.s3 import _relative
from tests.unit.local.conftest import TestPlatform, processing_request, python, training_request


def _s3_input(name: str, uri: str) -> dict[str, Any]:
    place = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/input/{name}", "S3DataType": "S3Prefix"}
    return {"InputName": name, "S3Input": place | {"S3InputMode": "File"}}


def _s3_output(name: str, uri: str) -> dict[str, Any]:
    place = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/output/{name}", "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "S3Output": place}


def _run(host: TestPlatform, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    kind = operation.removeprefix("Create")
    operations.call(operation, request)
    host.wait()
    return operations.call(f"Describe{kind}", {f"{kind}Name": request[f"{kind}Name"]})


def test_a_processing_job_reads_and_writes_s3(host: TestPlatform) -> None:
    host.s3.put_object(Bucket="data", Key="raw/a/x.csv", Body=b"1,2")
    code = (
        "import pathlib, sys\n"
        "text = pathlib.Path(sys.argv[1], 'a', 'x.csv').read_text()\n"
        "pathlib.Path('/opt/ml/processing/output/report/deep').mkdir()\n"
        "pathlib.Path('/opt/ml/processing/output/report/deep/y.txt').write_text(text[::-1])\n"
    )
    request = processing_request(
        python(code),
        ProcessingInputs=[_s3_input("raw", "s3://data/raw")],
        ProcessingOutputConfig={"KmsKeyId": "key", "Outputs": [_s3_output("report", "s3://data/out/")]},
    )
    request["AppSpecification"]["ContainerArguments"] = ["/opt/ml/processing/input/raw"]
    described = _run(host, "CreateProcessingJob", request)
    assert described["ProcessingJobStatus"] == "Completed", described
    assert host.s3.objects["data", "out/deep/y.txt"] == b"2,1"
    assert host.s3.keys_used["data", "out/deep/y.txt"] == "key"


def test_the_exit_message_is_in_the_failure_reason(host: TestPlatform) -> None:
    code = (
        "import pathlib, sys\n"
        "pathlib.Path('/opt/ml/output/message').write_text('row 7: minutes must not be negative' + '.' * 2000)\n"
        "sys.exit(3)"
    )
    described = _run(host, "CreateProcessingJob", processing_request(python(code)))
    assert described["ProcessingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("AlgorithmError: row 7: minutes must not be negative")
    assert described["FailureReason"].endswith("exit code: 3")
    assert len(described["ExitMessage"]) == 1024


def test_nothing_is_uploaded_when_the_job_fails(host: TestPlatform) -> None:
    code = "open('/opt/ml/processing/output/o/half.txt', 'w').write('half'); raise SystemExit(1)"
    request = processing_request(python(code), ProcessingOutputConfig={"Outputs": [_s3_output("o", "s3://data/o")]})
    assert _run(host, "CreateProcessingJob", request)["ProcessingJobStatus"] == "Failed"
    assert not host.s3.objects


def test_a_prefix_without_objects_fails_as_on_aws(host: TestPlatform) -> None:
    request = processing_request(python("pass"), ProcessingInputs=[_s3_input("raw", "s3://data/none")])
    described = _run(host, "CreateProcessingJob", request)
    assert "s3://data/none matched no files on s3" in described["FailureReason"]


def _listed(uri: str) -> dict[str, Any]:
    found = _s3_input("raw", uri)
    found["S3Input"]["S3DataType"] = "ManifestFile"
    return found


def test_a_manifest_brings_what_it_lists_and_where(host: TestPlatform) -> None:
    for name in ("a/x.csv", "b/y.csv", "b/z.csv"):
        host.s3.put_object(Bucket="data", Key=f"raw/{name}", Body=name.encode())
    listed = json.dumps([{"prefix": "s3://data/raw/"}, "a/x.csv", "b/y.csv"]).encode()
    host.s3.put_object(Bucket="data", Key="list.manifest", Body=listed)
    code = (
        "import json, pathlib\n"
        "base = pathlib.Path('/opt/ml/processing/input/raw')\n"
        "found = {p.relative_to(base).as_posix(): p.read_text() for p in base.rglob('*') if p.is_file()}\n"
        "pathlib.Path('/opt/ml/processing/output/report/found.json').write_text(json.dumps(found))\n"
    )
    request = processing_request(
        python(code),
        ProcessingInputs=[_listed("s3://data/list.manifest")],
        ProcessingOutputConfig={"Outputs": [_s3_output("report", "s3://data/out/")]},
    )
    assert _run(host, "CreateProcessingJob", request)["ProcessingJobStatus"] == "Completed"
    found = json.loads(host.s3.objects["data", "out/found.json"])
    assert found == {"a/x.csv": "a/x.csv", "b/y.csv": "b/y.csv"}


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (b"no JSON", "is not a valid manifest file"),
        (b"[]", "is not a valid manifest file"),
        (b'[{"prefix": "s3://data/"}, 3]', "is not a valid manifest file"),
        (b'[{"prefix": "s3://data/"}, "../up"]', "is not a valid manifest file"),
        (b'[{"prefix": "s3://data/"}, "gone.csv"]', "NoSuchKey"),
    ],
)
def test_a_manifest_that_cannot_be_followed_fails_the_job(host: TestPlatform, manifest: bytes, reason: str) -> None:
    host.s3.put_object(Bucket="data", Key="list.manifest", Body=manifest)
    request = processing_request(python("pass"), ProcessingInputs=[_listed("s3://data/list.manifest")])
    assert reason in _run(host, "CreateProcessingJob", request)["FailureReason"]


def test_the_configuration_files_of_a_processing_job(host: TestPlatform) -> None:
    code = (
        "import json, pathlib\n"
        "config = json.loads(pathlib.Path('/opt/ml/config/processingjobconfig.json').read_text())\n"
        "hosts = json.loads(pathlib.Path('/opt/ml/config/resourceconfig.json').read_text())\n"
        "print(json.dumps([config['ProcessingJobName'], hosts['current_host']]))"
    )
    _run(host, "CreateProcessingJob", processing_request(python(code)))
    ((group, stream),) = host.logs.lines
    assert group == "/aws/sagemaker/ProcessingJobs"
    assert stream.startswith("job/algo-1-")
    assert host.logs.lines[group, stream] == ['["job", "algo-1"]']


def test_a_job_that_takes_too_long_is_stopped(host: TestPlatform) -> None:
    request = processing_request(python("import time; time.sleep(60)"), StoppingCondition={"MaxRuntimeInSeconds": 1})
    started = time.monotonic()
    described = _run(host, "CreateProcessingJob", request)
    assert time.monotonic() - started < 45
    assert described["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeInSeconds" in described["FailureReason"]


def test_a_job_can_be_stopped(host: TestPlatform) -> None:
    operations.call("CreateProcessingJob", processing_request(python("import time; time.sleep(60)")))
    time.sleep(0.5)
    operations.call("StopProcessingJob", {"ProcessingJobName": "job"})
    host.wait()
    described = operations.call("DescribeProcessingJob", {"ProcessingJobName": "job"})
    assert described["ProcessingJobStatus"] == "Stopped"


TRAIN = """
import json, os, pathlib
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
read = lambda name: json.loads((base / "input/config" / name).read_text())
print(json.dumps([read("hyperparameters.json"), read("inputdataconfig.json")["train"]["ContentType"]]))
rows = (base / "input/data/train/train.csv").read_text()
for number in range(3):
    print(f"[{number}]\\tvalidation-auc:0.{number}5")
(base / "model/xgboost-model").write_text(rows)
(base / "output/data").mkdir(exist_ok=True)
(base / "output/data/plot.txt").write_text("plot")
"""


def _train_request(code: str = TRAIN, **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/x/train.csv"}
    channel = {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
    return training_request(
        python(code),
        HyperParameters={"max_depth": "4"},
        InputDataConfig=[channel],
        algorithm={"MetricDefinitions": [{"Name": "validation:auc", "Regex": r".*validation-auc:([0-9.]+)"}]},
        **more,
    )


IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"


def test_the_xgboost_image_reads_its_metrics_itself(host: TestPlatform) -> None:
    host.s3.put_object(Bucket="data", Key="x/train.csv", Body=b"1,2\n")
    request = _train_request()
    request["AlgorithmSpecification"] |= {"TrainingImage": IMAGE}
    with pytest.raises(ServiceError, match="can't override the metric definitions"):
        operations.call("CreateTrainingJob", request)
    del request["AlgorithmSpecification"]["MetricDefinitions"]
    described = _run(host, "CreateTrainingJob", request)
    assert [(m["MetricName"], m["Value"]) for m in described["FinalMetricDataList"]] == [("validation:auc", 0.25)]


def test_a_training_job_makes_a_model(host: TestPlatform) -> None:
    host.s3.put_object(Bucket="data", Key="x/train.csv", Body=b"1,2\n")
    described = _run(host, "CreateTrainingJob", _train_request())
    assert described["TrainingJobStatus"] == "Completed", described
    assert described["ModelArtifacts"] == {"S3ModelArtifacts": "s3://models/out/job/output/model.tar.gz"}
    ((name, value),) = [(m["MetricName"], m["Value"]) for m in described["FinalMetricDataList"]]
    assert (name, value) == ("validation:auc", 0.25)
    states = [t["Status"] for t in described["SecondaryStatusTransitions"]]
    assert states == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    packed = io.BytesIO(host.s3.objects["models", "out/job/output/model.tar.gz"])
    with tarfile.open(fileobj=packed) as archive:
        assert archive.getnames() == ["xgboost-model"]
    assert ("models", "out/job/output/output.tar.gz") in host.s3.objects
    (lines,) = host.logs.lines.values()
    assert json.loads(lines[0]) == [{"max_depth": "4"}, "text/csv"]
    # A tab reaches CloudWatch as its octal code.
    assert lines[1] == "[0]#011validation-auc:0.05"


def test_the_failure_file_is_the_reason(host: TestPlatform) -> None:
    host.s3.put_object(Bucket="data", Key="x/train.csv", Body=b"1,2\n")
    code = "open('/opt/ml/output/failure', 'w').write('max_depth must be at least 1'); raise SystemExit(1)"
    described = _run(host, "CreateTrainingJob", _train_request(code))
    assert described["FailureReason"] == "AlgorithmError: max_depth must be at least 1, exit code: 1"
    assert described["SecondaryStatus"] == "Failed"


def test_passing_the_role_is_checked(host: TestPlatform) -> None:
    host.forbidden = {"iam:PassRole"}
    with pytest.raises(Exception, match="not authorized to perform: iam:PassRole"):
        operations.call("CreateTrainingJob", _train_request())


def test_nothing_of_our_environment_reaches_the_container(host: TestPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    request = processing_request(python("import os, json; print(json.dumps(sorted(os.environ)))"))
    request["Environment"] = {"MODE": "/opt/ml/processing"}
    _run(host, "CreateProcessingJob", request)
    (lines,) = host.logs.lines.values()
    names = set(json.loads(lines[0]))
    assert {"MODE", "SAGEMAKER_BASE_DIR", "PATH"} <= names
    assert not [n for n in names if (n.startswith("AWS_") and n != "AWS_REGION") or "PROXY" in n]


def test_only_whole_opt_ml_paths_are_replaced(tmp_path: Any) -> None:
    container = Container(tmp_path / "ml", "/venv/bin/python")
    assert container.translate("/opt/ml/model:/opt/ml") == f"{tmp_path}/ml/model:{tmp_path}/ml"
    assert container.translate("/opt/mlflow /opt/ml-x") == "/opt/mlflow /opt/ml-x"
    assert container.command(["python3", "-m", "x"], ["/opt/ml/a"])[0] == "/venv/bin/python"
    assert container.environment({}, {})["PATH"].split(os.pathsep)[0] == "/venv/bin"


@pytest.mark.parametrize(
    ("key", "prefix", "expected"),
    [
        ("raw/churn.csv", "raw/churn.csv", "churn.csv"),
        ("code/ml/a.py", "code", "ml/a.py"),
        ("code/ml/a.py", "code/", "ml/a.py"),
        ("out/train.csv", "out/train", "train.csv"),
        ("a.csv", "", "a.csv"),
    ],
)
def test_where_an_object_lands(key: str, prefix: str, expected: str) -> None:
    assert _relative(key, prefix) == expected
