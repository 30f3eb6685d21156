"""Studio: a place inside the network, under the key, of private spaces; and what its users and their jobs may do."""

import base64
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import cfnlint.data.schemas
import pytest

from config import ENVIRONMENTS, Settings, load_settings
from config.studio_machines import STUDIO_INSTANCE_TYPES
from stacks.components import studio_permissions
from stacks.components.studio_setup import LIMIT_BYTES, SCRIPT, space_script

from .conftest import Environment, Synthesised
from .test_security import as_list, identity_statements, is_key, text

Synthesise = Callable[[Settings], Environment]
WITH_STUDIO = [name for name in ENVIRONMENTS if load_settings(name).studio.enabled]


@pytest.fixture(params=WITH_STUDIO)
def studio(request: pytest.FixtureRequest, synthesised: Synthesised) -> Environment:
    """Each environment with Studio in turn."""
    return synthesised.environments[request.param]


def statements(environment: Environment, role: str) -> list[dict[str, Any]]:
    """What a role of Studio is allowed and denied."""
    return [s for r, s in identity_statements(environment) if r.stack == "Studio" and r.logical_id.startswith(role)]


def test_the_domain_is_in_the_network_under_our_key_and_leaves_no_file_system(studio: Environment) -> None:
    domain = studio.one("AWS::SageMaker::Domain").properties
    assert domain["AppNetworkAccessType"] == "VpcOnly"
    assert domain["AuthMode"] == "IAM"
    assert domain["HomeEfsFileSystemCreation"] == "Disabled"
    assert is_key("Data", domain["KmsKeyId"])
    assert len(domain["SubnetIds"]) == studio.settings.network.zone_count
    settings = domain["DomainSettings"]
    assert settings["ExecutionRoleIdentityConfig"] == "USER_PROFILE_NAME"
    assert settings["DockerSettings"] == {"EnableDockerAccess": "DISABLED"}
    users = domain["DefaultUserSettings"]
    for group in (*settings["SecurityGroupIds"], *users["SecurityGroups"]):
        assert "OutputFnGetAttStudio" in text(group), "the group of spaces, and not that of jobs or of the doors"
    assert users["SharingSettings"] == {"NotebookOutputOption": "Disabled"}
    assert "DataScientistRole" in text(users["ExecutionRole"])
    # Nothing that a shared space could start with.
    assert "DefaultSpaceSettings" not in domain
    assert "AWS::EFS::FileSystem" not in {resource.type for resource in studio.resources()}


def test_idle_spaces_stop_and_start_with_our_script_on_our_machines(studio: Environment) -> None:
    users = studio.one("AWS::SageMaker::Domain").properties["DefaultUserSettings"]
    wanted = studio.settings.studio
    lab = users["JupyterLabAppSettings"]
    assert lab["AppLifecycleManagement"]["IdleSettings"] == {
        "LifecycleManagement": "ENABLED",
        "IdleTimeoutInMinutes": wanted.idle_minutes,
        "MinIdleTimeoutInMinutes": 60,
        "MaxIdleTimeoutInMinutes": wanted.idle_minutes,
    }
    setup = studio.one("AWS::SageMaker::StudioLifecycleConfig")
    assert lab["BuiltInLifecycleConfigArn"] == {"Fn::GetAtt": [setup.logical_id, "StudioLifecycleConfigArn"]}
    assert lab["DefaultResourceSpec"] == {"InstanceType": wanted.instance_types[0]}
    portal = users["StudioWebPortalSettings"]
    assert set(portal["HiddenInstanceTypes"]) == set(STUDIO_INSTANCE_TYPES) - set(wanted.instance_types)
    assert "JupyterLab" not in portal["HiddenAppTypes"]
    assert {"Canvas", "CodeEditor", "JupyterServer"} <= set(portal["HiddenAppTypes"])
    disk = users["SpaceStorageSettings"]["DefaultEbsStorageSettings"]
    assert disk == {
        "DefaultEbsVolumeSizeInGb": wanted.volume_gb,
        "MaximumEbsVolumeSizeInGb": wanted.maximum_volume_gb,
    }


