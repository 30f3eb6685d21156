"""What the answer says: figures that are named here one by one, so that nothing else of a report gets out.

No address of AWS and no account's number is among them, and nothing of a single customer.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import sources
from gaps import Gaps

COSTS = ("missed_churner", "wasted_incentive", "saved_customer")
# Of a metric of bias; the limits are there for those that the gate looks at.
MEASURE = ("name", "value", "low", "high", "limit", "beyond")
MOVED = ("name", "stability_index", "drifted")
JUDGED = ("live", "live_low", "live_high", "registered", "worse")
EVALUATION, BIAS = ("ModelQuality", "Statistics"), ("Bias", "PostTrainingReport")
POST = "post_training_bias_metrics"
Json = dict[str, Any]


def made() -> tuple[Json, list[str]]:
    """Gather the report of the version in service, and the newest versions; and, for the log, why parts are missing."""
    gaps = Gaps()
    served, described = sources.in_service()
    # The one in service may be older than the newest.
    listed = sources.packages() | ({served: described} if served else {})
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(listed, pool.map(lambda arn: _looked_at(arn, listed[arn], served, gaps), listed), strict=True))
    version = _number(served)
    package, evaluation = found.get(served, ({}, {}))
    watch = gaps.filled("watch", "", sources.latest_watch, Json())
    report = {
        "version": version or None,
        "trained_at": gaps.filled("evaluation", version, lambda: evaluation.get("model", {}).get("trained_at"), None),
        "test": gaps.filled("evaluation", version, lambda: _test(evaluation), None),
        "bias": gaps.filled("bias", version, lambda: _bias(package), list[Json]()) if served else [],
        "drift": gaps.filled("watch", "", lambda: _drift(watch), None),
        "live_quality": gaps.filled("watch", "", lambda: _live_quality(watch), None),
        "versions": [_told(arn, *found[arn], served=served, gaps=gaps) for arn in found],
    }
    return report | {"missing": gaps.told}, gaps.causes


def _looked_at(arn: str, known: Json, served: str, gaps: Gaps) -> tuple[Json, Json]:
    """Describe a version and read its evaluation; where it cannot be described, what is known of it has to do."""
    number = _number(arn)
    package = known if arn == served else gaps.filled("description", number, lambda: sources.package(arn), Json())
    if not package:
        return known, {}
    return package, gaps.filled("evaluation", number, lambda: sources.document(_uri(package, *EVALUATION)), Json())


def _number(arn: str) -> str:
    return arn.rpartition("/")[2]


def _uri(package: Json, part: str, report: str) -> str:
    uri: str = package.get("ModelMetrics", {}).get(part, {}).get(report, {}).get("S3Uri", "")
    return uri


def _test(evaluation: Json) -> Json | None:
    """What was measured on the test customers; None where there is no report of it."""
    if not evaluation:
        return None
    cost, scores = evaluation["cost"], evaluation["curves"]["scores"]
    return {
        "customers": evaluation["n_customers"],
        "churners": evaluation["n_churners"],
        "metrics": evaluation["metrics"],
        "threshold": cost["threshold"],
        "costs": {name: cost[f"cost_{name}"] for name in COSTS},
        "calibration": evaluation["calibration"],
        "scores": {name: scores[name] for name in ("edges", "churners", "others")},
        # Runs from before these were counted have none.
        "outcomes": evaluation.get("outcomes"),
    }


def _bias(package: Json) -> list[Json]:
    """What the decisions are like, group by group."""
    facets = sources.document(_uri(package, *BIAS))[POST]["facets"]
    return [
        {
            "attribute": attribute,
            "group": entry["value_or_threshold"],
            "customers": entry["customers"],
            "churners": entry["churners"],
            "measures": [{name: one[name] for name in MEASURE if name in one} for one in entry["metrics"]],
        }
        for attribute, entries in facets.items()
        for entry in entries
    ]


def _drift(watch: Json) -> Json | None:
    """How far customers have moved from those that the model was made with; None before the first watch."""
    if not watch:
        return None
    return {
        "version": watch["model"]["version"],
        **{end: watch["period"][end] for end in ("from", "to")},
        "customers": watch["traffic"]["customers"],
        "verdict": watch["verdict"],
        "fields": [{name: one[name] for name in MOVED} for one in watch["attributes"]],
    }


def _live_quality(watch: Json) -> Json | None:
    """What became of customers, beside what was predicted; None while too few fates are known."""
    quality = watch.get("quality", {})
    if "metrics" not in quality:
        return None
    return {
        "version": watch["model"]["version"],
        "to": watch["period"]["to"],
        "customers": quality["n_customers"],
        "churners": quality["n_churners"],
        "worse": quality["worse"],
        "metrics": [{"name": name, **{key: one[key] for key in JUDGED}} for name, one in quality["metrics"].items()],
    }


def _told(arn: str, package: Json, evaluation: Json, *, served: str, gaps: Gaps) -> Json:
    created: datetime = package["CreationTime"]
    return {
        "version": _number(arn),
        "registered_at": created.astimezone(UTC).isoformat(timespec="seconds"),
        "approval": package["ModelApprovalStatus"],
        "in_service": arn == served,
        "live_since": package.get("CustomerMetadataProperties", {}).get("live_since"),
        **gaps.filled("evaluation", _number(arn), lambda: _measured(evaluation), _measured({})),
    }


def _measured(evaluation: Json) -> Json:
    return {
        "average_precision": evaluation["metrics"]["average_precision"] if evaluation else None,
        "cost_per_customer": evaluation["cost"]["expected_cost_per_customer"] if evaluation else None,
    }
