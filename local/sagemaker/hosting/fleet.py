"""The processes behind all endpoints: started, shifted to, restarted when needed, stopped."""

import contextlib
import random
import threading
from collections.abc import Iterator

from local.sagemaker import platform
from local.sagemaker.hosting.capture import Capture
from local.sagemaker.hosting.variant import Variant
from local.sagemaker.models import require
from local.sagemaker.store import Record

_Key = tuple[str, str, str]


class Group:
    """The running variants of one endpoint configuration, and the share of the traffic that they get.

    Parameters
    ----------
    endpoint
        The endpoint's name.
    config
        The configuration's record.
    """

    def __init__(self, endpoint: str, config: Record) -> None:
        self.config_name: str = config["EndpointConfigName"]
        self.share = 0.0
        self.capture = Capture.of(endpoint, config)
        self.variants = [Variant(endpoint, one, config) for one in config["ProductionVariants"]]

    def start(self) -> "Group":
        """Start the variants; all or none.

        Raises
        ------
        NotHealthy
            When one does not come up.
        """
        try:
            for variant in self.variants:
                variant.start()
        except BaseException:
            self.stop()
            raise
        return self

    def alive(self) -> bool:
        """Whether all processes run."""
        return all(variant.alive() for variant in self.variants)

    def stop(self) -> None:
        """End the processes; what was captured is written."""
        for variant in self.variants:
            variant.stop()
        self.capture.close()


class Fleet:
    """The running groups of each endpoint of each account and region: one, and two while an update shifts traffic."""

    def __init__(self) -> None:
        self._serving: dict[_Key, list[Group]] = {}
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

    def give(self, endpoint: str, group: Group, share: float) -> None:
        """Give a started group a share of the traffic, from 0 to 1; the one before it keeps the rest."""
        key = self._key(endpoint)
        with self._locked(key):
            before = [other for other in self._serving.get(key, []) if other is not group]
            for other in before:
                other.share = 1.0 - share
            group.share = share
            self._serving[key] = [*before, group]

    def keep(self, endpoint: str, group: Group) -> None:
        """Leave all traffic to one group and stop every other."""
        key = self._key(endpoint)
        with self._locked(key):
            others = [other for other in self._serving.get(key, []) if other is not group]
            group.share = 1.0
            self._serving[key] = [group]
        for other in others:
            other.stop()

    def drop(self, endpoint: str, group: Group) -> None:
        """Take all traffic from a group and stop it: what was there before serves alone again."""
        key = self._key(endpoint)
        with self._locked(key):
            left = [other for other in self._serving.get(key, []) if other is not group]
            for other in left:
                other.share = 1.0
            self._serving[key] = left
        group.stop()

    def pick(self, endpoint: Record, target: str | None) -> tuple[Group, Variant] | None:
        """A running variant for one request, by shares and weights or by name; restarts what is not running.

        After a restart of the emulator (or a crash of the process) the first request starts the
        endpoint again, and waits for it.

        Returns
        -------
        tuple of (Group, Variant) or None
            None when the endpoint has no variant of the target's name.
        """
        key = self._key(endpoint["EndpointName"])
        groups = self._serving.get(key, [])
        if not groups:
            groups = self._restart(key, endpoint)
        # Traffic is spread by chance, not guarded by it.
        group = random.choices(groups, [one.share for one in groups])[0]  # noqa: S311
        if not group.alive():
            group = self._replace(key, endpoint["EndpointName"], group)
        variants = [v for v in group.variants if target in (None, v.name)]
        if not variants:
            return None
        weights = [v.weight for v in variants]
        return group, random.choices(variants, weights if any(weights) else None)[0]  # noqa: S311

    def _restart(self, key: _Key, endpoint: Record) -> list[Group]:
        config = require("EndpointConfig", endpoint["EndpointConfigName"])
        with self._locked(key):
            if groups := self._serving.get(key, []):
                return groups
            group = Group(endpoint["EndpointName"], config).start()
            group.share = 1.0
            weigh(group, endpoint["ProductionVariants"])
            self._serving[key] = [group]
            return [group]

    def _replace(self, key: _Key, endpoint: str, group: Group) -> Group:
        """Start a group anew that lost a process; others keep serving meanwhile."""
        with self._locked(key):
            groups = self._serving.get(key, [])
            current = next((one for one in groups if one.config_name == group.config_name), None)
            if current is not None and current.alive():
                return current
            group.stop()
            new = Group(endpoint, require("EndpointConfig", group.config_name)).start()
            new.share = group.share
            for fresh, old in zip(new.variants, group.variants, strict=True):
                fresh.weight = old.weight
            self._serving[key] = [new if one is current else one for one in groups]
            return new

    def weigh(self, endpoint: str, summaries: list[Record]) -> None:
        """Set the weights of the variants that serve."""
        for group in self._serving.get(self._key(endpoint), []):
            weigh(group, summaries)

    def remove(self, endpoint: str) -> None:
        """Stop an endpoint's processes."""
        for group in self._serving.pop(self._key(endpoint), []):
            group.stop()

    def stop_all(self) -> None:
        """Stop every endpoint's processes."""
        for key in list(self._serving):
            for group in self._serving.pop(key, []):
                group.stop()


def weigh(group: Group, summaries: list[Record]) -> None:
    """Set a group's weights to those of the endpoint's description."""
    weights = {one["VariantName"]: one["CurrentWeight"] for one in summaries}
    for variant in group.variants:
        variant.weight = weights.get(variant.name, variant.weight)


#: The one fleet of the process.
fleet = Fleet()
