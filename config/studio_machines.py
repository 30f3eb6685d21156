"""The machines that Studio knows: those that both CloudFormation's schema and the API's model name.

A test compares them with both: a name that one of the two does not know would fail the deployment.
"""

from __future__ import annotations

# Families, and the sizes that each of them has.
_SIZES = {
    "t3": "micro small medium large xlarge 2xlarge",
    "m5 m5d r5": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge",
    "c5": "large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge",
    "p3": "2xlarge 8xlarge 16xlarge",
    "p3dn p4d p4de": "24xlarge",
    "g4dn": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "g5 g6 g6e": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "geospatial": "interactive",
    "trn1": "2xlarge 32xlarge",
    "trn1n": "32xlarge",
    "p5": "48xlarge 4xlarge",
    "p5en p6-b200": "48xlarge",
    "m6i c6i r6i m6id c6id r6id": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "m7i c7i r7i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g7e": "2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge",
}
STUDIO_INSTANCE_TYPES = tuple(
    f"ml.{family}.{size}" for families, sizes in _SIZES.items() for family in families.split() for size in sizes.split()
)
