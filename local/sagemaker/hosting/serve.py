"""The serving stack of the XGBoost container, as one process with the user's module.

``python -P serve.py PORT`` in the container's environment (``SAGEMAKER_BASE_DIR`` stands for ``/opt/ml``).
What the container does, and what is done here in its place:

- it installs the user's module by ``pip install`` of ``SAGEMAKER_SUBMIT_DIRECTORY``, of which only the
  top-level modules arrive (its generated setup.py names no packages): those are copied to a folder of
  their own here;
- its workers put ``<model_dir>/code`` first on the path and import the module by its name;
- ``model_fn`` once, then ``input_fn``, ``predict_fn``, ``output_fn`` for each request;
- texts (JSON, CSV) reach ``input_fn`` as str, everything else as bytes;
- an exception answers 500 with its message and the traceback; over 6 MB answers 413; ``/ping`` is 200 once
  the model is loaded.

It runs on the ML interpreter and imports nothing of the project's.
"""

import http.server
import importlib
import os
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

_MOST_BYTES = 6 * 1024 * 1024
_TEXT_TYPES = ("application/json", "text/csv")
_FUNCTIONS = ("model_fn", "input_fn", "predict_fn", "output_fn")


def load(base: Path) -> tuple[Any, Any]:
    """Import the user's module and load the model.

    Returns
    -------
    tuple
        The module and what its ``model_fn`` answered.
    """
    program = os.environ.get("SAGEMAKER_PROGRAM", "")
    if not program:
        raise RuntimeError("SAGEMAKER_PROGRAM is empty: this serving stack needs a user module")
    submitted = Path(os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", base / "model" / "code"))
    installed = base / "installed"
    installed.mkdir(exist_ok=True)
    for source in submitted.glob("*.py"):
        shutil.copy(source, installed)
    sys.path[:0] = [str(base / "model" / "code"), str(installed)]
    module = importlib.import_module(Path(program).stem)
    missing = [name for name in _FUNCTIONS if not hasattr(module, name)]
    if missing:
        raise RuntimeError(f"{program} lacks {', '.join(missing)}")
    return module, module.model_fn(str(base / "model"))


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers ``GET /ping`` and ``POST /invocations``."""

    protocol_version = "HTTP/1.1"
    module: Any = None
    model: Any = None

    def do_GET(self) -> None:
        """Health."""
        self._answer(200 if self.path == "/ping" else 404, b"", "text/plain")

    def do_POST(self) -> None:
        """One prediction request."""
        length = int(self.headers.get("Content-Length", 0))
        if length > _MOST_BYTES:
            self._drain(length)
            self._answer(413, b"Request Entity Too Large", "text/plain")
            return
        body = self.rfile.read(length)
        if self.path != "/invocations":
            self._answer(404, b"", "text/plain")
            return
        started = time.perf_counter()
        try:
            code, answer, content_type = 200, *self._predict(body)
        except Exception as exc:
            trace = traceback.format_exc()
            # The log is the operator's; it must say what the caller is told.
            print(trace, file=sys.stderr, flush=True)
            code, answer, content_type = 500, f"{exc}\n{trace}".encode(), "text/plain"
        self._answer(code, answer, content_type)
        took = (time.perf_counter() - started) * 1000
        print(f'"POST /invocations HTTP/1.1" {code} {took:.1f} ms', flush=True)

    def _drain(self, length: int) -> None:
        """Read what will not be used: who still sends cannot read the answer."""
        while length > 0 and (chunk := self.rfile.read(min(length, 1 << 16))):
            length -= len(chunk)

    def _predict(self, body: bytes) -> tuple[bytes, str]:
        content_type = self.headers.get("Content-Type", "application/json")
        accept = self.headers.get("Accept", "*/*")
        if accept in ("", "*/*"):
            accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json")
        text = content_type.split(";")[0].strip().lower() in _TEXT_TYPES
        data = self.module.input_fn(body.decode("utf-8") if text else body, content_type)
        result = self.module.output_fn(self.module.predict_fn(data, self.model), accept)
        if isinstance(result, tuple):
            result, accept = result
        return result.encode() if isinstance(result, str) else bytes(result), accept

    def _answer(self, code: int, body: bytes, content_type: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Pings would drown everything else."""


class Server(http.server.ThreadingHTTPServer):
    """Keeps those who come at once waiting, as a web server does: Python's own would turn away the sixth."""

    request_queue_size = 512
    daemon_threads = True


def _leave_with_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def main(port: int) -> None:
    """Load the model and serve until told to stop."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    base = Path(os.environ["SAGEMAKER_BASE_DIR"])
    Handler.module, Handler.model = load(base)
    server = Server(("127.0.0.1", port), Handler)
    print(f"Listening on 127.0.0.1:{port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
