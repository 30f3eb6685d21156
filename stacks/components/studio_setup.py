"""The script that every space starts with, as a lifecycle configuration."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from aws_cdk import Fn, Stack
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

SCRIPT = Path(__file__).with_name("scripts") / "space_start.sh"
# SageMaker's limit, of the text in base64; it also stops a script after five minutes, which the script's own limits
# (120 s for the notebooks, 90 s for a repository) stay below.
LIMIT_BYTES = 16384


def space_script(*, notebooks_uri: str, project: str, repository: str) -> str:
    """Fill in the script; the values may hold CloudFormation tokens.

    Parameters
    ----------
    notebooks_uri : str
        Where the notebooks lie: ``s3://…/``.
    project : str
        What the notebooks must know, as JSON without single quotes.
    repository : str
        A repository to clone, or ``""``.
    """
    script = SCRIPT.read_text(encoding="utf-8")
    for place, value in {"@NOTEBOOKS@": notebooks_uri, "@PROJECT@": project, "@REPOSITORY@": repository}.items():
        script = script.replace(place, value)
    return script


def lifecycle_config(
    scope: Construct, construct_id: str, *, name: str, script: str
) -> sagemaker.CfnStudioLifecycleConfig:
    """Keep the script as a lifecycle configuration.

    CloudFormation wants a name and cannot change a configuration: another script is another name, or the new one would
    be in the old one's way.
    """
    digest = hashlib.sha256(json.dumps(Stack.of(scope).resolve(script), sort_keys=True).encode()).hexdigest()
    return sagemaker.CfnStudioLifecycleConfig(
        scope,
        construct_id,
        studio_lifecycle_config_app_type="JupyterLab",
        studio_lifecycle_config_content=Fn.base64(script),
        studio_lifecycle_config_name=f"{name}-{digest[:8]}",
    )
