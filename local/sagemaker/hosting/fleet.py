"""The processes behind all endpoints: started, swapped, restarted when needed, stopped."""

import contextlib
import random
import threading
from collections.abc import Iterator

from local.sagemaker import platform
from local.sagemaker.hosting.variant import Variant
from local.sagemaker.models import require
from local.sagemaker.store import Record

_Key = tuple[str, str, str]


class Fleet:
    """The running variants of each endpoint of each account and region."""

    def __init__(self) -> None:
        self._serving: dict[_Key, list[Variant]] = {}
        self._locks: dict[_Key, threading.Lock] = {}
        self._guard = threading.Lock()

    def _key(self, endpoint: str) -> _Key:
        host = platform.current()
        return host.account_id(), host.region(), endpoint

    @contextlib.contextmanager
    def _locked(self, key: _Key) -> Iterator[None]:
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            yield

    def deploy(self, endpoint: str, config: Record) -> None:
        """Start the variants of a configuration and let them take over once all answer.

        The variants that served before go on until then, and for good when one of the new ones does
        not come up: blue/green, all at once.

        Raises
        ------
        NotHealthy
            When a new variant does not come up.
        """
        key = self._key(endpoint)
        new: list[Variant] = []
        try:
            for production in config["ProductionVariants"]:
                variant = Variant(endpoint, production, config.get("KmsKeyId"))
                new.append(variant)
                variant.start()
        except BaseException:
            for variant in new:
                variant.stop()
            raise
        with self._locked(key):
            old = self._serving.get(key, [])
            self._serving[key] = new
        for variant in old:
            variant.stop()

    def pick(self, endpoint: Record, target: str | None) -> Variant | None:
        """A running variant for one request, by weight or by name; restarts what is not running.

        After a restart of the emulator (or a crash of the process) the first request starts the
        endpoint again, and waits for it.

        Returns
        -------
        Variant or None
            None when the endpoint has no variant of the target's name.
        """
        key = self._key(endpoint["EndpointName"])
        variants = self._serving.get(key, [])
        if not variants or not all(v.alive() for v in variants):
            variants = self._restart(key, endpoint)
        if target:
            return next((v for v in variants if v.name == target), None)
        weights = [v.weight for v in variants]
        # Traffic is spread by chance, not guarded by it.
        return random.choices(variants, weights if any(weights) else None)[0]  # noqa: S311

    def _restart(self, key: _Key, endpoint: Record) -> list[Variant]:
        config = require("EndpointConfig", endpoint["EndpointConfigName"])
        with self._locked(key):
            variants = self._serving.get(key, [])
            if variants and all(v.alive() for v in variants):
                return variants
            for variant in variants:
                variant.stop()
            key_arn = config.get("KmsKeyId")
            variants = [Variant(endpoint["EndpointName"], p, key_arn) for p in config["ProductionVariants"]]
            for variant in variants:
                variant.start()
            self._serving[key] = variants
            return variants

    def remove(self, endpoint: str) -> None:
        """Stop an endpoint's processes."""
        for variant in self._serving.pop(self._key(endpoint), []):
            variant.stop()

    def stop_all(self) -> None:
        """Stop every endpoint's processes."""
        for key in list(self._serving):
            for variant in self._serving.pop(key, []):
                variant.stop()


#: The one fleet of the process.
fleet = Fleet()
