"""The steps that are SageMaker jobs, with what every job here must have: network, isolation, keys, a time limit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Stack

from config import TrainingSettings
from stacks.components.images import xgboost_image_uri
from stacks.components.pipeline_definition import Json, Step
from stacks.components.place import Place

_PROCESSING = "/opt/ml/processing"
OUTPUT_PATH = f"{_PROCESSING}/output"
CODE = "code"
CSV_TYPE, JSON_TYPE = "text/csv", "application/json"
# The framework's toolkit installs a user's script with pip, and must not look for a network. pip negates the variable
# of an option that begins with "no-": PIP_NO_BUILD_ISOLATION=0 is what switches the isolation off.
PIP_OFFLINE = {"PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def input_path(name: str) -> str:
    """Say where a processing job finds an input."""
    return f"{_PROCESSING}/input/{name}"


@dataclass(frozen=True, kw_only=True)
class JobSurroundings:
    """What all jobs share."""

    settings: TrainingSettings
    image_uri: str
    code_uri: str
    data_key_arn: str
    models_key_arn: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]

    @property
    def vpc(self) -> Json:
        """The network of every job."""
        return {"Subnets": list(self.subnet_ids), "SecurityGroupIds": list(self.security_group_ids)}

    @property
    def time_limit(self) -> Json:
        """The time limit of every job."""
        return {"MaxRuntimeInSeconds": self.settings.step_timeout_s}

    def spot(self, checkpoints_uri: Json) -> dict[str, Json]:
        """The time limit of a training job; where it uses spare machines, also how long it may wait for one, and where
        it finds how far it had come when the last was taken away.
        """
        if not self.settings.spot:
            return {"StoppingCondition": self.time_limit}
        wait_s = self.settings.step_timeout_s + self.settings.spot_wait_s
        return {
            "EnableManagedSpotTraining": True,
            "CheckpointConfig": {"S3Uri": checkpoints_uri},
            "StoppingCondition": {**self.time_limit, "MaxWaitTimeInSeconds": wait_s},
        }

    def cluster(self, instance_type: str) -> Json:
        """One machine with an encrypted disk."""
        return {
            "InstanceCount": 1,
            "InstanceType": instance_type,
            "VolumeSizeInGB": self.settings.volume_gb,
            "VolumeKmsKeyId": self.data_key_arn,
        }


def surroundings_at(stack: Stack, *, settings: TrainingSettings, place: Place, code_uri: str) -> JobSurroundings:
    """Name what the jobs of a stack share."""
    return JobSurroundings(
        settings=settings,
        image_uri=xgboost_image_uri(stack, version=settings.image_version),
        code_uri=code_uri,
        data_key_arn=place.keys.data.key_arn,
        models_key_arn=place.keys.models.key_arn,
        subnet_ids=tuple(subnet.subnet_id for subnet in place.subnets),
        security_group_ids=(place.security_group.security_group_id,),
    )


def processing_step(
    name: str,
    *,
    surroundings: JobSurroundings,
    role_arn: str,
    inputs: Mapping[str, Json],
    output: tuple[str, Json],
    arguments: Sequence[Json],
    property_files: Mapping[str, tuple[str, str]] | None = None,
    module: str = "",
    manifests: Collection[str] = (),
) -> Step:
    """Run ``python3 -m ml.<module>``, which has the step's name unless it is given, over inputs from S3; what it writes
    goes to one address. The inputs in `manifests` are lists of objects, each of which lands where the list says.
    """
    output_name, output_uri = output
    return Step(
        name=name,
        type="Processing",
        property_files=property_files or {},
        arguments={
            "ProcessingResources": {
                "ClusterConfig": surroundings.cluster(surroundings.settings.processing_instance_type)
            },
            "AppSpecification": {
                "ImageUri": surroundings.image_uri,
                "ContainerEntrypoint": ["python3", "-m", f"ml.{module or name.lower()}"],
                "ContainerArguments": list(arguments),
            },
            "Environment": {"PYTHONPATH": input_path(CODE)},
            "ProcessingInputs": [
                _processing_input(key, uri, kind="ManifestFile" if key in manifests else "S3Prefix")
                for key, uri in {CODE: surroundings.code_uri, **inputs}.items()
            ],
            "ProcessingOutputConfig": {
                "KmsKeyId": surroundings.data_key_arn,
                "Outputs": [
                    {
                        "OutputName": output_name,
                        "AppManaged": False,
                        "S3Output": {"S3Uri": output_uri, "LocalPath": OUTPUT_PATH, "S3UploadMode": "EndOfJob"},
                    }
                ],
            },
            "NetworkConfig": {
                "EnableNetworkIsolation": True,
                "EnableInterContainerTrafficEncryption": True,
                "VpcConfig": surroundings.vpc,
            },
            "StoppingCondition": surroundings.time_limit,
            "RoleArn": role_arn,
        },
    )


def _processing_input(name: str, uri: Json, *, kind: str) -> Json:
    return {
        "InputName": name,
        "AppManaged": False,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": input_path(name),
            "S3DataType": kind,
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }
