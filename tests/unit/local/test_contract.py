"""MiniStack's private names are where this code expects them; checked in the emulator's own environment."""

import json
import subprocess

import pytest

from local.settings import ROOT, SettingsError, emulator_python


def _emulator(code: str) -> subprocess.CompletedProcess[str]:
    try:
        python = emulator_python()
    except SettingsError as exc:
        pytest.fail(str(exc))
    return subprocess.run([python, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


def test_no_private_name_has_moved() -> None:
    found = _emulator("from local.emulator import contract; import sys; sys.exit(contract.main())")
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_check_notices_a_name_that_moved_and_one_that_changed() -> None:
    code = (
        "import json; from local.emulator import contract; from ministack import app\n"
        "from ministack.core import responses\n"
        "del app._lazy_handler; responses.request_scope = lambda scope: None; app._state_map = []\n"
        "print(json.dumps(contract.broken()))"
    )
    found = json.loads(_emulator(code).stdout.splitlines()[-1])
    assert any("_lazy_handler: missing" in line for line in found)
    assert any("request_scope: called with" in line for line in found)
    assert any("_state_map: a list, expected dict" in line for line in found)


def test_another_version_is_refused() -> None:
    code = "from local.emulator import contract; contract.version = lambda _: '1.5.34'; contract.require_pinned()"
    found = _emulator(code)
    assert found.returncode == 1
    assert "written for ministack 1.5.33, and 1.5.34 is installed" in found.stderr


def test_all_patches_apply() -> None:
    code = "from local.emulator import patches; patches.install(); print(sorted(patches.known_resource_types()))"
    found = _emulator(code)
    assert found.returncode == 0, found.stderr
    assert "AWS::SageMaker::Pipeline" in found.stdout


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ({"throttle": True}, "INTEGRATION_FAILURE Internal server error"),
        ({"error": True, "body": {"errorMessage": "secret"}}, "DEFAULT_5XX Internal server error"),
        ({"body": {"statusCode": 502, "body": "its own"}}, "502 its own"),
    ],
)
def test_what_a_function_does_not_answer_the_gateway_words(result: dict[str, object], answer: str) -> None:
    """As on AWS: the words and the status are those of the API's gateway responses, and never the function's error."""
    code = (
        "import asyncio; from local.emulator.patches import gateway\n"
        "from ministack.services import apigateway_v1 as api; gateway.install()\n"
        f"async def call(*_, **__): return {result!r}, None\n"
        "api._call_lambda_raw, api._build_lambda_event_v1 = call, lambda *_, **__: {}\n"
        "asked = api._invoke_lambda_proxy_v1({'uri': 'f'}, 'a', 's', {}, {}, '/', 'GET', {}, b'', {}, {})\n"
        "found = asyncio.run(asked)\n"
        "error = isinstance(found, api._GatewayError)\n"
        "print(*((found.response_type, found.message) if error else (found[0], found[2].decode())))"
    )
    found = _emulator(code)
    assert found.stdout.splitlines()[-1] == answer, found.stderr


def test_a_stack_under_an_update_is_not_deleted() -> None:
    """As on AWS, so that a tool that would try is noticed here."""
    code = (
        "from local.emulator.patches import stacks\n"
        "from ministack.services.cloudformation import handlers; stacks.install()\n"
        "handlers._resolve_stack = lambda _: {'StackId': 'arn:s', 'StackStatus': status}\n"
        "status = 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'\n"
        "print(handlers._ACTION_HANDLERS['DeleteStack']({'StackName': ['s']}))\n"
        "status = 'DELETE_COMPLETE'\n"
        "print(handlers._ACTION_HANDLERS['DeleteStack']({'StackName': ['s']}))"
    )
    found = _emulator(code)
    refused, done = found.stdout.splitlines()[-2:]
    assert "Stack [arn:s] cannot be deleted while in status UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" in refused, found
    assert done.startswith("(200,")
