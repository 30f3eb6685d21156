"""What must happen before anything is deleted, what is waited for, and how the command line is used."""

import hashlib
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from config import load_settings
from operate import destroy, report, survey
from operate.account import Account, OperateError
from operate.cdk import Cdk
from operate.destruction import Destruction
from operate.inventory import Inventory, Job, Resource, StackState
from operate.progress import Progress
from tests.unit.operate.conftest import no_transforms

Stub = Callable[[str], Stubber]
PROTECTED = Inventory(stacks=(StackState("Churn-prod-Storage", "CREATE_COMPLETE", protected=True),))
OPEN = Inventory(stacks=(StackState("Churn-dev-Storage", "CREATE_COMPLETE", protected=False),))


@pytest.fixture
def found(account: Account, monkeypatch: pytest.MonkeyPatch) -> Callable[[Inventory], None]:
    """Makes an inventory what there is; every call to AWS is refused, and so is every deletion."""
    monkeypatch.setattr(Account, "current", classmethod(lambda cls: account))

    def begun(*_: object) -> None:
        pytest.fail("the destruction was begun")

    monkeypatch.setattr(destroy, "Destruction", begun)
    return lambda there: monkeypatch.setattr(survey, "look", lambda *_, **__: there)


@pytest.mark.parametrize("arguments", [[], ["--yes"]])
def test_protected_stacks_take_more_than_a_yes(
    found: Callable[[Inventory], None], capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    found(PROTECTED)
    assert destroy.main(["--env", "prod", *arguments]) == 2
    shown = capsys.readouterr()
    assert "UNPROTECT=1" in shown.err
    assert "storage.retain_on_destroy" in shown.out


@pytest.mark.parametrize("typed", ["", "prod\n", "yes\n", "DEV\n"])
def test_anything_but_the_name_deletes_nothing(
    found: Callable[[Inventory], None], monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    found(OPEN)
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert destroy.main(["--env", "dev"]) == 2


def test_the_question_names_environment_account_and_region(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("dev\n"))
    destroy.confirm("dev", account)
    assert capsys.readouterr().out == "Type dev to delete it from account 111122223333 in eu-west-1: "


def test_where_nothing_is_nothing_is_asked(
    found: Callable[[Inventory], None], capsys: pytest.CaptureFixture[str]
) -> None:
    found(Inventory())
    assert destroy.main(["--env", "dev"]) == 0
    assert "Nothing of dev is left." in capsys.readouterr().out


def test_an_unknown_environment_is_named_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert destroy.main(["--env", "qa"]) == 2
    assert "dev, staging, prod" in capsys.readouterr().err


def test_production_keeps_packages_jobs_and_logs(account: Account, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stacks are gone, its data is left: a run over that deletes nothing. The stubs refuse every other call."""
    group = Resource("AWS::SageMaker::ModelPackageGroup", "churn-prod", kept=True)
    job = Job("TrainingJob", "ours", running=False)
    names = {"churn-prod", "ours", "churn-prod-data-x", "Churn-prod-Api-Log", "arn:package/1", "churn-prod-1"}
    left = Inventory(
        resources=(group,),
        buckets=("churn-prod-data-x",),
        log_groups=("Churn-prod-Api-Log",),
        jobs=(job,),
        packages=("arn:package/1",),
        cards=("churn-prod-1",),
        kept=frozenset(names),
    )
    monkeypatch.setattr(survey, "look", lambda *_, **__: left)
    no_transforms(stub("sagemaker"), "churn-prod")
    assert Destruction(account, load_settings("prod"), left, Progress()).run() is left


def test_a_refusal_halfway_is_not_taken_for_nothing_begun(
    account: Account, stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script tells by the code whether anything may be gone."""
    monkeypatch.setattr(Account, "current", classmethod(lambda cls: account))
    there = Inventory(packages=("arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn-dev/1",))
    monkeypatch.setattr(survey, "look", lambda *_, **__: there)
    no_transforms(stub("sagemaker"), "churn-dev")
    stub("sagemaker").add_client_error("delete_model_package", "AccessDeniedException")
    assert destroy.main(["--env", "dev", "--yes"]) == 1
    assert "what is gone is gone; run it again" in capsys.readouterr().err


def stack(status: str, name: str = "Churn-dev-Serving") -> dict[str, object]:
    return {"StackName": name, "CreationTime": 0, "StackStatus": status}


@pytest.fixture
def rolling_out(account: Account, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Destruction:
    """Dev, with an update of a stack going on and a package; the stubs refuse every deletion that is not expected."""
    monkeypatch.setattr(Cdk, "synth", lambda _: None)
    monkeypatch.setattr("operate.progress.time.sleep", lambda _: None)
    there = Inventory(
        stacks=(StackState("Churn-dev-Serving", "UPDATE_IN_PROGRESS", protected=False),), packages=("arn:package/1",)
    )
    monkeypatch.setattr(survey, "look", lambda *_, **__: there)
    no_transforms(stub("sagemaker"), "churn-dev")
    return Destruction(account, load_settings("dev"), there, Progress())


def test_a_stack_under_an_update_is_awaited_before_anything_is_deleted(
    rolling_out: Destruction, stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CloudFormation would refuse to delete it, and the update needs its package."""
    others = [stack("UPDATE_IN_PROGRESS", "Churn-prod-Serving"), stack("REVIEW_IN_PROGRESS", "Churn-dev-New")]
    for status in ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"):
        stub("cloudformation").add_response("describe_stacks", {"Stacks": [stack(status), *others]})
    stub("cloudformation").add_response("describe_stacks", {"Stacks": [stack("UPDATE_COMPLETE")]})
    stub("sagemaker").add_client_error("delete_model_package", "AccessDeniedException")
    with pytest.raises(ClientError, match="DeleteModelPackage"):
        rolling_out.run()
    assert "Churn-dev-Serving is UPDATE_IN_PROGRESS\n" in capsys.readouterr().out


def test_an_update_that_does_not_end_leaves_everything_and_is_named(
    rolling_out: Destruction, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operate.stopping.UPDATE_LIMIT_S", 0)
    for _ in range(3):
        stub("cloudformation").add_response("describe_stacks", {"Stacks": [stack("UPDATE_ROLLBACK_IN_PROGRESS")]})
    left = rolling_out.run()
    shown = report.outcome(left, load_settings("dev"), rolling_out.reasons, ())
    assert "stack Churn-dev-Serving: UPDATE_ROLLBACK_IN_PROGRESS; destroy again when that has ended" in shown
    assert "model package arn:package/1: its stack is not gone" in shown


def test_runs_of_every_pipeline_are_stopped_before_anything_goes(
    account: Account, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline cannot be deleted under a run, and the watch's stack is the first to go."""
    there = Inventory(pipelines=("churn-dev", "churn-dev-watch"))
    monkeypatch.setattr(survey, "look", lambda *_, **__: there)
    monkeypatch.setattr(Progress, "wait", lambda self, what, count, **_: count() == 0)
    sagemaker, run = stub("sagemaker"), "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/churn-dev-watch/execution/a"
    going = {"PipelineExecutionSummaries": [{"PipelineExecutionArn": run, "PipelineExecutionStatus": "Executing"}]}
    none: dict[str, list[dict[str, str]]] = {"PipelineExecutionSummaries": []}
    sagemaker.add_response("list_pipeline_executions", none, {"PipelineName": "churn-dev"})
    sagemaker.add_response("list_pipeline_executions", going, {"PipelineName": "churn-dev-watch"})
    stopped = {"PipelineExecutionArn": run, "ClientRequestToken": hashlib.sha256(run.encode()).hexdigest()}
    sagemaker.add_response("stop_pipeline_execution", {}, stopped)
    sagemaker.add_client_error("list_pipeline_executions", "ResourceNotFound")
    sagemaker.add_response("list_pipeline_executions", none, {"PipelineName": "churn-dev-watch"})
    no_transforms(sagemaker, "churn-prod")
    Destruction(account, load_settings("prod"), there, Progress()).run()


def test_a_bucket_that_is_kept_is_not_emptied_beside_one_that_goes(
    account: Account, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = Inventory(buckets=("churn-prod-data-x", "churn-prod-site-x"), kept=frozenset({"churn-prod-data-x"}))
    monkeypatch.setattr(survey, "look", lambda *_, **__: left)
    s3, site = stub("s3"), {"Bucket": "churn-prod-site-x"}
    s3.add_response("list_multipart_uploads", {}, site)
    s3.add_response("list_object_versions", {}, {**site, "MaxKeys": 1000})
    s3.add_response("delete_bucket", {}, site)
    no_transforms(stub("sagemaker"), "churn-prod")
    Destruction(account, load_settings("prod"), left, Progress()).run()


def test_a_wait_ends_when_nothing_remains(capsys: pytest.CaptureFixture[str]) -> None:
    counts = iter([3, 3, 1, 0])
    assert Progress().wait("apps to go", lambda: next(counts), limit_s=60, pause_s=0)
    # One line a change, not one a look.
    assert capsys.readouterr().out.count("waiting for apps to go") == 2


def test_a_wait_gives_up_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert not Progress().wait("apps to go", lambda: 2, limit_s=0, pause_s=0)
    assert "gave up waiting for apps to go: 2 left" in capsys.readouterr().out


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a script in the place of the CDK's command line."""

    def put(script: str) -> None:
        path = tmp_path / "bin" / "cdk"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")

    return put


def test_a_failing_command_line_is_an_error_with_its_telling_lines(
    account: Account, tmp_path: Path, command: Callable[[str], None]
) -> None:
    command("echo chatter; echo 'Churn-dev-Network | DELETE_FAILED | has a dependent object'; exit 1")
    log, said = tmp_path / "log", list[str]()
    with pytest.raises(OperateError, match="has a dependent object"):
        Cdk(account, "dev", folder=tmp_path / "out", log=log).destroy(said.append)
    assert said == ["Churn-dev-Network | DELETE_FAILED | has a dependent object"]
    assert "chatter" in log.read_text()


def test_the_command_line_works_where_the_clients_do(
    account: Account, tmp_path: Path, command: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    command('echo "$AWS_REGION $AWS_DEFAULT_REGION $*"')
    Cdk(account, "dev", folder=tmp_path / "out", log=tmp_path / "log").synth()
    assert (tmp_path / "log").read_text().startswith("eu-west-1 eu-west-1 synth -c env=dev")


def test_a_command_line_that_hangs_is_ended(
    account: Account, tmp_path: Path, command: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operate.cdk.DESTROY_LIMIT_S", 0.3)
    command("exec sleep 30")
    with pytest.raises(OperateError, match="cdk destroy failed"):
        Cdk(account, "dev", folder=tmp_path / "out", log=tmp_path / "log").destroy(lambda _: None)
