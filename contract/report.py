"""What the API answers of a model's quality, as JSON Schemas: the report of its run, and the versions before it."""

from __future__ import annotations

from contract.shapes import Shape, many, number, ref, texts, thing
from schema import Schema

MISSING = {
    "description": "what the registry tells of a version beyond its list",
    "evaluation": "what its run measured",
    "bias": "how its decisions fare, group by group",
    "watch": "what the latest watch found",
}
WHY = {
    "not named": "the version names no such report",
    "gone": "it is not there any more",
    "elsewhere": "it lies in another bucket",
    "refused": "it lies where the API may not read",
    "no answer": "whoever holds it did not answer; ask again",
    "another form": "it is written in a form that the API does not know",
}


def costs() -> Shape:
    """What each outcome costs."""
    money = {name: number(minimum=0) for name in ("missed_churner", "wasted_incentive", "saved_customer")}
    return thing(money, description="USD per customer that the threshold was chosen for.")


def told(schema: Schema) -> dict[str, Shape]:
    """The shapes of the report."""
    share = number(minimum=0, maximum=1)
    measure = {
        "name": texts("Clarify's name of the measure, such as AD for the difference of accuracy."),
        "value": {"type": ["number", "null"], "description": "Null where the group has too few to tell."},
        "low": number("End of the interval."),
        "high": number("End of the interval."),
        "limit": number("Largest size that the gate allows."),
        "beyond": {"type": "boolean", "description": "Whether the whole interval is beyond the limit."},
    }
    return {
        "ModelReport": thing(
            {
                "version": {"type": ["string", "null"], "description": "In service; null when no version is."},
                "trained_at": {"type": ["string", "null"], "format": "date-time"},
                "test": _or_none(ref("TestReport"), "Null where the run's report cannot be had: see `missing`."),
                "bias": many(ref("BiasOfGroup"), "How the decisions fare, group by group."),
                "drift": _or_none(ref("DriftReport"), "What the latest watch found; null before the first."),
                "live_quality": _or_none(
                    ref("LiveQuality"), "On customers whose fate is known by now; null while too few are."
                ),
                "versions": many(ref("ModelVersion"), "The newest versions, the newest first."),
                "missing": many(ref("MissingPart"), "What the report comes without, and why; empty as a rule."),
            },
            description="What the run of the version in service found on customers that took no part in the training.",
        ),
        "TestReport": thing(
            {
                "customers": {"type": "integer", "minimum": 0},
                "churners": {"type": "integer", "minimum": 0},
                "metrics": {"type": "object", "additionalProperties": {"type": "number"}},
                "threshold": number("Where the decision turns.", minimum=0, maximum=1),
                "costs": costs(),
                "calibration": many(
                    thing({"predicted": share, "observed": share, "n_customers": {"type": "integer"}}),
                    "What was predicted and what happened, in groups of customers ordered by probability.",
                ),
                "scores": thing(
                    {"edges": many(number()), "churners": many(_count()), "others": many(_count())},
                    description="How many customers have which probability.",
                ),
                "outcomes": _or_none(ref("Outcomes"), "Null for versions from before these were counted."),
            }
        ),
        "Outcomes": thing(
            {
                "thresholds": many(share),
                "tp": many(_count(), "Churners at or above each threshold."),
                "fp": many(_count(), "Others at or above it."),
            },
            description="Whom each threshold would call: all it takes to reckon what other costs would come to.",
        ),
        "BiasOfGroup": thing(
            {
                "attribute": {"type": "string", "enum": [attribute.name for attribute in schema.inputs]},
                "group": texts(),
                "customers": _count(),
                "churners": _count(),
                "measures": many(thing(measure, optional=("low", "high", "limit", "beyond"))),
            }
        ),
        "DriftReport": thing(
            {
                "version": texts("Of the model that was watched."),
                "from": {"type": "string", "format": "date-time"},
                "to": {"type": "string", "format": "date-time"},
                "customers": _count(),
                "verdict": {"type": "string", "enum": ["calm", "drifted", "too few"]},
                "fields": many(
                    thing(
                        {
                            "name": texts("An input, or `prediction`."),
                            "stability_index": number("Population stability index: from 0.2 on much."),
                            "drifted": {
                                "type": "boolean",
                                "description": "Whether it moved more than chance explains.",
                            },
                        }
                    ),
                    "The largest shift first; empty when there were too few customers.",
                ),
            }
        ),
        "LiveQuality": thing(
            {
                "version": texts("Of the model that was watched."),
                "to": {"type": "string", "format": "date-time", "description": "When it was looked at."},
                "customers": _count(),
                "churners": _count(),
                "worse": {"type": "boolean", "description": "Whether a measure fell by more than chance explains."},
                "metrics": many(
                    thing(
                        {
                            "name": texts("As in the test's metrics, or `expected_cost_per_customer` in USD."),
                            "live": number("On these customers."),
                            "live_low": number("End of its interval."),
                            "live_high": number("End of its interval."),
                            "registered": number("On the test customers, when the version was registered."),
                            "worse": {
                                "type": "boolean",
                                "description": "Whether it fell by more than chance explains.",
                            },
                        }
                    )
                ),
            }
        ),
        "ModelVersion": thing(
            {
                "version": texts(),
                "registered_at": {"type": "string", "format": "date-time"},
                "approval": {"type": "string", "enum": ["Approved", "Rejected", "PendingManualApproval"]},
                "in_service": {"type": "boolean"},
                "live_since": {
                    "type": ["string", "null"],
                    "format": "date-time",
                    "description": "When it last went into service; null if it never did.",
                },
                "average_precision": {"type": ["number", "null"], "description": "On its run's test customers."},
                "cost_per_customer": {"type": ["number", "null"], "description": "USD, on the same customers."},
            }
        ),
        "MissingPart": thing(
            {
                "part": {"type": "string", "enum": [*MISSING], "description": _each(MISSING)},
                "version": {"type": ["string", "null"], "description": "Whose part it is; null for the watch."},
                "why": {"type": "string", "enum": [*WHY], "description": _each(WHY)},
            }
        ),
    }


def _each(meanings: dict[str, str]) -> str:
    return "; ".join(f"`{name}`: {meaning}" for name, meaning in meanings.items()) + "."


def _or_none(shape: Shape, description: str) -> Shape:
    return {"anyOf": [shape, {"type": "null"}], "description": description}


def _count() -> Shape:
    return {"type": "integer", "minimum": 0}
