"""Write docs/iam.md: every role of the app, who may become it, what it may do, and why each wildcard is there.

The table is made from the templates of all environments, so it says what is deployed; a test writes it anew and
compares.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import App

import app as churn_app
from config import ENVIRONMENTS, load_settings
from stacks.components.grants import reasons_given
from stacks.components.raw_data import RawData
from tools.iam_rows import Described, Reasons, describe
from tools.template_reader import Template

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "iam.md"
REFERENCE = "prod"
HEAD = """# Roles and permissions

<!-- Written by tools/iam_table.py (`make iam`) from the templates of all environments; a test compares. -->

Every role that the app makes, the CDK's helpers included, as environment `{reference}` has it. What is not the same in
all environments names in the last column those that have it. The reasons are those that stand beside the permission in
the code, and that answer cdk-nag's findings ([why so](decisions/grants.md), [who is who](decisions/identity.md)).

ARNs are shortened by partition, region and account where those are the deployment's own. `<Name>` is what the
deployment makes under this name, `churn-<env>` the name of the environment. A wildcard is a resource with `*` in a
statement that allows; in a denial it makes it complete.
"""
COLUMNS = (
    "role",
    "who may become it",
    "effect",
    "actions",
    "resources",
    "conditions",
    "why the wildcard, or the denial",
    "only in",
)


def render(environments: Mapping[str, Mapping[tuple[str, str], Described]]) -> str:
    """Write the page: a summary of the roles, and one table of all their statements."""
    names = list(environments)
    keys = list(dict.fromkeys(key for one in (REFERENCE, *names) for key in environments[one]))
    summary, table = [], []
    for key in keys:
        having = {name: environments[name][key] for name in names if key in environments[name]}
        shown = having.get(REFERENCE) or next(iter(having.values()))
        summary.append(_summary(shown, having, names))
        table += _rows(shown, having, names)
    total = [environments[REFERENCE][key] for key in keys if key in environments[REFERENCE]]
    allowed = sum(row.effect == "Allow" for one in total for row in one.rows)
    denied = sum(row.effect == "Deny" for one in total for row in one.rows)
    wild = sum(one.wildcards for one in total)
    sentence = (
        f"In {REFERENCE}: {len(total)} roles, {allowed} statements that allow, {denied} that deny, "
        f"{wild} wildcards, no action with one."
    )
    return "\n".join(
        [
            HEAD.format(reference=REFERENCE),
            "## Summary\n",
            f"{sentence}\n",
            "| stack | role | for | allows | denies | wildcards | only in |",
            "|---|---|---|---:|---:|---:|---|",
            *summary,
            "\n## Every statement\n",
            _line(COLUMNS),
            "|---" * len(COLUMNS) + "|",
            *table,
            "",
        ]
    )


def _summary(shown: Described, having: Mapping[str, Described], names: Sequence[str]) -> str:
    counts = [sum(row.effect == effect for row in shown.rows) for effect in ("Allow", "Deny")]
    cells = [
        *shown.name,
        shown.what or "(the CDK's own)",
        *map(str, counts),
        str(shown.wildcards),
        _only(list(having), names),
    ]
    return _line(cells)


def _rows(shown: Described, having: Mapping[str, Described], names: Sequence[str]) -> list[str]:
    lines = []
    every = list(dict.fromkeys(row for one in (shown, *having.values()) for row in one.rows))
    trusts = list(dict.fromkeys(one.trusts for one in having.values()))
    if len(trusts) > 1:
        raise ValueError(f"{shown.name} trusts others in other environments: teach tools/iam_table.py to show it.")
    first = [f"**{shown.name[1]}**", "<br>".join(shown.trusts)]
    for row in every:
        where = [name for name, one in having.items() if row in one.rows]
        cells = [
            row.effect,
            *(_cell(one) for one in (row.actions, row.resources, row.conditions)),
            " ".join(row.reasons),
        ]
        lines.append(_line([*first, *cells, _only(where, names)]))
        first = ["", ""]
    return lines


def _only(where: Sequence[str], names: Sequence[str]) -> str:
    return "" if len(where) == len(names) else ", ".join(where)


def _cell(texts: Sequence[str]) -> str:
    return "<br>".join(f"`{one}`" for one in texts)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(one.replace('|', '/') for one in cells)} |"


def main() -> None:
    """Synthesise every environment and write the page."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    with tempfile.TemporaryDirectory() as folder:
        # As the command line asks for it: templates then name the construct of each resource.
        app = App(context={**context, "aws:cdk:enable-path-metadata": True}, outdir=folder)
        raw_data = RawData.load(ROOT / "build" / "data")
        stacks = {name: churn_app.build(app, settings=load_settings(name), raw_data=raw_data) for name in ENVIRONMENTS}
        app.synth()
        templates: dict[str, dict[str, Template]] = {name: {} for name in stacks}
        for name, made in stacks.items():
            for one in made:
                body = (Path(folder) / one.template_file).read_text()
                templates[name][one.stack_name.removeprefix(f"Churn-{name}-")] = json.loads(body)
        reasons = reasons_given(app)
    TARGET.write_text(write(templates, reasons=reasons))
    print(f"Written: {TARGET.relative_to(ROOT)}")


def write(templates: Mapping[str, Mapping[str, Template]], *, reasons: Reasons) -> str:
    """Write the page from the templates of each environment."""
    return render({name: describe(name, ones, reasons=reasons) for name, ones in templates.items()})


if __name__ == "__main__":
    main()
