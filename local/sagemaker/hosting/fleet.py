"""The processes behind all endpoints: started, shifted to, restarted when needed, stopped."""

import contextlib
import logging
import random
import threading
import time
from collections.abc import Iterator

from local.sagemaker import platform
from local.sagemaker.errors import ServiceError
from local.sagemaker.hosting.group import Group
from local.sagemaker.hosting.variant import NotHealthy, Variant
from local.sagemaker.models import require
from local.sagemaker.store import Record

_log = logging.getLogger("sagemaker.fleet")
_Key = tuple[str, str, str]
# Between two tries to replace what does not come up.
_PAUSE_S = 5.0


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
        self._tend(key, group)

    def keep(self, endpoint: str, group: Group) -> None:
        """Leave all traffic to one group and stop every other."""
        key = self._key(endpoint)
        with self._locked(key):
            others = [other for other in self._serving.get(key, []) if other is not group]
            group.share = 1.0
            self._serving[key] = [group]
        self._tend(key, group)
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
        """A running variant for one request, by shares and weights or by name.

        After a restart of the emulator the first request starts the endpoint again, and waits for it. A process that
        ended otherwise is replaced without anybody asking; until then there is nothing to ask.

        Returns
        -------
        tuple of (Group, Variant) or None
            None when the endpoint has no variant of the target's name.

        Raises
        ------
        NotHealthy
            While a lost process is being replaced.
        """
        key = self._key(endpoint["EndpointName"])
        groups = self._serving.get(key, []) or self._restart(key, endpoint)
        # Traffic is spread by chance, not guarded by it.
        group = random.choices(groups, [one.share for one in groups])[0]  # noqa: S311
        variants = [v for v in group.variants if target in (None, v.name)]
        if not variants:
            return None
        if not group.alive() and group in self._serving.get(key, []):
            raise NotHealthy("its instance is unhealthy and is being replaced.")
        weights = [v.weight for v in variants]
        return group, random.choices(variants, weights if any(weights) else None)[0]  # noqa: S311

    def _restart(self, key: _Key, endpoint: Record) -> list[Group]:
        config = require("EndpointConfig", endpoint["EndpointConfigName"])
        with self._locked(key):
            if groups := self._serving.get(key, []):
                return groups
            group = Group(endpoint["EndpointName"], config).start()
            group.share = 1.0
            group.weigh(endpoint["ProductionVariants"])
            self._serving[key] = [group]
        self._tend(key, group)
        return [group]

    def _tend(self, key: _Key, group: Group) -> None:
        """Watch over a group that serves: AWS replaces an instance whose health check fails, and so is it here.

        What ends is noticed. A process that only hangs is not: on a busy laptop it could not be told from a slow one.
        """
        if group.tended:
            return
        group.tended = True
        for variant in group.variants:

            def tend(variant: Variant = variant) -> None:
                variant.wait()
                while group in self._serving.get(key, []):
                    try:
                        self._replace(key, group)
                    except (NotHealthy, ServiceError) as exc:
                        _log.warning("endpoint %s: %s", key[-1], exc)
                        time.sleep(_PAUSE_S)

            platform.current().background(f"health {key[-1]}", tend)

    def _replace(self, key: _Key, group: Group) -> None:
        """Start a group anew that lost a process; another, if there is one, keeps serving meanwhile."""
        with self._locked(key):
            if group not in self._serving.get(key, []):
                return
            _log.warning("endpoint %s lost a process and gets another", key[-1])
            group.stop()
            new = Group(key[-1], require("EndpointConfig", group.config_name)).start()
            new.share = group.share
            for fresh, old in zip(new.variants, group.variants, strict=True):
                fresh.weight = old.weight
            groups = self._serving.get(key, [])
            if group in groups:
                self._serving[key] = [new if one is group else one for one in groups]
        if group in groups:
            self._tend(key, new)
        else:  # the endpoint was deleted meanwhile
            new.stop()

    def weigh(self, endpoint: str, summaries: list[Record]) -> None:
        """Set the weights of the variants that serve."""
        for group in self._serving.get(self._key(endpoint), []):
            group.weigh(summaries)

    def remove(self, endpoint: str) -> None:
        """Stop an endpoint's processes."""
        for group in self._serving.pop(self._key(endpoint), []):
            group.stop()

    def stop_all(self) -> None:
        """Stop every endpoint's processes."""
        for key in list(self._serving):
            for group in self._serving.pop(key, []):
                group.stop()


#: The one fleet of the process.
fleet = Fleet()
