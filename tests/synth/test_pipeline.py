"""The pipeline's definition: accepted by SageMaker's APIs as botocore knows them, and whole in itself."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
import pytest
from aws_cdk import App, Stack
from botocore.validate import ParamValidator

from config import ExperimentsSettings, Settings, load_settings
from ml import evaluate as ml_evaluate
from ml import gate as ml_gate
from ml import hyperparameters
from ml.money import Costs
from stacks.components.images import ACCOUNT_BY_REGION, REPOSITORY, xgboost_image_uri
from stacks.components.pipeline_definition import (
    Parameter,
    Step,
    all_steps,
    condition,
    definition,
    join,
    json_get,
    parameter,
    references,
    step_property,
)

from .conftest import ROOT, Environment, Synthesised

OPERATIONS = {
    "Processing": ("CreateProcessingJob", {"ProcessingJobName": "job"}),
    "Training": ("CreateTrainingJob", {"TrainingJobName": "job"}),
    "RegisterModel": ("CreateModelPackage", {}),
}


def concrete(value: Any) -> Any:
    """Put a placeholder where the run puts a value."""
    if isinstance(value, Mapping):
        if set(value) & {"Get", "Std:Join", "Std:JsonGet"}:
            return "s3://placeholder/placeholder"
        return {key: concrete(item) for key, item in value.items()}
    return [concrete(item) for item in value] if isinstance(value, list) else value


def steps_of(environment: Environment, *types: str) -> list[dict[str, Any]]:
    found = [step for step in all_steps(environment.pipeline_definition()) if step["Type"] in types]
    assert found
    return found


def test_each_step_passes_the_validation_of_its_api(environment: Environment) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    for step in steps_of(environment, *OPERATIONS):
        operation, given_by_pipelines = OPERATIONS[step["Type"]]
        arguments = concrete(step["Arguments"]) | given_by_pipelines
        report = ParamValidator().validate(arguments, model.operation_model(operation).input_shape)
        assert not report.has_errors(), f"{step['Name']}: {report.generate_report()}"
        known = set(model.operation_model(operation).input_shape.members)
        assert set(arguments) <= known


def test_the_steps_are_the_ones_people_know(environment: Environment) -> None:
    assert [(step["Name"], step["Type"]) for step in all_steps(environment.pipeline_definition())] == [
        ("Prepare", "Processing"),
        ("Champion", "Lambda"),
        ("Train", "Training"),
        ("Evaluate", "Processing"),
        *([("Track", "Lambda")] if environment.settings.experiments.enabled else []),
        ("Gate", "Condition"),
        ("Register", "RegisterModel"),
        ("Card", "Lambda"),
        *([("TrackPackage", "Lambda")] if environment.settings.experiments.enabled else []),
        ("Refuse", "Fail"),
    ]


def test_the_definition_is_of_the_published_version_and_small_enough(environment: Environment) -> None:
    document = environment.pipeline_definition()
    assert document["Version"] == "2020-12-01"
    assert len(json.dumps(document)) < 100_000


def told(step: dict[str, Any]) -> dict[str, Any]:
    """A processing job's arguments by name."""
    arguments = step["Arguments"]["AppSpecification"]["ContainerArguments"]
    return dict(zip(arguments[::2], arguments[1::2], strict=True))


def test_a_refusal_says_what_the_evaluation_says(environment: Environment) -> None:
    (refuse,) = steps_of(environment, "Fail")
    (message,) = refuse["Arguments"]["ErrorMessage"]["Std:Join"]["Values"]
    assert message["Std:JsonGet"]["Path"] == "gate.message"


def test_the_gate_goes_by_the_verdict_of_the_evaluation(environment: Environment) -> None:
    (gate,) = steps_of(environment, "Condition")
    (verdict,) = gate["Arguments"]["Conditions"]
    assert verdict["Type"] == "Equals"
    assert verdict["LeftValue"]["Std:JsonGet"]["Path"] == "gate.verdict"
    assert verdict["RightValue"] == ml_gate.PASSED
    assert [step["Name"] for step in gate["Arguments"]["IfSteps"]][:2] == ["Register", "Card"]
    assert [step["Name"] for step in gate["Arguments"]["ElseSteps"]] == ["Refuse"]


