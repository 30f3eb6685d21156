"""What IAM knows of Studio: condition keys of requests about spaces and apps, and of who works in Studio."""

import contextlib
from typing import Any

from local.sagemaker.errors import ServiceError
from local.sagemaker.naming import arn
from local.sagemaker.store import Record, records
from local.sagemaker.studio import apps, parts
from local.sagemaker.studio.domains import execution_role
from local.sagemaker.studio.parts import APP, DOMAIN, PROFILE, SPACE

#: Operations on a thing of a domain, by the ending of their name, and what names it inside the domain.
_NAMED = {"Domain": (DOMAIN,), "UserProfile": (PROFILE,), "PresignedDomainUrl": (PROFILE,), "Space": (SPACE,)}


def resource(noun: str, request: dict[str, Any]) -> str | None:
    """The ARN that a request about a thing of a domain acts on; None for any other request.

    Parameters
    ----------
    noun
        The operation without its verb: ``Space``, ``PresignedDomainUrl``.
    """
    if not isinstance(request.get("DomainId"), str):
        return None
    domain = request["DomainId"]
    if noun == "App":
        with contextlib.suppress(ServiceError):  # whose app it is may be left out: the operation says so
            return arn(APP, apps.key(request))
    for kind in _NAMED.get(noun, ()):
        return arn(kind, domain if kind == DOMAIN else parts.key(domain, str(request.get(f"{kind}Name"))))
    return None


def condition_keys(request: dict[str, Any]) -> dict[str, Any]:
    """SageMaker's condition keys of a request about a space or an app, whose owner its space knows."""
    domain, settings = request.get("DomainId"), request.get("SpaceSettings") or {}
    if not isinstance(domain, str):
        return {}
    space: Record = records.get(SPACE, parts.key(domain, str(request.get("SpaceName")))) or {}
    owner = (request.get("OwnershipSettings") or space.get("OwnershipSettings") or {}).get("OwnerUserProfileName")
    sharing = (request.get("SpaceSharingSettings") or space.get("SpaceSharingSettings") or {}).get("SharingType")
    specs = [request.get("ResourceSpec") or {}]
    specs += [v.get("DefaultResourceSpec") or {} for k, v in settings.items() if k.endswith("AppSettings")]
    found = {
        "sagemaker:OwnerUserProfileArn": arn(PROFILE, parts.key(domain, owner)) if owner else None,
        "sagemaker:SpaceSharingType": sharing,
        "sagemaker:RemoteAccess": settings.get("RemoteAccess"),
        "sagemaker:InstanceTypes": [s["InstanceType"] for s in specs if "InstanceType" in s] or None,
        "sagemaker:StudioLifecycleConfigArns": [s["LifecycleConfigArn"] for s in specs if "LifecycleConfigArn" in s]
        or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def principal_keys(role_name: str, session: str) -> dict[str, str]:
    """What IAM knows of somebody who works in Studio: domain, profile, and the profile as source identity.

    AWS tells it from where the session was given out. Here a session of an execution role that is named like a user
    profile of the role's domain is taken for that user's.
    """
    for profile in records.all(PROFILE):
        domain, name = profile["DomainId"], profile["UserProfileName"]
        role = execution_role(domain, name)
        if name == session and role is not None and role.rsplit("/", 1)[-1] == role_name:
            found = {"sagemaker:domainid": domain, "sagemaker:userprofilename": name}
            settings = (records.get(DOMAIN, domain) or {}).get("DomainSettings", {})
            if settings.get("ExecutionRoleIdentityConfig") == "USER_PROFILE_NAME":
                found["aws:sourceidentity"] = name
            return found
    return {}
