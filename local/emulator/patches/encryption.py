"""S3 asks KMS: whoever reads an object with a key needs ``kms:Decrypt``, whoever writes one ``kms:GenerateDataKey``.

MiniStack keeps the key of an object and lets everybody read and write with it; and its CloudFormation forgets a
bucket's default encryption, which its S3 would apply.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms
"""

from typing import Any
from xml.sax.saxutils import escape

from ministack.core import router
from ministack.services import s3
from ministack.services.cloudformation import provisioners

from local.emulator import names

_KEY = "x-amz-server-side-encryption-aws-kms-key-id"
_BUCKET = "AWS::S3::Bucket"
Headers = dict[str, Any]
Response = tuple[int, Headers, Any]


def install() -> None:
    """Ask at each read, each write and each copy that comes with a caller; the emulator's own need no permission."""
    get_object, resolve, copies = s3._get_object, s3._resolve_sse_write_headers, s3._check_sse_c_copy_source

    def read(bucket: str, key: str, headers: Headers, query: Headers | None = None) -> Response:
        response: Response = get_object(bucket, key, headers, query)
        denied = _denial("kms:Decrypt", headers, response[1].get(_KEY), query)
        return denied or response

    def write(headers: Headers, bucket: str) -> tuple[Headers | None, Response | None]:
        found, error = resolve(headers, bucket)
        return found, error or _denial("kms:GenerateDataKey", headers, (found or {}).get(_KEY))

    def copy(headers: Headers, source: dict[str, Any]) -> Response | None:
        return copies(headers, source) or _denial("kms:Decrypt", headers, s3._stored_sse_headers(source).get(_KEY))

    s3._get_object, s3._resolve_sse_write_headers, s3._check_sse_c_copy_source = read, write, copy
    _keep_defaults()


def _keep_defaults() -> None:
    """Keep the default encryption of a deployed bucket."""
    handlers = provisioners._RESOURCE_HANDLERS[_BUCKET]

    def create(logical_id: str, props: Headers, stack: str) -> Any:
        made = handlers["create"](logical_id, props, stack)
        _set_default(made[0], props)
        return made

    def update(physical_id: str, old: Headers, new: Headers, *rest: Any) -> Any:
        made = handlers["update"](physical_id, old, new, *rest)
        _set_default(physical_id, new)
        return made

    provisioners._RESOURCE_HANDLERS[_BUCKET] = {**handlers, "create": create, "update": update}


def _set_default(bucket: str, props: Headers) -> None:
    rules = props.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration") or []
    for rule in rules:
        default = rule.get("ServerSideEncryptionByDefault") or {}
        # Without a key of its own it is AWS's, which everybody of the account may use through S3.
        if not default.get("KMSMasterKeyID"):
            continue
        members = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in default.items())
        inner = f"<ApplyServerSideEncryptionByDefault>{members}</ApplyServerSideEncryptionByDefault>"
        s3._put_bucket_encryption(
            bucket,
            f"<ServerSideEncryptionConfiguration><Rule>{inner}</Rule></ServerSideEncryptionConfiguration>".encode(),
        )


def _denial(action: str, headers: Headers, key: str | None, query: Headers | None = None) -> Response | None:
    """S3's answer when the caller may not use the key of an object; None when it may, or when there is no key."""
    caller = router.extract_access_key_id(headers, query)
    if not key or not caller or not names.auth_enabled():
        return None
    account, region = names.get_account_id(), names.get_region()
    arn = key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"
    context = {"kms:ViaService": f"s3.{region}.amazonaws.com", "kms:CallerAccount": account}
    result = names.enforce(caller, action, arn, context)
    if result is None:
        return None
    # As S3 words it: who reads is not told which key it was.
    place = f"resource: {arn}" if action == "kms:GenerateDataKey" else "the resource associated with this ciphertext"
    message = (
        f"User: {getattr(result, 'principal_arn', 'unknown')} is not authorized to perform: {action} on {place} "
        f"because no identity-based policy allows the {action} action"
    )
    error: Response = s3._error("AccessDenied", message, 403)
    return error
