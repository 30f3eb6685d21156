"""Where the laptop run lives: folders, ports, interpreters."""

import dataclasses
import os
import secrets
import socket
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_GATEWAY_PORT = 4566
_WEB_PORT = 8666
_MLFLOW_PORT = 8667
# Linux gives 32768 and more to the near end of a connection, macOS 49152 and more.
_LOWEST_PORT, _EPHEMERAL_FROM = 20000, 32768
#: The account and region that the emulator plays.
ACCOUNT = "000000000000"
REGION = "us-east-1"


class SettingsError(Exception):
    """A setting cannot work; the message says which, why and what to do."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of one run.

    Attributes
    ----------
    directory
        State, logs and working folders; removed by ``wipe``.
    gateway_port
        Where SDKs and the CDK CLI find "AWS".
    web_port
        Where browsers find the page.
    mlflow_port
        Where browsers find MLflow; None without it.
    """

    directory: Path
    gateway_port: int
    web_port: int
    mlflow_port: int | None = None

    @property
    def state_dir(self) -> Path:
        """What MiniStack saves at a clean stop."""
        return self.directory / "state"

    @property
    def run_dir(self) -> Path:
        """Working folders and events of the emulator that runs now."""
        return self.directory / "run"

    @property
    def log_dir(self) -> Path:
        """Full logs of the emulator and of the deployments."""
        return self.directory / "logs"

    @property
    def pid_file(self) -> Path:
        """Who runs, and where."""
        return self.directory / "running.json"

    @property
    def lock_file(self) -> Path:
        """Held by the run that is up, for as long as it is."""
        return self.directory / "lock"

    @property
    def report_dir(self) -> Path:
        """The reports on the data and the model, for people."""
        return self.directory / "reports"

    @property
    def endpoint(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def page(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.web_port}/"

    @property
    def experiments_page(self) -> str:
        """MLflow's address; empty without it."""
        return f"http://127.0.0.1:{self.mlflow_port}/" if self.mlflow_port else ""


def load(environment: dict[str, str] | None = None) -> Settings:
    """Settings from ``CHURN_LOCAL_DIR``, ``CHURN_LOCAL_PORT`` and ``CHURN_LOCAL_WEB_PORT``.

    ``CHURN_LOCAL_MLFLOW=1`` asks for MLflow, on ``CHURN_LOCAL_MLFLOW_PORT``.

    A port that is given must be free when the run starts; a default that is taken gives way to a free one.

    Raises
    ------
    SettingsError
        For a port that is not one, or for one port given twice.
    """
    environment = dict(os.environ) if environment is None else environment
    directory = Path(environment.get("CHURN_LOCAL_DIR") or ROOT / ".local").absolute()
    gateway = _port(environment, "CHURN_LOCAL_PORT", _GATEWAY_PORT)
    web = _port(environment, "CHURN_LOCAL_WEB_PORT", _WEB_PORT)
    if gateway is not None and gateway == web:
        raise SettingsError(f"CHURN_LOCAL_PORT and CHURN_LOCAL_WEB_PORT are both {web}: choose two different ports.")
    gateway = gateway or _default(_GATEWAY_PORT, web)
    web = web or _default(_WEB_PORT, gateway)
    mlflow = None
    if environment.get("CHURN_LOCAL_MLFLOW") == "1":
        mlflow = _port(environment, "CHURN_LOCAL_MLFLOW_PORT", _MLFLOW_PORT) or _default(_MLFLOW_PORT, gateway, web)
        if mlflow in (gateway, web):
            raise SettingsError(f"CHURN_LOCAL_MLFLOW_PORT is {mlflow}, which the run itself has: choose another port.")
    return Settings(directory, gateway, web, mlflow)


def _default(port: int, *others: int | None) -> int:
    while port in others or not is_free(port):
        port = free_port()
    return port


def _port(environment: dict[str, str], name: str, default: int) -> int | None:
    given = environment.get(name)
    if not given:
        return None
    if not given.isdigit() or not 1024 <= int(given) <= 65535:
        raise SettingsError(f"{name}={given!r}: must be a port from 1024 to 65535; unset it to use {default}.")
    return int(given)


def is_free(port: int) -> bool:
    """Whether a port on loopback can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Any free port on loopback, of those that no system gives to the near end of a connection.

    Such a port would be free now and could be taken when it is listened on, which may be minutes later.
    """
    while not is_free(port := _LOWEST_PORT + secrets.randbelow(_EPHEMERAL_FROM - _LOWEST_PORT)):
        pass
    return port


def emulator_python() -> Path:
    """The interpreter of MiniStack's environment."""
    return _interpreter("CHURN_EMULATOR_PYTHON", ROOT / ".venv-emulator" / "bin" / "python")


def ml_python() -> Path:
    """The interpreter that holds the ML libraries; jobs and the endpoint run on it."""
    return _interpreter("CHURN_ML_PYTHON", ROOT / ".venv" / "bin" / "python")


def mlflow_python() -> Path:
    """The interpreter of MLflow's environment."""
    return _interpreter("CHURN_MLFLOW_PYTHON", ROOT / ".venv-mlflow" / "bin" / "python", "make local MLFLOW=1")


def _interpreter(variable: str, default: Path, target: str = "make local") -> Path:
    path = Path(os.environ.get(variable) or default)
    if not path.exists():
        raise SettingsError(f"{path} does not exist. Run `{target}` (or point {variable} at a Python).")
    return path


def cdk() -> Path:
    """The CDK command line, as package.json pins it."""
    path = ROOT / "node_modules" / ".bin" / "cdk"
    if not path.exists():
        raise SettingsError(f"{path} does not exist. Run `make local`.")
    return path
