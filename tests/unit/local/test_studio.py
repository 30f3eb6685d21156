"""Studio on the laptop: records, with AWS's rules of who stands in whose way."""

import base64
from typing import Any

import pytest

from local.sagemaker import authorization, operations, service
from local.sagemaker.errors import ServiceError
from local.sagemaker.store import records
from local.sagemaker.studio import cloudformation, identity
from tests.unit.local.conftest import ROLE, TestPlatform

BASE = "arn:aws:sagemaker:eu-west-1:111122223333"
OWNER = {"OwnershipSettings": {"OwnerUserProfileName": "ada"}, "SpaceSharingSettings": {"SharingType": "Private"}}


def call(name: str, **request: Any) -> dict[str, Any]:
    return operations.call(name, request)


def refused(name: str, code: str, **request: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        operations.call(name, request)
    assert caught.value.code == code, caught.value.message
    return caught.value.message


def domain_request(name: str = "churn", **more: Any) -> dict[str, Any]:
    return {
        "DomainName": name,
        "AuthMode": "IAM",
        "AppNetworkAccessType": "VpcOnly",
        "VpcId": "vpc-1",
        "SubnetIds": ["subnet-1"],
        "HomeEfsFileSystemCreation": "Disabled",
        "DomainSettings": {"SecurityGroupIds": ["sg-1"], "ExecutionRoleIdentityConfig": "USER_PROFILE_NAME"},
        "DefaultUserSettings": {
            "ExecutionRole": ROLE,
            "SpaceStorageSettings": {
                "DefaultEbsStorageSettings": {"DefaultEbsVolumeSizeInGb": 5, "MaximumEbsVolumeSizeInGb": 20}
            },
        },
        **more,
    }


@pytest.fixture
def domain(host: TestPlatform) -> str:
    """A domain with the user ada and her private space lab."""
    identity: str = call("CreateDomain", **domain_request())["DomainId"]
    call("CreateUserProfile", DomainId=identity, UserProfileName="ada")
    settings = {"SpaceSettings": {"AppType": "JupyterLab"}}
    call("CreateSpace", DomainId=identity, SpaceName="lab", **settings, **OWNER)
    return identity


def app(domain: str, **more: Any) -> dict[str, Any]:
    return {"DomainId": domain, "SpaceName": "lab", "AppType": "JupyterLab", "AppName": "default", **more}


def test_a_domain_is_in_service_and_has_no_file_system(domain: str) -> None:
    described = call("DescribeDomain", DomainId=domain)
    assert described["Status"] == "InService"
    assert described["DomainArn"] == f"{BASE}:domain/{domain}"
    assert "HomeEfsFileSystemId" not in described
    assert [one["DomainId"] for one in call("ListDomains")["Domains"]] == [domain]


def test_a_domain_whose_file_system_nobody_declined_has_one(host: TestPlatform) -> None:
    request = domain_request()
    del request["HomeEfsFileSystemCreation"]
    made = call("CreateDomain", **request)["DomainId"]
    assert call("DescribeDomain", DomainId=made)["HomeEfsFileSystemId"].startswith("fs-")
    message = refused("UpdateDomain", "ValidationException", DomainId=made, HomeEfsFileSystemCreation="Disabled")
    assert "from Enabled to Disabled" in message


@pytest.mark.parametrize("lacking", ["VpcId", "SubnetIds", "DomainSettings"])
def test_a_domain_of_the_vpc_needs_all_of_its_network(host: TestPlatform, lacking: str) -> None:
    request = domain_request()
    del request[lacking]
    assert "VpcOnly needs" in refused("CreateDomain", "ValidationException", **request)


def test_a_domain_hands_its_role_over(host: TestPlatform) -> None:
    host.forbidden.add("iam:PassRole")
    refused("CreateDomain", "AccessDeniedException", **domain_request())
    assert ("iam:PassRole", ROLE) in host.checked


def test_an_update_changes_what_it_names(domain: str) -> None:
    settings = {"JupyterLabAppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.t3.large"}}}
    docker = {"DockerSettings": {"EnableDockerAccess": "DISABLED"}}
    call("UpdateDomain", DomainId=domain, DefaultUserSettings=settings, DomainSettingsForUpdate=docker)
    described = call("DescribeDomain", DomainId=domain)
    assert described["DefaultUserSettings"]["ExecutionRole"] == ROLE
    assert described["DefaultUserSettings"]["JupyterLabAppSettings"]["DefaultResourceSpec"] == {
        "InstanceType": "ml.t3.large"
    }
    assert described["DomainSettings"]["SecurityGroupIds"] == ["sg-1"]
    assert described["DomainSettings"]["DockerSettings"] == {"EnableDockerAccess": "DISABLED"}


