"""The MLflow server of the laptop run: started beside the emulator when it is asked for, and stopped with it."""

import http.client
import subprocess

from local import processes
from local.driver import environment
from local.settings import Settings, mlflow_python

_STOP_LIMIT_S = 10.0


class MlflowServer:
    """The server's process; it starts while the app deploys, and nothing waits for it.

    Its figures lie with the emulator's state, and its artifacts in the emulator's buckets: they come back together, and
    go together.

    Parameters
    ----------
    settings
        Ports and folders; without a port for MLflow, there is no server.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.log_path = settings.log_dir / "mlflow.log"
        self._process: subprocess.Popen[str] | None = None
        self._told = False

    def start(self) -> None:
        """Start it, if it is wanted."""
        if self._settings.mlflow_port is None:
            return
        folder = self._settings.state_dir / "mlflow"
        folder.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("w") as log:
            self._process = processes.start(
                [
                    str(mlflow_python()), "-m", "mlflow", "server",
                    "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}",
                    # Of experiments that somebody makes in the pages; the pipeline's lie in the data bucket.
                    "--default-artifact-root", str(folder / "artifacts"),
                    "--no-serve-artifacts", "--workers", "1",
                    "--host", "127.0.0.1", "--port", str(self._settings.mlflow_port),
                ],
                env=environment.mlflow(self._settings),
                cwd=folder,
                output=log,
                grace_s=_STOP_LIMIT_S,
            )  # fmt: skip

    def answers(self) -> bool:
        """Whether its pages can be opened."""
        if self._process is None or self._settings.mlflow_port is None:
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self._settings.mlflow_port, timeout=2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def summary(self) -> str:
        """A line on where it is; empty without a server."""
        if self._process is None:
            return ""
        state = "" if self.answers() else f"  (it does not answer yet; its log: {self.log_path})"
        return f"Experiments:  {self._settings.experiments_page}{state}\n"

    def ended(self) -> str | None:
        """That it has gone away, said once: the run goes on without it."""
        if self._process is None or self._told or self._process.poll() is None:
            return None
        self._told = True
        return f"MLflow ended with exit code {self._process.returncode}; the rest goes on. Its log: {self.log_path}"

    def stop(self) -> None:
        """End it and what it started."""
        if self._process is not None:
            processes.stop(self._process, _STOP_LIMIT_S + 5)
