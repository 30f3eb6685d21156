"""What keeps data: encrypted with a key of ours, logged, with an end."""

from collections.abc import Iterator
from typing import Any

from tests.synth.conftest import Environment, Resource

from .walk import as_list, at, is_key, text

TLS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}
OWN_KEY_OF_S3 = {"AccessLogs": "S3 delivers to no other", "Site": "public, from the repository"}
# Type -> where its key stands. Beside what is used, what may be one day: it then has a key, or fails here.
KEY_OF = {
    "AWS::Backup::BackupVault": "EncryptionKeyArn",
    "AWS::CloudTrail::Trail": "KMSKeyId",
    "AWS::DynamoDB::Table": "SSESpecification.KMSMasterKeyId",
    "AWS::EC2::Volume": "KmsKeyId",
    "AWS::ECR::Repository": "EncryptionConfiguration.KmsKey",
    "AWS::EFS::FileSystem": "KmsKeyId",
    "AWS::Events::EventBus": "KmsKeyIdentifier",
    "AWS::Kinesis::Stream": "StreamEncryption.KeyId",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamEncryptionConfigurationInput.KeyARN",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
}
# Looked at by rules of their own: buckets here, SageMaker's in sagemaker.py.
ELSEWHERE = ("AWS::S3::Bucket", "AWS::SageMaker::")
KEEPS_NOTHING = {
    "AWS::AccessAnalyzer::Analyzer",
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::ApiKey",  # counts requests; lets nobody in
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",  # its cache would; it has none
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::Cognito::UserPool",  # names and addresses of those who work here, under Cognito's own key
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::EC2::FlowLog",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::Events::Rule",  # passes events on
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",  # its variables have a rule of their own
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACL",
    "AWS::WAFv2::WebACLAssociation",
    "AWS::StepFunctions::StateMachine",  # argued in docs/decisions/keys.md
}


def what_keeps_data_has_a_key_of_ours(environment: Environment) -> Iterator[str]:
    for resource in environment.resources():
        kind = resource.type
        if kind in KEY_OF:
            if not is_key(at(resource.properties, KEY_OF[kind])):
                yield f"{resource} has no key of ours in {KEY_OF[kind]}"
        elif kind not in KEEPS_NOTHING and not kind.startswith((*ELSEWHERE, "Custom::")):
            yield f"{resource} is a {kind}: say here where its key stands, or that it keeps nothing"


def every_bucket_is_closed_kept_and_noted(environment: Environment) -> Iterator[str]:
    for bucket in environment.resources("AWS::S3::Bucket"):
        p = bucket.properties
        block = p.get("PublicAccessBlockConfiguration", {})
        if len(block) != 4 or set(block.values()) != {True}:
            yield f"{bucket} is not closed to the public"
        if at(p, "VersioningConfiguration.Status") != "Enabled":
            yield f"{bucket} keeps no versions"
        if not p.get("LoggingConfiguration") and not bucket.logical_id.startswith("AccessLogs"):
            yield f"{bucket} notes no access"
        if not _expires_old_versions(p):
            yield f"{bucket} keeps replaced versions for ever"
        # The signed forms and addresses of files to score are for pages, too; nothing else in a bucket is.
        if p.get("CorsConfiguration") and not bucket.logical_id.startswith("Batches"):
            yield f"{bucket} answers pages"
        yield from _bucket_key(bucket)


def _expires_old_versions(properties: dict[str, Any]) -> bool:
    rules = at(properties, "LifecycleConfiguration.Rules") or []
    needed = ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    return all(any(name in rule and rule["Status"] == "Enabled" for rule in rules) for name in needed)


def _bucket_key(bucket: Resource) -> Iterator[str]:
    rules = at(bucket.properties, "BucketEncryption.ServerSideEncryptionConfiguration") or [{}]
    for rule in rules:
        encryption = rule.get("ServerSideEncryptionByDefault", {})
        if bucket.logical_id.startswith(tuple(OWN_KEY_OF_S3)):
            if encryption.get("SSEAlgorithm") != "AES256":
                yield f"{bucket} is not encrypted"
        elif not is_key(encryption.get("KMSMasterKeyID")):
            yield f"{bucket} has no key of ours"


def every_bucket_refuses_what_is_not_tls(environment: Environment) -> Iterator[str]:
    policies = {text(p.properties["Bucket"]): p for p in environment.resources("AWS::S3::BucketPolicy")}
    for bucket in environment.resources("AWS::S3::Bucket"):
        policy = policies.get(text({"Ref": bucket.logical_id}))
        arn = {"Fn::GetAtt": [bucket.logical_id, "Arn"]}
        whole = {text(arn), text({"Fn::Join": ["", [arn, "/*"]]})}
        found = policy.properties["PolicyDocument"]["Statement"] if policy else []
        if not any(
            one["Effect"] == "Deny"
            and one.get("Condition") == TLS_ONLY
            and one["Action"] == "s3:*"
            and one["Principal"] == {"AWS": "*"}
            and {text(target) for target in as_list(one["Resource"])} == whole
            for one in found
        ):
            yield f"{bucket} answers without TLS"


def every_log_group_ends_and_has_the_key_of_logs(environment: Environment) -> Iterator[str]:
    days = environment.settings.storage.log_retention_days
    for group in environment.resources("AWS::Logs::LogGroup"):
        if group.properties.get("RetentionInDays") != days:
            yield f"{group} does not keep its events for {days} days"
        if not is_key(group.properties.get("KmsKeyId"), "Logs"):
            yield f"{group} does not have the key of logs"


def every_key_rotates_and_takes_its_time_to_go(environment: Environment) -> Iterator[str]:
    for key in environment.resources("AWS::KMS::Key"):
        if key.properties.get("EnableKeyRotation") is not True:
            yield f"{key} does not rotate"
        if key.properties.get("PendingWindowInDays", 0) < 7:
            yield f"{key} is gone before anybody notices"


RULES = (
    what_keeps_data_has_a_key_of_ours,
    every_bucket_is_closed_kept_and_noted,
    every_bucket_refuses_what_is_not_tls,
    every_log_group_ends_and_has_the_key_of_logs,
    every_key_rotates_and_takes_its_time_to_go,
)
