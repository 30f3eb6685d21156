"""Settings of the pipeline that makes the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from config.machines import check_instance_type
from config.section import Section


@dataclass(frozen=True, kw_only=True)
class TuningSettings(Section):
    """A search for better hyperparameters in every run; ``ml/hyperparameters.py`` says which, and in which ranges.

    Attributes
    ----------
    jobs : int
        Training jobs in all.
    parallel : int
        Training jobs at the same time. The more, the less each learns from those before it.
    timeout_s : int
        Longest run of the whole search, in seconds; the best model until then is taken.
    early_stopping : bool
        Whether SageMaker stops a training job that does worse than the median of those before it.
    objective : str
        What the best model has least or most of on the validation customers: a metric of the image's own.
    seed : int
        Of the search.
    """

    section: ClassVar[str] = "training.tuning"

    jobs: int = 20
    parallel: int = 5
    timeout_s: int = 1200
    early_stopping: bool = True
    objective: Literal["validation:logloss", "validation:auc"] = "validation:logloss"
    seed: int = 1729

    def check(self) -> None:
        """Check the limits, which are SageMaker's own."""
        self.require_range("jobs", low=1, high=750, remedy="Twenty find what there is to find among six of them.")
        self.require_range("parallel", low=1, high=100, remedy="A few at a time, so that later ones can learn.")
        self.require(
            self.parallel <= self.jobs,
            "parallel",
            rule=f"must be at most training.tuning.jobs ({self.jobs})",
            remedy="There are no more jobs than that.",
        )
        self.require_range("timeout_s", low=120, high=86400, remedy="Give a search between two minutes and a day.")
        self.require_range("seed", low=0, high=2**31 - 1, remedy="Any number will do.")


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(Section):
    """The pipeline: its machines, its time, its costs and its gate.

    Attributes
    ----------
    processing_instance_type, training_instance_type : str
        Machines of the prepare and evaluate steps, and of the train step.
    volume_gb : int
        Disk of each job.
    step_timeout_s : int
        Longest run of one step, in seconds.
    spot : bool
        Whether training uses spare machines, at a fraction of the price. They may be taken away: the job then waits for
        another and goes on from its last checkpoint. New accounts have a quota for them of its own.
    spot_wait_s : int
        How long a job may wait for a spare machine beside `step_timeout_s`, in seconds.
    hyperparameters : tuple of (str, str)
        Overrides of the defaults in ``ml/hyperparameters.py``; ``app.py`` checks them against its table.
    tuning : TuningSettings or None
        A search for better hyperparameters in place of one training job with those of the table; None does without,
        as docs/decisions/tuning.md advises.
    cost_missed_churner, cost_wasted_incentive, cost_saved_customer : float
        What a decision costs, in USD: a churner nobody called, an incentive for a customer who would
        have stayed, and an incentive for one who would have left.
    minimum_average_precision : float
        Gate: the least average precision on the test split, 0 to 1; docs/decisions/gate.md measures both.
    maximum_cost_per_customer : float
        Gate: the highest expected cost in USD per customer on the test split.
    maximum_accuracy_difference, maximum_recall_difference : float
        Gate: how far accuracy and recall for a group of customers may differ from those for all others, 0 to 1;
        docs/decisions/bias.md says which groups, and why a difference must be surely beyond the limit.
    maximum_loss_of_precision, maximum_cost_increase_per_customer : float
        Gate: what a model may surely lose in average precision, and cost more in USD, against the one in production.
    compare_with_champion : bool
        Gate: whether a model that is surely worse than the one in production is refused. Without, a model that must
        go first, because what it learnt from was wrong, can be replaced.
    """

    section: ClassVar[str] = "training"

    image_version: Literal["3.2-0"] = "3.2-0"
    processing_instance_type: str = "ml.t3.xlarge"
    training_instance_type: str = "ml.m5.large"
    volume_gb: int = 10
    step_timeout_s: int = 900
    spot: bool = False
    spot_wait_s: int = 600
    hyperparameters: tuple[tuple[str, str], ...] = ()
    tuning: TuningSettings | None = None
    cost_missed_churner: float = 500.0
    cost_wasted_incentive: float = 100.0
    cost_saved_customer: float = 100.0
    minimum_average_precision: float = 0.80
    maximum_cost_per_customer: float = 32.0
    maximum_accuracy_difference: float = 0.05
    maximum_recall_difference: float = 0.2
    maximum_loss_of_precision: float = 0.01
    maximum_cost_increase_per_customer: float = 0.5
    compare_with_champion: bool = True

    @property
    def instance_types(self) -> tuple[str, ...]:
        """The machines of the steps, each once: what the pipeline's role may start, and no other."""
        return tuple(sorted({self.processing_instance_type, self.training_instance_type}))

    def check(self) -> None:
        """Check machines, times, costs and the gate."""
        check_instance_type(self, "processing_instance_type")
        check_instance_type(self, "training_instance_type")
        self.require_range("volume_gb", low=1, high=1024, remedy="10 GB hold millions of customers.")
        self.require_range("step_timeout_s", low=60, high=86400, remedy="Give a step between a minute and a day.")
        self.require_range("spot_wait_s", low=0, high=86400, remedy="Give a wait of up to a day.")
        names = [name for name, _ in self.hyperparameters]
        self.require(
            len(set(names)) == len(names),
            "hyperparameters",
            rule="must name each hyperparameter once",
            remedy="Remove the repeated pair.",
        )
        costs = [name for name in names if name.startswith("cost_")]
        self.require(
            not costs,
            "hyperparameters",
            rule=f"must leave out {', '.join(costs)}, which the gate needs too",
            remedy="Give the cost as a field of the training settings.",
        )
        for name in ("cost_missed_churner", "cost_wasted_incentive", "cost_saved_customer"):
            self.require_range(name, low=0, high=1e6, remedy="Give the cost in USD per customer.")
        self.require(
            self.cost_saved_customer < self.cost_missed_churner,
            "cost_saved_customer",
            rule=f"must be less than training.cost_missed_churner ({self.cost_missed_churner:g})",
            remedy="Otherwise doing nothing is always cheapest and there is nothing to predict.",
        )
        self.require_range(
            "minimum_average_precision",
            low=0,
            high=1,
            remedy="Average precision is a share; random guessing reaches the churn rate.",
        )
        for name in ("maximum_accuracy_difference", "maximum_recall_difference", "maximum_loss_of_precision"):
            self.require_range(name, low=0, high=1, remedy="It is a difference of shares; 1 refuses nothing.")
        self.require_range("maximum_cost_increase_per_customer", low=0, high=1e6, remedy="Give USD per customer.")
        self.require(
            0 < self.maximum_cost_per_customer <= self.cost_missed_churner,
            "maximum_cost_per_customer",
            rule=f"must be above 0 and at most training.cost_missed_churner ({self.cost_missed_churner:g})",
            remedy="Doing nothing costs the churn rate times that; ask for less.",
        )
