"""What the answer says: figures that are named here one by one, so that nothing else of a report gets out.

No address of AWS and no account's number is among them, and nothing of a single customer.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import sources

COSTS = ("missed_churner", "wasted_incentive", "saved_customer")
# Of a metric of bias; the limits are there for those that the gate looks at.
MEASURE = ("name", "value", "low", "high", "limit", "beyond")
MOVED = ("name", "stability_index", "drifted")
JUDGED = ("live", "live_low", "live_high", "registered", "worse")
POST = "post_training_bias_metrics"
Json = dict[str, Any]


def made() -> Json:
    """Gather the report of the version in service, and the newest versions."""
    served = sources.in_service()
    arns = sources.packages()
    # The one in service may be older than the newest.
    arns += [served] if served and served not in arns else []
    with ThreadPoolExecutor(8) as pool:
        packages = dict(zip(arns, pool.map(sources.package, arns), strict=True))
        evaluations = dict(zip(arns, pool.map(_evaluation, packages.values()), strict=True))
    current = packages.get(served, {})
    evaluation = evaluations.get(served, {})
    return {
        "version": _version(served) if served else None,
        "trained_at": evaluation.get("model", {}).get("trained_at"),
        "test": _test(evaluation),
        "bias": _bias(sources.document(_uri(current, "Bias", "PostTrainingReport"))),
        "drift": _drift(watch := sources.latest_watch()),
        "live_quality": _live_quality(watch),
        "versions": [_told(arn, packages[arn], evaluations[arn], served) for arn in arns],
    }


def _version(arn: str) -> str:
    return arn.rpartition("/")[2]


def _uri(package: Json, part: str, report: str) -> str:
    uri: str = package.get("ModelMetrics", {}).get(part, {}).get(report, {}).get("S3Uri", "")
    return uri


def _evaluation(package: Json) -> Json:
    return sources.document(_uri(package, "ModelQuality", "Statistics"))


def _test(evaluation: Json) -> Json | None:
    """What was measured on the test customers; None where the report is gone."""
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


def _bias(report: Json) -> list[Json]:
    """What the decisions are like, group by group."""
    facets = report.get(POST, {}).get("facets", {})
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
    """How far customers have moved from those that the model was made with; None before the first watch, and of a
    report in another form, such as another version's: it must not cost the rest.
    """
    if not watch.keys() >= {"model", "period", "traffic", "verdict", "attributes"}:
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


def _told(arn: str, package: Json, evaluation: Json, served: str) -> Json:
    created: datetime = package["CreationTime"]
    cost = evaluation.get("cost", {})
    return {
        "version": _version(arn),
        "registered_at": created.astimezone(UTC).isoformat(timespec="seconds"),
        "approval": package["ModelApprovalStatus"],
        "in_service": arn == served,
        "live_since": package.get("CustomerMetadataProperties", {}).get("live_since"),
        "average_precision": evaluation.get("metrics", {}).get("average_precision"),
        "cost_per_customer": cost.get("expected_cost_per_customer"),
    }
