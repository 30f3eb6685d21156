"""Web: the page in a private bucket, behind CloudFront, with the API on the same origin."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as s3_deployment
from constructs import Construct

from config import Settings
from contract import page
from contract.openapi import document
from schema import load_schema
from stacks.components.bundles import ROOT, bundle
from stacks.components.distribution import site_distribution
from stacks.components.storage import BucketSpec, private_bucket
from stacks.components.uploads import Upload


class WebStack(Stack):
    """One origin for the page and the API."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        key: kms.IKey,
        access_logs: s3.IBucket,
        rest_api: apigateway.RestApi,
        made_up_data: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.site = private_bucket(
            self,
            "Site",
            settings=settings.storage,
            removal=RemovalPolicy.DESTROY,
            spec=BucketSpec(
                without_key_because="The page is public and comes from the repository: S3's own key does. CloudFront "
                "would need a policy of our key that names the distribution, which itself names the bucket.",
                access_logs=access_logs,
            ),
        )
        self.distribution = site_distribution(
            self, "Distribution", settings=settings, site=self.site, access_logs=access_logs, rest_api=rest_api
        )
        page = Upload(
            self,
            "Page",
            folder=bundle({".": ROOT / "web", **self._generated(settings, made_up_data)}),
            bucket=self.site,
            bucket_key=None,
            prune=True,
            settings=settings,
            log_key=key,
            # Asked again each time, answered with 304: a deployment is seen at once and needs no invalidation.
            cache_control=s3_deployment.CacheControl.no_cache(),
        )
        # Last: should the distribution fail, a rollback finds the bucket empty, and can delete it.
        page.deployment.node.add_dependency(self.distribution)
        CfnOutput(self, "SiteUrl", value=f"https://{self.distribution.distribution_domain_name}")
        CfnOutput(self, "SiteBucketName", value=self.site.bucket_name)
        CfnOutput(self, "DistributionId", value=self.distribution.distribution_id)

    def _generated(self, settings: Settings, made_up_data: bool) -> dict[str, str]:
        """Write what the page reads, the schema and what it must know of this deployment, and the API's documents."""
        schema = {
            "schema": json.loads((ROOT / "schema" / "features.json").read_text(encoding="utf-8")),
            "examples": json.loads((ROOT / "schema" / "examples.json").read_text(encoding="utf-8")),
        }
        offers = {offer.name: dict(offer.translations) for offer in settings.api.offers}
        config = {"environment": settings.name, "made_up_data": made_up_data, "api": "/api", "offers": offers}
        described = document(load_schema())
        return {
            "schema.json": json.dumps(schema),
            "config.json": json.dumps(config),
            "openapi.json": json.dumps(described),
            "api-docs.html": page.html(described),
        }
