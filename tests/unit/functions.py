"""Lambda functions as Lambda loads them, for the tests of those that call SageMaker."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import Stubber

LAMBDA = Path(__file__).resolve().parents[2] / "lambda"


@contextmanager
def loaded(
    name: str, monkeypatch: pytest.MonkeyPatch, *, folder: Path | None = None, **variables: str
) -> Iterator[ModuleType]:
    """The handler of the function in ``lambda/<name>``, or in its bundle: its folder on the path, its variables set."""
    before = set(sys.modules)
    credentials = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for variable, value in (credentials | variables).items():
        monkeypatch.setenv(variable, value)
    folder = folder or LAMBDA / name
    monkeypatch.syspath_prepend(str(folder))
    spec = importlib.util.spec_from_file_location(f"{name}_handler", folder / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    # Functions are programs of their own, whose modules may share names.
    for found in set(sys.modules) - before:
        if getattr(sys.modules[found], "__file__", None) and Path(str(sys.modules[found].__file__)).parent == folder:
            del sys.modules[found]


@contextmanager
def stubbed(client: Any) -> Iterator[Stubber]:
    """The answers of a client: it refuses every call but those that are expected, and all of them must be made."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
