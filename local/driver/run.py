"""``up``: everything from nothing to a page that predicts, and orderly down again."""

import json
import shutil
import signal
import time
from types import FrameType

from local.driver import verify
from local.driver.console import Console
from local.driver.deploy import Cdk, DeployError
from local.driver.emulator import Emulator, EmulatorError
from local.driver.events import EventPrinter
from local.driver.state import State
from local.settings import ACCOUNT, ROOT, Settings, SettingsError, is_free

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """Somebody asked the run to stop."""


def _raise_interrupted(_signum: int, _frame: FrameType | None) -> None:
    raise Interrupted


class Run:
    """One run in the foreground.

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
        self._state = State(settings)
        self._emulator = Emulator(settings)
        self._cdk = Cdk(settings, console)

    def up(self) -> int:
        """Bring everything up and keep it up until told to stop.

        Returns
        -------
        int
            The exit code: 0 after an orderly stop, 1 when something failed.
        """
        for signum in _SIGNALS:
            signal.signal(signum, _raise_interrupted)
        code = 0
        try:
            self._refuse_second()
        except SettingsError as exc:
            # Another run's folders are not this one's to tidy.
            self._console.say(str(exc))
            return 1
        try:
            self.bring_up()
            self._summary()
            self._stay()
        except Interrupted:
            pass
        except (DeployError, EmulatorError, SettingsError, verify.VerifyError) as exc:
            self._console.say(f"Failed: {exc}")
            code = 1
        finally:
            for signum in _SIGNALS:
                # Already on the way; a second Ctrl-C must not leave half of it behind.
                signal.signal(signum, signal.SIG_IGN)
            self.take_down()
        return code

    def bring_up(self) -> None:
        """Start, deploy, verify."""
        self._state.mark_running()
        shutil.rmtree(self._settings.log_dir, ignore_errors=True)
        self._take_up_state()
        self._console.say("starting the emulator")
        self._emulator.start(self._console)
        self._console.say(f"emulator answers at {self._settings.endpoint}")
        events, logs = self._settings.run_dir / "events.jsonl", self._settings.log_dir / "sagemaker"
        with EventPrinter(events, self._console, logs):
            if not self._state.bootstrapped:
                self._console.say("bootstrapping the account (cdk bootstrap)")
                self._cdk.bootstrap()
                self._state.mark_bootstrapped()
            self._deploy()
            self._console.waiting("first prediction…")
            probability, seconds = verify.predict(self._settings)
        self._console.say(f"the page's example at risk: {probability:.0%} likely to leave ({seconds:.2f} s)")

    def _refuse_second(self) -> None:
        running = self._state.running()
        if running is not None:
            raise SettingsError(
                f"It runs already (process {running.pid}) at http://127.0.0.1:{running.web_port}/. "
                "Stop it with `make stop`."
            )
        for variable, port in (
            ("CHURN_LOCAL_PORT", self._settings.gateway_port),
            ("CHURN_LOCAL_WEB_PORT", self._settings.web_port),
        ):
            if not is_free(port):
                raise SettingsError(f"{variable}: port {port} is taken. Choose another, or unset it.")

    def _take_up_state(self) -> None:
        if not self._state.kept():
            return
        if self._state.usable():
            self._console.say("taking up the state of the last run")
        else:
            self._console.say("the last run did not end in order: starting over")
            self._state.discard()

    def _deploy(self) -> None:
        had = self._state.deployed
        self._state.deploying()
        self._console.say("deploying the stacks (cdk deploy)")
        try:
            self._cdk.deploy()
        except DeployError as exc:
            if not had:
                raise
            # CloudFormation went back to what was there, and that goes on serving.
            self._console.say(f"{exc}\nWhat was deployed before goes on.")
        self._state.mark_deployed()

    def _summary(self) -> None:
        page, body = self._settings.page, self._settings.directory / "example.json"
        body.write_text(json.dumps({"customers": [verify.example()]}, indent=1))
        shown = body.relative_to(ROOT) if body.is_relative_to(ROOT) else body
        self._console.plain(
            f"\nThe page:     {page}\n"
            f"Try the API:  curl {page}api/predictions -H 'content-type: application/json' -d @{shown}\n"
            f"AWS is at:    {self._settings.endpoint} (access key {ACCOUNT}, secret test)\n"
            f"Logs:         {self._settings.log_dir}\n"
            "Stop:         Ctrl-C here, or `make stop` anywhere; `make local` brings it back as it was\n"
            "Wipe:         `make wipe` stops it and removes all it made\n"
        )

    def _stay(self) -> None:
        while self._emulator.alive():
            time.sleep(0.5)
        raise EmulatorError(f"The emulator ended:\n{self._emulator.last_words()}")

    def take_down(self) -> None:
        """Stop everything this run started, and keep its state."""
        self._cdk.stop()
        if self._emulator.alive():
            self._console.say("stopping")
        self._emulator.stop()
        self._state.clear_run()
        self._state.clear_running()
        self._console.say("stopped")
