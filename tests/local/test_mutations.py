"""Every permission is needed: a role without it, all else equal, fails at what the role is for.

One action at a time is taken from a copy of each role, and the role's errand is run with the copy, for real. What could
go without failing was taken from the stacks for good. A denial cannot make an errand fail; it is tried on a copy that
may do everything else.
"""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.local.deployment import Deployment
from tests.local.errands import Errand, Errands, Studio, changed, endpoint_of, errand_name, run
from tests.local.roles import DEPLOYING, PLACES, Copy, Mutant, Refusal, Roles, Statement, actions_of, mutants, refusal

WORKERS = 2
#: Roles whose errands share a log or the pipeline, and cannot be told apart when they run at the same time.
ALONE = (
    *("grant scopes", "invoker", "model report", "champion", "model card", "tracker", "on event", "is complete"),
    *("intake", "intake starter", "data owner"),
    *("on run", "steer", "probe", "record"),
    *("watch steps", "watch starter"),
    *("batches", "scoring", "scoring starter"),
)
#: What AWS's documentation asks of a state machine's role to log and to trace, neither of which happens on the laptop.
LOGS_AND_TRACES = ("logs:", "xray:")
#: The runs with every permission, before and after all others.
WHOLE = ("with everything, first", "with everything, last")
#: How long what follows at once is waited for, with every permission and without one.
PATIENCE_S, HASTE_S = 240, 3


class Path(NamedTuple):
    """How to run an errand with a copy of a role, and what the copy's permissions are called there."""

    errand: Errand
    change: Callable[[list[Statement]], list[Statement]] = lambda statements: statements


@contextlib.contextmanager
def _paths(name: str, errands: Errands, copy: Copy) -> Iterator[Callable[[], Path]]:
    """What gives a role's path, for one run after the other."""
    plain: dict[str, Errand] = {
        "processing": errands.process,
        "training": errands.train,
        "registrar": errands.decide,
        "grant scopes": errands.grant_scopes,
        "invoker": errands.predict,
        "model report": errands.report,
        "batches": errands.announce,
        "scoring": errands.score_file,
        "scoring machine": errands.work_batch_machine,
        "scoring starter": errands.start_batch_machine,
        "experiment": errands.experiment,
        "champion": errands.look_up,
        "model card": errands.write_card,
        "intake": errands.take_files,
        "intake machine": errands.work_machine,
        "intake starter": errands.start_machine,
        "data owner": errands.bring_data,
        "watch steps": errands.watch_steps,
        "watch job": errands.watch_job,
        "watch starter": errands.start_watch,
        "tracker": errands.track,
        "mlflow": errands.keep_artifacts,
        "on event": errands.start_runs,
        "is complete": errands.approve_run,
        "on run": errands.judge_run,
        "steer": errands.steer,
        "probe": errands.ask_golden,
        "record": errands.record,
    }
    if name in plain:
        yield lambda: Path(plain[name])
    elif name == "model":
        yield lambda: _endpoint(errands)
    elif name == "data scientist":
        studio = Studio(errands.deployment, errands.roles, errands)
        with studio.user(copy.arn) as user:
            yield lambda: Path(lambda role: studio.study(role, user))
    elif name == "watch pipeline":
        watch = errand_name()
        with errands.watch_pipeline(watch, copy.arn):
            yield lambda: Path(lambda _role: errands.watch_once(watch))
    else:
        pipeline = errand_name()
        with errands.pipeline(pipeline, copy.arn):
            yield lambda: Path(lambda _role: errands.orchestrate(pipeline))
    errands.stop_runs()


def _endpoint(errands: Errands) -> Path:
    """Another endpoint each time, so that no log and no metric is left from the time before."""
    name = errand_name()
    return Path(lambda role: errands.serve(role, name), lambda statements: endpoint_of(statements, name))


@pytest.fixture(scope="module")
def roles(deployment: Deployment) -> Roles:
    return Roles(deployment)


@pytest.fixture(scope="module")
def errands(deployment: Deployment, roles: Roles) -> Iterator[Errands]:
    made = Errands(deployment, roles)
    # What errands approve is not to be rolled out, nor are the files that they lay down to be taken for somebody's; and
    # no round of the probe or of a machine may write into the log of a copy. An event comes when it comes: the rules
    # are off until all is over.
    with deployment.quiet("Rollout", "Retraining", "Watching", "Batches"):
        yield made
        made.clean_up()