def test_every_user_has_a_private_space(studio: Environment) -> None:
    profiles = studio.resources("AWS::SageMaker::UserProfile")
    spaces = studio.resources("AWS::SageMaker::Space")
    assert [p.properties["UserProfileName"] for p in profiles] == list(studio.settings.studio.users)
    for profile, space in zip(profiles, spaces, strict=True):
        # The domain's settings hold for everybody: a profile's own would go before them.
        assert "UserSettings" not in profile.properties
        assert space.properties["OwnershipSettings"] == {"OwnerUserProfileName": profile.properties["UserProfileName"]}
        assert space.properties["SpaceSharingSettings"] == {"SharingType": "Private"}
        assert space.properties["SpaceSettings"]["AppType"] == "JupyterLab"
        assert space.properties["SpaceSettings"]["RemoteAccess"] == "DISABLED"
        assert profile.logical_id in as_list(space.body["DependsOn"])


def test_without_the_setting_there_is_no_domain_no_role_and_no_door(synthesised: Synthesised) -> None:
    staging = synthesised.environments["staging"]
    assert not staging.settings.studio.enabled
    kinds = {resource.type for resource in staging.resources()}
    assert "AWS::SageMaker::Domain" not in kinds
    assert "Studio" not in staging.templates
    services = [text(door.properties["ServiceName"]) for door in staging.resources("AWS::EC2::VPCEndpoint")]
    assert not [one for one in services if "studio" in one or "sagemaker.api" in one]


def test_more_users_are_more_spaces(synthesise: Synthesise) -> None:
    dev = load_settings("dev")
    found = synthesise(replace(dev, studio=replace(dev.studio, users=("ada", "grace"))))
    assert [s.properties["SpaceName"] for s in found.resources("AWS::SageMaker::Space")] == ["ada-lab", "grace-lab"]


def test_studio_has_its_door_to_the_runtime_where_the_api_has_none(synthesise: Synthesise) -> None:
    dev = load_settings("dev")
    found = synthesise(replace(dev, api=replace(dev.api, in_vpc=False)))
    (door,) = [d for d in found.resources("AWS::EC2::VPCEndpoint") if "runtime" in text(d.properties["ServiceName"])]
    assert "StudioDoors" in text(door.properties["SecurityGroupIds"])


def test_the_doors_of_studio_let_through_what_its_users_may_do(studio: Environment) -> None:
    doors = {text(d.properties["ServiceName"]): d.properties for d in studio.resources("AWS::EC2::VPCEndpoint")}

    def door(service: str) -> dict[str, Any]:
        (found,) = [properties for name, properties in doors.items() if service in name]
        return found

    for service in ("sagemaker.api", ".studio", "sagemaker.runtime", ".logs", ".monitoring", ".sts"):
        assert "StudioDoors" in text(door(service)["SecurityGroupIds"]), service
        assert door(service)["PrivateDnsEnabled"] is True
    for service in ("ecr.api", "ecr.dkr", ".kms"):
        assert "StudioDoors" not in text(door(service)["SecurityGroupIds"]), f"spaces need no {service}"
    passes = {
        action
        for service in ("sagemaker.api", "sagemaker.runtime", ".logs", ".monitoring")
        for statement in door(service)["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
    }
    allowed = {
        action
        for statement in statements(studio, "DataScientistRole")
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
    }
    called = {action for action in allowed if action.partition(":")[0] in ("sagemaker", "cloudwatch")}
    assert called | set(studio_permissions.READ_LOGS) <= passes


def test_a_data_scientist_approves_nothing_and_hands_over_one_role(studio: Environment) -> None:
    mine = statements(studio, "DataScientistRole")
    allowed = {action for s in mine if s["Effect"] == "Allow" for action in as_list(s["Action"])}
    never = {
        "sagemaker:CreateModelPackage",
        "sagemaker:UpdateModelPackage",
        "sagemaker:UpdatePipeline",
        "sagemaker:UpdateEndpoint",
        "sagemaker:CreateModel",
        "sagemaker:UpdateUserProfile",
        "sagemaker:StartSession",
        "s3:DeleteObject",
        "logs:DescribeLogGroups",
    }
    assert not allowed & never
    (passing,) = [s for s in mine if "iam:PassRole" in as_list(s["Action"])]
    (role,) = as_list(passing["Resource"])
    assert role["Fn::GetAtt"][0].startswith("ExperimentRole")
    denied = {s["Sid"]: s for s in mine if s["Effect"] == "Deny"}
    assert denied["Approval"]["Condition"] == {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}}
    machines = denied["OtherMachinesOfSpaces"]["Condition"]["ForAnyValue:StringNotEquals"]
    assert as_list(machines["sagemaker:InstanceTypes"]) == list(studio.settings.studio.instance_types)


