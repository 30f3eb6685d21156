"""Where SageMaker's jobs work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3 as s3

from stacks.components.keys import Keys


@dataclass(frozen=True, kw_only=True)
class Place:
    """The buckets, the keys, the network of every job."""

    data: s3.IBucket
    batches: s3.IBucket
    models: s3.IBucket
    keys: Keys
    subnets: Sequence[ec2.ISubnet]
    security_group: ec2.ISecurityGroup
