"""The emulator's process, started by the driver with its settings in the environment.

Two ports on loopback: the gateway, where SDKs and the CDK CLI talk to "AWS", and the front door, where a browser
meets the CloudFront distribution. Requests on loopback count as TLS (``aws:SecureTransport``): the policies that
demand it protect the network between, and there is none.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack

from local.emulator import adapter, patches
from local.emulator.events import Events
from local.emulator.front_door import front_door
from local.emulator.host import MiniStackHost

_log = logging.getLogger("local")


class _SaveErrors(logging.Handler):
    """Notices when MiniStack could not save a service's state (it logs that and goes on)."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.getMessage())


def _leave_with_parent() -> None:
    """End when the driver's supervisor goes away: nothing may keep running unseen."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


async def _serve(gateway_port: int, web_port: int) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopping.set)

    async def until_stopped() -> None:
        await stopping.wait()
        _log.info("stopping")
        # Jobs and endpoints end before the state is saved, so that what is saved is true.
        started = time.monotonic()
        await adapter.stop()
        _log.info("processes of the SageMaker service ended in %.1f s", time.monotonic() - started)

    config = Config()
    config.bind = [f"127.0.0.1:{gateway_port}", f"127.0.0.1:{web_port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.accesslog = None
    await serve(front_door(ministack.app, web_port), config, shutdown_trigger=until_stopped)


def main() -> None:
    """Start, serve, save."""
    environment = os.environ
    run_dir = Path(environment["CHURN_RUN_DIR"])
    state_dir = Path(environment["STATE_DIR"])
    gateway_port, web_port = int(environment["GATEWAY_PORT"]), int(environment["CHURN_WEB_PORT"])
    clean = state_dir / "clean-stop"
    patches.install()
    events = Events(run_dir / "events.jsonl")
    log_dir = Path(environment["CHURN_LOG_DIR"])
    host = MiniStackHost(run_dir, log_dir, environment["CHURN_ML_PYTHON"], gateway_port, events)
    adapter.start(host)
    # From now on the saved state is older than the running one, until a clean stop.
    clean.unlink(missing_ok=True)
    errors = _SaveErrors()
    logging.getLogger("persistence").addHandler(errors)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    asyncio.run(_run_and_mark(gateway_port, web_port, clean, errors))


async def _run_and_mark(gateway_port: int, web_port: int, clean: Path, errors: _SaveErrors) -> None:
    await _serve(gateway_port, web_port)
    if not errors.seen:
        clean.parent.mkdir(parents=True, exist_ok=True)
        clean.write_text("saved\n")
    sys.stdout.flush()
    # Threads of Lambda calls under way would hold an orderly exit for minutes; all is saved by now.
    os._exit(0)


if __name__ == "__main__":
    main()
