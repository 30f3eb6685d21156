"""The deployment's own run of the pipeline: started and awaited by CloudFormation, its package handed to the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import custom_resources
from constructs import Construct

from config import Settings
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.permissions import allow
from stacks.components.storage import log_group

HANDLER_TIMEOUT_S = 60
HANDLER_MEMORY_MB = 256
# CloudFormation waits this much longer than we do, so that the reason it shows is ours.
GRACE_S = 120


class PipelineRun(Construct):
    """A custom resource that is created by a run, and updated by another whenever its inputs change.

    Parameters
    ----------
    inputs : mapping
        Hashes of all that a run depends on. Nothing else decides whether there is a new run.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        key: kms.IKey,
        pipeline: sagemaker.CfnPipeline,
        package_group: sagemaker.CfnModelPackageGroup,
        inputs: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._key = key
        deletes_packages = not settings.storage.retain_on_destroy
        statements = _statements(Stack.of(self), pipeline, package_group, deletes_packages=deletes_packages)
        provider = self._provider(
            on_event=self._handler("OnEvent", entry="on_event", statements=statements),
            is_complete=self._handler("IsComplete", entry="is_complete", statements=statements),
        )
        self.resource = CustomResource(
            self,
            "Run",
            resource_type="Custom::PipelineRun",
            service_token=provider.service_token,
            service_timeout=Duration.seconds(settings.deployment.run_timeout_s + GRACE_S),
            properties={
                "PipelineName": pipeline.ref,
                "PackageGroupName": package_group.model_package_group_name,
                "DeletePackages": deletes_packages,
                "Inputs": dict(inputs),
            },
        )
        self.resource.node.add_dependency(self._framework_policy)
        self.model_package_arn = self.resource.get_att_string("ModelPackageArn")

    def _handler(
        self, construct_id: str, *, entry: str, statements: Sequence[iam.PolicyStatement]
    ) -> lambda_.IFunction:
        return PythonFunction(
            self,
            construct_id,
            spec=FunctionSpec(
                bundle=bundle({".": ROOT / "lambda" / "run_pipeline"}),
                handler=f"handler.{entry}",
                description=f"Runs the churn pipeline for a deployment: {entry}",
                timeout_s=HANDLER_TIMEOUT_S,
                memory_mb=HANDLER_MEMORY_MB,
                environment={},
            ),
            statements=statements,
            storage=self._settings.storage,
            key=self._key,
        ).function

    def _provider(self, *, on_event: lambda_.IFunction, is_complete: lambda_.IFunction) -> custom_resources.Provider:
        """Set the CDK's framework up with roles of ours: its own would come with a managed policy and wildcards."""
        deployment = self._settings.deployment
        group = log_group(self, "FrameworkLog", settings=self._settings.storage, key=self._key)
        starts, waits = (self._framework_role(name) for name in ("StartRole", "WaitRole"))
        provider = custom_resources.Provider(
            self,
            "Framework",
            on_event_handler=on_event,
            is_complete_handler=is_complete,
            query_interval=Duration.seconds(deployment.run_poll_s),
            total_timeout=Duration.seconds(deployment.run_timeout_s),
            log_group=group,
            framework_on_event_role=starts.without_policy_updates(),
            framework_complete_and_timeout_role=waits.without_policy_updates(),
        )
        waiter = provider.node.find_child("waiter-state-machine").node.find_child("Resource")
        write = allow(["logs:CreateLogStream", "logs:PutLogEvents"], [group.log_group_arn])
        call = ["lambda:GetFunction", "lambda:InvokeFunction"]
        handlers = [on_event.function_arn, is_complete.function_arn]
        self._framework_policy = iam.Policy(
            self,
            "FrameworkPolicy",
            roles=[starts],
            statements=[
                write,
                allow(call, handlers),
                allow(["states:StartExecution"], [waiter.ref]),
            ],
        )
        iam.Policy(self, "WaitPolicy", roles=[waits], statements=[write, allow(call, handlers)])
        return provider

    def _framework_role(self, construct_id: str) -> iam.Role:
        return iam.Role(self, construct_id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))


def _statements(
    stack: Stack,
    pipeline: sagemaker.CfnPipeline,
    package_group: sagemaker.CfnModelPackageGroup,
    *,
    deletes_packages: bool,
) -> list[iam.PolicyStatement]:
    """Start, watch and stop runs of this pipeline; where nothing is to be kept, delete this group's packages."""
    name = pipeline.pipeline_name
    pipeline_arn = stack.format_arn(service="sagemaker", resource="pipeline", resource_name=name)
    executions = stack.format_arn(service="sagemaker", resource="pipeline", resource_name=f"{name}/execution/*")
    packages = stack.format_arn(
        service="sagemaker", resource="model-package", resource_name=f"{package_group.model_package_group_name}/*"
    )
    runs = allow(
        [
            "sagemaker:DescribePipelineExecution",
            "sagemaker:ListPipelineExecutionSteps",
            "sagemaker:StopPipelineExecution",
        ],
        [executions],
    )
    start = allow(["sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution"], [pipeline_arn])
    look = allow(["sagemaker:DescribeModelPackage"], [packages])
    delete = [
        allow(["sagemaker:DeleteModelPackage"], [packages]),
        # Listing packages knows no resource.
        allow(["sagemaker:ListModelPackages"], ["*"]),
    ]
    return [start, runs, look, *(delete if deletes_packages else [])]