def _outcomes(name: str, roles: Roles, errands: Errands) -> dict[str, str]:
    """What went wrong with each mutant of a role; nothing may, with the whole role."""
    statements, workers = roles.statements(name), 1 if name in ALONE else WORKERS
    changed = list(mutants(statements))

    def work(at: int) -> dict[str, str]:
        found = {}
        first, last = (Mutant(f"{moment} ({at})", statements) for moment in WHOLE)
        with roles.copied(name) as copy, _paths(name, errands, copy) as path:
            for mutant in (first, *changed[at::workers], last):
                errand, change = path()
                copy.may(change(mutant.statements))
                # Where something is missing, what never comes is not waited for as long.
                soon_s = PATIENCE_S if mutant.removed.startswith(WHOLE) else HASTE_S
                found[mutant.removed] = run(errand, copy.arn, soon_s=soon_s)
        return found

    with ThreadPoolExecutor(workers) as pool:
        return {removed: wrong for part in pool.map(work, range(workers)) for removed, wrong in part.items()}


@pytest.mark.parametrize("name", [name for name in PLACES if name not in DEPLOYING])
def test_each_permission_is_needed(name: str, roles: Roles, errands: Errands) -> None:
    if name == "tracker" and not errands.deployment.settings.mlflow_port:
        pytest.skip("the run that CHURN_TEST_RUN names has no MLflow: start it with MLFLOW=1")
    outcomes = _outcomes(name, roles, errands)
    wholes = {removed: outcomes.pop(removed) for removed in list(outcomes) if removed.startswith(WHOLE)}
    assert set(wholes.values()) == {""}, "the errand fails with all of the role's permissions"
    allowed = [statement for statement in roles.statements(name) if statement["Effect"] == "Allow"]
    assert len(outcomes) == sum(len(actions_of(statement)) for statement in allowed) > 0
    survivors = [removed for removed, wrong in outcomes.items() if not wrong]
    if name.endswith("machine"):
        survivors = [one for one in survivors if not one.split(": ", 1)[1].startswith(LOGS_AND_TRACES)]
    assert not survivors, f"{name} does its job without these: take them out of stacks/"


class Fence(NamedTuple):
    """A request that only this denial holds back: a job's members that differ from the pipeline's, or another call.

    ``beside`` names a denial that holds the same request back, so that both must go: the API has subnets and groups in
    one member, and IAM a key for each.
    """

    changes: dict[str, Any]
    kind: str = "ProcessingJob"
    beside: str = ""


