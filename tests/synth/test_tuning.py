"""A run that tunes: the step, what it hands on, and who may start it; in no environment today."""

import ast
import dataclasses
import importlib.util
import pathlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

import app as churn_app
from config import Settings, SettingsError, TuningSettings, load_settings
from ml import hyperparameters
from stacks.components.pipeline_definition import all_steps
from stacks.components.pipeline_role import TUNE

from .conftest import Environment, Synthesised
from .rules import sagemaker
from .test_pipeline import concrete


def tuning(**changes: Any) -> Settings:
    settings = load_settings("dev")
    changes.setdefault("tuning", TuningSettings())
    return dataclasses.replace(settings, training=dataclasses.replace(settings.training, **changes))


@pytest.fixture(scope="module")
def plain(synthesised: Synthesised) -> Environment:
    return synthesised.environments["dev"]


@pytest.fixture(scope="module")
def tuned(synthesise: Callable[[Settings], Environment]) -> Environment:
    return synthesise(tuning(spot=True))


def steps(environment: Environment) -> dict[str, dict[str, Any]]:
    return {step["Name"]: step for step in all_steps(environment.pipeline_definition())}


def statements(environment: Environment, role: str) -> Iterator[dict[str, Any]]:
    for policy in environment.resources("AWS::IAM::ManagedPolicy"):
        if policy.logical_id.startswith(role):
            yield from policy.properties["PolicyDocument"]["Statement"]


def test_it_takes_the_place_of_training(plain: Environment, tuned: Environment) -> None:
    names = list(steps(plain))
    assert list(steps(tuned)) == ["Tune" if name == "Train" else name for name in names]


def test_it_passes_the_validation_of_its_api(tuned: Environment) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    arguments = concrete(steps(tuned)["Tune"]["Arguments"]) | {"HyperParameterTuningJobName": "job"}
    shape = model.operation_model("CreateHyperParameterTuningJob").input_shape
    report = ParamValidator().validate(arguments, shape)
    assert not report.has_errors(), report.generate_report()
    assert set(arguments) <= set(shape.members)


def test_its_training_jobs_have_all_that_one_on_its_own_has(plain: Environment, tuned: Environment) -> None:
    """But for what only one of the two APIs knows."""
    alone = steps(plain)["Train"]["Arguments"]
    each = steps(tuned)["Tune"]["Arguments"]["TrainingJobDefinition"]
    same = ("InputDataConfig", "OutputDataConfig", "ResourceConfig", "VpcConfig", "RoleArn", "EnableNetworkIsolation",
            "EnableInterContainerTrafficEncryption")  # fmt: skip
    # The two were synthesised apart: what the code's hash stands in is the same, and so is all else.
    assert {name: each[name] for name in same} == {name: alone[name] for name in same}
    assert each["AlgorithmSpecification"]["TrainingImage"] == alone["AlgorithmSpecification"]["TrainingImage"]
    assert alone["HyperParameters"].items() <= each["StaticHyperParameters"].items()
    assert not list(sagemaker.every_step_is_in_the_network_isolated_and_encrypted(tuned))


def test_they_use_spare_machines_and_checkpoints_where_training_does(tuned: Environment) -> None:
    each = steps(tuned)["Tune"]["Arguments"]["TrainingJobDefinition"]
    assert each["EnableManagedSpotTraining"] is True
    assert each["StoppingCondition"] == {"MaxRuntimeInSeconds": 900, "MaxWaitTimeInSeconds": 1500}
    assert each["CheckpointConfig"]["S3Uri"]["Std:Join"]["Values"][-1] == {"Get": "Execution.PipelineExecutionId"}


def test_the_script_is_named_as_the_images_toolkit_takes_it(tuned: Environment) -> None:
    each = steps(tuned)["Tune"]["Arguments"]["TrainingJobDefinition"]
    given = each["StaticHyperParameters"]
    channels = {one["ChannelName"] for one in each["InputDataConfig"]}
    assert given["sagemaker_program"] == "ml.train"
    assert given["sagemaker_submit_directory"] == "/opt/ml/input/data/code"
    assert "code" in channels
    assert given["num_round"] == str(hyperparameters.defaults()["num_round"])
    assert each["Environment"] == {
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    # Training takes all of them: the toolkit's own, and SageMaker's, are left aside.
    told = {name: value for name, value in given.items() if isinstance(value, str)}
    hyperparameters.parse({**told, "_tuning_objective_metric": "validation:logloss"})


def test_it_searches_as_the_settings_and_the_table_say(
    synthesise: Callable[[Settings], Environment], tuned: Environment
) -> None:
    config = steps(tuned)["Tune"]["Arguments"]["HyperParameterTuningJobConfig"]
    assert config == {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:logloss"},
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": 20,
            "MaxParallelTrainingJobs": 5,
            "MaxRuntimeInSeconds": 1200,
        },
        "TrainingJobEarlyStoppingType": "Auto",
        "RandomSeed": 1729,
        "ParameterRanges": hyperparameters.search_space()["ranges"],
    }
    search = TuningSettings(jobs=3, parallel=1, early_stopping=False, objective="validation:auc")
    other = synthesise(tuning(tuning=search, hyperparameters=(("eta", "0.2"),)))
    arguments = steps(other)["Tune"]["Arguments"]
    config = arguments["HyperParameterTuningJobConfig"]
    assert config["HyperParameterTuningJobObjective"] == {"Type": "Maximize", "MetricName": "validation:auc"}
    assert config["TrainingJobEarlyStoppingType"] == "Off"
    ranges = {one["Name"] for rows in config["ParameterRanges"].values() for one in rows}
    assert "eta" not in ranges, "what is fixed is not searched"
    assert arguments["TrainingJobDefinition"]["StaticHyperParameters"]["eta"] == "0.2"


