"""The function that takes batches in and tells how far they are."""

from __future__ import annotations

from constructs import Construct

from config import Settings
from stacks.components.bucket_rules import RESULTS, SCORING, STATES, UPLOADS
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.grants import allow
from stacks.components.model_report import SHARED
from stacks.components.permissions import THROUGH_S3
from stacks.components.place import Place
from stacks.components.roles import OF_BATCHES

# Four calls of S3 at most, and a signature.
MEMORY_MB = 512
OUTSIDE_VPC = (
    "It signs addresses of S3 for callers outside the VPC, and reads how far a batch is: nothing of a customer. The "
    "addresses hold what its own role may do, from wherever they are used."
)


def batch_api(scope: Construct, construct_id: str, *, settings: Settings, place: Place) -> PythonFunction:
    """Make a function whose role may do what its callers may: send a file under an id, and fetch results."""
    bucket, batches = place.batches, settings.batches

    def under(*prefixes: str) -> list[str]:
        return [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]

    return PythonFunction(
        scope,
        construct_id,
        spec=FunctionSpec(
            bundle=bundle({".": ROOT / "lambda" / "batches", **SHARED}),
            handler="handler.handler",
            description="Takes files to score in, and tells how far they are",
            timeout_s=settings.api.function_timeout_s,
            memory_mb=MEMORY_MB,
            environment={
                "ENDPOINT_NAME": settings.resource_name,
                "BATCHES_BUCKET": bucket.bucket_name,
                "MAXIMUM_FILE_MB": str(batches.maximum_file_mb),
                "UPLOAD_S": str(60 * batches.upload_minutes),
                "LINK_S": str(60 * batches.link_minutes),
                "KEPT_S": str(86400 * batches.keep_days),
            },
            traced=True,
        ),
        grants=[
            allow("s3:PutObject", on=under(STATES, UPLOADS), wildcard_because=OF_BATCHES),
            allow("s3:GetObject", on=under(STATES, RESULTS), wildcard_because=OF_BATCHES),
            allow(
                "s3:ListBucket",
                on=[bucket.bucket_arn],
                when={"StringLike": {"s3:prefix": [f"{STATES}*", f"{SCORING}out/*"]}},
            ),
            allow("kms:Decrypt", "kms:GenerateDataKey", on=[place.keys.data.key_arn], when=THROUGH_S3),
        ],
        storage=settings.storage,
        key=place.keys.logs,
        outside_vpc_because=OUTSIDE_VPC,
    )
