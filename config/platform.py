"""Settings of what everything stands on: network, storage, the deployment itself."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import ClassVar

from config.section import Section

# What CloudWatch Logs accepts (PutRetentionPolicy), as far as it is of use here.
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 3653)

KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+", re.ASCII)
CUSTOM_RESOURCE_LIMIT_S = 3600
# CloudFormation waits this much longer than the deployment, so that the reason it shows is the run's.
RUN_GRACE_S = 360


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(Section):
    """The VPC of the jobs and of the model's endpoint.

    Attributes
    ----------
    cidr : str
        Address range, IPv4, /16 to /24.
    zone_count : int
        Availability zones, and isolated subnets, 2 to 3.
    interface_endpoints_enabled : bool
        Whether the AWS services that jobs call get interface endpoints. Without them only S3 is
        reachable, which is enough where jobs run without a network.
    endpoint_zone_count : int
        Zones with an interface endpoint each; one costs about 7 USD a month.
    """

    section: ClassVar[str] = "network"

    cidr: str
    zone_count: int = 2
    interface_endpoints_enabled: bool = True
    endpoint_zone_count: int = 1

    def check(self) -> None:
        """Check the address range and the zones."""
        try:
            network = ipaddress.ip_network(self.cidr)
        except ValueError:
            self.refuse(
                "cidr",
                rule="must be an IPv4 network without host bits",
                remedy='Write it like "10.40.0.0/16".',
            )
        self.require(
            network.version == 4 and 16 <= network.prefixlen <= 24 and network.is_private,
            "cidr",
            rule="must be a private IPv4 network of /16 to /24",
            remedy='Choose a private range such as "10.40.0.0/16".',
        )
        self.require_range(
            "zone_count",
            low=2,
            high=3,
            remedy="A model needs two subnets in two zones to outlive the loss of one; "
            "some accounts see only two zones in us-west-1.",
        )
        self.require(
            1 <= self.endpoint_zone_count <= self.zone_count,
            "endpoint_zone_count",
            rule=f"must be from 1 to network.zone_count ({self.zone_count})",
            remedy="Endpoints can only stand in zones that the network has; "
            "to have none, set network.interface_endpoints_enabled to False.",
        )


@dataclass(frozen=True, kw_only=True)
class StorageSettings(Section):
    """Buckets, keys and log groups.

    Attributes
    ----------
    retain_on_destroy : bool
        Whether data, models, logs and their key survive the deletion of the stacks.
    log_retention_days : int
        How long log events are kept.
    noncurrent_version_days : int
        How long a replaced or deleted object can still be brought back.
    only_from_vpc : bool
        Whether objects of the data and models buckets can be read and written from the VPC only, but
        for the few roles by which services reach them.
    model_lock_days : int
        How long no version in the models bucket can be deleted or overwritten; 0 for no lock.
    capture_retention_days : int
        How long captured requests and answers are kept, where ``serving.data_capture_percent`` keeps any.
    quarantine_retention_days : int
        How long files are kept that were set aside: bad ones, and those that a newer one replaced before their use.
    owns_job_logs : bool
        Whether this deployment makes, and one day deletes, the log groups of SageMaker's jobs and of Studio. One set
        exists per account and region: of several deployments in one account, one makes them. What nobody makes,
        SageMaker does, without key and end.
    """

    section: ClassVar[str] = "storage"

    retain_on_destroy: bool
    log_retention_days: int
    noncurrent_version_days: int = 30
    only_from_vpc: bool = True
    model_lock_days: int = 0
    capture_retention_days: int = 30
    quarantine_retention_days: int = 90
    owns_job_logs: bool = True

    def check(self) -> None:
        """Check the periods."""
        self.require(
            self.log_retention_days in LOG_RETENTION_DAYS,
            "log_retention_days",
            rule=f"must be one of the periods of CloudWatch Logs: {LOG_RETENTION_DAYS}",
            remedy="Choose the nearest of them.",
        )
        self.require_range(
            "noncurrent_version_days",
            low=1,
            high=3650,
            remedy="Choose how many days a deleted object may be needed again.",
        )
        self.require_range("model_lock_days", low=0, high=36500, remedy="100 years are S3's limit; 0 is no lock.")
        self.require(
            self.model_lock_days == 0 or self.retain_on_destroy,
            "model_lock_days",
            rule="must be 0 where storage.retain_on_destroy is False",
            remedy="A locked version cannot be deleted, and with it neither the bucket nor the stack.",
        )
        self.require_range(
            "capture_retention_days",
            low=1,
            high=3650,
            remedy="Captured requests are customers' data: keep them as briefly as their use allows.",
        )
        self.require_range(
            "quarantine_retention_days",
            low=1,
            high=3650,
            remedy="Files set aside are customers' data: give their owners time to mend them, and no more.",
        )


@dataclass(frozen=True, kw_only=True)
class DeploymentSettings(Section):
    """How the stacks are deployed.

    Attributes
    ----------
    termination_protected : bool
        Whether the stacks refuse to be deleted.
    run_timeout_s : int
        How long a deployment waits for its pipeline run, in seconds, at most 54 minutes: each question takes time
        of its own.
    run_poll_s : int
        How often it asks.
    assets_key_arn : str
        ARN of the KMS key of the CDK's bucket for assets, where the bootstrap gave it one of the account's
        (``--bootstrap-customer-key``); empty where that bucket has S3's own key.
    on_this_machine : bool
        Whether it is deployed to the laptop run of whoever asks, and not to an AWS account.
    """

    section: ClassVar[str] = "deployment"

    termination_protected: bool = False
    run_timeout_s: int = 3240
    run_poll_s: int = 15
    assets_key_arn: str = ""
    on_this_machine: bool = False

    def check(self) -> None:
        """Check the waiting times and the key."""
        self.require(
            not self.assets_key_arn or KEY_ARN.fullmatch(self.assets_key_arn) is not None,
            "assets_key_arn",
            rule="must be the ARN of a KMS key, and not of an alias: IAM compares keys",
            remedy='Write it like "arn:aws:kms:eu-west-1:111122223333:key/<id>"; '
            "`aws kms describe-key --key-id <alias>` tells it.",
        )
        self.require_range(
            "run_timeout_s",
            low=60,
            high=CUSTOM_RESOURCE_LIMIT_S - RUN_GRACE_S,
            remedy="CloudFormation waits one hour for a custom resource, and must outwait us to show our reason.",
        )
        self.require(
            1 <= self.run_poll_s <= self.run_timeout_s // 10,
            "run_poll_s",
            rule=f"must be from 1 to a tenth of deployment.run_timeout_s ({self.run_timeout_s})",
            remedy="Ask often enough that the end of a run is noticed soon.",
        )
