"""``up``: everything from nothing to a page that predicts, and orderly down again."""

import shutil
import signal
import time
from types import FrameType

from local.driver import live, people, summary, verify
from local.driver.console import Console
from local.driver.deploy import Cdk, DeployError
from local.driver.emulator import Emulator, EmulatorError
from local.driver.events import EventPrinter
from local.driver.mlflow import MlflowServer
from local.driver.state import State
from local.settings import Settings, SettingsError, is_free

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """Somebody asked the run to stop.

    Parameters
    ----------
    signum
        The signal that asked.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


def _raise_interrupted(signum: int, _frame: FrameType | None) -> None:
    raise Interrupted(signum)


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
        self._mlflow = MlflowServer(settings)
        self._cdk = Cdk(settings, console)
        logs = settings.log_dir / "sagemaker"
        self._events = EventPrinter(settings.run_dir / "events.jsonl", console, logs)
        self._warning = ""

    def up(self) -> int:
        """Bring everything up and keep it up until told to stop.

        Returns
        -------
        int
            The exit code: 0 when it was up and stopped in order, 1 when something failed, and
            128 + the signal when one came before it was up (130 for Ctrl-C).
        """
        for signum in _SIGNALS:
            signal.signal(signum, _raise_interrupted)
        code, up = 0, False
        try:
            self.claim()
        except SettingsError as exc:
            # Another run's folders are not this one's to tidy.
            self._console.say(str(exc))
            return 1
        try:
            self.bring_up()
            self._console.plain(summary.text(self._settings, warning=self._warning, mlflow=self._mlflow.summary()))
            up = True
            self._stay()
        except Interrupted as exc:
            if not up:
                self._console.say("interrupted before it was up")
                code = 128 + exc.signum
        except (DeployError, EmulatorError, SettingsError, people.SignInError, verify.VerifyError) as exc:
            # What fails because the emulator went away tells nothing of why.
            self._console.say(f"Failed: {self._emulator.ended() or exc}")
            code = 1
        finally:
            for signum in _SIGNALS:
                # Already on the way; a second Ctrl-C must not leave half of it behind.
                signal.signal(signum, signal.SIG_IGN)
            self.take_down()
        return code

    def bring_up(self) -> None:
        """Start, deploy, verify."""
        shutil.rmtree(self._settings.log_dir, ignore_errors=True)
        self._take_up_state()
        self._settings.log_dir.mkdir(parents=True, exist_ok=True)
        self._mlflow.start()
        self._console.say("starting the emulator")
        self._emulator.start(self._console)
        self._console.say(f"emulator answers at {self._settings.endpoint}")
        # As long as it is up: models come and go without a deployment, too.
        self._events.start()
        with self._emulator.watched(self._cdk.stop):
            if not self._state.bootstrapped:
                self._console.say("bootstrapping the account (cdk bootstrap)")
                self._cdk.bootstrap()
                self._state.mark_bootstrapped()
            self._deploy()
            people.welcome(self._settings)
            self._console.waiting("first prediction…")
            probability, seconds = verify.predict(self._settings)
        self._console.say(f"the page's example at risk: {probability:.0%} likely to leave ({seconds:.2f} s)")

    def claim(self) -> None:
        """Make this the run of its folder, on its ports.

        Raises
        ------
        SettingsError
            When another one is, or has a port.
        """
        if not self._state.claim():
            running = self._state.running()
            where = f" (process {running.pid}) at http://127.0.0.1:{running.web_port}/" if running else ""
            raise SettingsError(f"It runs already{where}. Stop it with `make stop`.")
        try:
            self._require_ports()
        except SettingsError:
            self._state.clear_running()
            raise

    def _require_ports(self) -> None:
        for variable, port in (
            ("CHURN_LOCAL_PORT", self._settings.gateway_port),
            ("CHURN_LOCAL_WEB_PORT", self._settings.web_port),
            ("CHURN_LOCAL_MLFLOW_PORT", self._settings.mlflow_port),
        ):
            if port is not None and not is_free(port):
                raise SettingsError(f"{variable}: port {port} is taken. Choose another, or unset it.")

    def _take_up_state(self) -> None:
        if not self._state.kept():
            return
        if self._state.usable():
            self._console.say("taking up the state of the last run")
        else:
            self._console.say("the last run did not end in order, or was another emulator's: starting over")
            self._state.discard()

    def _deploy(self) -> None:
        had = self._state.deployed
        self._state.deploying()
        self._console.say("deploying the stacks (cdk deploy)")
        before = live.package(self._settings) if had else None
        try:
            self._cdk.deploy()
        except DeployError as exc:
            if not had or self._emulator.ended():
                raise
            # CloudFormation went back to what was there, and that goes on serving.
            same = before is not None and live.package(self._settings) == before
            self._warning = f"the deployment failed: {'the OLD model' if same else 'what was there before'} serves here"
            self._console.say(f"{exc}\nWhat was deployed before goes on.")
        self._state.mark_deployed()

    def _stay(self) -> None:
        while self._emulator.alive():
            if gone := self._mlflow.ended():
                self._console.say(gone)
            time.sleep(0.5)
        raise EmulatorError(self._emulator.ended() or "The emulator ended.")

    def take_down(self) -> None:
        """Stop everything this run started, and keep its state."""
        self._cdk.stop()
        if self._emulator.alive():
            self._console.say("stopping")
        self._mlflow.stop()
        self._emulator.stop()
        self._events.stop()
        self._state.clear_run()
        self._state.clear_running()
        self._console.say("stopped")
