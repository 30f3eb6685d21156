"""Studio: its domain goes only when it is empty, and what people started or made by hand is in nobody's stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from botocore.exceptions import ClientError

from operate.account import Client, is_absent, pages, unless_absent

Request = dict[str, str]
# How SageMaker says that an app is being deleted already, or is not there yet.
_NOT_NOW = ("ResourceInUse", "ValidationException")


def domains(client: Client, name: str, *, known: Iterable[str]) -> list[str]:
    """Ids of the domains that stacks know, or that have the environment's name."""
    known = set(known)
    found = pages(client, "list_domains", "Domains")
    return [one["DomainId"] for one in found if one["DomainId"] in known or one["DomainName"] == name]


def apps(client: Client, domain: str) -> list[Request]:
    """Apps of a domain that are not deleted, as requests for DeleteApp."""
    keys = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
    found = pages(client, "list_apps", "Apps", DomainIdEquals=domain)
    return [{key: app[key] for key in keys if key in app} for app in found if app["Status"] != "Deleted"]


def spaces(client: Client, domain: str) -> list[Request]:
    """Spaces of a domain, as requests for DeleteSpace."""
    found = pages(client, "list_spaces", "Spaces", DomainIdEquals=domain)
    return [{"DomainId": domain, "SpaceName": space["SpaceName"]} for space in found]


def profiles(client: Client, domain: str) -> list[Request]:
    """User profiles of a domain, as requests for DeleteUserProfile."""
    found = pages(client, "list_user_profiles", "UserProfiles", DomainIdEquals=domain)
    return [{"DomainId": domain, "UserProfileName": profile["UserProfileName"]} for profile in found]


def lifecycle_configs(client: Client, name: str) -> Iterator[str]:
    """Names of the environment's lifecycle configurations: ``<name>-<hash of the script>``."""
    for one in pages(client, "list_studio_lifecycle_configs", "StudioLifecycleConfigs", NameContains=name):
        found, _, digest = one["StudioLifecycleConfigName"].rpartition("-")
        if found == name and digest:
            yield one["StudioLifecycleConfigName"]


def label(request: Request) -> str:
    """Name a thing of a domain to a person."""
    return "/".join(request.values())


def delete_apps(client: Client, domain: str) -> None:
    """Ask for the deletion of a domain's apps; one that is being deleted already says so by an error."""
    for app in apps(client, domain):
        try:
            client.delete_app(**app)
        except ClientError as exc:
            if not is_absent(exc) and exc.response["Error"]["Code"] not in _NOT_NOW:
                raise


def delete_spaces(client: Client, domain: str) -> None:
    """Ask for the deletion of a domain's spaces, which must not have apps any more; their disks go with them."""
    for space in spaces(client, domain):
        unless_absent(client.delete_space, **space)


def delete_profiles(client: Client, domain: str) -> None:
    """Ask for the deletion of a domain's user profiles, which must not own spaces any more."""
    for profile in profiles(client, domain):
        unless_absent(client.delete_user_profile, **profile)


def delete_domains(client: Client, found: Iterable[str]) -> None:
    """Ask for the deletion of empty domains that no stack knows of, with a file system if there is one."""
    for domain in found:
        request = {"DomainId": domain, "RetentionPolicy": {"HomeEfsFileSystem": "Delete"}}
        unless_absent(client.delete_domain, **request)


def delete_lifecycle_configs(client: Client, names: Iterable[str]) -> None:
    """Delete lifecycle configurations that no stack knows of."""
    for name in names:
        unless_absent(client.delete_studio_lifecycle_config, StudioLifecycleConfigName=name)
