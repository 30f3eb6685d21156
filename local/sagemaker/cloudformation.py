"""CloudFormation's view of the service: resource types over the API's operations."""

import copy
import json
import uuid
from typing import Any

from local.sagemaker import endpoint_changes, model, operations, pipelines, shapes, tags
from local.sagemaker.errors import ServiceError
from local.sagemaker.naming import name_of
from local.sagemaker.operations import Request
from local.sagemaker.store import Record, records

Props = dict[str, Any]
Answer = tuple[str, dict[str, str]]


class ResourceFailed(Exception):
    """What CloudFormation shows as the reason of a failed resource."""


class Kind:
    """One resource type.

    Parameters
    ----------
    name
        The API's word for it, such as ``Model``.
    create_only
        Properties whose change replaces the resource.
    ref
        ``arn`` or ``name``: what ``Ref`` answers.
    attributes
        What ``Fn::GetAtt`` answers.
    """

    #: Whether a handler may wait, for a process or for an answer of the gateway: then it needs a thread of its own.
    waits = True

    def __init__(self, name: str, create_only: tuple[str, ...], ref: str, attributes: tuple[str, ...]) -> None:
        self.name = name
        self.create_only = (f"{name}Name", *create_only)
        self._ref = ref
        self._attributes = attributes

    def request(self, operation: str, props: Props) -> Request:
        """The API request that properties ask for."""
        coerced: Request = shapes.coerce(model.input_shape(operation), copy.deepcopy(props))
        return coerced

    def find(self, physical_id: str) -> Record | None:
        """The record behind a physical id, which is a name or an ARN."""
        for record in records.all(self.name):
            if physical_id in (record[f"{self.name}Name"], record[f"{self.name}Arn"]):
                return record
        return None

    def require(self, physical_id: str) -> Record:
        """The same, when it must exist."""
        record = self.find(physical_id)
        if record is None:
            raise ResourceFailed(
                f"Resource of type 'AWS::SageMaker::{self.name}' with identifier '{physical_id}' was not found."
            )
        return record

    def answer(self, record: Record) -> Answer:
        """Physical id and attributes of a record."""
        identity = record[f"{self.name}Arn" if self._ref == "arn" else f"{self.name}Name"]
        return identity, {name: str(record[name]) for name in self._attributes}

    def replaces(self, old: Props, new: Props) -> bool:
        """Whether a change of properties needs a new resource."""
        return any(old.get(p) != new.get(p) for p in self.create_only)

    def create(self, generated: str, props: Props) -> Answer:
        """Create the resource, under a generated name when the template names none."""
        name = f"{self.name}Name"
        request = self.request(f"Create{self.name}", {name: generated, **props})
        operations.call(f"Create{self.name}", request)
        return self.answer(self.require(request[name]))

    def update(self, physical_id: str, old: Props, new: Props) -> Answer:
        """Change what can be changed in place: the tags, unless a type knows more."""
        record = self.require(physical_id)
        if old.get("Tags") != new.get("Tags"):
            tags.replace(record[f"{self.name}Arn"], new.get("Tags"))
        return self.answer(record)

    def delete(self, physical_id: str) -> None:
        """Delete the resource; one that is gone already is fine."""
        record = self.find(physical_id)
        if record is not None:
            operations.call(f"Delete{self.name}", self.delete_request(record))

    def delete_request(self, record: Record) -> Request:
        """The request that deletes a record's resource."""
        return {f"{self.name}Name": record[f"{self.name}Name"]}