def test_the_evaluation_is_given_every_cost_and_limit_as_a_parameter_of_the_run(environment: Environment) -> None:
    evaluate = next(step for step in steps_of(environment, "Processing") if step["Name"] == "Evaluate")
    given = told(evaluate)
    defaults = {one["Name"]: one["DefaultValue"] for one in environment.pipeline_definition()["Parameters"]}
    fields = [f"cost_{name}" for name in Costs._fields] + list(ml_gate.Limits._fields)
    for field in fields:
        (parameter,) = given[f"--{field.replace('_', '-')}"]["Std:Join"]["Values"]
        assert defaults[parameter["Get"].removeprefix("Parameters.")] == getattr(environment.settings.training, field)


def test_the_steps_command_lines_are_ones_that_their_modules_take(environment: Environment) -> None:
    """argparse itself reads what the definition gives; numbers stand in for parameters."""
    evaluate = next(step for step in steps_of(environment, "Processing") if step["Name"] == "Evaluate")
    words = [word if isinstance(word, str) else "1" for pair in told(evaluate).items() for word in pair]
    read = ml_evaluate.arguments(words)
    inputs = {one["InputName"]: one["S3Input"]["LocalPath"] for one in evaluate["Arguments"]["ProcessingInputs"]}
    for name in ("model", "prepared", "champion"):
        assert str(getattr(read, name)) == inputs[name]


def test_the_champion_is_asked_for_by_name_and_never_left_out(environment: Environment) -> None:
    (champion,) = [step for step in steps_of(environment, "Lambda") if step["Name"] == "Champion"]
    assert champion["Arguments"]["EndpointName"] == environment.settings.resource_name
    assert champion["OutputParameters"] == [
        {"OutputName": "ModelUri", "OutputType": "String"},
        {"OutputName": "Champion", "OutputType": "String"},
    ]
    # What stands in for a model lies below the code, and is really there.
    assert champion["Arguments"]["Otherwise"].endswith("/ml/no_model/")
    assert list((ROOT / "ml" / "no_model").iterdir())
    evaluate = next(step for step in steps_of(environment, "Processing") if step["Name"] == "Evaluate")
    inputs = {one["InputName"]: one["S3Input"]["S3Uri"] for one in evaluate["Arguments"]["ProcessingInputs"]}
    assert inputs["champion"] == {"Get": "Steps.Champion.OutputParameters['ModelUri']"}


def test_the_card_is_written_of_what_was_registered(environment: Environment) -> None:
    (card,) = [step for step in steps_of(environment, "Lambda") if step["Name"] == "Card"]
    assert card["Arguments"] == {"Package": {"Get": "Steps.Register.ModelPackageArn"}}


def test_a_run_is_logged_before_the_gate_decides_and_told_its_package_after(
    synthesise: Callable[[Settings], Environment],
) -> None:
    """The gate waits for the log: a refusal fails the run, and SageMaker begins no further step of a failed one."""
    settings = dataclasses.replace(load_settings("dev"), experiments=ExperimentsSettings(enabled=True))
    document = synthesise(settings).pipeline_definition()
    steps = {step["Name"]: step for step in all_steps(document)}
    assert steps["Track"] in document["Steps"]
    assert steps["Gate"]["DependsOn"] == ["Track"]
    assert steps["Track"]["Arguments"]["Reports"] == {
        "Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri"
    }
    assert steps["TrackPackage"] in steps["Gate"]["Arguments"]["IfSteps"]
    shared = {"Experiment": "churn-dev", "Run": {"Get": "Execution.PipelineExecutionId"}}
    assert all(shared.items() <= steps[name]["Arguments"].items() for name in ("Track", "TrackPackage"))


def test_without_experiments_there_is_no_app_and_the_gate_waits_for_nothing(
    synthesise: Callable[[Settings], Environment],
) -> None:
    environment = synthesise(load_settings("dev"))
    types = {one["Type"] for template in environment.templates.values() for one in template["Resources"].values()}
    assert "AWS::SageMaker::MlflowApp" not in types
    assert "DependsOn" not in {step["Name"]: step for step in all_steps(environment.pipeline_definition())}["Gate"]


def test_the_comparison_can_be_switched_off(synthesise: Callable[[Settings], Environment]) -> None:
    settings = load_settings("dev")
    training = dataclasses.replace(settings.training, compare_with_champion=False)
    document = synthesise(dataclasses.replace(settings, training=training)).pipeline_definition()
    assert "Champion" not in json.dumps(document)


