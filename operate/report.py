"""What is said before anything is deleted, and what is said at the end."""

from __future__ import annotations

from config import Settings
from operate.inventory import SHARED_LOG_GROUPS, Inventory
from operate.names import blocking, remedy
from operate.progress import counted

# Enough to act on; the rest is counted.
SHOWN = 8


def plan(inventory: Inventory, settings: Settings) -> str:
    """Say what goes and what stays."""
    lines = [f"To be deleted ({settings.name}):"]
    for kind, names in inventory.groups():
        going = [name for name in names if name not in inventory.kept]
        if going:
            lines.append(f"  {counted(len(going), kind)}{_few(kind, going)}")
    if shared := sorted(SHARED_LOG_GROUPS.intersection(inventory.log_groups) - inventory.kept):
        lines.append(
            f"  With {', '.join(shared)} go the logs of all jobs and spaces of the account,\n"
            f"  those of other environments too: {settings.name} made these groups (storage.owns_job_logs)."
        )
    if settings.storage.retain_on_destroy or inventory.kept:
        lines += ["", *_kept(inventory)]
        if settings.storage.retain_on_destroy:
            lines.append(
                "  To delete these too: set storage.retain_on_destroy and deployment.termination_protected of\n"
                f"  {settings.name} to False, deploy that, and destroy again."
            )
    return "\n".join(lines)


def outcome(inventory: Inventory, settings: Settings, reasons: dict[str, str], keys: tuple[str, ...]) -> str:
    """Say what is left, and why.

    Parameters
    ----------
    reasons : dict
        Why something could not be deleted, by its name, or by ``"stack"`` for the stacks.
    keys : tuple of str
        Ids of KMS keys that wait for the end of their waiting period.
    """
    lines = []
    left = remaining(inventory)
    if left:
        lines.append(f"Left of {settings.name}, and why:")
        for kind, names in left.items():
            lines += [f"  {kind} {name}: {_why(kind, name, reasons)}" for name in names]
    else:
        lines.append(f"Nothing of {settings.name} is left" + (" but what is kept." if inventory.kept else "."))
    if inventory.kept:
        lines += _kept(inventory)
    if inventory.stacks:
        lines.append("Its rules are switched off; no deployment switches them on: destroy again, or enable them.")
    else:
        lines += _in_the_way(inventory, settings)
    lines += [
        f"KMS deletes the key {key} at the end of its waiting period; until then it can be brought back."
        for key in keys
    ]
    lines.append("The bootstrap stack (CDKToolkit) is not this app's: other apps of the account deploy by it.")
    return "\n".join(lines)


def remaining(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    """What is there and is not kept on purpose, kind by kind."""
    found = {kind: tuple(n for n in names if n not in inventory.kept) for kind, names in inventory.groups()}
    return {kind: names for kind, names in found.items() if names}


def _why(kind: str, name: str, reasons: dict[str, str]) -> str:
    """Give the thing's own reason, its kind's, or that of the stacks that hold it."""
    if why := reasons.get(name) or reasons.get(kind):
        return why
    if "stack" in reasons:
        return "its stack is not gone"
    if kind in ("app", "space", "user profile"):
        return "SageMaker still deletes it, or somebody made it meanwhile; destroy again"
    if kind in ("pipeline", "endpoint", "MLflow app", "model package group"):
        return "no stack knows of it; delete it by hand"
    return "it appeared meanwhile; destroy again"


def _in_the_way(inventory: Inventory, settings: Settings) -> list[str]:
    """Say what the next deployment would stumble over, or make twice; as long as there are stacks, they hold it."""
    taken = blocking(inventory)
    lines = [f"Before {settings.name} is deployed again, these want a decision:"] if taken else []
    for one in taken:
        lines += [f"  {one.label}:", f"    {remedy(one, settings)}"]
    return lines


def _kept(inventory: Inventory) -> list[str]:
    lines = ["Kept, as the settings say (data, models, logs and their key):"]
    kept = sorted(inventory.kept)
    lines += [f"  {name}" for name in kept[:SHOWN]]
    if len(kept) > SHOWN:
        lines.append(f"  and {len(kept) - SHOWN} more")
    return lines


def _few(kind: str, names: list[str]) -> str:
    if kind == "job":
        return ", with their log streams"
    if kind == "space":
        return f"{_shown(names)}, with what people keep on their disks"
    return _shown(names)


def _shown(names: list[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return f": {shown}" + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