def test_nothing_is_deleted_under_what_is_in_it(host: TestPlatform, domain: str) -> None:
    call("CreateApp", **app(domain))
    host.wait()
    assert call("DescribeApp", **app(domain))["Status"] == "InService"
    assert "user profiles: ada" in refused("DeleteDomain", "ResourceInUse", DomainId=domain)
    ada = {"DomainId": domain, "UserProfileName": "ada"}
    lab = {"DomainId": domain, "SpaceName": "lab"}
    assert "spaces: lab" in refused("DeleteUserProfile", "ResourceInUse", **ada)
    assert "apps: default" in refused("DeleteSpace", "ResourceInUse", **lab)
    call("DeleteApp", **app(domain))
    host.wait()
    # As on AWS, a deleted app is listed for a while, and in nobody's way.
    (listed,) = call("ListApps", DomainIdEquals=domain)["Apps"]
    assert listed["Status"] == "Deleted"
    refused("DeleteApp", "ResourceNotFound", **app(domain))
    call("DeleteSpace", **lab)
    assert call("ListApps")["Apps"] == []
    call("DeleteUserProfile", **ada)
    call("DeleteDomain", DomainId=domain)
    refused("DescribeDomain", "ResourceNotFound", DomainId=domain)
    assert not [kind for kind in ("Domain", "UserProfile", "Space", "App") if records.all(kind)]


def test_an_app_of_a_user_stands_in_the_users_way(host: TestPlatform, domain: str) -> None:
    own = {"DomainId": domain, "UserProfileName": "ada", "AppType": "JupyterServer", "AppName": "default"}
    call("CreateApp", **own)
    assert "apps: default" in refused("DeleteUserProfile", "ResourceInUse", DomainId=domain, UserProfileName="ada")
    (listed,) = call("ListApps", UserProfileNameEquals="ada")["Apps"]
    assert listed["Status"] in ("Pending", "InService")
    assert call("ListApps", SpaceNameEquals="lab")["Apps"] == []
    host.wait()
    call("DeleteApp", **own)
    host.wait()
    call("DeleteSpace", DomainId=domain, SpaceName="lab")
    call("DeleteUserProfile", DomainId=domain, UserProfileName="ada")
    assert call("ListApps")["Apps"] == []


def test_a_deleted_app_can_be_started_again(host: TestPlatform, domain: str) -> None:
    for _ in range(2):
        call("CreateApp", **app(domain))
        host.wait()
        assert "already exists" in refused("CreateApp", "ResourceInUse", **app(domain))
        call("DeleteApp", **app(domain))
        host.wait()
    assert len(call("ListApps")["Apps"]) == 1


def test_names_are_taken_once_and_kinds_fit(domain: str) -> None:
    refused("CreateUserProfile", "ResourceInUse", DomainId=domain, UserProfileName="ada")
    refused("CreateSpace", "ResourceInUse", DomainId=domain, SpaceName="lab", **OWNER)
    refused("CreateDomain", "ValidationException", **domain_request())
    refused("CreateUserProfile", "ResourceNotFound", DomainId="d-none", UserProfileName="ada")
    assert "of type JupyterLab" in refused("CreateApp", "ValidationException", **app(domain, AppType="CodeEditor"))
    assert "Exactly one" in refused("CreateApp", "ValidationException", **app(domain, UserProfileName="ada"))
    refused("CreateUserProfile", "ValidationException", DomainId=domain, UserProfileName="not a name")