@pytest.mark.parametrize("spot", [True, False])
def test_spot_machines_come_with_a_longest_wait_and_checkpoints_of_the_run(
    synthesise: Callable[[Settings], Environment], spot: bool
) -> None:
    settings = load_settings("dev")
    training = dataclasses.replace(settings.training, spot=spot, step_timeout_s=600, spot_wait_s=300)
    found = synthesise(dataclasses.replace(settings, training=training))
    (train,) = steps_of(found, "Training")
    waits = {"MaxWaitTimeInSeconds": 900} if spot else {}
    assert train["Arguments"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, **waits}
    assert train["Arguments"].get("EnableManagedSpotTraining", False) is spot
    policy = next(
        p for p in found.resources("AWS::IAM::ManagedPolicy") if p.logical_id.startswith("TrainingRoleGrants")
    )
    assert ("checkpoints" in json.dumps(policy.properties["PolicyDocument"])) is spot
    if not spot:
        assert "CheckpointConfig" not in train["Arguments"]
        return
    config = train["Arguments"]["CheckpointConfig"]
    base, run = config["S3Uri"]["Std:Join"]["Values"]
    assert base.endswith("/checkpoints")
    assert run == {"Get": "Execution.PipelineExecutionId"}
    assert "LocalPath" not in config  # the default is where ml.checkpoints looks


def test_a_package_keeps_what_was_found_out_about_its_model(environment: Environment) -> None:
    (register,) = steps_of(environment, "RegisterModel")
    arguments = register["Arguments"]

    def files(node: Any) -> dict[str, str]:
        if "S3Uri" in node:
            output, name = node["S3Uri"]["Std:Join"]["Values"]
            return {"": f"{output['Get'].split('.')[1]}/{name}"}
        return {f"{key}/{rest}".rstrip("/"): file for key in node for rest, file in files(node[key]).items()}

    assert files(arguments["ModelMetrics"]) == {
        "ModelQuality/Statistics": "Evaluate/evaluation.json",
        "ModelDataQuality/Statistics": "Evaluate/data.json",
        "Bias/Report": "Evaluate/bias.json",
        "Bias/PreTrainingReport": "Evaluate/bias.json",
        "Bias/PostTrainingReport": "Evaluate/bias.json",
        "Explainability/Report": "Evaluate/explainability.json",
    }
    assert files(arguments["DriftCheckBaselines"]) == {
        "ModelDataQuality/Statistics": "Evaluate/baseline.json",
        "ModelQuality/Statistics": "Evaluate/evaluation.json",
        "Bias/PostTrainingConstraints": "Evaluate/bias.json",
        "Explainability/Constraints": "Evaluate/explainability.json",
    }
    assert arguments["CustomerMetadataProperties"].keys() == {
        *("schema_hash", "code_hash", "raw_data", "run"),
        *("training_job", "training_seconds", "billable_seconds"),
    }
    saved = arguments["CustomerMetadataProperties"]["billable_seconds"]
    assert saved == {"Std:Join": {"On": "", "Values": [{"Get": "Steps.Train.BillableTimeInSeconds"}]}}
    assert arguments["MetadataProperties"] == {"GeneratedBy": {"Get": "Execution.PipelineExecutionArn"}}


def test_a_run_registers_what_somebody_else_has_to_approve(environment: Environment) -> None:
    (register,) = steps_of(environment, "RegisterModel")
    assert register["Arguments"]["ModelApprovalStatus"] == "PendingManualApproval"
    assert "Approv" not in json.dumps(environment.pipeline_definition()["Parameters"])


def test_every_property_file_that_is_read_is_written(environment: Environment) -> None:
    document = environment.pipeline_definition()
    written = {
        f"Steps.{step['Name']}.PropertyFiles.{file['PropertyFileName']}": file["OutputName"]
        for step in all_steps(document)
        for file in step.get("PropertyFiles", [])
    }
    read = {reference for reference in references(document) if ".PropertyFiles." in reference}
    assert read == set(written)
    for reference, output in written.items():
        step = next(one for one in all_steps(document) if one["Name"] == reference.split(".")[1])
        outputs = step["Arguments"]["ProcessingOutputConfig"]["Outputs"]
        assert output in {one["OutputName"] for one in outputs}


def test_the_hyperparameters_are_ones_that_training_knows(environment: Environment) -> None:
    (train,) = steps_of(environment, "Training")
    known = {row.name for row in hyperparameters.TABLE}
    given = train["Arguments"]["HyperParameters"]
    assert set(given) <= known
    assert {"cost_missed_churner", "cost_wasted_incentive", "cost_saved_customer"} <= set(given)


