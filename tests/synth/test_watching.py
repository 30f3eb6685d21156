"""The watch: what starts it, what its job is given, who hears of what it finds."""

import json
from dataclasses import replace
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from config import load_settings
from ml import watch as ml_watch
from stacks.components.bucket_rules import CAPTURE, LABELS, QUARANTINE, QUARANTINED_LABELS, WATCH
from stacks.components.model_endpoint import VARIANT
from stacks.components.pipeline_definition import references

from .conftest import Environment
from .test_pipeline import concrete
from .test_variants import Synthesise


def steps(environment: Environment) -> dict[str, dict[str, Any]]:
    return {step["Name"]: step for step in environment.pipeline_definition("-watch")["Steps"]}


def told(environment: Environment) -> dict[str, str]:
    """The job's arguments by name."""
    words = steps(environment)["Drift"]["Arguments"]["AppSpecification"]["ContainerArguments"]
    return dict(zip(words[::2], words[1::2], strict=True))


def test_the_job_comes_between_what_is_live_and_what_is_published(environment: Environment) -> None:
    found = steps(environment)
    assert {name: step["Type"] for name, step in found.items()} == {
        "Live": "Lambda",
        "Drift": "Processing",
        "Publish": "Lambda",
    }
    assert any(one.startswith("Steps.Live.") for one in references(found["Drift"]["Arguments"]))
    assert any(one.startswith("Steps.Drift.") for one in references(found["Publish"]["Arguments"]))


def test_the_job_passes_the_validation_of_its_api(environment: Environment) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    arguments = concrete(steps(environment)["Drift"]["Arguments"]) | {"ProcessingJobName": "job"}
    report = ParamValidator().validate(arguments, model.operation_model("CreateProcessingJob").input_shape)
    assert not report.has_errors(), report.generate_report()


def test_the_job_s_command_line_is_one_that_its_module_takes(environment: Environment) -> None:
    app = steps(environment)["Drift"]["Arguments"]["AppSpecification"]
    assert app["ContainerEntrypoint"] == ["python3", "-m", ml_watch.__name__]
    given = told(environment)
    assert given.pop("--fewest-customers") == str(environment.settings.watching.fewest_customers)
    inputs = {i["InputName"]: i["S3Input"] for i in steps(environment)["Drift"]["Arguments"]["ProcessingInputs"]}
    assert given.pop("--output-dir") == "/opt/ml/processing/output"
    assert given == {f"--{name}": inputs[name]["LocalPath"] for name in ("watched", "evaluation", "model")}
    # A period without traffic has no object that a prefix could match: what there is, a list names.
    assert {name: one["S3DataType"] for name, one in inputs.items()} == {
        "code": "S3Prefix",
        "watched": "ManifestFile",
        "evaluation": "S3Prefix",
        "model": "S3Prefix",
    }


def function(environment: Environment) -> dict[str, Any]:
    (found,) = [
        one.properties
        for one in environment.resources("AWS::Lambda::Function")
        if one.logical_id.startswith("WatchSteps")
    ]
    return found


def test_the_function_looks_where_the_endpoint_writes(environment: Environment) -> None:
    variables = function(environment)["Environment"]["Variables"]
    endpoint = environment.one("AWS::SageMaker::Endpoint").properties["EndpointName"]
    capture = environment.one("AWS::SageMaker::EndpointConfig").properties["DataCaptureConfig"]
    assert json.dumps(capture["DestinationS3Uri"]).endswith(f'/{CAPTURE.rstrip("/")}"]]}}')
    assert variables["CAPTURES"] == f"{CAPTURE}{endpoint}/{VARIANT}/"
    assert variables["ENDPOINT_NAME"] == endpoint
    named = (variables["LABELS"], variables["RUNS"], variables["QUARANTINE"])
    assert named == (LABELS, WATCH, QUARANTINED_LABELS)
    assert QUARANTINED_LABELS.startswith(QUARANTINE)


def test_labels_start_it_and_the_time_where_settings_say_so(environment: Environment) -> None:
    rules = [rule for rule in environment.resources("AWS::Events::Rule") if rule.stack == "Watching"]
    (arrival,) = [rule.properties for rule in rules if "EventPattern" in rule.properties]
    assert arrival["EventPattern"]["source"] == ["aws.s3"]
    assert arrival["EventPattern"]["detail-type"] == ["Object Created"]
    assert arrival["EventPattern"]["detail"]["object"] == {"key": [{"wildcard": "labels/*.csv"}]}
    times = [rule.properties["ScheduleExpression"] for rule in rules if "ScheduleExpression" in rule.properties]
    assert times == ([environment.settings.watching.schedule] if environment.settings.watching.schedule else [])
    for rule in rules:
        (target,) = rule.properties["Targets"]
        assert f":pipeline/churn-{environment.name}-watch" in json.dumps(target["Arn"])
        assert "WatchStartRole" in json.dumps(target["RoleArn"])
        assert rule.properties.get("State", "ENABLED") == "ENABLED"


