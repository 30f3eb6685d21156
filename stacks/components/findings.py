"""The packs of cdk-nag that every environment must pass, and the findings that several of them share.

The packs spell one finding in several ways. Here each is one name for all of its ids, so that one reason answers it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks, NagPack, NIST80053R5Checks, PCIDSS321Checks
from constructs import Construct

SOLUTIONS, NIST, HIPAA, PCI = "AwsSolutions", "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321"
PACKS: Mapping[str, Callable[[Construct], NagPack]] = {
    SOLUTIONS: AwsSolutionsChecks,
    NIST: NIST80053R5Checks,
    HIPAA: HIPAASecurityChecks,
    PCI: PCIDSS321Checks,
}


def check_all(app: Construct) -> None:
    """Let every pack look at every resource; a finding that nobody argued fails the synthesis."""
    Validations.of(app).add_plugins(*(pack(app) for pack in PACKS.values()))


def _shared(rule: str, *packs: str) -> tuple[str, ...]:
    return tuple(f"{pack}-{rule}" for pack in packs)


NO_CACHE = _shared("APIGWCacheEnabledAndEncrypted", NIST, HIPAA, PCI)
NO_CLIENT_CERTIFICATE = _shared("APIGWSSLEnabled", NIST, HIPAA, PCI)
NO_DEAD_LETTER_QUEUE = _shared("LambdaDLQ", NIST, HIPAA)
NO_REPLICATION = _shared("S3BucketReplicationEnabled", NIST, HIPAA, PCI)
NO_RESERVED_CONCURRENCY = _shared("LambdaConcurrency", NIST, HIPAA)
NO_SIGN_IN = ("AwsSolutions-APIG4", "AwsSolutions-COG4")
NO_WEB_ACL = ("AwsSolutions-APIG3", *_shared("APIGWAssociatedWithWAF", NIST, PCI))
NO_VOLUME_KEY = _shared("SageMakerEndpointConfigurationKMSKeyConfigured", NIST, HIPAA, PCI)
OUTSIDE_VPC = _shared("LambdaInsideVPC", NIST, HIPAA, PCI)
OWN_KEY_OF_S3 = _shared("S3DefaultEncryptionKMS", NIST, HIPAA, PCI)