def test_training_leaves_the_metric_definitions_to_the_image(environment: Environment) -> None:
    (train,) = steps_of(environment, "Training")
    # SageMaker refuses a CreateTrainingJob that brings its own to a built-in image.
    assert "MetricDefinitions" not in train["Arguments"]["AlgorithmSpecification"]


def test_every_run_writes_below_its_own_id(environment: Environment) -> None:
    for step in steps_of(environment, "Processing"):
        for output in step["Arguments"]["ProcessingOutputConfig"]["Outputs"]:
            assert {"Get": "Execution.PipelineExecutionId"} in output["S3Output"]["S3Uri"]["Std:Join"]["Values"]
    (train,) = steps_of(environment, "Training")
    path = train["Arguments"]["OutputDataConfig"]["S3OutputPath"]
    assert {"Get": "Execution.PipelineExecutionId"} in path["Std:Join"]["Values"]


def test_the_run_depends_on_the_definition_and_on_the_data(synthesised: Synthesised) -> None:
    inputs = [e.one("Custom::PipelineRun").properties["Inputs"] for e in synthesised.environments.values()]
    assert len({one["Definition"] for one in inputs}) == len(inputs), "environments differ, and so do their definitions"
    assert len({one["RawData"] for one in inputs}) == 1


def test_the_serving_environment_keeps_pip_off_the_network(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip's own parser reads the variables, one of which it negates: that is the point of the test."""
    (register,) = steps_of(environment, "RegisterModel")
    (container,) = register["Arguments"]["InferenceSpecification"]["Containers"]
    for name, value in container["Environment"].items():
        monkeypatch.setenv(name, value)
    from pip._internal.commands.install import InstallCommand

    options, _ = InstallCommand("install", "").parse_args(["."])
    assert not options.build_isolation
    assert options.no_index
    assert options.disable_pip_version_check
    assert container["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"
    assert container["Environment"]["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/model/code"


@pytest.mark.parametrize("scope", ["training", "inference"])
def test_the_image_is_the_one_the_sdk_would_choose_in_every_region(scope: str) -> None:
    from sagemaker.core import image_uris
    from sagemaker.core.image_uris import config_for_framework

    theirs = config_for_framework("xgboost")[scope]["versions"]["3.2-0"]["registries"]
    assert theirs == ACCOUNT_BY_REGION
    for region, account in ACCOUNT_BY_REGION.items():
        uri = image_uris.retrieve("xgboost", region, version="3.2-0", image_scope=scope, instance_type="ml.m5.large")
        registry, _, image = uri.partition("/")
        assert registry.startswith(f"{account}.dkr.ecr.{region}.")
        assert image == f"{REPOSITORY}:3.2-0"


def test_the_image_follows_the_region_of_the_deployment() -> None:
    stack = Stack(App(), "Stack")
    uris = {json.dumps(stack.resolve(xgboost_image_uri(stack, version="3.2-0"))) for _ in range(2)}
    assert len(uris) == 1, "asking twice makes one mapping"
    (uri,) = uris
    assert '"Fn::FindInMap": ["XgboostRegistry", {"Ref": "AWS::Region"}, "Account"]' in uri
    assert uri.endswith(':3.2-0"]]}') or "sagemaker-xgboost:3.2-0" in uri


def a_step(name: str = "One", **arguments: Any) -> Step:
    return Step(name=name, type="Processing", arguments=arguments)


def test_two_steps_of_one_name_are_refused() -> None:
    gate = condition("Gate", conditions=[], then=[a_step("One")], otherwise=[])
    with pytest.raises(ValueError, match="share a name"):
        definition(parameters=[], steps=[a_step("One"), gate])


@pytest.mark.parametrize(
    "value",
    [
        parameter("Missing"),
        step_property("Missing", "X"),
        join("a", json_get("Missing", "File", "x")),
        [parameter("No")],
    ],
)
def test_a_reference_to_nothing_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="which is not among"):
        definition(parameters=[Parameter(name="There", default="x")], steps=[a_step(Value=value)])


def test_parameters_are_typed_by_their_default() -> None:
    document = definition(parameters=[Parameter(name="A", default="x"), Parameter(name="B", default=1.5)], steps=[])
    assert document["Parameters"] == [
        {"Name": "A", "Type": "String", "DefaultValue": "x"},
        {"Name": "B", "Type": "Float", "DefaultValue": 1.5},
    ]