def alarms(environment: Environment) -> dict[str, dict[str, Any]]:
    """The watch's alarms by what they are called in its tree."""
    found = [one for one in environment.resources("AWS::CloudWatch::Alarm") if one.stack == "Watching"]
    return {one.path.split("/")[2]: one.properties for one in found}


def test_each_alarm_tells_people(environment: Environment) -> None:
    found = alarms(environment)
    assert set(found) == {"AttributesDrifted", "PredictionsDrifted", "QualityWorse", "LabelsRefused", "WatchFailed"}
    for alarm in found.values():
        (action,) = alarm["AlarmActions"]
        assert "-Notices:" in json.dumps(action)
        assert alarm["AlarmDescription"]
        # CloudFormation's name: one that is given could be taken.
        assert "AlarmName" not in alarm
    published = {one["MetricName"] for one in found.values() if one["Namespace"] == f"Churn/{environment.name}/Watch"}
    assert published == {"DriftedAttributes", "PredictionsDrifted", "LiveQualityWorse", "RefusedLabelFiles"}
    failed = found["WatchFailed"]
    assert (failed["Namespace"], failed["MetricName"]) == ("AWS/Sagemaker/ModelBuildingPipeline", "ExecutionFailed")
    assert failed["Dimensions"] == [{"Name": "PipelineName", "Value": f"churn-{environment.name}-watch"}]
    # Once a day something is published: what drifted stays so until the next look says otherwise.
    for name in ("AttributesDrifted", "PredictionsDrifted", "QualityWorse"):
        assert found[name]["TreatMissingData"] == "ignore"


def test_a_retraining_goes_by_one_alarm_of_all_drift(environment: Environment) -> None:
    """By one, because a look that raises several is to start a single run."""
    if not environment.settings.retraining.on_drift:
        return
    (rule,) = [
        one.properties["EventPattern"]
        for one in environment.resources("AWS::Events::Rule")
        if "CloudWatch Alarm State Change" in str(one.properties.get("EventPattern"))
    ]
    together = environment.one("AWS::CloudWatch::CompositeAlarm")
    (followed,) = rule["resources"]
    assert together.logical_id in json.dumps(followed)
    of = json.dumps(together.properties["AlarmRule"])
    assert all(f"Alarms{name}" in of for name in ("AttributesDrifted", "PredictionsDrifted", "QualityWorse"))
    assert not any(f"Alarms{name}" in of for name in ("LabelsRefused", "WatchFailed"))
    assert "AlarmActions" not in together.properties  # people hear of each by itself


def test_the_alarm_s_threshold_is_the_settings(synthesise: Synthesise) -> None:
    settings = load_settings("dev")
    found = synthesise(replace(settings, watching=replace(settings.watching, alarm_attributes=3, fewest_customers=77)))
    assert alarms(found)["AttributesDrifted"]["Threshold"] == 3
    assert told(found)["--fewest-customers"] == "77"


def test_traffic_is_captured_where_somebody_uses_the_model(environment: Environment) -> None:
    capture = environment.one("AWS::SageMaker::EndpointConfig").properties["DataCaptureConfig"]
    assert capture["InitialSamplingPercentage"] == {"prod": 20}.get(environment.name, 100)


def test_the_watch_reads_no_raw_data_and_the_pipelines_keep_apart(environment: Environment) -> None:
    policies = {
        one.logical_id.partition("Grants")[0]: json.dumps(one.properties["PolicyDocument"])
        for one in environment.resources("AWS::IAM::ManagedPolicy")
        if one.stack == "Watching"
    }
    assert "/raw/" not in "".join(policies.values())
    assert "/capture/*" in policies["WatchJobRole"]
    for other in ("ProcessingRole", "TrainingRole", "PipelineRole"):
        (grants,) = [
            json.dumps(one.properties["PolicyDocument"])
            for one in environment.resources("AWS::IAM::ManagedPolicy")
            if one.logical_id.startswith(f"{other}Grants")
        ]
        assert "capture/" not in grants
        assert "labels/" not in grants
