"""The CDK's command line: the app synthesised once, its stacks destroyed as often as it takes."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from operate.account import Account, OperateError

ROOT = Path(__file__).resolve().parent.parent
SYNTH_LIMIT_S = 600
# CloudFormation's longest legs: an endpoint, a distribution, and Lambda's network interfaces.
DESTROY_LIMIT_S = 5400
_TELLING = re.compile(r"✅|❌|_FAILED|: destroying\.\.\.")


class Cdk:
    """The app of one environment.

    Parameters
    ----------
    folder : Path
        For the synthesised app; written anew.
    log : Path
        Gets all that the command prints.
    """

    def __init__(self, account: Account, environment: str, *, folder: Path, log: Path) -> None:
        self._environment, self._folder, self._log = environment, folder, log
        self._variables = os.environ | {"AWS_REGION": account.region, "AWS_DEFAULT_REGION": account.region}
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")

    def synth(self) -> None:
        """Synthesise the app: before anything is deleted, so that a broken app deletes nothing.

        Raises
        ------
        OperateError
            If it cannot be synthesised.
        """
        self._run(
            ["synth", "-c", f"env={self._environment}", "--all", "--quiet", "--output", str(self._folder)],
            limit_s=SYNTH_LIMIT_S,
            say=lambda _: None,
        )

    def destroy(self, say: Callable[[str], None]) -> None:
        """Delete the stacks, the dependent ones first.

        Raises
        ------
        OperateError
            If one of them is still there at the end.
        """
        self._run(["destroy", "--app", str(self._folder), "--all", "--force"], limit_s=DESTROY_LIMIT_S, say=say)

    def _run(self, arguments: Sequence[str], *, limit_s: float, say: Callable[[str], None]) -> None:
        try:
            process = subprocess.Popen(
                ["cdk", *arguments],
                cwd=ROOT,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        except OSError as exc:
            raise OperateError(f"The CDK's command line cannot be started: {exc}. Run `make synth` once.") from exc
        timer = threading.Timer(limit_s, process.terminate)
        timer.start()
        telling: list[str] = []
        try:
            assert process.stdout is not None  # noqa: S101 - tells the type checker what PIPE guarantees
            with self._log.open("a") as log:
                for line in process.stdout:
                    log.write(line)
                    if _TELLING.search(line):
                        telling.append(line.strip())
                        say(telling[-1])
            code = process.wait()
        finally:
            timer.cancel()
            process.terminate()
        if code:
            reason = "\n".join(telling[-5:]) or f"it ended with code {code}"
            raise OperateError(f"cdk {arguments[0]} failed: {reason}\n(all of it: {self._log})")
