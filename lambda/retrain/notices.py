"""What people are told when a run that nobody waits for has ended: what happened, what it means, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import runs

# What started the run, as a sentence begins.
_BECAUSE = {
    runs.FILE: "New data arrived",
    runs.SCHEDULE: "The schedule asked for a new model",
    runs.DRIFT: "An alarm of the watch asked for a new model",
    runs.PERSON: "A person asked for a new model",
}
_UNTOUCHED = "The model in production is not touched."


class Notice(NamedTuple):
    """A message: SNS allows a subject 99 ASCII characters, so it names no file."""

    subject: str
    text: str


def of_run(environment: str, chosen: Mapping[str, Any], ended: runs.Outcome, place: str | None) -> Notice:
    """Tell of the end of a run.

    Parameters
    ----------
    chosen : mapping
        What the run was started with: its cause, its file or None, its ARN.
    place : str or None
        Where its file was set aside, if it was.
    """
    if ended.kind == runs.UNUSABLE and place:
        return unusable(environment, chosen["file"]["name"], ended.reason, place, job=ended.job)
    subject, lines = _TEXTS[ended.kind](environment, ended)
    data = f"{chosen['file']['name']} ({chosen['file']['uri']})" if chosen["file"] else "the data of the deployment"
    about = [f"{_BECAUSE[chosen['cause']]}. Trained on: {data}.", "", *lines]
    if chosen["cause"] == runs.FILE:
        about += ["", _becomes(environment, place)]
    return _notice(environment, subject, [*about, "", f"Run: {chosen['run']}"])


def unusable(environment: str, name: str, reasons: str, place: str, *, job: str = "") -> Notice:
    """Tell that a file cannot be used, why, and how to mend it."""
    lines = [
        f"{name} cannot be used as it is:",
        "",
        reasons,
        "",
        f"It was moved to {place} with these reasons beside it. {_UNTOUCHED} The current raw data are those of before.",
        f"What to do: correct the file, and bring it again: make retrain ENV={environment} FILE=<file>",
    ]
    if job:
        name = job.rpartition("/")[2]
        lines.append(f"If the list breaks off: all of it is in /aws/sagemaker/ProcessingJobs, stream {name}/….")
    return _notice(environment, "the new data cannot be used", lines)


def _trained(environment: str, ended: runs.Outcome) -> tuple[str, list[str]]:
    version = ended.reason.rpartition("/")[2]
    return "a new model is registered", [
        f"Version {version} passed the gate and is registered: {ended.reason}",
        "What to do: where the settings leave approval to the gate, nothing: it rolls out by itself. Else a registrar "
        f"approves or rejects it; make models ENV={environment} shows what waits.",
    ]


def _refused(_environment: str, ended: runs.Outcome) -> tuple[str, list[str]]:
    return "a new model was refused by the gate", [
        ended.reason,
        "",
        f"{_UNTOUCHED} What to do: read the evaluation's report of this run "
        "(runs/<id of the run>/evaluation/evaluation.html in the data bucket) before anything else. If the model in "
        "production learnt from wrong data and must go first, docs/decisions/champion.md says how.",
    ]


def _failed(environment: str, ended: runs.Outcome) -> tuple[str, list[str]]:
    return "a run failed", [
        ended.reason,
        "",
        f"{_UNTOUCHED} What to do: mend what the reason names, then start again: make retrain ENV={environment}",
    ]


def _becomes(environment: str, place: str | None) -> str:
    if place is None:
        return "The file keeps every rule, and is the current raw data from now on."
    return (
        f"Nothing is known against the file: it was not checked to the end, and waits in {place}. "
        f"Bring it again when the cause is mended: make retrain ENV={environment} FILE=<file>"
    )


def _notice(environment: str, subject: str, lines: list[str]) -> Notice:
    return Notice(f"Churn {environment}: {subject}", "\n".join(lines))


_TEXTS = {runs.TRAINED: _trained, runs.REFUSED: _refused, runs.FAILED: _failed, runs.UNUSABLE: _failed}
