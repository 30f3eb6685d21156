"""The distribution: one origin for the page and the API."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from config import Settings
from stacks.components.acknowledgements import acknowledge
from stacks.components.headers import security_headers

PRICE_CLASSES = {
    "europe-and-north-america": cloudfront.PriceClass.PRICE_CLASS_100,
    "most": cloudfront.PriceClass.PRICE_CLASS_200,
    "all": cloudfront.PriceClass.PRICE_CLASS_ALL,
}
# CloudFront keeps these for ten seconds and gives them to everybody who asks for the same address, also where caching
# is off and the answer says no-store: whoever asks again after Retry-After would never reach the API.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/custom-error-pages-expiration.html
KEPT_UNLESS_TOLD = (405, 500, 502, 503, 504)


def site_distribution(
    scope: Construct,
    construct_id: str,
    *,
    settings: Settings,
    site: s3.IBucket,
    access_logs: s3.IBucket,
    rest_api: apigateway.RestApi,
    api_key: str,
    talks_to: Sequence[str],
    web_acl: str | None,
) -> cloudfront.Distribution:
    """Put the page and the API on one origin: ``/api/*`` goes to API Gateway, all else to the page's bucket.

    Parameters
    ----------
    talks_to : sequence of str
        Origins that the page may ask beside its own.
    """
    headers = security_headers(scope, "Headers", hsts_days=settings.web.hsts_days, talks_to=talks_to)
    api_domain = f"{rest_api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
    distribution = cloudfront.Distribution(
        scope,
        construct_id,
        comment=settings.resource_name,
        default_root_object="index.html",
        # What S3 answers for a file that is not there, as the distribution may read but not list. These pages hold for
        # all origins, so a mapping of 404 would take the API's own answers; the API never answers 403.
        error_responses=[
            cloudfront.ErrorResponse(http_status=403, response_http_status=404, response_page_path="/404.html"),
            *(cloudfront.ErrorResponse(http_status=one, ttl=Duration.seconds(0)) for one in KEPT_UNLESS_TOLD),
        ],
        web_acl_id=web_acl,
        price_class=PRICE_CLASSES[settings.web.edge_locations],
        enable_logging=True,
        log_bucket=access_logs,
        log_file_prefix="cloudfront/",
        default_behavior=cloudfront.BehaviorOptions(
            origin=origins.S3BucketOrigin.with_origin_access_control(site),
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
                    # In place of whatever key a viewer sends: all who come by the page share its plan.
                    custom_headers={"x-api-key": api_key},
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
        "AwsSolutions-CFR4",
        "CloudFront's own domain has CloudFront's own certificate, and with that its protocol cannot be chosen. "
        "Viewers are sent to HTTPS, and HSTS keeps them there.",
    )
    return distribution
