"""The records of the service: what was created, by account, region, kind and name."""

import copy
import threading
from typing import Any

from local.sagemaker import platform

Record = dict[str, Any]
_Key = tuple[str, str, str, str]


class Store:
    """Records that threads share.

    A record is what ``Describe…`` answers; keys that begin with an underscore are the service's own
    and never leave it. Insertion order is creation order.
    """

    def __init__(self) -> None:
        self._records: dict[_Key, Record] = {}
        #: Hold it to change a record and what depends on it in one step; never across a call out.
        self.lock = threading.RLock()

    def _key(self, kind: str, name: str) -> _Key:
        host = platform.current()
        return host.account_id(), host.region(), kind, name

    def put(self, kind: str, name: str, record: Record) -> Record:
        """Keep a record under its name."""
        with self.lock:
            self._records[self._key(kind, name)] = record
        return record

    def get(self, kind: str, name: str) -> Record | None:
        """The record of that name, or None."""
        return self._records.get(self._key(kind, name))

    def remove(self, kind: str, name: str) -> None:
        """Forget a record; unknown names are ignored."""
        with self.lock:
            self._records.pop(self._key(kind, name), None)

    def all(self, kind: str) -> list[Record]:
        """The records of a kind in the current account and region, oldest first."""
        account, region, _, _ = self._key(kind, "")
        with self.lock:
            return [record for (a, r, k, _), record in self._records.items() if (a, r, k) == (account, region, kind)]

    def everywhere(self, kind: str) -> list[tuple[str, str, Record]]:
        """The records of a kind in every account and region, with both."""
        with self.lock:
            return [(a, r, record) for (a, r, k, _), record in self._records.items() if k == kind]

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self._records.clear()

    def snapshot(self) -> list[dict[str, Any]]:
        """Everything as plain JSON values, to be kept between two runs of the emulator."""
        with self.lock:
            return [
                {"account": a, "region": r, "kind": k, "name": n, "record": copy.deepcopy(record)}
                for (a, r, k, n), record in self._records.items()
            ]

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Put back what :meth:`snapshot` gave."""
        with self.lock:
            for row in rows:
                key = (row["account"], row["region"], row["kind"], row["name"])
                self._records[key] = row["record"]


#: The one store of the process.
records = Store()
