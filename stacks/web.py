"""Web: the page in a private bucket, behind CloudFront, with the API on the same origin."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Aws, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as s3_deployment
from constructs import Construct

from config import Settings
from stacks.components.acknowledgements import acknowledge
from stacks.components.bundles import ROOT, bundle
from stacks.components.headers import security_headers
from stacks.components.storage import private_bucket
from stacks.components.uploads import Upload

PRICE_CLASSES = {
    "europe-and-north-america": cloudfront.PriceClass.PRICE_CLASS_100,
    "most": cloudfront.PriceClass.PRICE_CLASS_200,
    "all": cloudfront.PriceClass.PRICE_CLASS_ALL,
}


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
        # The page is public and comes from the repository: S3's own key does, nothing is worth keeping, and CloudFront
        # would need a key policy that names the distribution, which lives in another stack than our key.
        self.site = private_bucket(
            self,
            "Site",
            settings=settings.storage,
            key=None,
            access_logs=access_logs,
            removal=RemovalPolicy.DESTROY,
        )
        self.distribution = self._distribution(settings, access_logs, rest_api)
        Upload(
            self,
            "Page",
            folder=bundle({".": ROOT / "web", **self._generated(settings, made_up_data)}),
            bucket=self.site,
            bucket_key=None,
            prune=True,
            storage=settings.storage,
            log_key=key,
            # Asked again each time, answered with 304: a deployment is seen at once and needs no invalidation.
            cache_control=s3_deployment.CacheControl.no_cache(),
        )
        CfnOutput(self, "SiteUrl", value=f"https://{self.distribution.distribution_domain_name}")
        CfnOutput(self, "SiteBucketName", value=self.site.bucket_name)
        CfnOutput(self, "DistributionId", value=self.distribution.distribution_id)

    def _distribution(
        self, settings: Settings, access_logs: s3.IBucket, rest_api: apigateway.RestApi
    ) -> cloudfront.Distribution:
        headers = security_headers(self, "Headers", hsts_days=settings.web.hsts_days)
        api_domain = f"{rest_api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=settings.resource_name,
            default_root_object="index.html",
            price_class=PRICE_CLASSES[settings.web.edge_locations],
            enable_logging=True,
            log_bucket=access_logs,
            log_file_prefix="cloudfront/",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(self.site),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                response_headers_policy=headers,
            ),
            additional_behaviors={
                "/api/*": cloudfront.BehaviorOptions(
                    origin=origins.HttpOrigin(
                        api_domain,
                        protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                    ),
                    allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                    viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                    cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                    origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                    response_headers_policy=headers,
                )
            },
        )
        acknowledge(
            distribution,
            "AwsSolutions-CFR1",
            "The page is a demonstration that is meant to be seen from anywhere; nothing in it is bound to a country.",
        )
        acknowledge(
            distribution,
            "AwsSolutions-CFR2",
            "A web ACL comes with sign-in. Until then the page is static, and the API throttles and validates.",
        )
        acknowledge(
            distribution,
            "AwsSolutions-CFR4",
            "CloudFront's own domain has CloudFront's own certificate, and with that its protocol cannot be chosen. "
            "Viewers are sent to HTTPS, and HSTS keeps them there.",
        )
        return distribution

    def _generated(self, settings: Settings, made_up_data: bool) -> dict[str, str]:
        """Write what the page reads: the schema with its examples, and what it must know of this deployment."""
        schema = {
            "schema": json.loads((ROOT / "schema" / "features.json").read_text(encoding="utf-8")),
            "examples": json.loads((ROOT / "schema" / "examples.json").read_text(encoding="utf-8")),
        }
        config = {"environment": settings.name, "made_up_data": made_up_data, "api": "/api"}
        return {"schema.json": json.dumps(schema), "config.json": json.dumps(config)}
