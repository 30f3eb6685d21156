"""What begins by itself and what goes on, from rules to updates of stacks. It ends before anything is deleted.

A rule that is left on would fill a bucket again while it is to be empty (the probe's requests are captured), or start
a run of a pipeline that is to go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from botocore.exceptions import ClientError

from operate import survey
from operate.account import Account, Client, pages, unless_absent
from operate.inventory import APP_PREFIX, RUNNING_EXECUTION, RUNNING_JOB, TRANSFORM_JOB, Inventory, Job, operation_on
from operate.progress import Progress, counted

RULE, MACHINE = "AWS::Events::Rule", "AWS::StepFunctions::StateMachine"
RUNS_LIMIT_S = 900
# A stack's longest legs: an endpoint that takes a model over in steps and goes back, a distribution.
UPDATE_LIMIT_S = 5400


def stop_all(account: Account, found: Inventory, progress: Progress, *, jobs: Callable[[], Iterable[Job]]) -> None:
    """Let nothing begin any more, then stop what goes on: what would start something before what it would start.

    Parameters
    ----------
    found : Inventory
        What there was at the beginning.
    jobs : callable
        The environment's jobs, as they are now.
    """
    sagemaker = account.client("sagemaker")
    if rules := found.of_type(RULE):
        switch_off(account.client("events"), rules)
        progress.say(f"switched off {counted(len(rules), 'rule')}")
    if machines := found.of_type(MACHINE):
        stopped = stop_machines(account.client("stepfunctions"), machines)
        progress.say(f"stopped {counted(stopped, 'execution')} of state machines")

    def executions() -> list[str]:
        """Of all the environment's pipelines: the watch's stands in its stack's way, too."""
        return [run for name in found.pipelines for run in running_executions(sagemaker, name)]

    def running() -> list[Job]:
        """Those that were nobody's run, once the runs have stopped."""
        return [job for job in jobs() if job.running]

    if going := executions():
        progress.say(f"stopping {counted(len(going), 'pipeline run')}")
        stop_executions(sagemaker, going)
        progress.wait("pipeline runs to stop", lambda: len(executions()), limit_s=RUNS_LIMIT_S)
    if left := running():
        progress.say(f"stopping {counted(len(left), 'job')}")
        stop_jobs(sagemaker, left)
        progress.wait("jobs to stop", lambda: len(running()), limit_s=RUNS_LIMIT_S)


def await_updates(account: Account, found: Inventory, progress: Progress) -> dict[str, str]:
    """Let a rollout's or a deployment's changes of stacks end; return the status of those that go on after all.

    CloudFormation refuses to delete a stack that is being updated, and what is deleted under an update makes it fail.
    It is not cancelled: its way back takes as long, and may fail. What began it is stopped, so no other follows.
    """
    client, ours = account.client("cloudformation"), {stack.name for stack in found.stacks}

    def changing() -> dict[str, str]:
        listed = survey.stacks_of(client, APP_PREFIX) if ours else ()
        return {stack.name: stack.status for stack in listed if stack.changing and stack.name in ours}

    if going := changing():
        progress.say("; ".join(f"{name} is {status}" for name, status in going.items()))
        progress.wait("changes of stacks to end", lambda: len(changing()), limit_s=UPDATE_LIMIT_S)
    return going and changing()


def switch_off(client: Client, rules: Iterable[str]) -> None:
    """Switch off rules of events and of time."""
    for rule in rules:
        unless_absent(client.disable_rule, Name=rule)


def stop_machines(client: Client, machines: Iterable[str]) -> int:
    """Stop what state machines are at; return how many executions that were."""
    count = 0
    for machine in machines:
        running = pages(client, "list_executions", "executions", stateMachineArn=machine, statusFilter="RUNNING")
        # Collected first: stopping while paging would skip some.
        for execution in list(running):
            unless_absent(client.stop_execution, executionArn=execution["executionArn"], cause="make destroy")
            count += 1
    return count


def running_executions(client: Client, pipeline: str) -> list[str]:
    """ARNs of a pipeline's runs that have not ended."""
    found = pages(client, "list_pipeline_executions", "PipelineExecutionSummaries", PipelineName=pipeline)
    return [one["PipelineExecutionArn"] for one in found if one["PipelineExecutionStatus"] in RUNNING_EXECUTION]


def stop_executions(client: Client, executions: Iterable[str]) -> None:
    """Ask runs to stop; the answer comes before they have."""
    for execution in executions:
        token = hashlib.sha256(execution.encode()).hexdigest()
        unless_absent(client.stop_pipeline_execution, PipelineExecutionArn=execution, ClientRequestToken=token)


def running_transforms(client: Client, name: str) -> list[Job]:
    """Transform jobs of an environment's files that have not ended: each has the environment's name and a file's id."""
    found = pages(client, "list_transform_jobs", "TransformJobSummaries", NameContains=f"{name}-")
    return [
        Job(TRANSFORM_JOB, one["TransformJobName"], running=True)
        for one in found
        if one["TransformJobName"].startswith(f"{name}-") and one["TransformJobStatus"] in RUNNING_JOB
    ]


def stop_jobs(client: Client, jobs: Iterable[Job]) -> None:
    """Ask jobs that no pipeline runs, such as a notebook's or a file's, to stop; one that ended meanwhile is fine."""
    for job in jobs:
        try:
            operation_on(client, "stop", job)(**{f"{job.kind}Name": job.name})
        except ClientError as exc:
            # SageMaker's only word for "has ended already".
            if exc.response["Error"]["Code"] != "ValidationException":
                raise
