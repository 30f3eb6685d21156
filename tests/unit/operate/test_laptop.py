"""The environment "local" is the laptop run that is up, whatever account the user works in otherwise."""

import json
import os
from pathlib import Path

import pytest

from operate import laptop
from operate.account import Account, OperateError


@pytest.fixture(autouse=True)
def left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `enter` sets is gone after the test."""
    monkeypatch.setattr(os, "environ", dict(os.environ))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    os.environ["CHURN_LOCAL_DIR"] = str(tmp_path)
    return tmp_path


def test_clients_go_to_the_run_that_is_up(folder: Path) -> None:
    os.environ |= {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "token"}
    (folder / "running.json").write_text(json.dumps({"pid": 1, "gateway_port": 4567, "web_port": 4568}))
    laptop.enter()
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4567"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & set(os.environ)
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull


@pytest.mark.parametrize("content", [None, "", "[]", '{"gateway_port": "x"}'])
def test_without_a_run_it_says_how_to_start_one(folder: Path, content: str | None) -> None:
    if content is not None:
        (folder / "running.json").write_text(content)
    with pytest.raises(OperateError, match="make local"):
        Account.of("local")
    assert "AWS_ENDPOINT_URL" not in os.environ
