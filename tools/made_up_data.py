"""Make customers up: a file with the raw data set's columns, formats, marginals and dependencies.

For machines that cannot reach the public data set. Standard library only: it runs before anything is installed.
What drives a made-up customer away is invented too (see `churn_odds`), so a model trained on them says nothing of
anyone: whoever shows its answers must say so.
"""

import argparse
import csv
import io
import math
import random
from pathlib import Path

# The tariff of the public data set, USD a minute.
RATES = {"day": 0.17, "eve": 0.085, "night": 0.045, "intl": 0.27}
# fmt: off
STATES = [
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID", "IL", "IN", "KS", "KY", "LA",
    "MA", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR",
    "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VT", "WA", "WI", "WV", "WY",
]
HEADER = [
    "State", "Account Length", "Area Code", "Phone", "Int'l Plan", "VMail Plan", "VMail Message", "Day Mins",
    "Day Calls", "Day Charge", "Eve Mins", "Eve Calls", "Eve Charge", "Night Mins", "Night Calls", "Night Charge",
    "Intl Mins", "Intl Calls", "Intl Charge", "CustServ Calls", "Churn?",
]
# fmt: on


def number(value: float) -> str:
    """A number as the raw file writes it: no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def normal(rng: random.Random, mean: float, spread: float, low: float, high: float) -> float:
    """A draw from a normal distribution, kept within bounds."""
    return min(max(rng.gauss(mean, spread), low), high)


def service_calls(rng: random.Random) -> int:
    """A draw from a Poisson distribution of mean 1.56, at most 9 (Knuth's method)."""
    calls, product = 0, rng.random()
    while product > math.exp(-1.56) and calls < 9:
        calls, product = calls + 1, product * rng.random()
    return calls


def step(value: float, edge: float, width: float) -> float:
    """A soft step from 0 to 1 around an edge."""
    return 1 / (1 + math.exp(-(value - edge) / width))


def churn_odds(
    *,
    bill: float,
    has_vmail: bool,
    has_plan: bool,
    intl_mins: float,
    intl_calls: int,
    complaints: int,
) -> float:
    """Probability that a made-up customer leaves.

    A dear bill without voice mail, complaints about a small bill, and an international plan that is hardly used or
    used much drive customers away; a few leave for reasons that no column tells.
    """
    dear = 0.0 if has_vmail else step(bill, 74, 0.2)
    annoyed = step(complaints, 3.5, 0.05) * step(-bill, -57, 0.2)
    misfit = max(step(-intl_calls, -2.5, 0.05), step(intl_mins, 13.1, 0.05)) if has_plan else 0.0
    return 1 - (1 - 0.99 * dear) * (1 - 0.99 * annoyed) * (1 - 0.99 * misfit) * (1 - 0.02)


def customer(rng: random.Random, phone: int) -> list[str]:
    """One row, in the header's order."""
    mins = {
        "day": round(normal(rng, 179.8, 54.5, 0, 350), 1),
        "eve": round(normal(rng, 201.0, 50.7, 0, 363), 1),
        "night": round(normal(rng, 200.9, 50.6, 23, 395), 1),
        "intl": round(normal(rng, 10.24, 2.79, 0, 20), 1),
    }
    calls = {part: round(normal(rng, 100.2, 19.9, 30, 175)) for part in ("day", "eve", "night")}
    calls["intl"] = min(max(round(rng.gammavariate(3.3, 1.36)), 1), 20) if mins["intl"] else 0
    has_plan, has_vmail = rng.random() < 0.097, rng.random() < 0.277
    complaints = service_calls(rng)
    bill = sum(RATES[part] * mins[part] for part in RATES)
    leaves = rng.random() < churn_odds(
        bill=bill,
        has_vmail=has_vmail,
        has_plan=has_plan,
        intl_mins=mins["intl"],
        intl_calls=calls["intl"],
        complaints=complaints,
    )
    usage = [
        text
        for part in RATES
        for text in (number(mins[part]), str(calls[part]), number(RATES[part] * mins[part] + 1e-9))
    ]
    return [
        rng.choice(STATES),
        str(round(normal(rng, 101, 39.8, 1, 243))),
        rng.choice(("408", "415", "415", "510")),
        f"{phone // 10000}-{phone % 10000:04d}",
        "yes" if has_plan else "no",
        "yes" if has_vmail else "no",
        str(round(normal(rng, 29.3, 7.6, 4, 51)) if has_vmail else 0),
        *usage,
        str(complaints),
        "True." if leaves else "False.",
    ]


def generate(rows: int = 3333, seed: int = 1) -> str:
    """Return `rows` made-up customers as CSV text with a header; the same seed gives the same text."""
    rng = random.Random(seed)  # noqa: S311 - a data set, not a secret
    phones = rng.sample(range(2_000_000, 10_000_000), rows)  # no number twice: the pipeline refuses duplicates
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(customer(rng, phone) for phone in phones)
    return out.getvalue()


def main(argv: list[str] | None = None) -> None:
    """Write a file of made-up customers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3333)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(argv)
    args.output.write_text(generate(args.rows, args.seed), encoding="utf-8")
    print(f"Wrote {args.rows:,} made-up customers to {args.output}.")


if __name__ == "__main__":
    main()
