"""Names that a template fixes: the look before a deployment knows each, or it is argued here why it need not."""

from collections.abc import Iterator
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from operate import names

from .conftest import Environment, Resource, Synthesised

#: Texts that look like a name and can be in nobody's way.
FREE = {
    ("AWS::ApiGateway::Method", "HttpMethod"): "within its path",
    ("AWS::ApiGateway::Authorizer", "Name"): "within its API",
    ("AWS::ApiGateway::RestApi", "Name"): "APIs may share a name",
    ("AWS::ApiGateway::Stage", "StageName"): "within its API",
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "PolicyName"): "within its target",
    ("AWS::ApplicationAutoScaling::ScalableTarget", "ScalableDimension"): "what of the endpoint is scaled",
    ("AWS::ApplicationAutoScaling::ScalableTarget", "ServiceNamespace"): "whose the endpoint is",
    ("AWS::CloudWatch::Alarm", "MetricName"): "what is measured",
    ("AWS::Cognito::UserPool", "UserPoolName"): "pools may share a name",
    ("AWS::Cognito::UserPoolClient", "ClientName"): "within its pool",
    ("AWS::Cognito::UserPoolGroup", "GroupName"): "within its pool",
    ("AWS::Cognito::UserPoolResourceServer", "Identifier"): "within its pool",
    ("AWS::Cognito::UserPoolResourceServer", "Name"): "within its pool",
    ("AWS::EC2::VPCEndpoint", "ServiceName"): "where it leads to",
    ("AWS::SNS::Topic", "DisplayName"): "for people; topics may share it",
    ("AWS::SageMaker::Pipeline", "PipelineDisplayName"): "for people; pipelines may share it",
    ("AWS::SageMaker::Space", "SpaceName"): "within its domain",
    ("AWS::SageMaker::UserProfile", "UserProfileName"): "within its domain",
    ("AWS::WAFv2::WebACL", "Scope"): "what it stands before; its name is CloudFormation's",
}


def fixed(value: Any) -> bool:
    """Whether a deployment would find the same text again: nothing in it is made up by AWS."""
    if isinstance(value, dict) and "Fn::Join" in value:
        return all(fixed(part) for part in value["Fn::Join"][1])
    return isinstance(value, str) or str(value.get("Ref", "")).startswith("AWS::")


def naming(resource: Resource) -> Iterator[tuple[str, str]]:
    """Properties that name the resource: those that say so, and those by which AWS knows it."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource.type).schema
    identifiers = {path.rpartition("/")[2] for path in schema.get("primaryIdentifier", [])}
    for name, value in resource.properties.items():
        if (name.endswith("Name") or name in identifiers) and isinstance(value, str | dict) and fixed(value):
            yield resource.type, name


def _named(resource: Resource) -> set[tuple[str, str]]:
    return set() if resource.type.startswith("Custom::") else set(naming(resource))


def test_every_fixed_name_is_looked_for_before_a_deployment(environment: Environment) -> None:
    """A name that is taken would otherwise be found when half of the stacks are made."""
    known = {(kind, member) for kind, (member, _) in names.TYPES.items()}
    found = {one for resource in environment.resources() for one in _named(resource)}
    assert found - known - set(FREE) == set(), "tell operate/names.py, or argue above"
    assert found & known


def test_what_is_argued_to_be_free_is_there(synthesised: Synthesised) -> None:
    """An argument without a name is about nothing."""
    every = [one for environment in synthesised.environments.values() for one in environment.resources()]
    assert set(FREE) - {one for resource in every for one in _named(resource)} == set()


def test_a_name_of_the_account_is_fixed_and_one_of_a_resource_is_not() -> None:
    assert fixed({"Fn::Join": ["", ["churn-", {"Ref": "AWS::AccountId"}]]})
    assert not fixed({"Fn::Join": ["", ["API-Gateway-Execution-Logs_", {"Ref": "Api"}]]})
    assert not fixed({"Fn::GetAtt": ["Bucket", "Arn"]})