def test_a_space_has_an_owner_who_exists_and_a_disk_within_the_limit(domain: str) -> None:
    stranger = OWNER | {"OwnershipSettings": {"OwnerUserProfileName": "eve"}}
    refused("CreateSpace", "ResourceNotFound", DomainId=domain, SpaceName="more", **stranger)
    alone = {"OwnershipSettings": OWNER["OwnershipSettings"]}
    refused("CreateSpace", "ValidationException", DomainId=domain, SpaceName="more", **alone)
    disk = {"SpaceSettings": {"SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 21}}}}
    message = refused("UpdateSpace", "ValidationException", DomainId=domain, SpaceName="lab", **disk)
    assert "maximum of 20" in message
    call("UpdateSpace", DomainId=domain, SpaceName="lab", SpaceDisplayName="Lab")
    (listed,) = call("ListSpaces", DomainIdEquals=domain, SpaceNameContains="la")["Spaces"]
    assert listed["SpaceDisplayName"] == "Lab"
    assert listed["SpaceSharingSettingsSummary"] == {"SharingType": "Private"}
    assert listed["OwnershipSettingsSummary"] == {"OwnerUserProfileName": "ada"}


def test_an_address_is_only_for_a_profile_that_exists(domain: str) -> None:
    answer = call("CreatePresignedDomainUrl", DomainId=domain, UserProfileName="ada", SpaceName="lab")
    assert answer["AuthorizedUrl"].startswith(f"https://{domain}.studio.eu-west-1.sagemaker.aws/auth?token=")
    refused("CreatePresignedDomainUrl", "ResourceNotFound", DomainId=domain, UserProfileName="eve")


def test_a_script_that_a_domain_uses_stays(host: TestPlatform, domain: str) -> None:
    content = base64.b64encode(b"#!/bin/bash\n").decode()
    request = {"StudioLifecycleConfigName": "setup", "StudioLifecycleConfigAppType": "JupyterLab"}
    message = refused("CreateStudioLifecycleConfig", "ValidationException", StudioLifecycleConfigContent="x", **request)
    assert "base64" in message
    made = call("CreateStudioLifecycleConfig", StudioLifecycleConfigContent=content, **request)
    arn = made["StudioLifecycleConfigArn"]
    settings = {"JupyterLabAppSettings": {"BuiltInLifecycleConfigArn": arn}}
    call("UpdateDomain", DomainId=domain, DefaultUserSettings=settings)
    refused("DeleteStudioLifecycleConfig", "ResourceInUse", StudioLifecycleConfigName="setup")
    call("CreateApp", **app(domain))
    host.wait()
    assert call("DescribeApp", **app(domain))["BuiltInLifecycleConfigArn"] == arn
    assert call("ListStudioLifecycleConfigs", AppTypeEquals="CodeEditor")["StudioLifecycleConfigs"] == []
    other = {"JupyterLabAppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.t3.medium"}}}
    call("UpdateDomain", DomainId=domain, DefaultUserSettings=other)
    call("DeleteStudioLifecycleConfig", StudioLifecycleConfigName="setup")
    refused("DescribeStudioLifecycleConfig", "ResourceNotFound", StudioLifecycleConfigName="setup")


def test_a_stop_ends_what_was_going_on(host: TestPlatform, domain: str) -> None:
    call("CreateApp", **app(domain))
    host.wait()
    kept = service.state()
    for one in kept["records"]:
        if one["kind"] == "App":
            one["record"]["Status"] = "Deleting"
    service.restore(kept)
    assert call("DescribeApp", **app(domain))["Status"] == "Deleted"


def test_tags_need_their_own_permission_which_knows_the_occasion(host: TestPlatform, domain: str) -> None:
    host.forbidden.add("sagemaker:AddTags")
    tags = {"Tags": [{"Key": "k", "Value": "v"}]}
    refused("CreateSpace", "AccessDeniedException", DomainId=domain, SpaceName="tagged", **OWNER, **tags)
    assert ("sagemaker:AddTags", f"{BASE}:space/{domain}/tagged") in host.checked
    assert host.contexts[-1] == {"sagemaker:TaggingAction": "CreateSpace"}
    refused("DescribeSpace", "ResourceNotFound", DomainId=domain, SpaceName="tagged")


@pytest.mark.parametrize(
    ("action", "request_", "expected"),
    [
        ("DescribeDomain", {}, "domain/{d}"),
        ("CreateUserProfile", {"UserProfileName": "eve"}, "user-profile/{d}/eve"),
        ("CreatePresignedDomainUrl", {"UserProfileName": "ada"}, "user-profile/{d}/ada"),
        ("UpdateSpace", {"SpaceName": "lab"}, "space/{d}/lab"),
        ("CreateApp", {"SpaceName": "lab", "AppType": "JupyterLab", "AppName": "default"},
         "app/{d}/lab/jupyterlab/default"),
        ("DeleteApp", {"UserProfileName": "ada", "AppType": "JupyterServer", "AppName": "x"},
         "app/{d}/ada/jupyterserver/x"),
    ],
)  # fmt: skip
def test_the_resource_of_a_request(domain: str, action: str, request_: dict[str, Any], expected: str) -> None:
    found = authorization.resource(action, "/", {"DomainId": domain, **request_})
    assert found == f"{BASE}:{expected.format(d=domain)}"


def test_lists_and_what_is_badly_formed_act_on_no_resource(domain: str) -> None:
    assert authorization.resource("ListApps", "/", {"DomainIdEquals": domain}) == "*"
    assert authorization.resource("CreateApp", "/", {"DomainId": domain, "AppType": "JupyterLab"}) == "*"


