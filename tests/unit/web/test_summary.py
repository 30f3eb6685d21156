"""What a list amounts to: web/js/list/summary.js against the sums written out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.money import Costs
from tests.unit.web.node import answering

PROGRAM = """
const { figuresOf } = await import("WEB/js/list/summary.js");
const answer = ({ rows, costs }) => figuresOf(rows.map((score) => ({ score })), costs);
"""
scores = st.none() | st.builds(lambda p, churn: {"probability": p, "churn": churn}, st.floats(0, 1), st.booleans())


def test_figures_are_the_sums_of_the_scored() -> None:
    costs = Costs(500, 90, 110)
    with answering(PROGRAM) as ask:

        @given(rows=st.lists(scores, max_size=40))
        @settings(max_examples=100, deadline=None)
        def check(rows: list[dict[str, float] | None]) -> None:
            scored = [row for row in rows if row]
            called = [row["probability"] for row in scored if row["churn"]]
            told = ask({"rows": rows, "costs": costs._asdict()})
            assert told["scored"] == len(scored) == sum(told["bins"])
            assert told["risky"] == len(called)
            assert told["loss"] == pytest.approx(sum(500 * row["probability"] for row in scored))
            # Uncalled, each costs 500 if he leaves; called, 110 if he was leaving and 90 if not.
            assert told["saving"] == pytest.approx(sum(500 * p - (110 * p + 90 * (1 - p)) for p in called))

        check()


def test_the_ends_of_the_scale_are_counted() -> None:
    with answering(PROGRAM) as ask:
        rows = [{"probability": p, "churn": p > 0.2} for p in (0, 0.019, 0.02, 1)]
        bins = ask({"rows": rows, "costs": None})["bins"]
    assert (bins[0], bins[1], bins[-1]) == (2, 1, 1)
