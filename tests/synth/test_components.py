"""What a component refuses to make, so that no stack can forget it."""

from pathlib import Path

import pytest
from aws_cdk import App, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms

from config import StorageSettings
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.storage import BucketSpec, private_bucket

STORAGE = StorageSettings(retain_on_destroy=False, log_retention_days=14)


def test_a_bucket_has_a_key_or_a_reason() -> None:
    key = kms.Key(Stack(App(), "Stack"), "Key")
    with pytest.raises(ValueError, match="without_key_because"):
        BucketSpec()
    with pytest.raises(ValueError, match="without_key_because"):
        BucketSpec(key=key, without_key_because="a reason for what is not so")


def test_a_reason_for_a_bucket_without_a_key_must_argue() -> None:
    stack = Stack(App(), "Stack")
    with pytest.raises(ValueError, match="fewer than"):
        private_bucket(
            stack,
            "Bucket",
            settings=STORAGE,
            removal=RemovalPolicy.RETAIN,
            spec=BucketSpec(without_key_because="not needed"),
        )


def test_a_function_is_in_the_network_or_says_why_not(tmp_path: Path) -> None:
    stack = Stack(App(), "Stack")
    spec = FunctionSpec(
        bundle=tmp_path, handler="handler.handler", description="", timeout_s=1, memory_mb=128, environment={}
    )
    with pytest.raises(ValueError, match="outside_vpc_because"):
        PythonFunction(stack, "Function", spec=spec, grants=[], storage=STORAGE, key=kms.Key(stack, "Key"))
