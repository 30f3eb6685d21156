"""Settings of what people must be able to look up about a model: who answers for it, what it is for, what it is not."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from config.section import Section

# SageMaker's limits for the texts of a model card.
OWNER_LIMIT, TEXT_LIMIT = 1024, 2048


@dataclass(frozen=True, kw_only=True)
class ModelCardSettings(Section):
    """What a model card says that no run can know. A change of these texts trains nothing.

    Attributes
    ----------
    owner : str
        Who answers for the model.
    business_problem, stakeholders, line_of_business : str
        What it is good for, who is concerned, and in which business.
    purpose, intended_uses, not_intended : str
        What it was made for, what it may be used for, and what it must not be used for.
    factors : str
        What makes it better or worse than its figures say.
    risk_rating : {"Unknown", "Low", "Medium", "High"}
        What harm a wrong use can do, in the organisation's own words of risk; with `risk_reason`.
    ethical_considerations, caveats : str
        What whoever uses it should keep in mind.
    """

    section: ClassVar[str] = "model_card"

    owner: str = "Nobody is named yet: set model_card.owner in config/environments.py."
    business_problem: str = (
        "Customers leave, and who calls the wrong ones pays for incentives that were not needed: find those whom "
        "calling pays."
    )
    stakeholders: str = "Retention agents, who call; customers, who are called or are not; whoever pays the incentives."
    line_of_business: str = "Telecommunications, customer retention"
    purpose: str = (
        "Tell how likely each customer is to leave, and whether an offer is expected to cost less than the loss."
    )
    intended_uses: str = "Ranking and choosing customers for a retention offer, with a person who makes the call."
    not_intended: str = (
        "Not for prices, credit, cancelling contracts, or any decision to a customer's disadvantage; not for customers "
        "of another market or product than those it learnt from; not as a ground told to a customer."
    )
    factors: str = (
        "Tariffs, competitors' offers and customers' habits that have changed since the data were taken; attributes "
        "outside the ranges of the schema are refused; a group with few customers is judged with little certainty."
    )
    risk_rating: str = "Medium"
    risk_reason: str = "A wrong answer costs an incentive or a customer; it denies nobody a service."
    ethical_considerations: str = (
        "An offer of an incentive counts as the favourable outcome; groups that must fare alike are marked in the "
        "schema and measured below. The attributes hold no name, age, sex or origin, but the state where a customer "
        "lives may stand for some of them."
    )
    caveats: str = (
        "Costs are assumptions and decide the threshold: check them. The figures are of held-out customers of the "
        "same file, not of customers of tomorrow; watch the drift."
    )

    def check(self) -> None:
        """Check the lengths, which SageMaker would refuse during a run."""
        for field in fields(self):
            limit = OWNER_LIMIT if field.name == "owner" else TEXT_LIMIT
            self.require(
                0 < len(getattr(self, field.name)) <= limit,
                field.name,
                rule=f"must have 1 to {limit} characters",
                remedy="Say it in a few sentences; the card is read by people.",
            )
        self.require(
            len(self.intended_uses) + len(self.not_intended) < TEXT_LIMIT,
            "not_intended",
            rule=f"must have fewer than {TEXT_LIMIT} characters together with model_card.intended_uses",
            remedy="A card has one field for both: shorten either.",
        )
        self.require(
            self.risk_rating in ("Unknown", "Low", "Medium", "High"),
            "risk_rating",
            rule="must be Unknown, Low, Medium or High",
            remedy="These are the ratings that a model card knows.",
        )


@dataclass(frozen=True, kw_only=True)
class ExperimentsSettings(Section):
    """Whether each run of the pipeline is logged to MLflow, where runs are compared.

    Attributes
    ----------
    enabled : bool
        Whether there is an MLflow app, and the steps that log to it. SageMaker's app has no machine that would cost by
        the hour; what it stores and is asked for is on the account's bill.
    """

    section: ClassVar[str] = "experiments"

    enabled: bool = False
