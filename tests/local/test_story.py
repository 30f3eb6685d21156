"""A model's life on the deployed system, told once from end to end by what its people do, see and are told.

By hand it is told with `make local` in one terminal, which shows all of it, and the make targets in another;
docs/operations.md has each call. The table of events is printed, and lies in the run's folder: story.txt.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.deployment import Deployment
from tests.local.raw_files import hardly_a_churner_to_learn_from
from tests.local.roles import Roles
from tests.local.story import Story, version
from tests.local.terminal import subscribed
from tests.local.test_pipeline_runs import run_pipeline
from tests.local.test_tuning import ended, pipeline, tuning_definition, tuning_job, tuning_statements

# Enough for the watch to be sure either way, and quickly asked.
CALM_CUSTOMERS, DRIFTED_CUSTOMERS = 500, 700
RAISED = 3  # what `make watch` ends with when something drifted


@pytest.fixture
def story(deployment: Deployment) -> Iterator[Story]:
    with subscribed(deployment) as mailbox:
        made = Story(deployment, mailbox, deployment.settings.directory / "story.txt")
        # What other tests have asked for is no customers' traffic; and what the story leaves is none of theirs.
        made.forget()
        yield made
        made.forget()
        print(f"\n{made.table()}")


def test_a_models_life(story: Story, tmp_path: Path) -> None:
    _, first = story.live()
    tuned = _tuned(story)
    _a_challenger_is_refused(story, first)
    challenger = _a_challenger_takes_over(story, first, tmp_path)
    _a_canary_fails(story, tuned, challenger)
    _real_traffic_is_calm(story)
    retrained = _a_drifted_week_retrains(story, challenger)
    _a_rollback(story, retrained, challenger)


def _tuned(story: Story) -> str:
    """A run that tunes, under the permissions that it would have; its best model waits for a person."""
    deployment = story.deployment
    roles, served = Roles(deployment), story.live()
    with roles.copied("pipeline") as role:
        role.may(tuning_statements(roles.statements("pipeline")))
        with pipeline(deployment, tuning_definition(deployment), role.arn) as start:
            status, steps = ended(deployment, start())
    assert status == "Succeeded", steps
    job = tuning_job(deployment, steps)
    package: str = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    assert story.package(package)["ModelApprovalStatus"] == "PendingManualApproval"
    assert story.live() == served
    best = job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]
    jobs = job["TrainingJobStatusCounters"]["Completed"]
    story.tell(
        f"A run tuned: {jobs} jobs, and the best of them is version {version(package)}",
        f"{best['MetricName']} {best['Value']:.4f}; the version waits for approval",
    )
    return package


def _a_challenger_is_refused(story: Story, champion: str) -> None:
    """Somebody tries data that hold hardly a churner, without fixed limits: only the model in production objects."""
    served, newest = story.live(), story.newest()
    raw = story.s3.get_object(Bucket=story.bucket, Key="raw/churn.csv")["Body"].read().decode()
    story.s3.put_object(Bucket=story.bucket, Key="raw/few.csv", Body=hardly_a_churner_to_learn_from(raw).encode())
    scientist = story.deployment.output("Studio", "DataScientistRoleArn")
    limits = {
        **{"MinimumAveragePrecision": "0", "MaximumCostPerCustomer": "500"},
        **{"MaximumAccuracyDifference": "1", "MaximumRecallDifference": "1"},
    }
    described, steps = run_pipeline(
        story.deployment, role=scientist, RawDataUri=f"s3://{story.bucket}/raw/few.csv", **limits
    )
    assert described["PipelineExecutionStatus"] == "Failed"
    reason: str = steps["Refuse"]["FailureReason"]
    assert reason.startswith("The model is refused on the test customers: ")
    assert "USD a customer more than the model in production" in reason
    assert f"In production ({champion.split('/', 1)[1]}), on the same customers" in reason
    assert (story.live(), story.newest()) == (served, newest)
    story.tell("The gate refused a challenger", reason)


def _a_challenger_takes_over(story: Story, champion: str, folder: Path) -> str:
    """Somebody brings new data; the gate lets the model in, as dev's does, and the rest happens by itself."""
    config, _ = story.live()
    file = folder / "spring.csv"
    raw = story.s3.get_object(Bucket=story.bucket, Key="raw/churn.csv")["Body"].read().decode()
    file.write_text("\n".join(raw.splitlines()[:-100]) + "\n")
    code, shown = story.make("retrain", "--file", str(file))
    assert code == 0, shown
    package = story.newest()
    assert package in shown
    story.tell(f"make retrain FILE=spring.csv: version {version(package)} is registered", _last(shown))
    rollout = story.rolled_out(package)
    assert rollout["status"] == "SUCCEEDED", rollout
    assert story.serves(package) != config
    facts = story.package(package)["CustomerMetadataProperties"]
    story.tell(
        f"The gate approved it: version {version(package)} took over from version {version(champion)}",
        f"live since {facts['live_since']}; endpoint, stack's parameter and page agree",
    )
    return package