def test_the_space_tells_whose_an_app_is(domain: str) -> None:
    mine = {
        "sagemaker:OwnerUserProfileArn": f"{BASE}:user-profile/{domain}/ada",
        "sagemaker:SpaceSharingType": "Private",
    }
    assert authorization.condition_keys(app(domain)) == mine
    spec = {"InstanceType": "ml.t3.medium", "LifecycleConfigArn": "None"}
    assert authorization.condition_keys(app(domain, ResourceSpec=spec)) == mine | {
        "sagemaker:InstanceTypes": ["ml.t3.medium"],
        "sagemaker:StudioLifecycleConfigArns": ["None"],
    }
    lab = {"JupyterLabAppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.t3.large"}}, "RemoteAccess": "ENABLED"}
    new = {"DomainId": domain, "SpaceName": "new", "SpaceSettings": lab}
    assert authorization.condition_keys(new) == {
        "sagemaker:InstanceTypes": ["ml.t3.large"],
        "sagemaker:RemoteAccess": "ENABLED",
    }
    # An app of a profile, outside any space, has no owner in AWS's sense.
    own = {"DomainId": domain, "UserProfileName": "ada", "AppType": "JupyterServer", "AppName": "default"}
    assert authorization.condition_keys(own) == {}


def test_a_session_named_like_a_user_is_that_users(domain: str) -> None:
    role = ROLE.rsplit("/", 1)[-1]
    assert identity.principal_keys(role, "ada") == {
        "sagemaker:domainid": domain,
        "sagemaker:userprofilename": "ada",
        "aws:sourceidentity": "ada",
    }
    assert identity.principal_keys(role, "eve") == {}
    assert identity.principal_keys("other", "ada") == {}
    settings = {"ExecutionRole": ROLE.replace("jobs", "own")}
    call("UpdateUserProfile", DomainId=domain, UserProfileName="ada", UserSettings=settings)
    assert identity.principal_keys(role, "ada") == {}
    assert identity.principal_keys("own", "ada")["sagemaker:userprofilename"] == "ada"


def test_cloudformation_makes_changes_and_deletes_all_of_it(host: TestPlatform) -> None:
    kinds = {name.rsplit("::", 1)[-1]: kind for name, kind in cloudformation.TYPES.items()}
    content = base64.b64encode(b"#!/bin/bash\n").decode()
    script, made = kinds["StudioLifecycleConfig"].create(
        "", {"StudioLifecycleConfigName": "setup", "StudioLifecycleConfigAppType": "JupyterLab",
             "StudioLifecycleConfigContent": content},
    )  # fmt: skip
    assert script == "setup"
    props = domain_request()
    domain, attributes = kinds["Domain"].create("", props)
    assert attributes["DomainId"] == domain
    assert attributes["HomeEfsFileSystemId"] == ""
    settings = props["DefaultUserSettings"] | {
        "JupyterLabAppSettings": {"BuiltInLifecycleConfigArn": made["StudioLifecycleConfigArn"]}
    }
    changed = props | {"DefaultUserSettings": settings, "Tags": [{"Key": "a", "Value": "b"}]}
    assert not kinds["Domain"].replaces(props, changed)
    assert kinds["Domain"].replaces(props, props | {"KmsKeyId": "k"})
    assert kinds["Domain"].update(domain, props, changed)[0] == domain
    assert "JupyterLabAppSettings" in call("DescribeDomain", DomainId=domain)["DefaultUserSettings"]
    user = {"DomainId": domain, "UserProfileName": "ada"}
    assert kinds["UserProfile"].create("", user)[0] == f"ada|{domain}"
    space = {"DomainId": domain, "SpaceName": "lab", **OWNER}
    assert kinds["Space"].create("", space)[0] == f"{domain}|lab"
    renamed = space | {"SpaceDisplayName": "Lab"}
    kinds["Space"].update(f"{domain}|lab", space, renamed)
    assert call("DescribeSpace", DomainId=domain, SpaceName="lab")["SpaceDisplayName"] == "Lab"
    running = {"DomainId": domain, "UserProfileName": "ada", "AppType": "JupyterLab", "AppName": "default"}
    name, _ = kinds["App"].create("", running)
    assert name == f"default|JupyterLab|{domain}|ada"
    for kind, physical in (("App", name), ("Space", f"{domain}|lab"), ("UserProfile", f"ada|{domain}")):
        kinds[kind].delete(physical)
        kinds[kind].delete(physical)  # one that is gone is fine
    kinds["Domain"].delete(domain)
    kinds["StudioLifecycleConfig"].delete(script)
    assert not [one for one in kinds if one != "App" and records.all(one)]
