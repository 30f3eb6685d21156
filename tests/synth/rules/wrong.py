"""What must not be: a change to a right environment each, and the rule that has something against it."""

import copy
import functools
from collections.abc import Callable
from typing import Any

from tests.synth.conftest import Environment

from . import Rule, access, code, data, entry, sagemaker


class Draft(Environment):
    """A copy of an environment, to be changed."""

    def __init__(self, original: Environment) -> None:
        super().__init__(original.settings, copy.deepcopy(original.templates))
        self.definitions = original.pipeline_definitions()

    def pipeline_definitions(self) -> dict[str, dict[str, Any]]:
        return self.definitions

    def first(self, kind: str, part: str = "") -> dict[str, Any]:
        """Properties of the first resource of a type whose logical id has a part."""
        return next(r.properties for r in self.resources(kind) if part in r.logical_id)

    def step(self, name: str) -> dict[str, Any]:
        """A step's arguments."""
        return next(step["Arguments"] for step in self.steps() if step["Name"] == name)

    def add(self, kind: str, **properties: Any) -> None:
        """A resource more."""
        self.templates["Storage"]["Resources"]["Added"] = {"Type": kind, "Properties": properties}


def allowing(**statement: Any) -> dict[str, Any]:
    """A policy that allows one thing."""
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/one"}
    return {"Statement": [{**allowed, **statement}]}


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path; a star stands for the first of a list."""
    *way, last = path.split(".")
    for key in way:
        body = body[0] if key == "*" else body[key]
    if value is None:
        del body[last]
    else:
        body[last] = value


Change = Callable[[Draft], None]


def added(kind: str, **properties: Any) -> Change:
    return lambda draft: draft.add(kind, **properties)


def changed(kind: str, path: str, value: Any, part: str = "") -> Change:
    """One property of the first such resource set, or, with None, left out."""
    return lambda draft: put(draft.first(kind, part), path, value)


def step_changed(name: str, path: str, value: Any) -> Change:
    return lambda draft: put(draft.step(name), path, value)


def bucket_policy(**statement: Any) -> Change:
    return added("AWS::S3::BucketPolicy", Bucket="bucket", PolicyDocument=allowing(**statement))


BUCKET, FUNCTION, GROUP = "AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::Logs::LogGroup"
POOL = "AWS::Cognito::UserPool"
CONFIG, VPC_ONLY = "AWS::SageMaker::EndpointConfig", {"AppNetworkAccessType": "VpcOnly", "VpcId": "vpc"}
SOME_KEY = "arn:aws:kms:eu-west-1:111122223333:key/of-somebody-else"
A_JOB = {
    "TrainingJobDefinition": {},
    "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": 1}},
}

#: What must not be, and the rule that says so.
WRONG: dict[str, tuple[Rule, Change]] = {
    "a wildcard for a bucket": (access.no_action_has_a_wildcard, bucket_policy(Action="s3:Get*")),
    "every action of a key": (
        access.no_action_has_a_wildcard,
        changed("AWS::KMS::Key", "KeyPolicy.Statement.*.Action", "kms:*"),
    ),
    "a wildcard for a role": (
        access.no_action_has_a_wildcard,
        changed("AWS::IAM::ManagedPolicy", "PolicyDocument.Statement.*.Action", ["logs:*"]),
    ),
    "a wildcard for an endpoint": (
        access.no_action_has_a_wildcard,
        changed("AWS::EC2::VPCEndpoint", "PolicyDocument.Statement.*.Action", ["*"]),
    ),
    "a wildcard in an inline policy": (
        access.no_action_has_a_wildcard,
        added("AWS::IAM::Role", Policies=[{"PolicyName": "P", "PolicyDocument": allowing(Action="s3:*")}]),
    ),
    "a wildcard in a policy that is text": (
        access.no_action_has_a_wildcard,
        added("AWS::Logs::ResourcePolicy", PolicyDocument='{"Statement": [{"Effect": "Allow", "Action": "logs:*"}]}'),
    ),
    "all actions but one": (
        access.no_action_has_a_wildcard,
        added(
            "AWS::IAM::ManagedPolicy", PolicyDocument={"Statement": {"Effect": "Allow", "NotAction": "s3:GetObject"}}
        ),
    ),
    "all resources but one": (access.no_action_has_a_wildcard, bucket_policy(NotResource="arn:aws:s3:::other/*")),
    "every resource, by a topic's policy": (
        access.no_policy_of_a_resource_reaches_beyond_it,
        added("AWS::SNS::TopicPolicy", PolicyDocument=allowing(Principal={"AWS": "*"}, Resource="*")),
    ),
    "anybody": (access.no_stranger_is_let_in, bucket_policy(Principal="*")),
    "anybody with an account": (access.no_stranger_is_let_in, bucket_policy(Principal={"AWS": ["*"]})),
    "an account by number": (
        access.no_stranger_is_let_in,
        bucket_policy(Principal={"AWS": "arn:aws:iam::444455556666:root"}),
    ),
    "a service for anybody": (
        access.no_stranger_is_let_in,
        bucket_policy(Principal={"Service": "logging.s3.amazonaws.com"}),
    ),
    "anybody through an endpoint": (
        access.no_stranger_is_let_in,
        changed("AWS::EC2::VPCEndpoint", "PolicyDocument.Statement.*.Condition", {}),
    ),
    "a way out": (access.nothing_is_public, added("AWS::EC2::InternetGateway")),
    "an address of a function": (access.nothing_is_public, added("AWS::Lambda::Url", AuthType="NONE")),
    "a public subnet": (access.nothing_is_public, changed("AWS::EC2::Subnet", "MapPublicIpOnLaunch", True)),
    "a public bucket list": (access.nothing_is_public, changed(BUCKET, "AccessControl", "PublicRead")),
    "a site of S3's own": (access.nothing_is_public, changed(BUCKET, "WebsiteConfiguration", {})),
    "a public database": (access.nothing_is_public, added("AWS::RDS::DBInstance", PubliclyAccessible=True)),
    "a studio on the internet": (
        access.nothing_is_public,
        added("AWS::SageMaker::Domain", AppNetworkAccessType="PublicInternetOnly"),
    ),
    "a group that listens to the world": (
        access.nothing_is_public,
        added("AWS::EC2::SecurityGroupIngress", CidrIp="0.0.0.0/0", FromPort=443),
    ),
    "the same, inside the group": (
        access.nothing_is_public,
        changed("AWS::EC2::SecurityGroup", "SecurityGroupIngress", [{"CidrIpv6": "::/0"}]),
    ),
    "a caller from anywhere": (
        access.only_named_callers_reach_a_function,
        changed("AWS::Lambda::Permission", "SourceArn", None),
    ),
    "a user": (access.nobody_has_keys_for_good, added("AWS::IAM::User")),
    "a function with Lambda's log": (
        code.every_function_has_a_log_of_ours_and_limits,
        changed(FUNCTION, "LoggingConfig", None),
    ),
    "a function with a log of no stack": (
        code.every_function_has_a_log_of_ours_and_limits,
        changed(FUNCTION, "LoggingConfig", {"LogGroup": "/aws/lambda/function"}),
    ),
    "a function without a limit": (
        code.every_function_has_a_log_of_ours_and_limits,
        changed(FUNCTION, "Timeout", None),
    ),
    "a function of much memory": (
        code.every_function_has_a_log_of_ours_and_limits,
        changed(FUNCTION, "MemorySize", 4096),
    ),
    "an old Python": (code.every_function_has_a_log_of_ours_and_limits, changed(FUNCTION, "Runtime", "python3.9")),
    "a role by name": (
        code.every_function_has_a_log_of_ours_and_limits,
        changed(FUNCTION, "Role", {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/other"}),
    ),
    "a variable named so": (
        code.no_variable_holds_a_secret,
        changed(FUNCTION, "Environment", {"Variables": {"DB_PASSWORD": "x"}}),
    ),
    "an access key": (
        code.no_variable_holds_a_secret,
        changed(FUNCTION, "Environment", {"Variables": {"SETTING": "AKIAIOSFODNN7EXAMPLE"}}),
    ),
    "its other half": (
        code.no_variable_holds_a_secret,
        changed(FUNCTION, "Environment", {"Variables": {"SETTING": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}),
    ),
    "a secret resolved into a variable": (
        code.no_variable_holds_a_secret,
        changed(FUNCTION, "Environment", {"Variables": {"SETTING": "{{resolve:secretsmanager:one}}"}}),
    ),
    "a secret of a job": (
        code.no_variable_holds_a_secret,
        step_changed("Train", "Environment", {"API_TOKEN": "x"}),
    ),
    "a secret in Studio's script": (
        code.no_variable_holds_a_secret,
        added(
            "AWS::SageMaker::StudioLifecycleConfig", StudioLifecycleConfigContent="LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVkt"
        ),
    ),
    "a password in a template": (
        code.no_secret_is_written_into_a_template,
        added("AWS::RDS::DBInstance", MasterUserPassword="correct horse"),
    ),
    "a token in a description": (
        code.no_secret_is_written_into_a_template,
        changed("AWS::EC2::SecurityGroup", "GroupDescription", "see github_pat_0123456789abcdefghijkl"),
    ),
    "a parameter that everybody sees": (
        code.no_secret_is_written_into_a_template,
        lambda draft: draft.templates["Api"].setdefault("Parameters", {}).update(ApiKey={"Type": "String"}),
    ),
    **{
        f"a {kind.rpartition('::')[2]} without a key": (data.what_keeps_data_has_a_key_of_ours, added(kind))
        for kind in data.KEY_OF
    },
    "a topic with AWS's key": (
        data.what_keeps_data_has_a_key_of_ours,
        added("AWS::SNS::Topic", KmsMasterKeyId="alias/aws/sns"),
    ),
    "a type that nobody thought of": (data.what_keeps_data_has_a_key_of_ours, added("AWS::Neptune::DBCluster")),
    "a bucket half closed": (
        data.every_bucket_is_closed_kept_and_noted,
        changed(BUCKET, "PublicAccessBlockConfiguration.BlockPublicPolicy", False),
    ),
    "a bucket that answers pages": (
        data.every_bucket_is_closed_kept_and_noted,
        changed(BUCKET, "CorsConfiguration", {"CorsRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]}),
    ),
    "a bucket without versions": (
        data.every_bucket_is_closed_kept_and_noted,
        changed(BUCKET, "VersioningConfiguration", None),
    ),
    "versions for ever": (
        data.every_bucket_is_closed_kept_and_noted,
        changed(BUCKET, "LifecycleConfiguration.Rules", []),
    ),
    "a bucket without notes": (
        data.every_bucket_is_closed_kept_and_noted,
        changed(BUCKET, "LoggingConfiguration", None, part="Models"),
    ),
    "a bucket with another's key": (
        data.every_bucket_is_closed_kept_and_noted,
        changed(
            BUCKET,
            "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault.KMSMasterKeyID",
            SOME_KEY,
            part="Data",
        ),
    ),
    "a bucket without encryption": (
        data.every_bucket_is_closed_kept_and_noted,
        changed(BUCKET, "BucketEncryption", None, part="Site"),
    ),
    "a bucket without a policy": (data.every_bucket_refuses_what_is_not_tls, added(BUCKET)),
    "a bucket that hears plain text": (
        data.every_bucket_refuses_what_is_not_tls,
        changed(
            "AWS::S3::BucketPolicy", "PolicyDocument.Statement.*.Condition", {"Bool": {"aws:SecureTransport": "no"}}
        ),
    ),
    "a log for ever": (data.every_log_group_ends_and_has_the_key_of_logs, changed(GROUP, "RetentionInDays", None)),
    "a log with the key of data": (
        data.every_log_group_ends_and_has_the_key_of_logs,
        changed(GROUP, "KmsKeyId", {"Fn::ImportValue": "Churn-dev-Keys:ExportsOutputFnGetAttData"}),
    ),
    "a key that stays the same": (
        data.every_key_rotates_and_takes_its_time_to_go,
        changed("AWS::KMS::Key", "EnableKeyRotation", False),
    ),
    "a key that goes at once": (
        data.every_key_rotates_and_takes_its_time_to_go,
        changed("AWS::KMS::Key", "PendingWindowInDays", None),
    ),
    **{
        f"a method whose {name} is {value}": (
            entry.every_method_asks_for_the_documents_scope,
            changed("AWS::ApiGateway::Method", name, value, part="modelreport"),
        )
        for name, value in (
            ("AuthorizationType", "NONE"),
            ("AuthorizerId", None),
            ("AuthorizationScopes", ["churn/predict"]),
            ("AuthorizationScopes", None),
            ("ApiKeyRequired", False),
        )
    },
    "a method that no document knows": (
        entry.every_method_asks_for_the_documents_scope,
        changed("AWS::ApiGateway::Method", "HttpMethod", "PUT", part="health"),
    ),
    **{
        f"a pool whose {path} is {value}": (entry.people_are_let_in_by_operators_only, changed(POOL, path, value))
        for path, value in (
            ("AdminCreateUserConfig.AllowAdminCreateUserOnly", False),
            ("Policies.PasswordPolicy.MinimumLength", 8),
            ("Policies.PasswordPolicy.RequireSymbols", False),
            ("MfaConfiguration", "OFF"),
            ("EnabledMfas", ["SMS_MFA"]),
            ("UserPoolTier", "LITE"),
            ("DeletionProtection", "ACTIVE"),
        )
    },
    **{
        f"the page's client whose {path} is {value}": (
            entry.every_client_is_bounded,
            changed("AWS::Cognito::UserPoolClient", path, value, part="PageClient"),
        )
        for path, value in (
            ("AllowedOAuthFlows", ["implicit"]),
            ("GenerateSecret", True),
            ("EnableTokenRevocation", False),
            ("PreventUserExistenceErrors", "LEGACY"),
            ("AccessTokenValidity", 120),
            ("TokenValidityUnits.AccessToken", "hours"),
            ("AllowedOAuthScopes", ["aws.cognito.signin.user.admin"]),
            ("CallbackURLs", ["https://elsewhere.example/"]),
        )
    },
    "a model in the open": (
        sagemaker.every_definition_of_sagemaker_is_too,
        changed("AWS::SageMaker::Model", "VpcConfig", None),
    ),
    "a model that may call out": (
        sagemaker.every_definition_of_sagemaker_is_too,
        changed("AWS::SageMaker::Model", "EnableNetworkIsolation", False),
    ),
    "an endpoint without a key": (sagemaker.every_definition_of_sagemaker_is_too, changed(CONFIG, "KmsKeyId", None)),
    "captured traffic without a key": (
        sagemaker.every_definition_of_sagemaker_is_too,
        changed(CONFIG, "DataCaptureConfig", {"EnableCapture": True}),
    ),
    "a studio without a key": (
        sagemaker.every_definition_of_sagemaker_is_too,
        added("AWS::SageMaker::Domain", **VPC_ONLY, SubnetIds=["subnet"], HomeEfsFileSystemCreation="Disabled"),
    ),
    "a notebook instance": (sagemaker.every_definition_of_sagemaker_is_too, added("AWS::SageMaker::NotebookInstance")),
    **{
        f"{name} without {path}": (
            sagemaker.every_step_is_in_the_network_isolated_and_encrypted,
            step_changed(name, path, None),
        )
        for name, paths in {
            "Prepare": (
                "NetworkConfig.VpcConfig",
                "NetworkConfig.EnableNetworkIsolation",
                "NetworkConfig.EnableInterContainerTrafficEncryption",
                "ProcessingResources.ClusterConfig.VolumeKmsKeyId",
                "ProcessingOutputConfig.KmsKeyId",
                "StoppingCondition",
            ),
            "Train": (
                "VpcConfig",
                "EnableNetworkIsolation",
                "EnableInterContainerTrafficEncryption",
                "ResourceConfig.VolumeKmsKeyId",
                "OutputDataConfig.KmsKeyId",
                "StoppingCondition",
            ),
        }.items()
        for path in paths
    },
    "an artifact with the key of data": (
        sagemaker.every_step_is_in_the_network_isolated_and_encrypted,
        step_changed("Train", "OutputDataConfig.KmsKeyId", "Churn-dev-Keys:ExportsOutputFnGetAttData"),
    ),
    **{
        f"a bare step of type {kind}": (
            sagemaker.every_step_is_in_the_network_isolated_and_encrypted,
            functools.partial(
                lambda kind, draft: draft.pipeline_definition()["Steps"].append(
                    {"Name": "N", "Type": kind, "Arguments": A_JOB}
                ),
                kind,
            ),
        )
        for kind in ("Transform", "Tuning", "EMR")
    },
}