class PipelineKind(Kind):
    """A pipeline: its definition is a property of its own shape."""

    def request(self, operation: str, props: Props) -> Request:
        """The request; see :class:`Kind`."""
        props = copy.deepcopy(props)
        definition = props.pop("PipelineDefinition", None) or {}
        body = definition.get("PipelineDefinitionBody")
        if body is not None:
            props["PipelineDefinition"] = body if isinstance(body, str) else json.dumps(body)
        place = definition.get("PipelineDefinitionS3Location")
        if place:
            props["PipelineDefinitionS3Location"] = {"Bucket": place["Bucket"], "ObjectKey": place["Key"]}
            if place.get("Version"):
                props["PipelineDefinitionS3Location"]["VersionId"] = place["Version"]
        if operation == "CreatePipeline":
            props["ClientRequestToken"] = uuid.uuid4().hex
        return super().request(operation, props)

    def update(self, physical_id: str, old: Props, new: Props) -> Answer:
        """Update in place."""
        request = self.request("UpdatePipeline", {k: v for k, v in new.items() if k != "Tags"})
        operations.call("UpdatePipeline", request | {"PipelineName": physical_id})
        return super().update(physical_id, old, new)

    def delete_request(self, record: Record) -> Request:
        """The request; see :class:`Kind`."""
        return super().delete_request(record) | {"ClientRequestToken": uuid.uuid4().hex}

    def find(self, physical_id: str) -> Record | None:
        """A pipeline's record."""
        try:
            return pipelines.require(physical_id)
        except ServiceError:
            return None


class EndpointKind(Kind):
    """An endpoint: CloudFormation waits until it serves, and keeps the old configuration when it fails."""

    _UPDATE_ONLY = ("RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "RetainDeploymentConfig")

    def create(self, generated: str, props: Props) -> Answer:
        """Create and wait."""
        props = {"EndpointName": generated, **props}
        props = {k: v for k, v in props.items() if k not in self._UPDATE_ONLY}
        props["EndpointConfigName"] = name_of("EndpointConfig", props["EndpointConfigName"])
        request = self.request("CreateEndpoint", props)
        operations.check("CreateEndpoint", request)
        record = endpoint_changes.begin_create(request)
        endpoint_changes.finish_create(record)
        if record["EndpointStatus"] != "InService":
            # CloudFormation deletes what it could not create.
            operations.call("DeleteEndpoint", {"EndpointName": record["EndpointName"]})
            raise ResourceFailed(record.get("FailureReason", "The endpoint failed"))
        return self.answer(record)

    def update(self, physical_id: str, old: Props, new: Props) -> Answer:
        """Go to another configuration, blue/green, and wait."""
        record = self.require(physical_id)
        changed = {k: v for k, v in new.items() if k not in ("Tags", "EndpointName")}
        if changed != {k: v for k, v in old.items() if k not in ("Tags", "EndpointName")}:
            changed["EndpointConfigName"] = name_of("EndpointConfig", changed["EndpointConfigName"])
            request = self.request("UpdateEndpoint", changed | {"EndpointName": record["EndpointName"]})
            operations.check("UpdateEndpoint", request)
            record, shift = endpoint_changes.begin_update(request)
            reason = endpoint_changes.finish_update(record, shift)
            if reason:
                raise ResourceFailed(reason)
        return super().update(physical_id, old, new)


_CONFIG_PARTS = (
    "AsyncInferenceConfig", "DataCaptureConfig", "EnableNetworkIsolation", "ExecutionRoleArn",
    "ExplainerConfig", "KmsKeyId", "MetricsConfig", "ProductionVariants", "ShadowProductionVariants", "VpcConfig",
)  # fmt: skip
_MODEL_PARTS = (
    "Containers", "EnableNetworkIsolation", "ExecutionRoleArn", "InferenceExecutionConfig",
    "PrimaryContainer", "VpcConfig",
)  # fmt: skip

#: The types that the app uses; Studio's are beside it. Another one is another line, once its operations exist.
TYPES: dict[str, Kind] = {
    "AWS::SageMaker::Model": Kind("Model", _MODEL_PARTS, "arn", ("ModelArn", "ModelName")),
    "AWS::SageMaker::EndpointConfig": Kind(
        "EndpointConfig", _CONFIG_PARTS, "arn", ("EndpointConfigArn", "EndpointConfigName")
    ),
    "AWS::SageMaker::Endpoint": EndpointKind("Endpoint", (), "arn", ("EndpointArn", "EndpointName")),
    "AWS::SageMaker::ModelPackageGroup": Kind(
        "ModelPackageGroup",
        ("ModelPackageGroupDescription",),
        "arn",
        ("ModelPackageGroupArn", "ModelPackageGroupStatus", "CreationTime"),
    ),
    "AWS::SageMaker::Pipeline": PipelineKind("Pipeline", (), "name", ()),
}
