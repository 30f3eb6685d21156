"""CloudFormation's view of Studio: resource types over the API's operations."""

import time

from local.sagemaker import operations
from local.sagemaker.cloudformation import Answer, Kind, Props, ResourceFailed
from local.sagemaker.operations import Request
from local.sagemaker.store import Record, records
from local.sagemaker.studio.parts import GONE

_DELETION_S = 120


class RecordKind(Kind):
    """A kind whose handlers only read and write records."""

    waits = False


class DomainKind(RecordKind):
    """A domain: its name is no key, and an update names its settings otherwise than a creation does."""

    _CHANGEABLE = (
        "AppNetworkAccessType", "AppSecurityGroupManagement", "DefaultSpaceSettings", "DefaultUserSettings",
        "HomeEfsFileSystemCreation", "SubnetIds", "TagPropagation", "VpcId",
    )  # fmt: skip

    def find(self, physical_id: str) -> Record | None:
        """A domain's record."""
        return records.get("Domain", physical_id)

    def create(self, generated: str, props: Props) -> Answer:
        """Create it; the service makes its id up."""
        request = self.request("CreateDomain", {"DomainName": generated, **props})
        operations.call("CreateDomain", request)
        (record,) = [one for one in records.all("Domain") if one["DomainName"] == request["DomainName"]]
        return self.answer(record)

    def answer(self, record: Record) -> Answer:
        """Physical id and attributes; a domain without a file system has an empty one."""
        _, attributes = super().answer({"HomeEfsFileSystemId": "", **record})
        return record["DomainId"], attributes

    def update(self, physical_id: str, old: Props, new: Props) -> Answer:
        """Update in place."""
        changed = {name: new[name] for name in self._CHANGEABLE if name in new}
        if "DomainSettings" in new:
            changed["DomainSettingsForUpdate"] = new["DomainSettings"]
        operations.call("UpdateDomain", self.request("UpdateDomain", {"DomainId": physical_id, **changed}))
        return super().update(physical_id, old, new)

    def delete_request(self, record: Record) -> Request:
        """The request; see :class:`Kind`."""
        return {"DomainId": record["DomainId"]}


class PartKind(RecordKind):
    """A part of a domain: several names identify it, joined as its primary identifier joins them.

    Parameters
    ----------
    settings
        The properties that change in place.
    keys
        The properties that identify it, in the identifier's order.
    """

    def __init__(
        self, name: str, create_only: tuple[str, ...], attributes: tuple[str, ...], settings: tuple[str, ...],
        keys: tuple[str, ...],
    ) -> None:  # fmt: skip
        super().__init__(name, create_only, "name", attributes)
        self._settings, self._keys = settings, keys

    def find(self, physical_id: str) -> Record | None:
        """The record behind an identifier; an app that is deleted is not there."""
        for record in records.all(self.name):
            if self.answer(record)[0] == physical_id and record["Status"] not in GONE:
                return record
        return None

    def answer(self, record: Record) -> Answer:
        """Physical id and attributes."""
        _, attributes = super().answer(record)
        return "|".join(str(record.get(key, "")) for key in self._keys), attributes

    def create(self, generated: str, props: Props) -> Answer:  # noqa: ARG002 (a part has no generated name)
        """Create the part under the names that the template gives."""
        request = self.request(f"Create{self.name}", props)
        operations.call(f"Create{self.name}", request)
        return self.answer(self.require("|".join(str(request.get(key, "")) for key in self._keys)))

    def update(self, physical_id: str, old: Props, new: Props) -> Answer:
        """Update in place what can be."""
        changed = {name: new[name] for name in self._settings if old.get(name) != new.get(name) and name in new}
        if changed:
            record = self.require(physical_id)
            request = self.request(f"Update{self.name}", {**{key: record[key] for key in self._keys}, **changed})
            operations.call(f"Update{self.name}", request)
        return super().update(physical_id, old, new)

    def delete_request(self, record: Record) -> Request:
        """The request; see :class:`Kind`."""
        return {key: record[key] for key in self._keys if key in record}


class AppKind(PartKind):
    """An app: CloudFormation waits until it is deleted."""

    waits = True

    def delete(self, physical_id: str) -> None:
        """Delete it and wait."""
        super().delete(physical_id)
        deadline = time.monotonic() + _DELETION_S
        while self.find(physical_id) is not None:
            if time.monotonic() > deadline:
                raise ResourceFailed(f"The app {physical_id} is not deleted after {_DELETION_S} s.")
            time.sleep(0.01)


#: The types that the app uses, and apps.
TYPES: dict[str, Kind] = {
    "AWS::SageMaker::Domain": DomainKind(
        "Domain",
        ("AuthMode", "KmsKeyId"),
        "name",
        ("DomainArn", "DomainId", "HomeEfsFileSystemId", "Url"),
    ),
    "AWS::SageMaker::UserProfile": PartKind(
        "UserProfile", ("DomainId",), ("UserProfileArn",), ("UserSettings",), ("UserProfileName", "DomainId")
    ),
    "AWS::SageMaker::Space": PartKind(
        "Space",
        ("DomainId", "OwnershipSettings", "SpaceSharingSettings"),
        ("SpaceArn", "Url"),
        ("SpaceSettings", "SpaceDisplayName"),
        ("DomainId", "SpaceName"),
    ),
    "AWS::SageMaker::App": AppKind(
        "App",
        ("AppType", "DomainId", "ResourceSpec", "UserProfileName"),
        ("AppArn",),
        (),
        ("AppName", "AppType", "DomainId", "UserProfileName"),
    ),
    "AWS::SageMaker::StudioLifecycleConfig": RecordKind(
        "StudioLifecycleConfig",
        ("StudioLifecycleConfigAppType", "StudioLifecycleConfigContent", "Tags"),
        "name",
        ("StudioLifecycleConfigArn",),
    ),
}
