"""A run that tunes, on the deployed system: what `training.tuning` would deploy, beside what is deployed.

The definition is the deployed one with the step that the stacks would put in place of training, and the role a copy of
the pipeline's with the permissions that they would give it.
"""

import contextlib
import copy
import io
import json
import re
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from config import TuningSettings, load_settings
from ml import hyperparameters
from stacks.components.jobs import JobSurroundings
from stacks.components.pipeline_role import TUNE
from stacks.components.training_steps import TUNING_STEP, Trained, Training, tune
from tests.local.deployment import Deployment
from tests.local.errands import changed
from tests.local.roles import Copy, Roles, Statement, actions_of, refusal

PIPELINE = "churn-local"
# Enough for the search to have a choice; each trains as the deployed step does.
SEARCH = TuningSettings(jobs=3, parallel=2)
Json = Any


def deployed_definition(deployment: Deployment) -> dict[str, Json]:
    described = deployment.client("sagemaker").describe_pipeline(PipelineName=PIPELINE)
    found: dict[str, Json] = json.loads(described["PipelineDefinition"])
    return found


def tuned(definition: Mapping[str, Json], search: TuningSettings, **more: str) -> Trained:
    """What the stacks make of the deployed training step, where the settings say that a run tunes."""
    (step,) = [one["Arguments"] for one in definition["Steps"] if one["Name"] == "Train"]
    channels = {
        one["ChannelName"]: (one["DataSource"]["S3DataSource"]["S3Uri"], one.get("ContentType", ""))
        for one in step["InputDataConfig"]
    }
    code_uri, _ = channels.pop("code")
    training = Training(
        surroundings=JobSurroundings(
            settings=load_settings("local").training,
            image_uri=step["AlgorithmSpecification"]["TrainingImage"],
            code_uri=code_uri,
            data_key_arn=step["ResourceConfig"]["VolumeKmsKeyId"],
            models_key_arn=step["OutputDataConfig"]["KmsKeyId"],
            subnet_ids=tuple(step["VpcConfig"]["Subnets"]),
            security_group_ids=tuple(step["VpcConfig"]["SecurityGroupIds"]),
        ),
        role_arn=step["RoleArn"],
        channels=channels,
        output_uri=step["OutputDataConfig"]["S3OutputPath"],
        checkpoints_uri=step["CheckpointConfig"]["S3Uri"],
        hyperparameters={**step["HyperParameters"], **more},
    )
    return tune(training, settings=search, space=hyperparameters.search_space())


def tuning_definition(deployment: Deployment) -> dict[str, Json]:
    """The whole pipeline with Tune in place of Train; what refers to the one refers to the other."""
    definition = deployed_definition(deployment)
    made = tuned(definition, SEARCH)
    definition["Steps"] = [made.step.as_dict() if step["Name"] == "Train" else step for step in definition["Steps"]]
    (gate,) = [step for step in definition["Steps"] if step["Name"] == "Gate"]
    (register,) = [step for step in gate["Arguments"]["IfSteps"] if step["Name"] == "Register"]
    facts = register["Arguments"]["CustomerMetadataProperties"]
    for name in ("training_job", "training_seconds", "billable_seconds"):
        facts.pop(name)
    facts |= made.facts
    text = json.dumps(definition).replace(
        json.dumps({"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}), json.dumps(made.model_uri)
    )
    assert "Steps.Train." not in text
    whole: dict[str, Json] = json.loads(text)
    return whole


def tuning_statements(statements: list[Statement]) -> list[Statement]:
    """The pipeline's statements as they are where it tunes; tests/synth/test_tuning.py holds the stacks to that."""
    (trains,) = [
        one for one in statements if one["Effect"] == "Allow" and "sagemaker:CreateTrainingJob" in actions_of(one)
    ]
    arn = str(trains["Resource"]).strip("[']")
    assert arn.endswith(":training-job/pipelines-*")
    arn = arn.replace("training-job/pipelines-*", f"hyper-parameter-tuning-job/*-{TUNING_STEP}-*")
    tunes = trains | {"Action": list(TUNE), "Resource": arn}
    return [tunes if one is trains else one for one in statements]


@pytest.fixture(scope="module")
def roles(deployment: Deployment) -> Roles:
    return Roles(deployment)


@pytest.fixture
def tuner(roles: Roles) -> Iterator[tuple[Copy, list[Statement]]]:
    """A role, and what it may where a run tunes."""
    statements = tuning_statements(roles.statements("pipeline"))
    with roles.copied("pipeline") as role:
        role.may(statements)
        yield role, statements


@contextlib.contextmanager
def pipeline(deployment: Deployment, definition: Mapping[str, Json], role: str) -> Iterator[Callable[[], str]]:
    """A pipeline of its own, and what starts a run of it."""
    sagemaker, name = deployment.client("sagemaker"), f"tuning-{uuid.uuid4().hex[:8]}"
    sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=json.dumps(definition),
        RoleArn=role,
        ClientRequestToken=uuid.uuid4().hex,
    )

    def start() -> str:
        answer = sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=uuid.uuid4().hex)
        execution: str = answer["PipelineExecutionArn"]
        return execution

    try:
        yield start
    finally:
        sagemaker.delete_pipeline(PipelineName=name)


