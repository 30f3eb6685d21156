"""The steps that make a model: one training job, or a search by many of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config import TuningSettings
from stacks.components.jobs import CODE, PIP_OFFLINE, JobSurroundings
from stacks.components.pipeline_definition import Json, Step, join, step_property, text

_CODE_PATH = f"/opt/ml/input/data/{CODE}"
_PROGRAM = "ml.train"
TUNING_STEP = "Tune"
GOALS = {"validation:logloss": "Minimize", "validation:auc": "Maximize"}


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a training job works on, and where it leaves what.

    Attributes
    ----------
    channels : mapping
        The address and the content type of each; the model directory becomes the artifact below `output_uri`.
    output_uri, checkpoints_uri : JSON
        Addresses, which may refer to the run.
    hyperparameters : mapping
        Names and values.
    """

    surroundings: JobSurroundings
    role_arn: str
    channels: Mapping[str, tuple[Json, str]]
    output_uri: Json
    checkpoints_uri: Json
    hyperparameters: Mapping[str, Json]

    @property
    def job(self) -> dict[str, Json]:
        """What every training job has, whoever starts it.

        No metric definitions: SageMaker refuses a request that brings its own to a built-in image, and that image's
        (``validation:auc`` and so on) read what ``ml.train`` prints.
        """
        around = self.surroundings
        return {
            "InputDataConfig": [
                *(_channel(key, uri) | {"ContentType": kind} for key, (uri, kind) in self.channels.items()),
                _channel(CODE, around.code_uri),
            ],
            "OutputDataConfig": {"S3OutputPath": self.output_uri, "KmsKeyId": around.models_key_arn},
            "ResourceConfig": around.cluster(around.settings.training_instance_type),
            "EnableNetworkIsolation": True,
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": around.vpc,
            "RoleArn": self.role_arn,
            **around.spot(self.checkpoints_uri),
        }


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A step that makes a model, the model's address, and what is known of its making for the registry."""

    step: Step
    model_uri: Json
    facts: Mapping[str, Json]


def train(training: Training) -> Trained:
    """Run ``python3 -m ml.train`` once."""
    step = Step(
        name="Train",
        type="Training",
        arguments={
            "AlgorithmSpecification": {
                "TrainingImage": training.surroundings.image_uri,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python3", "-m", _PROGRAM],
            },
            "Environment": {"PYTHONPATH": _CODE_PATH},
            "HyperParameters": dict(training.hyperparameters),
            **training.job,
        },
    )
    return Trained(
        step=step,
        model_uri=step_property(step.name, "ModelArtifacts.S3ModelArtifacts"),
        facts={
            "training_job": step_property(step.name, "TrainingJobName"),
            # What spare machines saved: 1 - billable / training.
            "training_seconds": text(step_property(step.name, "TrainingTimeInSeconds")),
            "billable_seconds": text(step_property(step.name, "BillableTimeInSeconds")),
        },
    )


def tune(training: Training, *, settings: TuningSettings, space: Mapping[str, Any]) -> Trained:
    """Run ``ml.train`` many times, with hyperparameters that a Bayesian search proposes, and take the best model.

    A tuning job's training jobs cannot be given a command. They get the script as the image's toolkit takes it, by two
    hyperparameters; the folder is the code channel, because nothing is fetched under isolation.

    Parameters
    ----------
    space : mapping
        ``ml.hyperparameters.search_space()``. What the training's hyperparameters fix is not searched.
    """
    fixed = {
        **space["fixed"],
        **training.hyperparameters,
        "sagemaker_program": _PROGRAM,
        "sagemaker_submit_directory": _CODE_PATH,
    }
    step = Step(
        name=TUNING_STEP,
        type="Tuning",
        arguments={
            "HyperParameterTuningJobConfig": {
                **_search(settings),
                "ParameterRanges": {
                    kind: [one for one in rows if one["Name"] not in fixed] for kind, rows in space["ranges"].items()
                },
            },
            "TrainingJobDefinition": {
                "AlgorithmSpecification": {
                    "TrainingImage": training.surroundings.image_uri,
                    "TrainingInputMode": "File",
                },
                "Environment": PIP_OFFLINE,
                "StaticHyperParameters": fixed,
                **training.job,
            },
        },
    )
    # As the SDK's TuningStep.get_top_model_s3_uri puts it together.
    best = step_property(step.name, "TrainingJobSummaries[0].TrainingJobName")
    return Trained(
        step=step,
        model_uri=join(training.output_uri, best, "output/model.tar.gz", on="/"),
        facts={"training_job": best},
    )


def _search(settings: TuningSettings) -> dict[str, Json]:
    """How a tuning job searches, and how long."""
    return {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"Type": GOALS[settings.objective], "MetricName": settings.objective},
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": settings.jobs,
            "MaxParallelTrainingJobs": settings.parallel,
            "MaxRuntimeInSeconds": settings.timeout_s,
        },
        "TrainingJobEarlyStoppingType": "Auto" if settings.early_stopping else "Off",
        "RandomSeed": settings.seed,
    }


def _channel(name: str, uri: Json) -> dict[str, Json]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "CompressionType": "None", "DataSource": {"S3DataSource": source}}
