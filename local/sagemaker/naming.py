"""Names, ARNs and identifiers as SageMaker makes them."""

import random
import re
import string
import time

from local.sagemaker import platform

#: The word in the ARN for each kind of resource.
ARN_WORDS = {
    "Model": "model",
    "EndpointConfig": "endpoint-config",
    "Endpoint": "endpoint",
    "ModelPackageGroup": "model-package-group",
    "ModelPackage": "model-package",
    "ModelCard": "model-card",
    "MlflowApp": "mlflow-app",
    "Pipeline": "pipeline",
    "ProcessingJob": "processing-job",
    "TrainingJob": "training-job",
    "TransformJob": "transform-job",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
    "Domain": "domain",
    "UserProfile": "user-profile",
    "Space": "space",
    "App": "app",
    "StudioLifecycleConfig": "studio-lifecycle-config",
}
# Endpoint names are lower case in ARNs whatever their case elsewhere.
_LOWER_CASE = {"Endpoint"}
_ALPHABET = string.ascii_lowercase + string.digits
# Names must differ between runs: nothing here may be reproducible.
_random = random.SystemRandom()


def arn(kind: str, name: str) -> str:
    """The ARN of a resource in the current account and region."""
    host = platform.current()
    shown = name.lower() if kind in _LOWER_CASE else name
    return f"arn:aws:sagemaker:{host.region()}:{host.account_id()}:{ARN_WORDS[kind]}/{shown}"


def name_of(kind: str, name_or_arn: str) -> str:
    """The name behind a name or an ARN."""
    match = re.fullmatch(rf"arn:[^:]+:sagemaker:[^:]*:\d*:{ARN_WORDS[kind]}/(.+)", name_or_arn)
    return match[1] if match else name_or_arn


def identifier(length: int = 12) -> str:
    """A random identifier of lower-case letters and digits."""
    return "".join(_random.choice(_ALPHABET) for _ in range(length))


def now() -> float:
    """The time as JSON 1.1 carries it: seconds since 1970 with milliseconds."""
    return round(time.time(), 3)
