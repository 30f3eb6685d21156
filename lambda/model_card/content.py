"""What a card says, in AWS's model card JSON schema: from the registry's entry, the run's reports and the settings.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html#model-cards-json-schema
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import findings

Json = dict[str, Any]
LONG = 1024
# What a run registers about itself; what is added to a package later is no part of its card.
REGISTERED = ("run", "raw_data", "schema_hash", "code_hash", "training_seconds", "billable_seconds")


def card(package: Mapping[str, Any], reports: Mapping[str, Json], texts: Mapping[str, str]) -> Json:
    """Put the card of a package together.

    Parameters
    ----------
    package : mapping
        What DescribeModelPackage answers.
    reports : mapping
        ``evaluation``, ``bias`` and ``explainability``, as the evaluate step wrote them.
    texts : mapping
        The settings of model cards.
    """
    evaluation = reports["evaluation"]
    return {
        "model_overview": _overview(package, evaluation, texts),
        "model_package_details": {
            "model_package_arn": package["ModelPackageArn"],
            "model_package_group_name": package["ModelPackageGroupName"],
            "model_package_version": package["ModelPackageVersion"],
        },
        "intended_uses": {
            "purpose_of_model": texts["purpose"],
            "intended_uses": f"{texts['intended_uses']}\n{texts['not_intended']}",
            "factors_affecting_model_efficiency": texts["factors"],
            "risk_rating": texts["risk_rating"],
            "explanations_for_risk_rating": texts["risk_reason"],
        },
        "business_details": _business(evaluation, texts),
        "training_details": _training(package, evaluation),
        "evaluation_details": findings.details(reports),
        "additional_information": {
            "ethical_considerations": texts["ethical_considerations"],
            "caveats_and_recommendations": texts["caveats"],
            "custom_details": _facts(package, evaluation),
        },
    }


def _overview(package: Mapping[str, Any], evaluation: Json, texts: Mapping[str, str]) -> Json:
    (container,) = package["InferenceSpecification"]["Containers"]
    threshold = evaluation["cost"]["threshold"]
    return {
        "model_id": package["ModelPackageArn"],
        "model_name": package["ModelPackageGroupName"],
        "model_version": package["ModelPackageVersion"],
        "model_description": (
            "The probability that a customer leaves, with the reasons, from gradient-boosted trees. An offer is made "
            f"from {threshold:g} on, where it costs least."
        ),
        "problem_type": "Binary classification",
        "algorithm_type": f"XGBoost, {evaluation['model']['rounds']} rounds",
        "model_creator": package.get("MetadataProperties", {}).get("GeneratedBy", "unknown"),
        "model_owner": texts["owner"],
        "model_artifact": [container["ModelDataUrl"]],
        "inference_environment": {"container_image": [container["Image"]]},
    }


def _business(evaluation: Json, texts: Mapping[str, str]) -> Json:
    cost = evaluation["cost"]
    money = (
        f"A missed churner costs {cost['cost_missed_churner']:g} USD, a wasted incentive "
        f"{cost['cost_wasted_incentive']:g} USD, a customer kept by one {cost['cost_saved_customer']:g} USD. Expected "
        f"cost {cost['expected_cost_per_customer']:.2f} USD a customer; calling nobody, "
        f"{cost['do_nothing_cost_per_customer']:.2f} USD."
    )
    return {
        "business_problem": f"{texts['business_problem'][: 2 * LONG - len(money) - 1]}\n{money}",
        "business_stakeholders": texts["stakeholders"],
        "line_of_business": texts["line_of_business"],
    }


def _training(package: Mapping[str, Any], evaluation: Json) -> Json:
    model, (container,) = evaluation["model"], package["InferenceSpecification"]["Containers"]
    parts = ", ".join(f"{n:,} customers to {name}" for name, n in model["n_customers"].items())
    measured = model["metrics"]["validation"]
    return {
        "objective_function": {
            "function": {"function": "Minimize", "facet": "Loss", "condition": "on the validation part"},
            "notes": "Logarithmic loss chooses the rounds; the expected cost chooses the threshold.",
        },
        "training_observations": f"Trained at {model['trained_at']}: {parts}; stopped after {model['rounds']} rounds.",
        "training_job_details": {
            "training_datasets": [package["CustomerMetadataProperties"]["raw_data"]],
            "training_environment": {"container_image": [container["Image"]]},
            "user_provided_training_metrics": [
                {"name": f"validation {name}", "value": value} for name, value in measured.items()
            ],
            "user_provided_hyper_parameters": [
                {"name": name, "value": f"{value:g}"} for name, value in model["hyperparameters"].items()
            ],
        },
    }


def _facts(package: Mapping[str, Any], evaluation: Json) -> dict[str, str]:
    """What the model was made from, by hashes, so that whoever doubts can compare."""
    data, split = evaluation["data"], evaluation["data"]["split"]
    by_hash = f"a hash of {', '.join(split['identity'])} with seed {split['seed']}; test from {split['test_from']:g} on"
    counts = (
        f"{name}: {part['customers']:,} customers, {part['churners']:,} churned" for name, part in data["parts"].items()
    )
    registered = package["CustomerMetadataProperties"]
    facts = {
        "data_sha256": data["raw_sha256"],
        "split_rule": by_hash if split["recipe"] == "default" else f"recipe {split['recipe']}, seed {split['seed']}",
        "parts": "; ".join(counts),
        "gate": evaluation["gate"]["message"],
        **{name: registered[name] for name in REGISTERED if name in registered},
    }
    return {name: text[:LONG] for name, text in facts.items()}
