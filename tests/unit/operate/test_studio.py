"""How Studio is emptied, checked against SageMaker's own shapes."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from config import load_settings
from operate import studio, survey
from operate.account import Account
from operate.destruction import Destruction
from operate.inventory import Inventory
from operate.progress import Progress
from tests.unit.operate.conftest import no_transforms

Stub = Callable[[str], Stubber]
APP = {"DomainId": "d-1", "SpaceName": "lab", "AppType": "JupyterLab", "AppName": "default"}
SPACE, PROFILE = {"DomainId": "d-1", "SpaceName": "lab"}, {"DomainId": "d-1", "UserProfileName": "by-hand"}
IN_DOMAIN = {"DomainIdEquals": "d-1"}


def test_apps_of_profiles_and_of_spaces_are_deleted_once(stub: Stub) -> None:
    sagemaker = stub("sagemaker")
    common = {"DomainId": "d-1", "AppName": "default"}
    listed = [
        {**common, "UserProfileName": "ada", "AppType": "JupyterServer", "Status": "Deleted"},
        {**common, "SpaceName": "lab", "AppType": "JupyterLab", "Status": "InService"},
        {**common, "SpaceName": "old", "AppType": "JupyterLab", "Status": "Deleting"},
    ]
    sagemaker.add_response("list_apps", {"Apps": listed}, IN_DOMAIN)
    sagemaker.add_response("delete_app", {}, {**common, "SpaceName": "lab", "AppType": "JupyterLab"})
    sagemaker.add_client_error("delete_app", "ResourceInUse", "is being deleted")
    studio.delete_apps(sagemaker.client, "d-1")


def test_spaces_and_profiles_are_deleted_and_one_that_is_gone_is_fine(stub: Stub) -> None:
    sagemaker = stub("sagemaker")
    sagemaker.add_response("list_spaces", {"Spaces": [SPACE, {**SPACE, "SpaceName": "gone"}]}, IN_DOMAIN)
    sagemaker.add_response("delete_space", {}, SPACE)
    sagemaker.add_client_error("delete_space", "ResourceNotFound")
    studio.delete_spaces(sagemaker.client, "d-1")
    sagemaker.add_response("list_user_profiles", {"UserProfiles": [PROFILE]}, IN_DOMAIN)
    sagemaker.add_client_error("delete_user_profile", "ResourceInUse")
    with pytest.raises(ClientError, match="ResourceInUse"):
        studio.delete_profiles(sagemaker.client, "d-1")


def test_a_domain_without_a_stack_goes_with_its_file_system(stub: Stub) -> None:
    sagemaker = stub("sagemaker")
    asked = {"DomainId": "d-1", "RetentionPolicy": {"HomeEfsFileSystem": "Delete"}}
    sagemaker.add_response("delete_domain", {}, asked)
    studio.delete_domains(sagemaker.client, ["d-1"])


def test_the_parts_of_a_domain_go_in_order_and_then_the_domain(
    account: Account, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No stack is left, the domain is: each part is waited for before what it stands in the way of."""
    looks = iter([Inventory(), Inventory(), Inventory(domains=("d-1",), lifecycle_configs=("churn-dev-1f",))])
    monkeypatch.setattr(survey, "look", lambda *_, **__: next(looks, Inventory()))
    monkeypatch.setattr(Progress, "wait", lambda self, what, count, **_: count() == 0)
    sagemaker = stub("sagemaker")
    no_transforms(sagemaker, "churn-dev")
    parts = (
        ("apps", "Apps", "app", {**APP, "Status": "InService"}, APP),
        ("spaces", "Spaces", "space", SPACE, SPACE),
        ("user_profiles", "UserProfiles", "user_profile", PROFILE, PROFILE),
    )
    for listed, member, word, found, request in parts:
        for _ in range(2):
            sagemaker.add_response(f"list_{listed}", {member: [found]}, IN_DOMAIN)
        sagemaker.add_response(f"delete_{word}", {}, request)
        sagemaker.add_response(f"list_{listed}", {member: []}, IN_DOMAIN)
    sagemaker.add_response("delete_domain", {}, {"DomainId": "d-1", "RetentionPolicy": {"HomeEfsFileSystem": "Delete"}})
    sagemaker.add_response("list_domains", {"Domains": []})
    sagemaker.add_response("delete_studio_lifecycle_config", {}, {"StudioLifecycleConfigName": "churn-dev-1f"})
    logs = stub("logs")
    streams = {"logGroupName": "/aws/sagemaker/studio", "logStreamNamePrefix": "d-1/"}
    logs.add_response("describe_log_streams", {"logStreams": [{"logStreamName": "d-1/lab/JupyterLab"}]}, streams)
    logs.add_response(
        "delete_log_stream", {}, {"logGroupName": "/aws/sagemaker/studio", "logStreamName": "d-1/lab/JupyterLab"}
    )
    transforms = {"logGroupName": "/aws/sagemaker/TransformJobs", "logStreamNamePrefix": "churn-dev-"}
    logs.add_response("describe_log_streams", {"logStreams": []}, transforms)
    for _ in range(4):
        logs.add_response("describe_log_groups", {"logGroups": []})
    before = Inventory(domains=("d-1",))
    assert Destruction(account, load_settings("dev"), before, Progress()).run() == Inventory()