def test_a_data_scientist_reads_the_logs_of_work_and_no_others(studio: Environment) -> None:
    reads = [s for s in statements(studio, "DataScientistRole") if "logs:GetLogEvents" in as_list(s["Action"])]
    groups = {
        text(resource).split("log-group:")[1].rstrip('"]}').removesuffix(":*")
        for statement in reads
        for resource in as_list(statement["Resource"])
    }
    assert groups == {f"/aws/sagemaker/{name}" for name in ("ProcessingJobs", "TrainingJobs", "studio")}


def test_spaces_and_apps_are_ones_own(studio: Environment) -> None:
    changing = {*studio_permissions.OWN_SPACE, *studio_permissions.OWN_APPS}
    found = [
        s
        for s in statements(studio, "DataScientistRole")
        if s["Effect"] == "Allow" and changing & {*as_list(s["Action"])}
    ]
    assert found
    for statement in found:
        condition = statement["Condition"]
        owner = text(condition["ArnEquals"]["sagemaker:OwnerUserProfileArn"])
        assert owner.endswith('user-profile/${sagemaker:DomainId}/${sagemaker:UserProfileName}"]]}')
        assert condition["StringEquals"] == {"sagemaker:SpaceSharingType": "Private"}


@pytest.mark.parametrize("role", ["DataScientistRole", "ExperimentRole"])
def test_what_is_written_lies_under_experiments(studio: Environment, role: str) -> None:
    writes = [s for s in statements(studio, role) if "s3:PutObject" in as_list(s["Action"])]
    assert writes
    for statement in writes:
        for resource in as_list(statement["Resource"]):
            assert text(resource).rstrip('"]}').endswith("/experiments/*")


