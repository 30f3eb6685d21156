"""Web: the page in a private bucket, behind CloudFront, with the API on the same origin."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Aws, CfnCondition, CfnOutput, Fn, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as s3_deployment
from constructs import Construct

from config import Settings
from contract import page
from contract.access import REPORT, SCOPES
from contract.openapi import document
from schema import load_schema
from stacks.components.api_access import ApiAccess
from stacks.components.bundles import ROOT, bundle
from stacks.components.distribution import site_distribution
from stacks.components.page_client import page_client, page_key
from stacks.components.storage import BucketSpec, private_bucket
from stacks.components.uploads import Upload
from stacks.components.user_pool import UserPool
from stacks.components.web_acl import WebAcl


class WebStack(Stack):
    """One origin for the page and the API.

    Parameters
    ----------
    front_door : str or None
        Another address at which people reach the page, with the managed login beside it: the laptop run's, where
        neither CloudFront's domain nor Cognito's leads anywhere.
    files_url : str
        Where signed forms send files, and results are fetched.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        key: kms.IKey,
        access_logs: s3.IBucket,
        rest_api: apigateway.RestApi,
        access: ApiAccess,
        users: UserPool,
        front_door: str | None,
        files_url: str,
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
        login_url = front_door.rstrip("/") if front_door else users.login_url
        self.distribution = site_distribution(
            self,
            "Distribution",
            settings=settings,
            site=self.site,
            access_logs=access_logs,
            rest_api=rest_api,
            api_key=page_key(self, "PageKey", access=access),
            # The managed login turns codes into tokens.
            talks_to=(login_url, files_url),
            web_acl=self._web_acl(settings, key) if settings.firewall.enabled else None,
        )
        site_url = f"https://{self.distribution.distribution_domain_name}"
        addresses = [f"{site_url}/", *([front_door] if front_door else [])]
        client = page_client(self, "PageClient", settings=settings.sign_in, users=users, addresses=addresses)
        page = Upload(
            self,
            "Page",
            folder=bundle({".": ROOT / "web", **self._generated()}),
            bucket=self.site,
            bucket_key=None,
            prune=True,
            settings=settings,
            log_key=key,
            # Asked again each time, answered with 304: a deployment is seen at once and needs no invalidation.
            cache_control=s3_deployment.CacheControl.no_cache(),
            written=[
                s3_deployment.Source.json_data(
                    "config.json",
                    {
                        "environment": settings.name,
                        "made_up_data": made_up_data,
                        "api": "/api",
                        "offers": {offer.name: dict(offer.translations) for offer in settings.api.offers},
                        "sign_in": {
                            "login": login_url,
                            "client": client.user_pool_client_id,
                            "scopes": ["openid", "email", "profile", *SCOPES],
                            "report_scope": REPORT,
                        },
                    },
                )
            ],
        )
        # Last: should the distribution fail, a rollback finds the bucket empty, and can delete it.
        page.deployment.node.add_dependency(self.distribution)
        CfnOutput(self, "SiteUrl", value=site_url)
        CfnOutput(self, "SiteBucketName", value=self.site.bucket_name)
        CfnOutput(self, "PageClientId", value=client.user_pool_client_id)
        CfnOutput(self, "DistributionId", value=self.distribution.distribution_id)

    def _web_acl(self, settings: Settings, key: kms.IKey) -> str:
        """Make the page's firewall in us-east-1, the only region for it; elsewhere it is the settings' one, or none."""
        here = CfnCondition(self, "InUsEast1", expression=Fn.condition_equals(Aws.REGION, "us-east-1"))
        acl = WebAcl(self, "Firewall", settings=settings, key=key, covers="CLOUDFRONT", only_if=here)
        elsewhere = settings.firewall.distribution_acl_arn or Aws.NO_VALUE
        return Fn.condition_if(here.logical_id, acl.arn, elsewhere).to_string()

    def _generated(self) -> dict[str, str]:
        """Write what the page reads of the schema, and the API's documents."""
        schema = {
            "schema": json.loads((ROOT / "schema" / "features.json").read_text(encoding="utf-8")),
            "examples": json.loads((ROOT / "schema" / "examples.json").read_text(encoding="utf-8")),
        }
        described = document(load_schema())
        return {
            "schema.json": json.dumps(schema),
            "openapi.json": json.dumps(described),
            "api-docs.html": page.html(described),
        }
