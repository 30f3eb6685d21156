"""What a run that is up tells: where everything is, and how to stop it."""

import json

from local.driver import live, verify
from local.settings import ACCOUNT, ROOT, Settings


def text(settings: Settings, *, warning: str, mlflow: str) -> str:
    """Write it, after laying down the example that it names.

    Parameters
    ----------
    warning
        What a reader of the page must know of it; empty when all is well.
    mlflow
        The lines about MLflow; empty when none runs.
    """
    page, body = settings.page, settings.directory / "example.json"
    body.write_text(json.dumps({"customers": [verify.example()]}, indent=1))
    shown = body.relative_to(ROOT) if body.is_relative_to(ROOT) else body
    reports = live.reports(settings)
    told = f"Reports:      {'  '.join(map(str, reports))}\n" if reports else ""
    return (
        f"\nThe page:     {page}{f'  ({warning})' if warning else ''}\n"
        f"Try the API:  curl {page}api/predictions -H 'content-type: application/json' -d @{shown}\n"
        f"AWS is at:    {settings.endpoint} (access key {ACCOUNT}, secret test)\n"
        f"{told}"
        f"{mlflow}"
        f"Logs:         {settings.log_dir}\n"
        "Stop:         Ctrl-C here, or `make stop` anywhere; `make local` brings it back as it was\n"
        "Wipe:         `make wipe` stops it and removes all it made\n"
    )
