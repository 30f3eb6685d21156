"""The CDK's framework for a custom resource that takes long, with roles and a log of ours.

Left to itself it would bring a policy of AWS, inline policies, wildcards, and logs without key and end.
"""

from __future__ import annotations

from aws_cdk import Duration, custom_resources
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct, IConstruct

from config import Settings
from stacks.components.acknowledgements import acknowledge
from stacks.components.functions import SERVES_DEPLOYMENT, acknowledge_function
from stacks.components.grants import allow, policy_with, resource_of, role_with
from stacks.components.permissions import FOR_THIS_ACCOUNT, write_log
from stacks.components.storage import log_group


class Framework:
    """Calls one function when the resource is made, changed or deleted, and another until that says it is done.

    Attributes
    ----------
    provider : Provider
        What the custom resource is served by.
    policies : list of ManagedPolicy
        Without which it cannot work: the resource depends on them.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        on_event: lambda_.IFunction,
        is_complete: lambda_.IFunction,
        settings: Settings,
        key: kms.IKey,
    ) -> None:
        group = log_group(scope, "FrameworkLog", settings=settings.storage, key=key)
        call = allow(
            "lambda:GetFunction", "lambda:InvokeFunction", on=[on_event.function_arn, is_complete.function_arn]
        )
        lambda_service = iam.ServicePrincipal("lambda.amazonaws.com")
        starts = role_with(
            scope,
            "StartRole",
            description="Passes a deployment's events to the deployer",
            trusts=lambda_service,
            grants=[write_log(group), call],
        )
        waits = role_with(
            scope,
            "WaitRole",
            description="Asks the deployer whether it is done",
            trusts=lambda_service,
            grants=[write_log(group), call],
        )
        self.provider = custom_resources.Provider(
            scope,
            "Framework",
            on_event_handler=on_event,
            is_complete_handler=is_complete,
            query_interval=Duration.seconds(settings.deployment.run_poll_s),
            total_timeout=Duration.seconds(settings.deployment.run_timeout_s),
            log_group=group,
            framework_on_event_role=starts.without_policy_updates(),
            framework_complete_and_timeout_role=waits.without_policy_updates(),
        )
        functions = [
            self._function(name) for name in ("framework-onEvent", "framework-isComplete", "framework-onTimeout")
        ]
        for function in functions:
            acknowledge_function(function, outside_vpc_because=SERVES_DEPLOYMENT)
        waiter = self.provider.node.find_child("waiter-state-machine")
        machine = waiter.node.find_child("Resource")
        if not isinstance(machine, stepfunctions.CfnStateMachine):
            raise TypeError(f"{machine.node.path} is no state machine: the CDK's provider framework has changed.")
        _acknowledge_waiter(machine)
        # Policies of their own: what they name is made after the roles. The framework's first function calls ours
        # before it starts the machine, so that this late permission has the time of that call to spread.
        start = [allow("states:StartExecution", on=[machine.ref])]
        ask = [allow("lambda:InvokeFunction", on=[function.function_arn for function in functions[1:]])]
        self.policies = [
            policy_with(scope, "StartGrants", grants=start, roles=[starts]),
            policy_with(scope, "WaiterGrants", grants=ask, roles=[_role_of(waiter)]),
        ]

    def _function(self, name: str) -> lambda_.Function:
        function = self.provider.node.find_child(name)
        if not isinstance(function, lambda_.Function):
            raise TypeError(f"{function.node.path} is no function: the CDK's provider framework has changed.")
        return function


def _role_of(waiter: IConstruct) -> iam.Role:
    """Give the state machine's role without the inline policy, which also names every version of the functions."""
    role = waiter.node.find_child("Role")
    if not isinstance(role, iam.Role) or not role.node.try_remove_child("DefaultPolicy"):
        raise TypeError(f"{role.node.path} has no policy of the CDK's: the CDK's provider framework has changed.")
    # The CDK lets Step Functions take the role for anybody; its documentation (procedure-create-iam-role) ties it.
    resource_of(role).add_property_override("AssumeRolePolicyDocument.Statement.0.Condition", FOR_THIS_ACCOUNT)
    return role


def _acknowledge_waiter(machine: stepfunctions.CfnStateMachine) -> None:
    acknowledge(
        machine,
        "AwsSolutions-SF1",
        "It only repeats one call until that says yes. Its outcome is the deployment's, and what it calls logs. "
        "Logging it would take permissions on every log delivery of the account.",
    )
    acknowledge(
        machine,
        "AwsSolutions-SF2",
        "It calls one function again and again while a deployment waits: a trace of that tells nothing, "
        "and would take permissions that know no resource.",
    )
