"""CloudFormation's view of an MLflow app, whose ARN holds an id and whose members bear plain names."""

from local.sagemaker import operations
from local.sagemaker.cloudformation import Answer, Kind, Props
from local.sagemaker.store import Record, records

_NAME = "MlflowApp"


class MlflowAppKind(Kind):
    """See :class:`local.sagemaker.cloudformation.Kind`."""

    def __init__(self) -> None:
        super().__init__(_NAME, (), "arn", ())
        self.create_only = ("Name", "RoleArn")

    def find(self, physical_id: str) -> Record | None:
        """The record behind an ARN."""
        return next((record for record in records.all(_NAME) if record["Arn"] == physical_id), None)

    def answer(self, record: Record) -> Answer:
        """Physical id and attributes of a record."""
        return record["Arn"], {name: str(record[name]) for name in ("Arn", "MlflowVersion", "Status")}

    def create(self, generated: str, props: Props) -> Answer:
        """Create the app; its name is required, so none is generated."""
        del generated
        arn = operations.call("CreateMlflowApp", self.request("CreateMlflowApp", props))["Arn"]
        return self.answer(self.require(arn))

    def update(self, physical_id: str, old: Props, new: Props) -> Answer:
        """Change the app in place."""
        del old
        changed = {k: v for k, v in new.items() if k not in ("Tags", *self.create_only)}
        operations.call("UpdateMlflowApp", self.request("UpdateMlflowApp", changed | {"Arn": physical_id}))
        return self.answer(self.require(physical_id))

    def delete_request(self, record: Record) -> Props:
        """The request that deletes a record's app."""
        return {"Arn": record["Arn"]}


TYPES = {"AWS::SageMaker::MlflowApp": MlflowAppKind()}