def ended(deployment: Deployment, execution: str, within_s: float = 600) -> tuple[str, dict[str, dict[str, Json]]]:
    """The status of a run that has ended, and its steps."""
    sagemaker, deadline = deployment.client("sagemaker"), time.monotonic() + within_s
    while time.monotonic() < deadline:
        status = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"]
        if status not in ("Executing", "Stopping"):
            listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution, MaxResults=100)
            return status, {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}
        time.sleep(0.2)
    pytest.fail("the run does not end")


def tuning_job(deployment: Deployment, steps: Mapping[str, Json]) -> dict[str, Json]:
    name = steps["Tune"]["Metadata"]["TuningJob"]["Arn"].rsplit("/", 1)[-1]
    found: dict[str, Json] = deployment.client("sagemaker").describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name
    )
    return found


def test_a_run_that_tunes_registers_the_best_of_its_models(
    deployment: Deployment, tuner: tuple[Copy, list[Statement]]
) -> None:
    sagemaker, s3 = deployment.client("sagemaker"), deployment.client("s3")
    role, _ = tuner
    with pipeline(deployment, tuning_definition(deployment), role.arn) as start:
        execution = start()
        status, steps = ended(deployment, execution)
    assert status == "Succeeded", steps
    job = tuning_job(deployment, steps)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert re.fullmatch(rf"{execution.rsplit('/', 1)[-1]}-Tune-[a-z0-9]{{10}}", job["HyperParameterTuningJobName"])
    listed = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=job["HyperParameterTuningJobName"], SortBy="FinalObjectiveMetricValue"
    )["TrainingJobSummaries"]
    losses = {one["TrainingJobName"]: one["FinalHyperParameterTuningJobObjectiveMetric"] for one in listed}
    best = job["BestTrainingJob"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["MetricName"] == "validation:logloss"
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == min(
        losses[one["TrainingJobName"]]["Value"] for one in listed if one["TrainingJobStatus"] == "Completed"
    )
    package = sagemaker.describe_model_package(ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"])
    (container,) = package["InferenceSpecification"]["Containers"]
    made = sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert container["ModelDataUrl"] == made["ModelArtifacts"]["S3ModelArtifacts"]
    assert package["CustomerMetadataProperties"]["training_job"] == best["TrainingJobName"]
    assert made["EnableManagedSpotTraining"]
    assert made["RoleArn"] == job["TrainingJobDefinition"]["RoleArn"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    archive = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file = tar.extractfile("metadata.json")
        assert file is not None
        model = json.loads(file.read())
    told = {name: float(value) for name, value in best["TunedHyperParameters"].items()}
    assert {name: model["hyperparameters"][name] for name in told} == pytest.approx(told)
    assert model["metrics"]["validation"]["log_loss"] == pytest.approx(
        best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"], abs=1e-5
    )


def small(deployment: Deployment, search: TuningSettings, **more: str) -> dict[str, Json]:
    """A pipeline of the tuning step alone, on what the deployment's own run has prepared."""
    definition = deployed_definition(deployment)
    sagemaker = deployment.client("sagemaker")
    jobs = sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Ascending", NameContains="-Train-")
    done = sagemaker.describe_training_job(TrainingJobName=jobs["TrainingJobSummaries"][0]["TrainingJobName"])
    (train,) = [one["Arguments"] for one in definition["Steps"] if one["Name"] == "Train"]
    for member in ("InputDataConfig", "OutputDataConfig", "CheckpointConfig", "HyperParameters"):
        train[member] = done[member]
    step = tuned(definition, search, **more).step.as_dict()
    return definition | {"Steps": [step]}


def test_each_permission_of_a_run_that_tunes_is_needed(
    deployment: Deployment, tuner: tuple[Copy, list[Statement]]
) -> None:
    role, statements = tuner
    one = small(deployment, TuningSettings(jobs=1, parallel=1), num_round="2")
    with pipeline(deployment, one, role.arn) as start:
        status, steps = ended(deployment, start())
        assert status == "Succeeded", steps
        for action in TUNE:
            if action.endswith("StopHyperParameterTuningJob"):
                continue
            role.may(without(statements, action))
            status, steps = ended(deployment, start())
            assert status == "Failed", action
            assert action in steps["Tune"]["FailureReason"]


def test_a_run_that_tunes_can_be_stopped_by_who_may_stop_tuning(
    deployment: Deployment, tuner: tuple[Copy, list[Statement]]
) -> None:
    sagemaker = deployment.client("sagemaker")
    role, statements = tuner
    action = "sagemaker:StopHyperParameterTuningJob"
    long = small(deployment, TuningSettings(jobs=50, parallel=1), num_round="10000", early_stopping_rounds="10000")
    with pipeline(deployment, long, role.arn) as start:
        for allowed in (False, True):
            role.may(statements if allowed else without(statements, action))
            execution = start()
            deadline = time.monotonic() + 120
            steps: dict[str, Json] = {}
            while "TuningJob" not in steps.get("Tune", {}).get("Metadata", {}):
                assert time.monotonic() < deadline, "the tuning does not begin"
                time.sleep(0.1)
                listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)
                steps = {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}
            sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken=uuid.uuid4().hex)
            status, steps = ended(deployment, execution)
            assert status == "Stopped"
            assert (action not in steps["Tune"]["FailureReason"]) is allowed, steps["Tune"]
            job = tuning_job(deployment, steps)
            if not allowed:
                assert job["HyperParameterTuningJobStatus"] == "InProgress"
                name = job["HyperParameterTuningJobName"]
                sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
                continue
            assert job["HyperParameterTuningJobStatus"] == "Stopped"
            assert job["TrainingJobStatusCounters"]["InProgress"] == 0


def without(statements: list[Statement], action: str) -> list[Statement]:
    """The statements with an action taken from that of tuning."""
    left = copy.deepcopy(statements)
    for statement in left:
        if "sagemaker:CreateHyperParameterTuningJob" in actions_of(statement) and statement["Effect"] == "Allow":
            statement["Action"] = [one for one in actions_of(statement) if one != action]
    return left


_JOB = "TrainingJobDefinition"


@pytest.mark.parametrize(
    "changes",
    [
        {f"{_JOB}.VpcConfig": None},
        {f"{_JOB}.VpcConfig.SecurityGroupIds": ["sg-other"]},
        {f"{_JOB}.EnableNetworkIsolation": False},
        {f"{_JOB}.EnableInterContainerTrafficEncryption": None},
        {f"{_JOB}.ResourceConfig.InstanceType": "ml.p4d.24xlarge"},
        {f"{_JOB}.ResourceConfig.VolumeKmsKeyId": None},
        {f"{_JOB}.OutputDataConfig.KmsKeyId": None},
        {"HyperParameterTuningJobName": "mine"},
    ],
    ids=["no network", "another group", "no isolation", "open traffic", "another machine", "an open disk",
         "open results", "another name"],
)  # fmt: skip
def test_tuning_stays_inside_the_same_walls(
    deployment: Deployment, roles: Roles, tuner: tuple[Copy, list[Statement]], changes: dict[str, Any]
) -> None:
    role, _ = tuner
    (step,) = small(deployment, TuningSettings(jobs=1, parallel=1), num_round="2")["Steps"]
    request = step["Arguments"] | {"HyperParameterTuningJobName": f"test-Tune-{uuid.uuid4().hex[:8]}"}
    found = refusal(roles.client("sagemaker", role.arn), "create_hyper_parameter_tuning_job", changed(request, changes))
    assert found.denied, found
    assert ("explicit deny" in found.message) is ("HyperParameterTuningJobName" not in changes)
