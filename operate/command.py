"""How a command of an operator ends: its own exit code, or a sentence and another when it could not do its work."""

from __future__ import annotations

import sys
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from config import SettingsError
from operate.account import OperateError

REFUSED, INTERRUPTED = 2, 130


def ended(work: Callable[[], int], *, interrupted: str) -> int:
    """Do the work and return its exit code: 2 when it was refused, 130 after Ctrl-C, of which `interrupted` tells."""
    try:
        return work()
    except (OperateError, SettingsError) as exc:
        print(exc, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print(f"\nInterrupted; {interrupted}", file=sys.stderr)
        return INTERRUPTED
    except (BotoCoreError, ClientError) as exc:
        print(f"AWS refused: {exc}", file=sys.stderr)
        return REFUSED
