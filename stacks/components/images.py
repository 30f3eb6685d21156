"""Where AWS keeps the XGBoost container, per region."""

from __future__ import annotations

from aws_cdk import Aws, CfnMapping, Stack

REPOSITORY = "sagemaker-xgboost"
# https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html, and the
# SageMaker Python SDK's own table, with which a test compares this one.
ACCOUNT_BY_REGION = {
    "af-south-1": "510948584623",
    "ap-east-1": "651117190479",
    "ap-northeast-1": "354813040037",
    "ap-northeast-2": "366743142698",
    "ap-northeast-3": "867004704886",
    "ap-south-1": "720646828776",
    "ap-south-2": "628508329040",
    "ap-southeast-1": "121021644041",
    "ap-southeast-2": "783357654285",
    "ap-southeast-3": "951798379941",
    "ap-southeast-4": "106583098589",
    "ca-central-1": "341280168497",
    "ca-west-1": "190319476487",
    "cn-north-1": "450853457545",
    "cn-northwest-1": "451049120500",
    "eu-central-1": "492215442770",
    "eu-central-2": "680994064768",
    "eu-north-1": "662702820516",
    "eu-south-1": "978288397137",
    "eu-south-2": "104374241257",
    "eu-west-1": "141502667606",
    "eu-west-2": "764974769150",
    "eu-west-3": "659782779980",
    "il-central-1": "898809789911",
    "me-central-1": "272398656194",
    "me-south-1": "801668240914",
    "sa-east-1": "737474898029",
    "us-east-1": "683313688378",
    "us-east-2": "257758044811",
    "us-gov-east-1": "237065988967",
    "us-gov-west-1": "414596584902",
    "us-iso-east-1": "833128469047",
    "us-isob-east-1": "281123927165",
    "us-isof-east-1": "108575199400",
    "us-isof-south-1": "124985052026",
    "us-west-1": "746614075791",
    "us-west-2": "246618743249",
}

_MAPPING = "XgboostRegistry"


def _registry_account(stack: Stack) -> str:
    """Name the registry's account by a mapping: the stacks learn their region only when deployed."""
    mapping = stack.node.try_find_child(_MAPPING)
    if not isinstance(mapping, CfnMapping):
        mapping = CfnMapping(
            stack, _MAPPING, mapping={region: {"Account": account} for region, account in ACCOUNT_BY_REGION.items()}
        )
    return mapping.find_in_map(Aws.REGION, "Account")


def xgboost_image_uri(stack: Stack, *, version: str) -> str:
    """Address of the container in the region of the stack."""
    return f"{_registry_account(stack)}.dkr.ecr.{Aws.REGION}.{Aws.URL_SUFFIX}/{REPOSITORY}:{version}"


def xgboost_repository_arn(stack: Stack) -> str:
    """ARN of the container's repository in the region of the stack."""
    return stack.format_arn(
        service="ecr", account=_registry_account(stack), resource="repository", resource_name=REPOSITORY
    )
