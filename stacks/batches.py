"""Batches: a file that arrives is checked, scored with the live model, and answered."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components.batch_machine import batch_machine
from stacks.components.bucket_rules import UPLOADS
from stacks.components.place import Place
from stacks.components.state_machine import Starts


class BatchesStack(Stack):
    """The machine that scores files, and the rule that starts it. How callers bring files is the API's."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        place: Place,
        topic: sns.ITopic,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        scoring = Construct(self, "Scoring")
        machine = batch_machine(scoring, settings=settings, place=place, topic=topic)
        Starts(scoring, "StartRole", machine=machine).on(
            "File",
            "A file to score has arrived",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [place.batches.bucket_name]},
                    "object": {"key": [{"prefix": UPLOADS}]},
                },
            },
        )
        CfnOutput(self, "BatchMachineArn", value=machine.ref)