class Path:
    """Notes down what is asked of a step's properties, as the pipeline language spells it."""

    def __init__(self, spelled: str) -> None:
        self.spelled = spelled

    def __getattr__(self, name: str) -> "Path":
        return Path(f"{self.spelled}.{name}")

    def __getitem__(self, number: int) -> "Path":
        return Path(f"{self.spelled}[{number}]")


def sdks_address() -> dict[str, Any]:
    """What ``TuningStep.get_top_model_s3_uri`` of the SDK makes of bucket, prefix and the best.

    Its source is run alone: the module imports a package that has the name of our schema.
    """
    (folder,) = importlib.util.find_spec("sagemaker").submodule_search_locations  # type: ignore[union-attr, misc]
    tree = ast.parse((pathlib.Path(folder) / "mlops" / "workflow" / "steps.py").read_text())
    methods = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == "get_top_model_s3_uri"]
    assert len(methods) == 1
    names: dict[str, Any] = {"Join": lambda on, values: {"On": on, "Values": values}}
    exec(compile(ast.Module(body=[*methods], type_ignores=[]), "steps.py", "exec"), names)  # noqa: S102 (the SDK's)
    step = SimpleNamespace(properties=Path("Steps.Tune"))
    found: dict[str, Any] = names["get_top_model_s3_uri"](step, 0, "bucket", "prefix")
    values = [{"Get": one.spelled} if isinstance(one, Path) else one for one in found["Values"]]
    return found | {"Values": values}


def test_the_best_model_is_addressed_as_the_sdk_does(tuned: Environment) -> None:
    theirs = sdks_address()
    assert theirs["Values"][:3] == ["s3:/", "bucket", "prefix"]
    found = steps(tuned)
    inputs = {one["InputName"]: one["S3Input"]["S3Uri"] for one in found["Evaluate"]["Arguments"]["ProcessingInputs"]}
    ours = inputs["model"]["Std:Join"]
    assert ours["On"] == theirs["On"]
    assert ours["Values"][1:] == theirs["Values"][3:]
    assert ours["Values"][0] == found["Tune"]["Arguments"]["TrainingJobDefinition"]["OutputDataConfig"]["S3OutputPath"]
    registered = found["Register"]["Arguments"]
    (container,) = registered["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == inputs["model"]
    assert registered["CustomerMetadataProperties"]["training_job"] == ours["Values"][1]


def test_the_pipelines_role_may_tune_and_no_longer_train(plain: Environment, tuned: Environment) -> None:
    allowed = [one for one in statements(tuned, "PipelineRoleGrants") if one["Effect"] == "Allow"]
    (tunes,) = [one for one in allowed if "sagemaker:CreateHyperParameterTuningJob" in one["Action"]]
    assert sorted(tunes["Action"]) == sorted(TUNE)
    assert str(tunes["Resource"]).endswith(":hyper-parameter-tuning-job/*-Tune-*']]}")
    assert not [one for one in allowed if "sagemaker:CreateTrainingJob" in one["Action"]]
    before = [one for one in statements(plain, "PipelineRoleGrants") if one["Effect"] == "Allow"]
    assert not [one for one in before if "HyperParameterTuning" in str(one["Action"])]


def test_a_search_for_nothing_is_refused() -> None:
    table = hyperparameters.search_space()["ranges"]
    fixed = tuple((one["Name"], one["MinValue"]) for rows in table.values() for one in rows)
    with pytest.raises(SettingsError, match=r"must leave one of those that training\.tuning searches open"):
        churn_app.check_hyperparameters(tuning(hyperparameters=fixed))
    churn_app.check_hyperparameters(tuning(hyperparameters=fixed[1:]))
    churn_app.check_hyperparameters(tuning(hyperparameters=fixed, tuning=None))