def test_roles_of_studio_trust_sagemaker_and_carry_the_users_name(studio: Environment) -> None:
    roles = {r.logical_id: r.properties for r in studio.resources("AWS::IAM::Role") if r.stack == "Studio"}
    assert len(roles) == 2
    for name, properties in roles.items():
        (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
        named = ["sts:AssumeRole", "sts:SetSourceIdentity"] if name.startswith("DataScientist") else ["sts:AssumeRole"]
        assert as_list(statement["Action"]) == named


def test_the_machines_are_those_that_the_api_and_cloudformation_know() -> None:
    api = set(botocore.session.get_session().get_service_model("sagemaker").shape_for("AppInstanceType").enum)
    folder = Path(cfnlint.data.schemas.__file__).parent / "resources"
    schemas = (json.loads(path.read_text()) for path in folder.glob("*.json"))
    (domain,) = [schema for schema in schemas if schema.get("typeName") == "AWS::SageMaker::Domain"]
    cloudformation = set(domain["definitions"]["AppInstanceType"]["enum"])
    assert set(STUDIO_INSTANCE_TYPES) == (api & cloudformation) - {"system"}
    assert len(set(STUDIO_INSTANCE_TYPES)) == len(STUDIO_INSTANCE_TYPES)


def test_the_script_fits_and_changes_its_name_with_its_content(studio: Environment, synthesise: Synthesise) -> None:
    def of(environment: Environment) -> dict[str, Any]:
        return environment.one("AWS::SageMaker::StudioLifecycleConfig").properties

    properties = of(studio)
    script = text(properties["StudioLifecycleConfigContent"]["Fn::Base64"])
    assert len(base64.b64encode(script.encode())) < LIMIT_BYTES
    assert "@" not in script.replace("$@", "")
    if studio.name == "dev":
        settings = load_settings("dev")
        repository = "https://git.example.com/team/churn.git"
        other = of(synthesise(replace(settings, studio=replace(settings.studio, git_repository=repository))))
        assert other["StudioLifecycleConfigName"] != properties["StudioLifecycleConfigName"]
        assert repository in text(other["StudioLifecycleConfigContent"])


def test_the_notebooks_do_not_change_what_a_run_is_made_of(synthesised: Synthesised, studio: Environment) -> None:
    hashes = {path.parent.name for path in synthesised.folder.glob("asset.*/code/notebooks/*/*")}
    assert len(hashes) == 1
    assert hashes.pop() not in json.dumps(studio.pipeline_definition())


class Space:
    """A home folder in which the script runs for real; ``aws`` and ``git`` are small stand-ins on its path."""

    def __init__(self, folder: Path) -> None:
        self.home, self.source, self.bin = folder / "home", folder / "bucket", folder / "bin"
        for one in (self.home, self.source, self.bin):
            one.mkdir()
        # aws s3 cp --recursive --only-show-errors FROM TO
        self.command("aws", 'from=${5#s3://}; [ -d "$from" ] && cp -r "$from"/. "$6"')
        self.command("git", 'test "$1" = clone || exit 1; mkdir -p "$4" && touch "$4/README"')

    def command(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)

    def start(self, repository: str = "") -> str:
        """Start once: what the script says."""
        project = json.dumps({"pipeline": "churn-dev"})
        script = space_script(notebooks_uri=f"s3://{self.source}", project=project, repository=repository)
        environment = {"HOME": str(self.home), "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        return done.stdout


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path)


def test_a_space_starts_with_the_notebooks_and_what_they_must_know(space: Space) -> None:
    (space.source / "deep").mkdir()
    (space.source / "deep" / "a.py").write_text("one")
    assert "the notebooks are in" in space.start()
    assert (space.home / "churn" / "deep" / "a.py").read_text() == "one"
    assert json.loads((space.home / "churn" / "studio.json").read_text()) == {"pipeline": "churn-dev"}


def test_what_a_person_changed_stays_and_the_new_version_lies_beside_it(space: Space) -> None:
    notebook, untouched = space.home / "churn" / "my notebook.ipynb", space.home / "churn" / "b.py"
    for version in ("one", "two"):
        (space.source / "my notebook.ipynb").write_text(version)
        (space.source / "b.py").write_text(version)
        said = space.start()
        assert notebook.read_text() == untouched.read_text() == version
        assert "was changed here" not in said
    notebook.write_text("mine")
    (space.source / "my notebook.ipynb").write_text("three")
    (space.source / "b.py").write_text("three")
    assert "my notebook.ipynb was changed here and stays" in space.start()
    assert notebook.read_text() == "mine"
    assert notebook.with_name("my notebook.ipynb.new").read_text() == "three"
    assert untouched.read_text() == "three"


def test_what_cannot_be_fetched_is_said_and_the_space_starts(space: Space) -> None:
    space.source.rmdir()
    space.command("git", "exit 128")
    said = space.start("https://git.example.com/team/churn.git")
    assert "the notebooks could not be copied from s3://" in said
    assert "could not be cloned: no way leads from this network to the internet" in said
    assert not (space.home / "git" / "churn").exists()
    assert (space.home / "churn" / "studio.json").is_file()


def test_a_repository_is_cloned_once_and_then_left_alone(space: Space) -> None:
    repository = "https://git.example.com/team/models.git"
    assert "models.git is in" in space.start(repository)
    (space.home / "git" / "models" / "README").write_text("mine")
    assert "is there already, and is left as it is" in space.start(repository)
    assert (space.home / "git" / "models" / "README").read_text() == "mine"


def test_the_script_keeps_within_the_five_minutes_that_sagemaker_gives() -> None:
    limits = [
        int(line.split("timeout ")[1].split()[0]) for line in SCRIPT.read_text().splitlines() if "timeout " in line
    ]
    assert limits == [120, 90]
    assert sum(limits) < 300