def _a_canary_fails(story: Story, other: str, served: str) -> None:
    """The artifact of a version is overwritten with another model; it is approved, and the canary finds out."""
    scientist = story.deployment.output("Studio", "DataScientistRoleArn")
    # With a limit of somebody's own, so the gate alone does not approve it.
    described, steps = run_pipeline(story.deployment, role=scientist, MaximumCostPerCustomer="100")
    assert described["PipelineExecutionStatus"] == "Succeeded", steps
    package: str = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    assert story.package(package)["ModelApprovalStatus"] == "PendingManualApproval"
    source, target = (_artifact(story, one) for one in (other, package))
    story.s3.copy_object(Bucket=target[0], Key=target[1], CopySource={"Bucket": source[0], "Key": source[1]})
    config = story.serves(served)
    registrar = story.deployment.client("sagemaker", story.deployment.output("Training", "RegistrarRoleArn"))
    registrar.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription="Looked at the reports."
    )
    rollout = story.rolled_out(package)
    assert rollout["status"] == "FAILED", rollout
    notice = story.mailbox.wait(f"the rollout of version {version(package)} failed")
    assert f"Live now: version {version(served)}, endpoint config {config}" in notice
    assert "-Golden-" in notice
    assert f"the rollout of version {version(package)} failed" in rollout["cause"]
    assert story.serves(served) == config
    assert not story.raised(), "its alarms went with the model that they watched"
    rejected = story.package(package)
    assert rejected["ModelApprovalStatus"] == "Rejected"
    assert rejected["ApprovalDescription"].startswith("Its rollout failed: ")
    story.tell(
        f"A registrar approved version {version(package)}, whose artifact had been overwritten: its canary failed",
        notice.partition("\n")[2],
    )


def _artifact(story: Story, package: str) -> tuple[str, str]:
    """Where the model of a package lies: bucket and key."""
    (container,) = story.package(package)["InferenceSpecification"]["Containers"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    return bucket, key


def _real_traffic_is_calm(story: Story) -> None:
    """Customers such as the model was made with: nothing has moved."""
    story.ask(story.customers()[:CALM_CUSTOMERS])
    code, shown = story.make("watch")
    assert code == 0, shown
    assert "Calm: nothing has moved" in shown
    assert "Alarms: none is raised" in shown
    story.tell(
        f"{CALM_CUSTOMERS} customers asked, and the watch is calm",
        f"{len(story.captured())} files captured; {_last(shown)}",
    )


def _a_drifted_week_retrains(story: Story, served: str) -> str:
    """Customers who call much more by day: the watch raises its alarm, which starts a run."""
    before = story.newest()
    drifted = [
        customer
        | {"day_mins": min(350.0, 1.5 * customer["day_mins"]), "custserv_calls": customer["custserv_calls"] + 2}
        for customer in story.customers()[-DRIFTED_CUSTOMERS:]
    ]
    story.ask(drifted)
    code, shown = story.make("watch")
    assert code == RAISED, shown
    assert "DRIFTED" in shown
    assert "day_mins" in shown
    (alarm,) = [name for name in story.raised() if "AttributesDrifted" in name]
    assert alarm in story.mailbox.wait(alarm)
    story.tell("A drifted week raised the alarm", _last(shown))
    package = story.until(lambda: found if (found := story.newest()) != before else None, "a new model")
    notice = story.mailbox.wait(package)
    story.tell(f"The alarm started a run on the latest accepted data: version {version(package)}", notice)
    rollout = story.rolled_out(package)
    assert rollout["status"] == "SUCCEEDED", rollout
    story.serves(package)
    story.tell(f"The gate let version {version(package)} in, and it took over", f"version {version(served)} was before")
    return package


def _a_rollback(story: Story, served: str, previous: str) -> None:
    """A person does not like it, and goes back."""
    code, shown = story.make("rollback", "--reason", "Agents call too many loyal customers.")
    assert code == 0, shown
    story.serves(previous)
    rejected = story.package(served)
    assert rejected["ModelApprovalStatus"] == "Rejected"
    assert "Agents call too many loyal customers." in rejected["ApprovalDescription"]
    story.tell(f"make rollback: version {version(previous)} is back", _last(shown))
    statuses = {served: "Archived", previous: "Approved"}
    story.until(lambda: {one: story.card(one) for one in statuses} == statuses, "the cards follow their packages")
    models = story.models()
    for number in (version(served), version(previous)):
        assert number in models
    assert "Agents call too many" in models
    story.tell("make models", models)


def _last(shown: str) -> str:
    """What a command says after its progress."""
    return shown.strip().rpartition("\n\n")[2]
