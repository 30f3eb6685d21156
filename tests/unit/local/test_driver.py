"""Settings, kept state, environments and the lines that the driver makes of CDK's."""

import io
import json
import os
from pathlib import Path

import pytest

from local import settings
from local.driver import deploy, environment
from local.driver.console import Console
from local.driver.events import EventPrinter
from local.driver.state import State
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
    with pytest.raises(settings.SettingsError, match="make setup"):
        settings.ml_python()


def test_state_is_usable_only_after_a_clean_stop_of_a_whole_system(run_settings: Settings) -> None:
    state = State(run_settings)
    assert not state.kept()
    state.mark_bootstrapped()
    state.mark_deployed()
    assert state.kept()
    # The emulator did not write its mark: it was killed.
    assert not state.usable()
    (run_settings.state_dir / "clean-stop").write_text("saved\n")
    assert state.usable()
    state.deploying()
    # A deployment was cut short: CloudFormation cannot go on from there.
    assert not state.usable()


def test_a_dead_run_is_not_running(run_settings: Settings) -> None:
    state = State(run_settings)
    state.mark_running()
    running = state.running()
    assert running is not None
    assert running.pid == os.getpid()
    run_settings.pid_file.write_text(json.dumps({"pid": 2**22 + 1, "gateway_port": 1, "web_port": 2}))
    assert state.running() is None


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
Churn-local-Data |  2/3 | 10:00:02 AM | CREATE_FAILED        | Custom::Run | Run/Default (Run1) refused by the gate
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
        "Churn-local-Data: Run/Default (Run1) refused by the gate (Custom::Run) CREATE_FAILED",
        "Churn-local-Data done (no changes)",
    ]


def test_the_reason_of_a_failed_deployment_is_its_first_failed_resource() -> None:
    assert deploy._reason(LINES.splitlines()) == "Churn-local-Data: Run/Default (Run1) refused by the gate"


def test_pipeline_steps_are_told_with_their_time(tmp_path: Path) -> None:
    out = io.StringIO()
    log = tmp_path / "logs" / "TrainingJobs" / "job-1-algo-1-17.log"
    log.parent.mkdir(parents=True)
    log.touch()
    printer = EventPrinter(tmp_path / "events.jsonl", Console(out), tmp_path / "logs")
    kind = "SageMaker Model Building Pipeline Execution Step Status Change"
    detail = {"stepName": "Train", "currentStepStatus": "Failed", "seconds": 6.25, "failureReason": "no data"}
    detail |= {"metadata": {"TrainingJob": {"Arn": "arn:aws:sagemaker:r:1:training-job/job-1"}}}
    printer._handle({"kind": kind, "detail": detail, "time": 0})
    told, where = out.getvalue().splitlines()
    assert told.endswith("pipeline step Train failed after 6.2 s: no data")
    assert where.endswith(f"its log: {log}")
