"""One variant of an endpoint: a container with a name and a weight."""

import shutil
from typing import Any

from local.sagemaker import duties
from local.sagemaker.hosting.served import START_LIMIT_S, NotHealthy, Served
from local.sagemaker.models import require
from local.sagemaker.naming import identifier

__all__ = ["NotHealthy", "Variant"]


class Variant(Served):
    """A running container of an endpoint.

    Parameters
    ----------
    endpoint
        The endpoint's name, for its log group.
    production
        The ProductionVariant of the endpoint configuration.
    config
        The endpoint configuration, whose keys are of the disks and of what is captured.
    """

    of = "endpoint"

    def __init__(self, endpoint: str, production: dict[str, Any], config: dict[str, Any]) -> None:
        self.name: str = production["VariantName"]
        self.called = f"production variant {self.name}"
        self.weight: float = production.get("InitialVariantWeight", 1.0)
        self._endpoint = endpoint
        self._limit_s = production.get("ContainerStartupHealthCheckTimeoutInSeconds", START_LIMIT_S)
        super().__init__(
            require("Model", production["ModelName"]),
            folder=f"endpoints/{endpoint}-{identifier(8)}",
            log_group=f"/aws/sagemaker/Endpoints/{endpoint}",
            log_stream=f"{self.name}/i-{identifier(17)}",
            keys={
                "volume_key": config.get("KmsKeyId"),
                "output_key": config.get("DataCaptureConfig", {}).get("KmsKeyId"),
            },
            told={"SAGEMAKER_MULTI_MODEL": "false"},
        )

    def start(self, limit_s: float | None = None) -> None:
        """Start it, and publish how full its disk is: here the folder, as a share of the disk that holds it.

        Raises
        ------
        NotHealthy
            When it does not come up, in time.
        """
        super().start(limit_s or self._limit_s)
        if not self.role:
            return
        used = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        share = 100 * used / shutil.disk_usage(self.folder).total
        of = {"EndpointName": self._endpoint, "VariantName": self.name}
        duties.measure(self.role, "/aws/sagemaker/Endpoints", of, {"DiskUtilization": share})