_CLUSTER = "ProcessingResources.ClusterConfig"
_GROUPS = [{"InstanceGroupName": "g", "InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1}]
_FILES = [
    {
        "ChannelName": "train",
        "DataSource": {
            "FileSystemDataSource": {
                "FileSystemId": "fs-12345678901",
                "FileSystemType": "EFS",
                "FileSystemAccessMode": "ro",
                "DirectoryPath": "/",
            }
        },
    }
]
FENCES = {
    "NoVpcSubnets": Fence({"NetworkConfig.VpcConfig": None}, beside="NoVpcSecurityGroupIds"),
    "NoVpcSecurityGroupIds": Fence({"NetworkConfig.VpcConfig": None}, beside="NoVpcSubnets"),
    "OtherVpcSubnets": Fence({"NetworkConfig.VpcConfig.Subnets": ["subnet-other"]}),
    "OtherVpcSecurityGroupIds": Fence({"NetworkConfig.VpcConfig.SecurityGroupIds": ["sg-other"]}),
    "NoInstanceTypes": Fence(
        {
            "ResourceConfig.InstanceType": None,
            "ResourceConfig.InstanceCount": None,
            "ResourceConfig.InstanceGroups": _GROUPS,
        },
        "TrainingJob",
    ),
    "OtherInstanceTypes": Fence({f"{_CLUSTER}.InstanceType": "ml.p4d.24xlarge"}),
    "OtherOrNoVolumeKmsKey": Fence({f"{_CLUSTER}.VolumeKmsKeyId": None}),
    "OtherOrNoOutputKmsKey": Fence({"ProcessingOutputConfig.KmsKeyId": None}),
    "NoNetworkIsolation": Fence({"NetworkConfig.EnableNetworkIsolation": None}),
    "NoTrafficEncryption": Fence({"NetworkConfig.EnableInterContainerTrafficEncryption": None}),
    "RemoteDebug": Fence({"RemoteDebugConfig": {"EnableRemoteDebug": True}}, "TrainingJob"),
    "WarmMachines": Fence({"ResourceConfig.KeepAlivePeriodInSeconds": 60}, "TrainingJob"),
    "EndlessJob": Fence({"StoppingCondition.MaxRuntimeInSeconds": 86401}, "TrainingJob"),
    "FileSystem": Fence({"InputDataConfig": _FILES}, "TrainingJob"),
    "BecomingAnother": Fence({"RoleSessionName": "test"}, "Role"),
    "WhatCannotBeFenced": Fence({"NotebookInstanceName": "n", "InstanceType": "ml.t3.medium"}, "NotebookInstance"),
    "Approval": Fence({"ModelApprovalStatus": "Approved"}, "ModelPackage"),
}
FENCES_OF_SPACES = {
    "OtherMachinesOfSpaces": Fence({"ResourceSpec": {"InstanceType": "ml.p4d.24xlarge"}}, "App"),
    "RemoteAccess": Fence({"SpaceSettings": {"RemoteAccess": "ENABLED"}}, "Space"),
}
# Given to a copy of a role for one call, to show that the denial beside it is what refuses.
_ANYTHING: Statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("name", "fences"),
    [("pipeline", FENCES), ("data scientist", FENCES | FENCES_OF_SPACES)],
    ids=["pipeline", "data scientist"],
)
def test_each_denial_holds_something_back(name: str, fences: dict[str, Fence], roles: Roles, errands: Errands) -> None:
    denials = [statement for statement in roles.statements(name) if statement["Effect"] == "Deny"]
    assert sorted(statement["Sid"] for statement in denials) == sorted(fences)
    with roles.copied(name) as copy:
        for sid, fence in fences.items():
            copy.may([_ANYTHING, *denials])
            with_it = _try(fence, copy, roles, errands)
            assert with_it.denied, f"{sid}: {with_it}"
            assert "explicit deny" in with_it.message
            copy.may([_ANYTHING, *(one for one in denials if one["Sid"] not in (sid, fence.beside))])
            without = _try(fence, copy, roles, errands)
            assert not without.denied, f"{sid}: {without}"


def _try(fence: Fence, copy: Copy, roles: Roles, errands: Errands) -> Refusal:
    """Make the request of a fence as a copy of the role; a job that begins is forgotten at once."""
    client, name = roles.client("sagemaker", copy.arn), errand_name()
    if fence.kind in ("App", "Space"):
        # Of a domain that is not there: what IAM lets through makes nothing.
        place = {"DomainId": "d-none", "SpaceName": "none"}
        app = {"AppType": "JupyterLab", "AppName": "default"} if fence.kind == "App" else {}
        return refusal(client, f"create_{fence.kind.lower()}", place | app | fence.changes)
    if fence.kind == "ProcessingJob":
        request = errands.processing_request(inputs={}, output=f"s3://{errands.data}/{errands.place}/{name}")
        request = changed(request, fence.changes) | {"RoleArn": roles.arn("processing")}
    elif fence.kind == "TrainingJob":
        request = changed(errands.training_request(), fence.changes) | {"RoleArn": roles.arn("training")}
    elif fence.kind == "ModelPackage":
        return refusal(client, "update_model_package", fence.changes | {"ModelPackageArn": errands.package})
    elif fence.kind == "Role":
        sts = roles.client("sts", copy.arn)
        return refusal(sts, "assume_role", fence.changes | {"RoleArn": roles.arn("registrar")})
    else:
        return refusal(client, "create_notebook_instance", fence.changes | {"RoleArn": roles.arn("training")})
    operation = "create_processing_job" if fence.kind == "ProcessingJob" else "create_training_job"
    found = refusal(client, operation, request | {f"{fence.kind}Name": name})
    if not found.denied and not found.code:
        errands.forget(fence.kind, name)
    return found
