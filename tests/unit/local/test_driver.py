"""Settings, kept state, environments and the lines that the driver makes of CDK's."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local import __main__ as cli
from local import settings
from local.driver import deploy, environment, live
from local.driver.console import Console
from local.driver.emulator import Emulator
from local.driver.events import EventPrinter
from local.driver.run import Interrupted, Run
from local.driver.state import Running, State
from local.settings import Settings


@pytest.fixture
def run_settings(tmp_path: Path) -> Settings:
    """Settings in a folder of the test's own."""
    return Settings(tmp_path / "local", 45661, 45662)


def test_ports_come_from_the_environment() -> None:
    found = settings.load({"CHURN_LOCAL_PORT": "4777", "CHURN_LOCAL_WEB_PORT": "8777", "CHURN_LOCAL_DIR": "/x"})
    assert (found.gateway_port, found.web_port, found.directory) == (4777, 8777, Path("/x"))


@pytest.mark.parametrize("port", ["80", "many", "70000"])
def test_a_bad_port_names_variable_value_and_rule(port: str) -> None:
    with pytest.raises(settings.SettingsError, match=rf"CHURN_LOCAL_PORT='{port}'.*1024 to 65535"):
        settings.load({"CHURN_LOCAL_PORT": port})


def test_a_missing_interpreter_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_ML_PYTHON", "/nowhere/python")
    with pytest.raises(settings.SettingsError, match="make local"):
        settings.ml_python()


