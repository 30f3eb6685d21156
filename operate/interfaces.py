"""Network interfaces that Lambda leaves in a VPC for up to 40 minutes after its functions are gone.

They hold the security groups and subnets that CloudFormation wants to delete.
"""

from __future__ import annotations

from collections.abc import Iterable

from botocore.exceptions import ClientError

from operate.account import Client, pages
from operate.inventory import LAMBDA_INTERFACE

# Lambda may take a free interface back at the same moment; then there is nothing left to do either.
_TAKEN = ("InvalidNetworkInterfaceID.NotFound", "InvalidParameterValue", "InvalidNetworkInterface.InUse")


def release(client: Client, vpcs: Iterable[str]) -> int:
    """Delete the free ones of Lambda's interfaces, and count those that are still there.

    Parameters
    ----------
    vpcs : iterable of str
        Ids of the environment's VPCs.
    """
    wanted = [{"Name": "vpc-id", "Values": list(vpcs)}]
    if not wanted[0]["Values"]:
        return 0
    left = 0
    for interface in pages(client, "describe_network_interfaces", "NetworkInterfaces", Filters=wanted):
        if not interface.get("Description", "").startswith(LAMBDA_INTERFACE):
            continue
        left += 1
        if interface["Status"] != "available":
            continue
        try:
            client.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in _TAKEN:
                raise
        left -= 1
    return left
