"""The steps of a rollout: what is begun, what waits, what is blamed; and what is kept and told afterwards."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.unit.functions import loaded

GROUP = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn-test"
LIVE, NEW = f"{GROUP}/3", f"{GROUP}/4"
INPUTS = "0" * 32
NOW = datetime.now(UTC)


class World:
    """CloudFormation, SageMaker and Step Functions as far as a rollout sees them."""

    class exceptions:
        ClientError = ClientError

    def __init__(self) -> None:
        self.status, self.rolled_out, self.approval, self.live = "UPDATE_COMPLETE", "", "Approved", LIVE
        self.endpoint_status, self.newest, self.newest_is = "InService", NOW, "other"
        self.newest_status, self.newest_state = "RUNNING", ""
        self.updates: list[dict[str, Any]] = []
        self.refusal = ""
        self.events: list[dict[str, Any]] = []
        self.decisions: list[dict[str, Any]] = []
        self.facts: dict[str, str] = {}
        self.told: list[dict[str, Any]] = []
        self.coming, self.metrics = "", []

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        parameters = [
            {"ParameterKey": "BootstrapVersion", "ParameterValue": "/cdk"},
            {"ParameterKey": "Rollout", "ParameterValue": self.rolled_out},
        ]
        outputs = [{"OutputKey": "RunInputs", "OutputValue": INPUTS}]
        return {"Stacks": [{"StackStatus": self.status, "Parameters": parameters, "Outputs": outputs}]}

    def update_stack(self, **request: Any) -> None:
        if self.refusal:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": self.refusal}}, "UpdateStack")
        self.updates.append(request)

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"StackEvents": self.events}]

    def list_executions(self, **_: Any) -> dict[str, Any]:
        listed = {"executionArn": self.newest_is, "startDate": self.newest, "status": self.newest_status}
        return {"executions": [listed]}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        assert executionArn == self.newest_is
        return {"output": json.dumps({"state": self.newest_state})}

    def describe_model_package(self, **_: Any) -> dict[str, Any]:
        by = {"IamIdentity": {"Arn": "arn:aws:sts::111122223333:assumed-role/Registrar/a-person"}}
        return {
            "ModelApprovalStatus": self.approval,
            "LastModifiedBy": by,
            "CustomerMetadataProperties": dict(self.facts),
        }

    def describe_endpoint(self, **_: Any) -> dict[str, Any]:
        pending = {"PendingDeploymentSummary": {"EndpointConfigName": "coming"}} if self.coming else {}
        return {"EndpointStatus": self.endpoint_status, "EndpointConfigName": "config", **pending}

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        return {"ProductionVariants": [{"ModelName": EndpointConfigName}]}

    def describe_model(self, *, ModelName: str) -> dict[str, Any]:
        return {"Containers": [{"ModelPackageName": self.coming if ModelName == "coming" else self.live}]}

    def put_metric_data(self, *, MetricData: list[dict[str, Any]], **_: Any) -> None:
        self.metrics += MetricData

    def update_model_package(self, **request: Any) -> None:
        self.decisions.append(request)

    def publish(self, **request: Any) -> None:
        self.told.append(request)


@pytest.fixture
def rollout(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    with loaded("rollout", monkeypatch) as module:
        yield module


@pytest.fixture
def world() -> World:
    return World()


def steering(rollout: ModuleType, world: World, *, by_person: bool = False) -> Any:
    clients = {"cloudformation": world, "sagemaker": world, "states": world}
    waits = {"wait_s": 600, "update_s": 900, "types": ("AWS::SageMaker::Model", "Custom::PipelineRun")}
    return rollout.Steering(**clients, stack="Serving", endpoint="churn-test", by_person=by_person, **waits)


def look(rollout: ModuleType, world: World, package: str = NEW, *, started: datetime = NOW, **more: Any) -> Any:
    given = {"machine": "m", "execution": "e", "started": started.isoformat()}
    by_person = more.pop("by_person", False)
    return steering(rollout, world, by_person=by_person).look({"package": package, **more}, **given)


def test_an_approved_package_may_go_with_the_inputs_of_the_deployment(rollout: ModuleType, world: World) -> None:
    found = look(rollout, world)
    assert (found["state"], found["wanted"], found["previous"]) == ("go", f"{INPUTS} {NEW}", "")
    assert found["approved_by"].endswith("Registrar/a-person")
    # A rollback asks for what somebody approved before; the person at the terminal approved nothing.
    assert "approved_by" not in look(rollout, world, rejects=LIVE)


@pytest.mark.parametrize("approval", ["Rejected", "PendingManualApproval"])
def test_what_is_not_approved_any_more_is_dropped(rollout: ModuleType, world: World, approval: str) -> None:
    world.approval = approval
    found = look(rollout, world)
    assert (found["state"], found["reason_dropped"]) == ("dropped", "version 4 is not approved any more")


@pytest.mark.parametrize(
    ("status", "state", "wanted"),
    [
        ("RUNNING", "", "busy"),
        ("SUCCEEDED", "live", "dropped"),
        # Its package was rejected before it began, or while it was tried: the one before it is the newest again.
        ("SUCCEEDED", "dropped", "go"),
        ("FAILED", "", "go"),
        ("TIMED_OUT", "", "go"),
        ("ABORTED", "", "go"),
    ],
)
def test_the_newest_rollout_that_comes_to_something_is_the_one_that_counts(
    rollout: ModuleType, world: World, status: str, state: str, wanted: str
) -> None:
    world.newest, world.newest_status, world.newest_state = NOW + timedelta(seconds=1), status, state
    assert look(rollout, world)["state"] == wanted
    world.approval = "Rejected"
    assert look(rollout, world)["state"] == "dropped"


def test_a_way_back_from_what_is_not_live_any_more_is_dropped(rollout: ModuleType, world: World) -> None:
    """Something else came into service while it waited: whoever asked has judged another model."""
    back = {"package": f"{GROUP}/2", "rejects": LIVE}
    assert look(rollout, world, **back)["state"] == "go"
    world.live = NEW
    found = look(rollout, world, **back)
    assert found["state"] == "dropped"
    assert found["reason_dropped"] == "version 3, which was to go, is not live any more"
    # What it leads to is live by now, or nothing is: neither is another model's.
    world.live = f"{GROUP}/2"
    assert look(rollout, world, **back)["state"] == "live"
    world.live = ""
    assert look(rollout, world, **back)["state"] == "go"


def test_a_rollout_waits_for_a_newer_one_and_not_for_ever(rollout: ModuleType, world: World) -> None:
    late = look(rollout, world, started=NOW - timedelta(seconds=601))
    assert (late["state"], late["blame"]) == ("failed", False)
    assert late["reason_failed"] == "A rollout that began later has gone on for too long"


def test_only_what_began_later_is_newer(rollout: ModuleType, world: World) -> None:
    world.newest = NOW + timedelta(seconds=1)
    assert look(rollout, world)["state"] == "busy"
    # A list that does not have this one yet drops nothing.
    world.newest = NOW - timedelta(seconds=1)
    assert look(rollout, world)["state"] == "go"
    # Nor does this one itself, whose time has more digits in the list.
    world.newest, world.newest_is = NOW + timedelta(microseconds=1), "e"
    assert look(rollout, world)["state"] == "go"


def test_a_busy_stack_is_awaited_and_not_for_ever(rollout: ModuleType, world: World) -> None:
    world.status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    assert look(rollout, world)["state"] == "busy"
    world.newest = NOW - timedelta(seconds=601)
    late = look(rollout, world, started=world.newest)
    assert late["reason_failed"] == "Serving has been UPDATE_COMPLETE_CLEANUP_IN_PROGRESS for too long"
    assert (late["state"], late["blame"]) == ("failed", False)


def test_a_stack_that_is_stuck_is_nobody_s_model_s_fault(rollout: ModuleType, world: World) -> None:
    world.status = "UPDATE_ROLLBACK_FAILED"
    found = look(rollout, world)
    assert (found["state"], found["blame"]) == ("failed", False)
    assert "UPDATE_ROLLBACK_FAILED" in found["reason_failed"]


def test_what_is_live_needs_nothing_but_where_a_person_decides_the_parameter_names_it(
    rollout: ModuleType, world: World
) -> None:
    assert look(rollout, world, LIVE)["state"] == "live"
    assert look(rollout, world, LIVE, by_person=True)["state"] == "go"
    world.rolled_out = f"{INPUTS} {LIVE}"
    assert look(rollout, world, LIVE, by_person=True)["state"] == "live"
    world.endpoint_status = "Failed"
    assert look(rollout, world, LIVE)["state"] == "go"


def test_the_update_changes_one_parameter_and_says_which_types_it_may_touch(rollout: ModuleType, world: World) -> None:
    steer = steering(rollout, world)
    found = steer.update(look(rollout, world))
    assert found["state"] == "updating"
    (request,) = world.updates
    assert request["UsePreviousTemplate"] is True
    assert request["Parameters"] == [
        {"ParameterKey": "BootstrapVersion", "UsePreviousValue": True},
        {"ParameterKey": "Rollout", "ParameterValue": f"{INPUTS} {NEW}"},
    ]
    assert request["ResourceTypes"] == ["AWS::SageMaker::Model", "Custom::PipelineRun"]
    assert not {"Capabilities", "TemplateBody", "TemplateURL", "RoleARN"} & set(request)
    # The same step again is the same request to CloudFormation; another rollout's is not.
    steer.update(look(rollout, world))
    assert world.updates[0]["ClientRequestToken"] == world.updates[1]["ClientRequestToken"]
    steer.update(look(rollout, world) | {"execution": "other"})
    assert world.updates[2]["ClientRequestToken"] != world.updates[0]["ClientRequestToken"]


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        ("No updates are to be performed.", "done"),
        ("Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated.", "busy"),
    ],
)
def test_a_refused_update_is_done_or_waits(rollout: ModuleType, world: World, refusal: str, state: str) -> None:
    asked, world.refusal = look(rollout, world), refusal
    assert steering(rollout, world).update(asked)["state"] == state


def test_a_refusal_of_another_kind_is_not_swallowed(rollout: ModuleType, world: World) -> None:
    asked, world.refusal = look(rollout, world), "not authorized"
    with pytest.raises(ClientError, match="not authorized"):
        steering(rollout, world).update(asked)


def test_an_update_that_was_rolled_back_blames_the_package_with_the_first_reason(
    rollout: ModuleType, world: World
) -> None:
    steer = steering(rollout, world)
    asked = steer.update(look(rollout, world))
    world.status = "UPDATE_IN_PROGRESS"
    assert steer.ask(asked)["state"] == "updating"
    late = steer.ask(asked | {"deadline": (NOW - timedelta(seconds=1)).isoformat()})
    assert (late["state"], late["blame"]) == ("failed", False)
    event = {
        "ResourceType": "AWS::SageMaker::Endpoint",
        "ResourceStatus": "UPDATE_FAILED",
        "LogicalResourceId": "Endpoint",
    }
    world.status, world.events = (
        "UPDATE_ROLLBACK_COMPLETE",
        [
            event
            | {
                "LogicalResourceId": "Endpoint",
                "ResourceStatusReason": "an alarm",
                "ClientRequestToken": asked["token"],
            },
            event
            | {"LogicalResourceId": "Endpoint", "ResourceStatusReason": "of another", "ClientRequestToken": "other"},
        ],
    )
    found = steer.ask(asked)
    assert (found["state"], found["blame"], found["reason_failed"]) == ("failed", True, "Endpoint: an alarm")


def test_wrong_answers_bring_the_former_parameter_back_and_fail(rollout: ModuleType, world: World) -> None:
    steer, world.rolled_out = steering(rollout, world), f"{INPUTS} {LIVE}"
    asked = steer.update(look(rollout, world))
    world.rolled_out = asked["wanted"]
    assert steer.ask(asked)["state"] == "done"
    back = steer.restore(asked | {"error": {"Error": "WrongAnswers", "Cause": '{"errorMessage": "loyal is off"}'}})
    assert world.updates[-1]["Parameters"][-1]["ParameterValue"] == f"{INPUTS} {LIVE}"
    world.rolled_out = f"{INPUTS} {LIVE}"
    found = steer.ask(back)
    assert (found["state"], found["reason_failed"], found["blame"]) == ("failed", "loyal is off", True)


def test_the_way_back_takes_no_other_rollout_s_model_away(rollout: ModuleType, world: World) -> None:
    steer, world.rolled_out = steering(rollout, world), f"{INPUTS} {LIVE}"
    asked = steer.update(look(rollout, world)) | {"error": {"Error": "WrongAnswers", "Cause": "off"}}
    world.rolled_out, world.status = f"{INPUTS} {GROUP}/5", "UPDATE_IN_PROGRESS"
    world.refusal = "Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated."
    waiting = steer.restore(asked)
    assert waiting["state"] == "busy"
    world.status, world.refusal = "UPDATE_COMPLETE", ""
    assert steer.restore(waiting)["state"] == "dropped"
    assert len(world.updates) == 1


def test_an_update_that_the_next_rollout_replaced_between_two_looks_blames_nobody(
    rollout: ModuleType, world: World
) -> None:
    steer = steering(rollout, world)
    asked = steer.update(look(rollout, world))
    world.rolled_out = f"{INPUTS} {GROUP}/5"
    found = steer.ask(asked)
    assert found["state"] == "dropped"
    assert not {"blame", "reason_failed"} & set(found)
    # What was on its way back because of wrong answers still failed, for them.
    back = steer.ask(asked | {"restoring": True, "reason_failed": "off", "blame": True})
    assert (back["state"], back["reason_failed"], back["blame"]) == ("failed", "off", True)
    # One that is not whole again without a word of why is another matter.
    world.status = "UPDATE_ROLLBACK_FAILED"
    assert steer.ask(asked)["reason_failed"] == "CloudFormation gives no reason."


def test_a_rollout_that_failed_is_told_with_what_is_live_and_its_package_rejected(
    rollout: ModuleType, world: World
) -> None:
    given = {"package": NEW, "reason_failed": "an alarm", "blame": True}
    told = rollout.records.fail(world, world, "topic", "churn-test", given)["message"]
    assert told.splitlines() == [
        "churn-test: the rollout of version 4 failed.",
        "Why: an alarm",
        "Live now: version 3, endpoint config config, the endpoint is InService.",
        "Version 4 was rejected. To try it again, approve it again.",
    ]
    assert world.told == [{"TopicArn": "topic", "Subject": told.splitlines()[0], "Message": told}]
    assert world.decisions == [
        {
            "ModelPackageArn": NEW,
            "ModelApprovalStatus": "Rejected",
            "ApprovalDescription": "Its rollout failed: an alarm",
        }
    ]


@pytest.mark.parametrize(("blame", "live"), [(False, LIVE), (True, NEW)])
def test_what_is_not_to_blame_or_is_live_stays_approved(
    rollout: ModuleType, world: World, blame: bool, live: str
) -> None:
    world.live = live
    given = {"package": NEW, "reason_failed": "stuck", "blame": blame}
    told = rollout.records.fail(world, world, "topic", "churn-test", given)["message"]
    assert told.endswith("still approved. To try it again, start the rollout again.")
    assert not world.decisions


def test_what_went_live_is_noted_once(rollout: ModuleType, world: World) -> None:
    world.live = NEW
    kept = rollout.records.keep(world, "churn-test", {"package": NEW, "approved_by": "arn:a-person"})
    assert kept["message"] == "churn-test serves version 4."
    (request,) = world.decisions
    assert set(request) == {"ModelPackageArn", "CustomerMetadataProperties"}, "a fact is no decision"
    assert request["CustomerMetadataProperties"]["approved_by"] == "arn:a-person"
    world.facts = request["CustomerMetadataProperties"]
    rollout.records.keep(world, "churn-test", {"package": NEW})
    assert len(world.decisions) == 1


def test_a_rollback_rejects_what_was_live_with_its_reason(rollout: ModuleType, world: World) -> None:
    given = {"package": LIVE, "rejects": NEW, "reason": "too few calls", "by": "Ops/a-person"}
    rollout.records.keep(world, "churn-test", given)
    assert world.decisions[-1] == {
        "ModelPackageArn": NEW,
        "ModelApprovalStatus": "Rejected",
        "ApprovalDescription": "Rolled back by Ops/a-person: too few calls",
    }


@pytest.mark.parametrize(
    ("live", "coming", "rejected"), [(f"{GROUP}/5", "", True), (NEW, "", False), (f"{GROUP}/5", NEW, False)]
)
def test_a_way_back_that_is_dropped_rejects_what_was_to_go_unless_that_is_served(
    rollout: ModuleType, world: World, live: str, coming: str, rejected: bool
) -> None:
    """Else the next way back would lead to the model that somebody took away."""
    world.live, world.coming = live, coming
    given = {"package": LIVE, "rejects": NEW, "reason": "too few calls", "by": "Ops/a-person", "state": "dropped"}
    told = rollout.records.drop(world, "churn-test", given | {"reason_dropped": "it came later"})
    assert told["state"] == "dropped"
    assert told["message"] == (
        f"churn-test serves version {live[-1]}: it came later. "
        f"Version 4 {'is rejected.' if rejected else 'stays approved: it is served.'}"
    )
    assert [one["ApprovalDescription"] for one in world.decisions] == [
        "Rolled back by Ops/a-person: too few calls"
    ] * rejected


def test_an_approval_that_is_dropped_decides_nothing(rollout: ModuleType, world: World) -> None:
    told = rollout.records.drop(world, "churn-test", {"package": NEW, "reason_dropped": "another is newer"})
    assert told["message"] == "churn-test serves version 3: another is newer."
    assert not world.decisions


KNOWN = {"probability": 0.25, "churn": False, "reasons": [{"text": "few calls"}]}


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (KNOWN, ""),
        (KNOWN | {"probability": 0.25 + 9e-7}, ""),
        (KNOWN | {"probability": 0.25 + 2e-6}, "the probability is"),
        (KNOWN | {"churn": True}, "the decision is another"),
        (KNOWN | {"reasons": [{"text": "many calls"}]}, "the reasons are others"),
    ],
)
def test_golden_answers_are_compared(rollout: ModuleType, answer: dict[str, Any], wrong: str) -> None:
    assert rollout.golden.differs(KNOWN, answer).startswith(wrong)
    assert bool(rollout.golden.differs(KNOWN, answer)) is bool(wrong)


def test_a_version_that_should_not_answer_is_wrong(rollout: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    by_version = {"3": {"loyal": {"customer": {}, **KNOWN}}}
    for version, wrong in (("3", []), ("4", ["loyal: version 4 answers"])):
        monkeypatch.setattr(rollout.golden, "ask", lambda *_, version=version: (version, KNOWN))
        assert [str(one) for one in rollout.golden.check(World(), "churn-test", by_version)] == wrong


@pytest.mark.parametrize("failure", [ReadTimeoutError(endpoint_url="https://runtime"), KeyError("predictions")])
def test_no_answer_is_a_wrong_one(rollout: ModuleType, monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    def ask(*_: object) -> None:
        raise failure

    monkeypatch.setattr(rollout.golden, "ask", ask)
    (wrong,) = rollout.golden.check(World(), "churn-test", {"3": {"loyal": {"customer": {}, **KNOWN}}})
    assert wrong.text.startswith(f"loyal: {type(failure).__name__}")
    assert not wrong.version


@pytest.mark.parametrize(
    ("coming", "answers", "counts"),
    [
        ("", ["3", "3"], {"config": 0}),
        ("", ["3", ""], {"config": 4}),
        # Each is counted for the machines that it came from: what is to be replaced is not in the way.
        (NEW, ["3 wrong", "4"], {"config": 4, "coming": 0}),
        (NEW, ["3", "4 wrong"], {"config": 0, "coming": 4}),
        (NEW, ["", "4"], {"config": 4, "coming": 0}),
        # The same model on other machines: either may have answered.
        (LIVE, ["3", "3 wrong"], {"config": 4, "coming": 4}),
    ],
)
def test_wrong_answers_are_counted_for_the_machines_that_gave_them(
    rollout: ModuleType,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    coming: str,
    answers: list[str],
    counts: dict[str, int],
) -> None:
    """Two golden customers, each asked in each of four rounds; one machine answers the first, and one the second."""
    world.coming = coming
    for name, value in (("ENDPOINT", "churn-test"), ("NAMESPACE", "n"), ("METRIC", "m"), ("DIMENSION", "Config")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(rollout, "client", lambda _: world)
    monkeypatch.setattr(
        rollout, "_known", lambda _: {str(n): {"customer": {"n": n}, **KNOWN} for n in range(len(answers))}
    )

    def ask(_runtime: object, _endpoint: str, customer: dict[str, int]) -> tuple[str, dict[str, Any]]:
        version, _, wrong = answers[customer["n"]].partition(" ")
        if not version:
            raise KeyError("predictions")
        return version, KNOWN | ({"probability": 0.9} if wrong else {})

    monkeypatch.setattr(rollout.golden, "ask", ask)
    rollout.probe({}, None)
    assert {one["Dimensions"][0]["Value"]: one["Value"] for one in world.metrics} == counts
