"""A training job's folder: its channels and configuration on the way in, its archives on the way out."""

from local.sagemaker.jobs import s3
from local.sagemaker.jobs.container import Container
from local.sagemaker.jobs.lifecycle import Job, JobFailed


def fill(job: Job, container: Container) -> None:
    """Fetch the channels and write the files that tell the container of them, of its hosts and hyperparameters."""
    _bring_channels(job, container)
    _write_config(job, container)


def _bring_channels(job: Job, container: Container) -> None:
    client = job.client("s3")
    for channel in job.record.get("InputDataConfig", []):
        folder = container.base / "input" / "data" / channel["ChannelName"]
        folder.mkdir(parents=True, exist_ok=True)
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise JobFailed("ClientError: the laptop run knows S3 channels only")
        s3.download(client, source["S3Uri"], folder)


def _write_config(job: Job, container: Container) -> None:
    record = job.record
    container.write_config("hyperparameters.json", record.get("HyperParameters", {}))
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", "File"),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
        for channel in record.get("InputDataConfig", [])
    }
    container.write_config("inputdataconfig.json", channels)
    instance = record.get("ResourceConfig", {}).get("InstanceType", "local")
    container.write_config(
        "resourceconfig.json",
        {
            "current_host": "algo-1",
            "current_instance_type": instance,
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1"],
            "network_interface_name": "eth0",
        },
    )
    (container.base / "output" / "data").mkdir(exist_ok=True)


def take_artifacts(job: Job, container: Container) -> None:
    """Upload ``model.tar.gz`` and, when the job left any, ``output.tar.gz``, where AWS puts them."""
    client, key = job.client("s3"), job.record["OutputDataConfig"].get("KmsKeyId")
    bucket, model_key = s3.split(job.record["ModelArtifacts"]["S3ModelArtifacts"])
    archive = job.folder / "model.tar.gz"
    s3.pack(container.base / "model", archive)
    s3.upload_file(client, archive, bucket, model_key, key)
    extra = container.base / "output" / "data"
    if any(extra.iterdir()):
        archive = job.folder / "output.tar.gz"
        s3.pack(extra, archive)
        target = model_key.removesuffix("model.tar.gz") + "output.tar.gz"
        s3.upload_file(client, archive, bucket, target, key)
