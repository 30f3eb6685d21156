"""What a run that is up tells: where everything is, and how to stop it."""

import json

from local.driver import live, people, verify
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
        f"{_people(settings)}"
        f"Try the API:  curl {page}api/predictions -H 'content-type: application/json' -d @{shown} \\\n"
        '              -H "authorization: Bearer $(make -s token ENV=local)"\n'
        f"AWS is at:    {settings.endpoint} (access key {ACCOUNT}, secret test)\n"
        f"{told}"
        f"{mlflow}"
        f"Logs:         {settings.log_dir}\n"
        "Stop:         Ctrl-C here, or `make stop` anywhere; `make local` brings it back as it was\n"
        "Wipe:         `make wipe` stops it and removes all it made\n"
    )


def _people(settings: Settings) -> str:
    """Who may sign in at the page, one line each."""
    lines = [f"{one.email}  {one.password}" for one in people.people(settings)]
    return "".join(f"{'' if at else 'Sign in as:':<14}{line}\n" for at, line in enumerate(lines))
