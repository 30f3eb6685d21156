"""The step that puts a model into the registry, with the reports that a person or a later run judges it by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stacks.components.jobs import CSV_TYPE, JSON_TYPE
from stacks.components.pipeline_definition import EXECUTION_ARN, Json, Step

# Instance types that the registry may propose for a package; the endpoint's own comes from the settings.
SERVING_INSTANCE_TYPES = ("ml.m5.large", "ml.m5.xlarge", "ml.c5.large", "ml.c5.xlarge")
# Batch transform has no ml.c5.large: SageMaker refuses a package that names it.
TRANSFORM_INSTANCE_TYPES = ("ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge")


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Addresses of what the registry keeps with a package: what its data and its model were found to be."""

    data: Json
    quality: Json
    bias: Json
    explainability: Json
    baseline: Json

    @property
    def metrics(self) -> Json:
        """The package's ModelMetrics."""
        return {
            "ModelQuality": {"Statistics": _document(self.quality)},
            "ModelDataQuality": {"Statistics": _document(self.data)},
            "Bias": {
                "Report": _document(self.bias),
                "PreTrainingReport": _document(self.bias),
                "PostTrainingReport": _document(self.bias),
            },
            "Explainability": {"Report": _document(self.explainability)},
        }

    @property
    def baselines(self) -> Json:
        """The package's DriftCheckBaselines: what later customers and decisions are compared with."""
        return {
            "ModelDataQuality": {"Statistics": _document(self.baseline)},
            "ModelQuality": {"Statistics": _document(self.quality)},
            "Bias": {"PostTrainingConstraints": _document(self.bias)},
            "Explainability": {"Constraints": _document(self.explainability)},
        }


def _document(uri: Json) -> Json:
    return {"ContentType": JSON_TYPE, "S3Uri": uri}


def register_step(
    name: str,
    *,
    image_uri: str,
    package_group_name: str,
    model_uri: Json,
    environment: Mapping[str, str],
    reports: Reports,
    facts: Mapping[str, Json],
) -> Step:
    """Register the training artifact itself, with all that was found out about it, as a package that can be served.

    It is always pending: a run measures a model, and somebody else decides whether it is served.
    """
    return Step(
        name=name,
        type="RegisterModel",
        arguments={
            "ModelPackageGroupName": package_group_name,
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {
                "Containers": [{"Image": image_uri, "ModelDataUrl": model_uri, "Environment": dict(environment)}],
                "SupportedContentTypes": [JSON_TYPE, CSV_TYPE],
                "SupportedResponseMIMETypes": [JSON_TYPE, CSV_TYPE],
                "SupportedRealtimeInferenceInstanceTypes": list(SERVING_INSTANCE_TYPES),
                "SupportedTransformInstanceTypes": list(TRANSFORM_INSTANCE_TYPES),
            },
            "ModelMetrics": reports.metrics,
            "DriftCheckBaselines": reports.baselines,
            "CustomerMetadataProperties": dict(facts),
            "MetadataProperties": {"GeneratedBy": EXECUTION_ARN},
        },
    )