def test_state_is_usable_only_after_a_clean_stop_of_a_whole_system(
    run_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(run_settings)
    assert not state.kept()
    state.mark_bootstrapped()
    state.mark_deployed()
    assert state.kept()
    # The emulator did not write its mark: it was killed.
    assert not state.usable()
    (run_settings.state_dir / "clean-stop").write_text("saved\n")
    assert state.usable()
    with monkeypatch.context() as patch:
        # What another one deployed, this one may not know how to delete.
        patch.setattr("local.driver.state.emulator_fingerprint", lambda: "another")
        assert not state.usable()
    state.deploying()
    # A deployment was cut short: CloudFormation cannot go on from there.
    assert not state.usable()


def test_one_port_for_both_is_refused() -> None:
    with pytest.raises(settings.SettingsError, match="CHURN_LOCAL_PORT and CHURN_LOCAL_WEB_PORT are both 4777"):
        settings.load({"CHURN_LOCAL_PORT": "4777", "CHURN_LOCAL_WEB_PORT": "4777"})


@pytest.mark.parametrize("given", [{"CHURN_LOCAL_PORT": "8666"}, {"CHURN_LOCAL_WEB_PORT": "4566"}])
def test_a_default_gives_way_to_a_port_that_is_given(given: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "is_free", lambda _port: True)
    monkeypatch.setattr(settings, "free_port", lambda: 51234)
    found = settings.load(given)
    assert sorted((found.gateway_port, found.web_port)) == sorted((int(*given.values()), 51234))


def test_a_run_is_running_while_it_holds_the_lock(run_settings: Settings) -> None:
    state, other = State(run_settings), State(run_settings)
    assert other.running() is None
    assert not run_settings.directory.exists()
    assert state.claim()
    assert other.running() == Running(os.getpid(), 45661, 45662)
    assert not other.claim()
    assert not other.wipe()
    # Who does not hold the lock has nothing to clear.
    other.clear_running()
    assert state.running() is not None
    state.clear_running()
    assert other.running() is None
    assert other.claim()
    other.clear_running()
    assert other.wipe()
    assert not run_settings.directory.exists()


@pytest.fixture
def killed_run(run_settings: Settings) -> Settings:
    """What a run leaves that was killed, its number since given to another process: this one."""
    run_settings.directory.mkdir(parents=True)
    run_settings.lock_file.touch()
    record = {"pid": os.getpid(), "gateway_port": 1, "web_port": 2}
    run_settings.pid_file.write_text(json.dumps(record))
    return run_settings


@pytest.mark.parametrize("command", [cli.stop, cli.wipe])
def test_a_process_that_got_a_dead_runs_number_is_left_alone(
    command: Callable[[Settings], int], killed_run: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _signum: ended.append(pid))
    assert command(killed_run) == 0
    assert ended == []


def test_the_lock_goes_with_the_process_that_is_killed(run_settings: Settings) -> None:
    claim = (
        "import sys, time; from pathlib import Path; from local.driver.state import State;"
        "from local.settings import Settings;"
        "state = State(Settings(Path(sys.argv[1]), 1, 2)); print(state.claim(), flush=True); time.sleep(60)"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", claim, str(run_settings.directory)],
        cwd=settings.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    try:
        assert run.stdout.readline() == "True\n"
        assert State(run_settings).running() == Running(run.pid, 1, 2)
    finally:
        run.kill()
        run.wait()
    assert State(run_settings).running() is None


@pytest.mark.parametrize(
    ("when", "signum", "code"),
    [("bring_up", signal.SIGINT, 130), ("bring_up", signal.SIGTERM, 143), ("_stay", signal.SIGINT, 0)],
)
def test_the_exit_code_tells_whether_it_was_up(
    when: str, signum: signal.Signals, code: int, run_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_self: Run) -> None:
        raise Interrupted(signum)

    monkeypatch.setattr("local.driver.summary.text", lambda *_, **__: "")
    for name in ("_require_ports", "bring_up", "_stay"):
        monkeypatch.setattr(Run, name, interrupt if name == when else lambda _self: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert Run(run_settings, Console(io.StringIO())).up() == code
    assert State(run_settings).running() is None


@pytest.mark.parametrize(
    ("code", "how"),
    [
        (137, "was ended by signal 9 (SIGKILL)"),
        (-15, "was ended by signal 15 (SIGTERM)"),
        (3, "ended with exit code 3"),
    ],
)
def test_an_emulator_that_died_tells_how(
    code: int, how: str, run_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = Emulator(run_settings)
    assert emulator.ended() is None
    run_settings.log_dir.mkdir(parents=True)
    emulator.log_path.write_text("the last word\n")
    monkeypatch.setattr(emulator, "answers", lambda: False)
    monkeypatch.setattr(emulator, "_process", types.SimpleNamespace(wait=lambda _s: code))
    told = emulator.ended()
    assert told is not None
    assert told.startswith(f"The emulator {how}. Its log: {emulator.log_path}")
    assert ("the last word" in told) == (code == 3)


def test_nothing_of_the_users_aws_setup_reaches_emulator_or_cdk(
    run_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, "secret")
    for made in (environment.emulator(run_settings), environment.deployment(run_settings)):
        assert "secret" not in made.values()
        assert made["AWS_CONFIG_FILE"] == made["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
        assert made["AWS_EC2_METADATA_DISABLED"] == "true"
    emulator = environment.emulator(run_settings)
    assert emulator["AUTH"] == "true"
    assert emulator["IOT_MTLS_ENABLED"] == "0"
    # Its reaper would remove containers of the user's that look like its own.
    assert not Path(emulator["DOCKER_HOST"].removeprefix("unix://")).exists()
    assert environment.deployment(run_settings)["AWS_ENDPOINT_URL"] == "http://127.0.0.1:45661"


LINES = """\
✨  Synthesis time: 7.01s
Churn-local-Data: deploying... [1/2]
Churn-local-Data |  1/3 | 10:00:01 AM | CREATE_IN_PROGRESS   | AWS::S3::Bucket | Data (Data0A1B)
Churn-local-Data |  2/3 | 10:00:02 AM | CREATE_FAILED        | Custom::Run | Run/Default (Run1) refused by the gate:
  AUC 0.61 is below 0.85 (arn:run)

Logs: /aws/lambda/Run

    at invoke (/code/framework.js:2:6)
Churn-local-Data |  2/3 | 10:00:03 AM | UPDATE_ROLLBACK_IN_PROG | AWS::CloudFormation::Stack | Churn-local-Data [Run1].
Churn-local-Data |  3/3 | 10:00:04 AM | UPDATE_ROLLBACK_COMPLET | AWS::CloudFormation::Stack | Churn-local-Data
Churn-local-Data |  3/3 | 10:00:04 AM | UPDATE_ROLLBACK_COMPLET | AWS::CloudFormation::Stack | Churn-local-Data
 ✅  Churn-local-Data (no changes)
"""


def test_cdks_lines_are_condensed(run_settings: Settings) -> None:
    out = io.StringIO()
    cdk = deploy.Cdk(run_settings, Console(out))
    show = cdk._progress()
    for line in LINES.splitlines():
        show(line)
    shown = [line.split(maxsplit=1)[1] for line in out.getvalue().splitlines()]
    assert shown == [
        "synthesised in 7.01 s",
        "Churn-local-Data: Run/Default (Custom::Run) create failed",
        "Churn-local-Data: rolling back",
        "Churn-local-Data: rolled back",
        "Churn-local-Data done (no changes)",
    ]


def test_the_reason_of_a_failed_deployment_is_its_first_failed_resource() -> None:
    reason = deploy._reason(LINES.splitlines())
    assert reason == "Churn-local-Data: Run/Default: refused by the gate: AUC 0.61 is below 0.85 (arn:run)"


def test_pipeline_steps_are_told_with_their_time(tmp_path: Path) -> None:
    out = io.StringIO()
    log = tmp_path / "logs" / "TrainingJobs" / "job-1-algo-1-17.log"
    log.parent.mkdir(parents=True)
    log.touch()
    printer = EventPrinter(tmp_path / "events.jsonl", Console(out), tmp_path / "logs")
    kind = "SageMaker Model Building Pipeline Execution Step Status Change"
    started = {"stepName": "Train", "currentStepStatus": "Executing"}
    printer._handle({"kind": kind, "detail": started, "time": 10.0})
    ended = {"stepName": "Train", "currentStepStatus": "Failed", "failureReason": "no data"}
    ended |= {"metadata": {"trainingJob": {"arn": "arn:aws:sagemaker:r:1:training-job/job-1"}}}
    printer._handle({"kind": kind, "detail": ended, "time": 16.25})
    told, where = out.getvalue().splitlines()
    assert told.endswith("pipeline step Train failed after 6.2 s: no data")
    assert where.endswith(f"its log: {log}")


def test_what_the_training_jobs_of_a_tuning_job_found_is_told(tmp_path: Path) -> None:
    out = io.StringIO()
    printer = EventPrinter(tmp_path / "events.jsonl", Console(out), tmp_path / "logs")
    job = {"HyperParameters": {"_tuning_objective_metric": "validation:logloss"}, "TuningJobArn": "arn"}
    found = {"FinalMetricDataList": [{"MetricName": "validation:logloss", "Value": 0.10421}]}
    for number, more in (
        (1, {"TrainingJobStatus": "InProgress"}),
        (2, {"TrainingJobStatus": "Completed", **found}),
        (3, {"TrainingJobStatus": "Failed"}),
    ):
        detail = job | more | {"TrainingJobName": f"run1-Tune-AbC-{number:03d}-702449e1"}
        printer._handle({"kind": "SageMaker Training Job State Change", "detail": detail, "time": 10.0})
    alone = {"TrainingJobName": "pipelines-run1-Train-x", "TrainingJobStatus": "Completed", **found}
    printer._handle({"kind": "SageMaker Training Job State Change", "detail": alone, "time": 10.0})
    told = [line.split("  ")[-1] for line in out.getvalue().splitlines()]
    assert told == ["training job 002 completed: validation:logloss 0.1042", "training job 003 failed"]


def test_an_update_of_the_endpoint_is_told_by_its_stages(tmp_path: Path) -> None:
    out = io.StringIO()
    printer = EventPrinter(tmp_path / "events.jsonl", Console(out), tmp_path / "logs")
    baking = {"VariantStatus": [{"Status": "Baking", "StatusMessage": "Baking for 5 seconds."}]}
    name = {"EndpointName": "churn"}
    state, deployment = (f"SageMaker Endpoint{word} State Change" for word in ("", " Deployment"))
    for at, kind, detail in (
        (10.0, state, {"EndpointStatus": "UPDATING"}),
        (11.0, deployment, {"PendingDeploymentSummary": {"ProductionVariants": [baking]}}),
        (12.0, state, {"EndpointStatus": "ROLLING_BACK", "FailureReason": "An alarm went off."}),
        (13.0, state, {"EndpointStatus": "IN_SERVICE", "FailureReason": "An alarm went off."}),
    ):
        printer._handle({"kind": kind, "detail": name | detail, "time": at})
    assert [line.split("endpoint ")[1] for line in out.getvalue().splitlines()] == [
        "churn: Baking for 5 seconds.",
        "churn goes back: An alarm went off.",
        "churn in service after 3.0 s: An alarm went off.",
    ]


def test_what_becomes_of_models_is_told_in_a_line_each(tmp_path: Path) -> None:
    out = io.StringIO()
    printer = EventPrinter(tmp_path / "events.jsonl", Console(out), tmp_path / "logs")
    package, alarm = "SageMaker Model Package State Change", "CloudWatch Alarm State Change"
    version: dict[str, Any] = {"ModelPackageVersion": 3, "ModelApprovalStatus": "PendingManualApproval"}
    approved = {"ModelApprovalStatus": "Approved", "UpdatedModelPackageFields": ["ModelApprovalStatus"]}
    drifted = {"alarmName": "Drifted", "configuration": {"description": "The customers moved; look at the report."}}

    def turned(before: str, now: str) -> dict[str, Any]:
        return drifted | {"previousState": {"value": before}, "state": {"value": now}}

    machine = "Step Functions Execution Status Change"
    rollout = {"stateMachineArn": "arn:aws:states:r:1:stateMachine:Churn-local-Rollout-RolloutMachine1", "name": "abc"}
    for at, kind, detail in (
        (10.0, package, version),
        (11.0, package, version | approved | {"ApprovalDescription": "By the gate."}),
        (12.0, machine, rollout | {"status": "RUNNING"}),
        (13.0, package, version | {"UpdatedModelPackageFields": ["CustomerMetadataProperties"]}),
        (14.0, machine, rollout | {"status": "SUCCEEDED", "output": '{"message": "churn serves version 3."}'}),
        (15.0, machine, rollout | {"status": "FAILED", "cause": "It failed.\nLive now: version 2."}),
        (16.0, alarm, turned("INSUFFICIENT_DATA", "OK")),
        (17.0, alarm, turned("OK", "ALARM")),
        (18.0, alarm, turned("ALARM", "OK")),
    ):
        printer._handle({"kind": kind, "detail": detail, "time": at})
    assert [line.split(maxsplit=1)[1] for line in out.getvalue().splitlines()] == [
        "model version 3 registered",
        "model version 3 approved: By the gate.",
        "rollout begins",
        "rollout succeeded after 2.0 s: churn serves version 3.",
        "rollout failed after 0.0 s: It failed.",
        "Live now: version 2.",
        "ALARM Drifted: The customers moved",
        "alarm Drifted is over",
    ]


def test_an_emulator_that_goes_away_ends_what_waits_for_it(
    run_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, called = Emulator(run_settings), threading.Event()
    monkeypatch.setattr(emulator, "alive", lambda: False)
    with emulator.watched(called.set):
        assert called.wait(60)


class _Aws:
    """Answers for what is asked to find the reports."""

    def __getattr__(self, operation: str) -> Callable[..., dict[str, object]]:
        evaluation = {"S3Uri": "s3://bucket/runs/1/evaluation/evaluation.json"}
        answers: dict[str, dict[str, object]] = {
            "describe_endpoint": {"EndpointConfigName": "config"},
            "describe_endpoint_config": {"ProductionVariants": [{"ModelName": "model"}]},
            "describe_model": {"Containers": [{"ModelPackageName": "arn:package/2"}]},
            "describe_model_package": {"ModelMetrics": {"ModelQuality": {"Statistics": evaluation}}},
        }
        return lambda **_request: answers[operation]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, io.BytesIO]:
        assert Bucket == "bucket"
        bodies = {"runs/1/prepared/report.html": b"data", "runs/1/evaluation/evaluation.html": b"evaluation"}
        return {"Body": io.BytesIO(bodies[Key])}


def test_the_reports_of_the_model_that_serves_are_copied(
    run_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "client", lambda _settings, _service: _Aws())
    assert live.package(run_settings) == "arn:package/2"
    copies = live.reports(run_settings)
    assert [path.relative_to(run_settings.directory).as_posix() for path in copies] == [
        "reports/data.html",
        "reports/evaluation.html",
    ]
    assert [path.read_text() for path in copies] == ["data", "evaluation"]
