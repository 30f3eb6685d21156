"""The running variants of one endpoint configuration."""

from local.sagemaker.hosting.capture import Capture
from local.sagemaker.hosting.variant import Variant
from local.sagemaker.store import Record


class Group:
    """The running variants of one endpoint configuration, and the share of the traffic that they get.

    Parameters
    ----------
    endpoint
        The endpoint's name.
    config
        The configuration's record.
    """

    def __init__(self, endpoint: str, config: Record) -> None:
        self.config_name: str = config["EndpointConfigName"]
        self.share = 0.0
        self.tended = False
        self.capture = Capture.of(endpoint, config)
        self.variants = [Variant(endpoint, one, config) for one in config["ProductionVariants"]]

    def start(self) -> "Group":
        """Start the variants; all or none.

        Raises
        ------
        NotHealthy
            When one does not come up.
        """
        try:
            for variant in self.variants:
                variant.start()
        except BaseException:
            self.stop()
            raise
        return self

    def alive(self) -> bool:
        """Whether all processes run."""
        return all(variant.alive() for variant in self.variants)

    def stop(self) -> None:
        """End the processes; what was captured is written."""
        for variant in self.variants:
            variant.stop()
        self.capture.close()

    def weigh(self, summaries: list[Record]) -> None:
        """Set the weights to those of the endpoint's description."""
        weights = {one["VariantName"]: one["CurrentWeight"] for one in summaries}
        for variant in self.variants:
            variant.weight = weights.get(variant.name, variant.weight)
