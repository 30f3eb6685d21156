"""Who may call a method of the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contract.access import SCOPES


@dataclass(frozen=True, kw_only=True)
class ApiAccess:
    """Gives each method what protects it: no method is added without being asked which scope it is for."""

    def method_options(self, scope: str) -> dict[str, Any]:
        """Give the keyword arguments of ``add_method`` that let in callers with one scope of contract/access.py.

        Raises
        ------
        ValueError
            If the contract knows no such scope.
        """
        if scope not in SCOPES:
            raise ValueError(f"{scope!r} is no scope of the API: choose one of {', '.join(SCOPES)}.")
        return {}
