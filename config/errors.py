"""What goes wrong with settings."""

from __future__ import annotations


class SettingsError(ValueError):
    """A setting that cannot be.

    Parameters
    ----------
    field : str
        The setting, with its section: ``"network.zone_count"``.
    value : object
        What it was set to. Settings hold no secrets and no customer data, so it is shown.
    rule : str
        What must hold: "must be from 2 to 3".
    remedy : str
        What to do about it.
    """

    def __init__(self, *, field: str, value: object, rule: str, remedy: str) -> None:
        self.field = field
        self.value = value
        self.rule = rule
        self.remedy = remedy
        super().__init__(f"{field} is {value!r}: {rule}. {remedy}")
