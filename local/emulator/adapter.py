"""Our SageMaker service in the shape of a MiniStack service module."""

import asyncio
import logging
import threading
from typing import Any

from local.emulator import names
from local.emulator.host import MiniStackHost
from local.sagemaker import model, platform, service

_log = logging.getLogger("sagemaker")
_hosts: list[MiniStackHost] = []


def start(host: MiniStackHost) -> None:
    """Make the host the service's platform."""
    _hosts[:] = [host]
    platform.install(host)
    # The model takes a moment to load: before the first request rather than in it.
    threading.Thread(target=model.service, daemon=True).start()


def host() -> MiniStackHost:
    """The host that the process runs on; patches of other services act through it, too."""
    return _hosts[0]


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> tuple[int, dict[str, str], bytes]:
    """Answer a request on a thread of its own, since it may call back into the gateway."""
    from ministack.core.router import extract_access_key_id

    key = extract_access_key_id(headers, query)

    def answer() -> tuple[int, dict[str, str], bytes]:
        with _hosts[0].acting_for(key):
            return service.handle(method, path, headers, body, query)

    return await names.run_reentrant(answer)


def get_state() -> dict[str, Any]:
    """What MiniStack saves at a clean stop."""
    return service.state()


def load_persisted_state(data: dict[str, Any]) -> None:
    """What MiniStack gives back at the next start."""
    service.restore(data)


def reset() -> None:
    """Forget everything."""
    service.reset()
    for host in _hosts:
        host.forget_clients()


async def stop() -> None:
    """End all processes before the state is saved."""
    await asyncio.to_thread(service.stop)
