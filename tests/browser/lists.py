"""Lists of customers for the browser tests: made from the site's own examples, the same each time."""

import csv
import io
import random
from typing import Any

Customer = dict[str, Any]


def cell(value: Any, comma: bool) -> str:
    """A value as a spreadsheet writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text.replace(".", ",") if comma and isinstance(value, float) else text


def made_up(examples: dict[str, Customer], count: int) -> list[Customer]:
    """Customers between the two examples and around them."""
    rng = random.Random(20261121)  # noqa: S311 - no secret comes of it
    found = []
    for place in range(count):
        one = {name: rng.choice((examples["loyal"][name], examples["at_risk"][name])) for name in examples["loyal"]}
        one |= {"day_mins": round(rng.uniform(40, 340), 1), "custserv_calls": rng.choice((0, 1, 1, 2, 3, 5))}
        found.append({"Customer ID": f"C-{place:05d}", "note": f"note {place}", **one})
    return found


def as_csv(rows: list[Customer], delimiter: str = ",", comma: bool = False) -> bytes:
    """Write customers as a file, with a byte order mark as spreadsheets do."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows([cell(value, comma) for value in row.values()] for row in rows)
    return out.getvalue().encode("utf-8-sig")
