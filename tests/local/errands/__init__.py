"""What each role is for, done for real and as short as can be, with any role in its place.

An errand is run with a role and answers what went wrong: an empty text when all of it worked. Containers run one line
instead of the model's code, since what they compute does not matter here; everything around them is the system's own:
its buckets, keys, network, image, groups and logs.
"""

from tests.local.errands.common import ENDPOINT, GROUP, NO_FILE, PIPELINE, Errand, Failed, changed, errand_name, run
from tests.local.errands.people import Errands
from tests.local.errands.serving import endpoint_of
from tests.local.errands.studio import Studio

__all__ = [
    "ENDPOINT",
    "GROUP",
    "NO_FILE",
    "PIPELINE",
    "Errand",
    "Errands",
    "Failed",
    "Studio",
    "changed",
    "endpoint_of",
    "errand_name",
    "run",
]
