"""``cdk bootstrap`` and ``cdk deploy``, unchanged, against the emulator; their output condensed."""

import itertools
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from local import processes
from local.driver import environment
from local.driver.console import Console
from local.settings import ACCOUNT, REGION, ROOT, Settings, cdk

# "Churn-local-Api | 3/12 | 10:00:01 AM | CREATE_COMPLETE | AWS::S3::Bucket | Data (Data0A1B)"
_EVENT = re.compile(
    r"^(?P<stack>[\w-]+)\s*\|\s*(?P<done>\d+)(?:/(?P<total>\d+))?\s*\|[^|]*\|\s*(?P<status>[A-Z_]+)\s*\|"
    r"\s*(?P<type>[\w:]+)\s*\|\s*(?P<name>\S*)(?: \((?P<id>\w+)\))?\s*(?P<reason>.*)$"
)
# What follows a reason of several lines; "Logs:" and the frames are the provider framework's.
_REASON_ENDS = re.compile(r"^(Logs: |\s+at |Failed resources:|\s*[❌✅✨])")
_STACK = "AWS::CloudFormation::Stack"
# CDK cuts a status to 23 characters.
_ROLLBACKS = {"IN_PROG": "rolling back", "FAILED": "could not be rolled back", "COMPLET": "rolled back"}
_STACK_DONE = re.compile(r"^\s*✅\s+(?P<stack>[\w-]+)(?P<how>.*)$")
_TIME = re.compile(r"^\s*✨\s+(?P<what>[A-Za-z ]+ time): (?P<seconds>[\d.]+)s")
_STACK_STARTS = re.compile(r"^(?P<stack>[\w-]+): (?P<what>deploying|destroying)\.\.\.")
_KEPT_LINES = 2000


class DeployError(Exception):
    """A deployment failed; the message carries the reason and names the log."""


class Cdk:
    """The CDK command line against the emulator.

    Parameters
    ----------
    settings
        Ports and folders.
    console
        Where progress goes.
    """

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._current: subprocess.Popen[str] | None = None

    def bootstrap(self) -> None:
        """Make the bootstrap stack."""
        # From a folder without a cdk.json: the app has nothing to say about it, and takes seconds to say so.
        self._run("bootstrap", [f"aws://{ACCOUNT}/{REGION}"], self._quiet, cwd=self._settings.directory)

    def deploy(self, *arguments: str, app: str | None = None) -> None:
        """Deploy all stacks.

        Parameters
        ----------
        arguments
            More for the command line, such as ``-c data=…``.
        app
            An already synthesised assembly to deploy instead of the app.
        """
        addresses = ["-c", f"page={self._settings.page}", "-c", f"files={self._settings.endpoint}"]
        source = ["--app", app] if app else ["-c", "env=local", *addresses]
        # Direct: a change set calls a change of outputs alone "no changes".
        self._run(
            "deploy",
            [*source, "--all", "--method=direct", "--require-approval=never", "--progress=events", *arguments],
            self._progress(),
        )

    def stop(self) -> None:
        """End a command under way."""
        if self._current is not None:
            processes.stop(self._current, 10)

    def _run(self, name: str, arguments: Sequence[str], show: Callable[[str], None], cwd: Path = ROOT) -> None:
        log_path = self._settings.log_dir / f"cdk-{name}.log"
        log_path.parent.mkdir(parents=True, exist_ok=True)
        output = self._settings.directory / "cdk.out"
        process = self._current = processes.start(
            [str(cdk()), name, *arguments, "--output", str(output)],
            env=environment.deployment(self._settings),
            cwd=cwd,
            output=subprocess.PIPE,
        )
        tail: list[str] = []
        with log_path.open("w") as log:
            for line in processes.lines(process):
                log.write(line)
                log.flush()
                tail = [*tail[-_KEPT_LINES:], line.rstrip()]
                show(line.rstrip())
        code = process.wait()
        self._current = None
        if code:
            raise DeployError(f"cdk {name} failed: {_reason(tail)}\n(all of it: {log_path})")

    def _quiet(self, line: str) -> None:
        if line.strip():
            self._console.waiting("bootstrapping…")

    def _progress(self) -> Callable[[str], None]:
        """A function that turns CDK's lines into a few."""
        told: set[str] = set()

        def show(line: str) -> None:
            event = _EVENT.match(line)
            if event:
                line = _failure(event)
                if line and line not in told:
                    told.add(line)
                    self._console.say(line)
                elif not line:
                    self._under_way(event)
                return
            done = _STACK_DONE.match(line)
            time = _TIME.match(line)
            if done:
                self._console.say(f"{done['stack']} done{done['how']}")
            elif time and time["what"] == "Synthesis time":
                self._console.say(f"synthesised in {time['seconds']} s")
            elif _STACK_STARTS.match(line):
                self._console.waiting(line)

        return show

    def _under_way(self, event: re.Match[str]) -> None:
        count = f" ({event['done']} of {event['total']})" if event["total"] else ""
        status = event["status"].lower().replace("_", " ")
        self._console.waiting(f"{event['stack']}: {event['name']} {status}{count}")


def _failure(event: re.Match[str]) -> str:
    """A line for what failed or goes back, without the reason, which comes once and at the end; else nothing."""
    status = event["status"]
    if event["type"] == _STACK and "ROLLBACK" in status:
        return f"{event['stack']}: " + next((say for part, say in _ROLLBACKS.items() if part in status), "rolling back")
    if "FAILED" not in status:
        return ""
    what = "" if event["type"] == _STACK else f" {event['name']} ({event['type']})"
    return f"{event['stack']}:{what} {status.lower().replace('_', ' ')}"


def _reason(tail: Sequence[str]) -> str:
    """What says why, out of the end of CDK's output: the first resource that failed, else its errors."""
    for number, line in enumerate(tail):
        event = _EVENT.match(line)
        if event and event["status"].endswith("FAILED"):
            more = itertools.takewhile(lambda one: not _EVENT.match(one), tail[number + 1 :])
            reason = _one_line([event["reason"], *itertools.takewhile(lambda one: not _REASON_ENDS.match(one), more)])
            return ": ".join(filter(None, (event["stack"], event["name"], reason)))
    telling = [line.strip() for line in tail if re.search(r"❌|[Ee]rror|failed", line)]
    return "\n".join(dict.fromkeys(telling[:12])) or "\n".join(tail[-15:])


def _one_line(lines: Sequence[str]) -> str:
    text = "; ".join(line.strip() for line in lines if line.strip())
    return text.replace(":; ", ": ")


def assembly(settings: Settings) -> Path:
    """Where a deployment leaves the synthesised templates."""
    return settings.directory / "cdk.out"
