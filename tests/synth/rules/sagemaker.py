"""What SageMaker runs: in the VPC, isolated, encrypted, with an end."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.synth.conftest import Environment

from .walk import at, is_key

Body = Mapping[str, Any]
# Steps that take no machine of their own.
# A Lambda step calls a function, for which the rules of functions hold.
WITHOUT_MACHINE = {"Condition", "Fail", "Lambda", "RegisterModel"}
# Definitions that neither run nor keep anything: their parts are looked at where they stand.
WITHOUT_CONTENT = {
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::MlflowApp",  # figures of runs, without a key to name; reports are in our bucket, with ours
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::SageMaker::Pipeline",
    "AWS::SageMaker::Space",
    "AWS::SageMaker::StudioLifecycleConfig",
    "AWS::SageMaker::UserProfile",
}


def _need(body: Body, *paths: str) -> Iterator[str]:
    yield from (f"has no {path}" for path in paths if not at(body, path))


def _key(body: Body, path: str, concern: str = "") -> Iterator[str]:
    if not is_key(at(body, path), concern):
        yield f"has no key of {concern.lower() or 'ours'} in {path}"


def _network(body: Body, where: str = "") -> Iterator[str]:
    yield from _need(
        body,
        f"{where}VpcConfig.Subnets",
        f"{where}VpcConfig.SecurityGroupIds",
        f"{where}EnableNetworkIsolation",
    )


def _processing(job: Body) -> Iterator[str]:
    yield from _network(job, "NetworkConfig.")
    yield from _need(job, "NetworkConfig.EnableInterContainerTrafficEncryption")
    yield from _need(job, "StoppingCondition.MaxRuntimeInSeconds")
    yield from _key(job, "ProcessingResources.ClusterConfig.VolumeKmsKeyId", "Data")
    yield from _key(job, "ProcessingOutputConfig.KmsKeyId", "Data")


def _training(job: Body) -> Iterator[str]:
    yield from _network(job)
    yield from _need(job, "EnableInterContainerTrafficEncryption", "StoppingCondition.MaxRuntimeInSeconds")
    yield from _key(job, "ResourceConfig.VolumeKmsKeyId", "Data")
    yield from _key(job, "OutputDataConfig.KmsKeyId", "Models")


def _tuning(job: Body) -> Iterator[str]:
    single = [job["TrainingJobDefinition"]] if "TrainingJobDefinition" in job else []
    for definition in [*single, *job.get("TrainingJobDefinitions", [])] or [{}]:
        yield from _training(definition)
    yield from _need(job, "HyperParameterTuningJobConfig.ResourceLimits")


def _transform(job: Body) -> Iterator[str]:
    yield from _key(job, "TransformResources.VolumeKmsKeyId", "Data")
    yield from _key(job, "TransformOutput.KmsKeyId", "Data")


def _endpoint_config(config: Body) -> Iterator[str]:
    if any("InstanceType" in variant for variant in config["ProductionVariants"]):
        yield from _key(config, "KmsKeyId", "Models")
    if "DataCaptureConfig" in config:
        yield from _key(config, "DataCaptureConfig.KmsKeyId", "Data")
    if "AsyncInferenceConfig" in config:
        yield from _key(config, "AsyncInferenceConfig.OutputConfig.KmsKeyId", "Data")


def _domain(domain: Body) -> Iterator[str]:
    yield from _need(domain, "VpcId", "SubnetIds", "DefaultUserSettings.SecurityGroups")
    yield from _key(domain, "KmsKeyId")
    if domain.get("AppNetworkAccessType") != "VpcOnly":
        yield "reaches the internet"
    if domain.get("HomeEfsFileSystemCreation") != "Disabled":
        yield "leaves a file system behind"


STEPS: Mapping[str, Callable[[Body], Iterator[str]]] = {
    "Processing": _processing,
    "Training": _training,
    "Transform": _transform,
    "Tuning": _tuning,
}
DEFINITIONS: Mapping[str, Callable[[Body], Iterator[str]]] = {
    "AWS::SageMaker::Domain": _domain,
    "AWS::SageMaker::EndpointConfig": _endpoint_config,
    "AWS::SageMaker::Model": _network,
}


def every_step_is_in_the_network_isolated_and_encrypted(environment: Environment) -> Iterator[str]:
    for step in environment.steps():
        if step["Type"] in STEPS:
            yield from (f"step {step['Name']} {problem}" for problem in STEPS[step["Type"]](step["Arguments"]))
        elif step["Type"] not in WITHOUT_MACHINE:
            yield f"step {step['Name']} is of type {step['Type']}: say here what that must have"


def every_definition_of_sagemaker_is_too(environment: Environment) -> Iterator[str]:
    for resource in environment.resources():
        if resource.type in DEFINITIONS:
            yield from (f"{resource} {problem}" for problem in DEFINITIONS[resource.type](resource.properties))
        elif resource.type.startswith("AWS::SageMaker::") and resource.type not in WITHOUT_CONTENT:
            yield f"{resource} is a {resource.type}: say here what that must have"


RULES = (every_step_is_in_the_network_isolated_and_encrypted, every_definition_of_sagemaker_is_too)
