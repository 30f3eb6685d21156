"""What starts the intake, in which order it goes, and who may touch which place of raw data."""

import ast
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from config import Settings, load_settings
from operate import retrain
from stacks.components import bucket_rules

from .conftest import ROOT, Environment, flat
from .policies import Identities

Synthesise = Callable[[Settings], Environment]
RULE, MACHINE = "AWS::Events::Rule", "AWS::StepFunctions::StateMachine"


def rules(environment: Environment) -> dict[str, dict[str, Any]]:
    return {one.logical_id: one.properties for one in environment.resources(RULE) if one.stack == "Retraining"}


def intake(environment: Environment) -> dict[str, Any]:
    (found,) = [one for one in environment.resources(MACHINE) if one.stack == "Retraining"]
    definition: dict[str, Any] = json.loads(flat(found.properties["DefinitionString"]))
    return definition


def with_retraining(**changes: Any) -> Settings:
    settings = load_settings("dev")
    return replace(settings, retraining=replace(settings.retraining, **changes))


def test_a_file_that_is_dropped_starts_the_intake_and_no_other_object_does(environment: Environment) -> None:
    rule = rules(environment)["NewData"]
    (bucket,) = [one for one in environment.resources("AWS::S3::Bucket") if one.logical_id.startswith("Data")]
    assert bucket.properties["NotificationConfiguration"]["EventBridgeConfiguration"] == {"EventBridgeEnabled": True}
    pattern = rule["EventPattern"]
    assert (pattern["source"], pattern["detail-type"]) == (["aws.s3"], ["Object Created"])
    assert pattern["detail"]["object"]["key"] == [{"prefix": "raw/incoming/"}]
    assert bucket.logical_id in json.dumps(pattern["detail"]["bucket"]["name"])


def test_settings_decide_what_starts_it(synthesise: Synthesise) -> None:
    found = rules(synthesise(with_retraining(on_new_data=False, schedule="cron(0 4 ? * MON *)", on_drift=True)))
    assert "NewData" not in found
    assert found["Schedule"]["ScheduleExpression"] == "cron(0 4 ? * MON *)"
    for rule in found.values():
        (target,) = rule["Targets"]
        assert target["Arn"]["Ref"].startswith("IntakeMachine")
        assert target["RoleArn"]["Fn::GetAtt"][0].startswith("EventsRole")


def test_an_alarm_of_the_watch_starts_it_where_settings_say_so(environment: Environment) -> None:
    found = rules(environment).get("Drift")
    assert (found is not None) == environment.settings.retraining.on_drift
    if found:
        pattern = found["EventPattern"]
        assert pattern["detail"] == {"state": {"value": ["ALARM"]}}
        (alarm,) = pattern["resources"]
        # Of several that go off together one run is enough: the alarm over them all is asked.
        assert "-Watching:" in alarm["Fn::ImportValue"]
        assert "NoLongerFits" in alarm["Fn::ImportValue"]


def test_nothing_fails_without_a_word_and_all_waits_are_those_of_the_settings(environment: Environment) -> None:
    definition, settings = intake(environment), environment.settings.retraining
    states = definition["States"]
    waits = {name: state["Seconds"] for name, state in states.items() if state["Type"] == "Wait"}
    assert waits == {"NewerFiles": settings.debounce_s, "Turn": settings.poll_s, "Run": settings.poll_s}
    # Before the machine's own end, of which nobody would hear, the function's.
    assert definition["TimeoutSeconds"] > settings.debounce_s + settings.time_limit_s + 2 * settings.poll_s
    called = {name: state for name, state in states.items() if "lambda:invoke" in state.get("Resource", "")}
    assert {state["Parameters"]["Payload"]["step"] for state in called.values()} == {"choose", "start", "look"}
    for name, state in called.items():
        assert state["Parameters"]["Payload"]["started.$"] == "$$.Execution.StartTime"
        (caught,) = state["Catch"]
        assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Tell"), name
    assert states["Tell"]["Resource"].endswith(":states:::sns:publish")
    assert states[states["Tell"]["Next"]]["Type"] == "Fail"


def test_each_state_is_reached_and_leads_somewhere(environment: Environment) -> None:
    definition = intake(environment)
    states, reached, ahead = definition["States"], set(), [definition["StartAt"]]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            state = states[name]
            ways = [state.get("Next"), state.get("Default")]
            ways += [way["Next"] for way in (*state.get("Choices", []), *state.get("Catch", []))]
            ahead += [way for way in ways if way]
            assert state["Type"] in ("Succeed", "Fail") or any(ways), name
    assert reached == set(states)


@pytest.mark.parametrize(
    ("action", "key", "who"),
    [
        ("s3:PutObject", "raw/incoming/new.csv", {"DataOwnerRole", "Inputs/Role"}),
        ("s3:DeleteObject", "raw/incoming/new.csv", {"Intake/Step/Role"}),
        ("s3:PutObject", "raw/taken/x.csv", {"Intake/Step/Role", "Inputs/Role"}),
        ("s3:PutObject", "raw/accepted.json", {"Intake/Step/Role", "Inputs/Role"}),
        ("s3:GetObject", "quarantine/x/reasons.json", {"DataOwnerRole"}),
    ],
)
def test_who_may_touch_which_place(environment: Environment, action: str, key: str, who: set[str]) -> None:
    identities = Identities(environment)
    (bucket,) = {
        resource.partition("/")[0]
        for statement in identities.statements["DataOwnerRole"]
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
        if "raw/incoming/" in resource
    }
    assert identities.allowed_to(action, f"{bucket}/{key}") == who


def test_the_places_are_called_alike_by_all_who_name_them() -> None:
    """A function imports nothing of the stacks', and the operator's tools nothing of either."""
    wanted = {name: getattr(bucket_rules, name) for name in ("INCOMING", "TAKEN", "QUARANTINE", "ACCEPTED")}
    assert wanted["INCOMING"] == retrain.INCOMING
    tree = ast.parse((ROOT / "lambda" / "retrain" / "files.py").read_text())
    found: dict[str, str] = {}
    for names, values in ((one.targets[0], one.value) for one in tree.body if isinstance(one, ast.Assign)):
        if isinstance(names, ast.Tuple) and isinstance(values, ast.Tuple):
            called = [one.id for one in names.elts if isinstance(one, ast.Name)]
            found |= dict(zip(called, map(ast.literal_eval, values.elts), strict=True))
    assert found == wanted
