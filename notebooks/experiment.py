"""Experiments: the pipeline's own steps, started by hand with something changed.

A job takes network, keys, machine, isolation, image and code from the step as it was deployed. They are no courtesy:
without them the data scientist's role may not start a job.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from definition import ARTIFACT, resolve, split
from models import Judged
from workbench import Workbench

if TYPE_CHECKING:
    from sagemaker.core.resources import ProcessingJob, TrainingJob

# The permissions know both words: jobs are named so, and write below this prefix.
NAME, PREFIX = "experiment", "experiments"


def job_name(word: str) -> str:
    """Return a job's name that no other job has: experiment-<word>-<now>."""
    return f"{NAME}-{word}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"


def train(bench: Workbench, word: str, hyperparameters: Mapping[str, Any]) -> TrainingJob:
    """Start the training step with other hyperparameters, on the customers that the live model was trained on.

    Parameters
    ----------
    word : str
        Becomes part of the job's name.
    hyperparameters : mapping
        What differs from the pipeline's.
    """
    from sagemaker.core import resources, shapes

    step = bench.steps["Train"]
    algorithm, models_key = step["AlgorithmSpecification"], step["OutputDataConfig"]["KmsKeyId"]
    models, _ = split(step["OutputDataConfig"]["S3OutputPath"]["Std:Join"]["Values"][0])
    channels = []
    for given in step["InputDataConfig"]:
        source = given["DataSource"]["S3DataSource"]
        data = shapes.S3DataSource(
            s3_data_type=source["S3DataType"],
            s3_uri=resolve(source["S3Uri"], bench.known),
            s3_data_distribution_type=source["S3DataDistributionType"],
        )
        more = {"content_type": given["ContentType"]} if "ContentType" in given else {}
        where = shapes.DataSource(s3_data_source=data)
        channels.append(shapes.Channel(channel_name=given["ChannelName"], data_source=where, **more))
    return resources.TrainingJob.create(
        training_job_name=job_name(word),
        role_arn=bench.role_arn,
        algorithm_specification=shapes.AlgorithmSpecification(
            training_image=algorithm["TrainingImage"],
            training_input_mode=algorithm["TrainingInputMode"],
            container_entrypoint=algorithm["ContainerEntrypoint"],
        ),
        environment=step["Environment"],
        hyper_parameters=resolve(step["HyperParameters"], bench.known)
        | {name: str(value) for name, value in hyperparameters.items()},
        input_data_config=channels,
        output_data_config=shapes.OutputDataConfig(s3_output_path=f"s3://{models}/{PREFIX}", kms_key_id=models_key),
        resource_config=shapes.ResourceConfig(**_machine(step["ResourceConfig"])),
        vpc_config=shapes.VpcConfig(**_vpc(step["VpcConfig"])),
        enable_network_isolation=True,
        enable_inter_container_traffic_encryption=True,
        stopping_condition=shapes.StoppingCondition(
            max_runtime_in_seconds=step["StoppingCondition"]["MaxRuntimeInSeconds"]
        ),
    )


def evaluate(bench: Workbench, trained: TrainingJob) -> ProcessingJob:
    """Start the evaluation step on a model of one's own, with the customers that the live model was judged on."""
    from sagemaker.core import resources, shapes

    step = bench.steps["Evaluate"]
    name = job_name("evaluate")
    app, output = step["AppSpecification"], step["ProcessingOutputConfig"]
    known = bench.known | {ARTIFACT: trained.model_artifacts.s3_model_artifacts}
    inputs = []
    for given in step["ProcessingInputs"]:
        source = given["S3Input"]
        data = shapes.ProcessingS3Input(
            s3_uri=resolve(source["S3Uri"], known),
            local_path=source["LocalPath"],
            s3_data_type=source["S3DataType"],
            s3_input_mode=source["S3InputMode"],
        )
        inputs.append(shapes.ProcessingInput(input_name=given["InputName"], s3_input=data))
    (written,) = output["Outputs"]
    target = shapes.ProcessingS3Output(
        s3_uri=_report_uri(bench, name),
        local_path=written["S3Output"]["LocalPath"],
        s3_upload_mode=written["S3Output"]["S3UploadMode"],
    )
    return resources.ProcessingJob.create(
        processing_job_name=name,
        role_arn=bench.role_arn,
        app_specification=shapes.AppSpecification(
            image_uri=app["ImageUri"],
            container_entrypoint=app["ContainerEntrypoint"],
            container_arguments=resolve(app["ContainerArguments"], known),
        ),
        environment=step["Environment"],
        processing_inputs=inputs,
        processing_output_config=shapes.ProcessingOutputConfig(
            outputs=[shapes.ProcessingOutput(output_name=written["OutputName"], s3_output=target)],
            kms_key_id=output["KmsKeyId"],
        ),
        processing_resources=shapes.ProcessingResources(
            cluster_config=shapes.ProcessingClusterConfig(**_machine(step["ProcessingResources"]["ClusterConfig"]))
        ),
        network_config=shapes.NetworkConfig(
            enable_network_isolation=True,
            enable_inter_container_traffic_encryption=True,
            vpc_config=shapes.VpcConfig(**_vpc(step["NetworkConfig"]["VpcConfig"])),
        ),
        stopping_condition=shapes.ProcessingStoppingCondition(
            max_runtime_in_seconds=step["StoppingCondition"]["MaxRuntimeInSeconds"]
        ),
    )


def judged(bench: Workbench, name: str, evaluated: ProcessingJob) -> Judged:
    """Read what an evaluation wrote."""
    from ml.compare import Predictions

    folder = _report_uri(bench, evaluated.get_name())
    evaluation = json.loads(bench.read(f"{folder}/evaluation.json"))
    return Judged(name, evaluation, Predictions.from_csv(bench.read(f"{folder}/predictions.csv")))


def _report_uri(bench: Workbench, job: str) -> str:
    data, _ = split(bench.run_uri)
    return f"s3://{data}/{PREFIX}/{job}"


def _machine(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "instance_count": 1,
        "instance_type": given["InstanceType"],
        "volume_size_in_gb": given["VolumeSizeInGB"],
        "volume_kms_key_id": given["VolumeKmsKeyId"],
    }


def _vpc(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"subnets": given["Subnets"], "security_group_ids": given["SecurityGroupIds"]}
