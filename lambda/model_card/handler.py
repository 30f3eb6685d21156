"""A step of the pipeline, after registration: writes the model card of a package, for the registry and for people.

Each decision about a package comes here too: its card's status follows it.
What the card says is read from what the run left and the registry knows; nothing is measured here. Done again, it
writes what has changed and nothing else.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import boto3
import card_page
import cards
import content
from botocore.config import Config

# The function has 60 seconds; a call that hangs must leave time for the next.
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
_sagemaker = boto3.client("sagemaker", region_name=os.environ["AWS_REGION"], config=_CONFIG)
_s3 = boto3.client("s3", region_name=os.environ["AWS_REGION"], config=_CONFIG)
# What the settings say, put beside this file when the function was made.
_texts = json.loads(Path(__file__).with_name("texts.json").read_text())


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Write the card of the package that a run names, and its page beside the run's reports; or note a decision."""
    if decided := event.get("Decided"):
        return {"Card": cards.decide(_sagemaker, _sagemaker.describe_model_package(ModelPackageName=decided))}
    package = _sagemaker.describe_model_package(ModelPackageName=event["Package"])
    reports = cards.reports(_s3, package)
    written = content.card(package, reports, _texts)
    name = cards.put(_sagemaker, package, written, key=os.environ["KEY_ARN"])
    page = cards.beside(package, "card/card.html")
    cards.save(_s3, page, card_page.render(name, written), "text/html; charset=utf-8")
    return {"Card": name, "Page": page}
