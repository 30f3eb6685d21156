"""What must hold of every resource of a type, in every environment."""

import json
from collections.abc import Iterator
from typing import Any

from .conftest import Environment, Resource, Synthesised

BUCKET_POLICY = "AWS::S3::BucketPolicy"
# Policies of AWS that roles may have: argued where the role is made, or on a role that the CDK makes itself.
MANAGED_POLICIES = {
    ("Api", "service-role/AmazonAPIGatewayPushToCloudWatchLogs"),
    ("Storage", "service-role/AWSLambdaBasicExecutionRole"),
    ("Web", "service-role/AWSLambdaBasicExecutionRole"),
}
AUTO_DELETE = "CustomS3AutoDeleteObjects"


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def identity_statements(environment: Environment) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Every statement of every role and policy."""
    for resource in environment.resources("AWS::IAM::Role", "AWS::IAM::Policy"):
        documents = [resource.properties["PolicyDocument"]] if "PolicyDocument" in resource.properties else []
        documents += [one["PolicyDocument"] for one in resource.properties.get("Policies", [])]
        for document in documents:
            for statement in document["Statement"]:
                yield resource, statement


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def test_every_bucket_is_private_versioned_and_encrypted(environment: Environment) -> None:
    for bucket in environment.resources("AWS::S3::Bucket"):
        assert set(bucket.properties["PublicAccessBlockConfiguration"].values()) == {True}, f"{bucket}"
        assert len(bucket.properties["PublicAccessBlockConfiguration"]) == 4
        assert bucket.properties["VersioningConfiguration"] == {"Status": "Enabled"}, f"{bucket}"
        (rule,) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        algorithm = rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
        holds_our_data = bucket.logical_id.startswith(("Data", "Models"))
        assert algorithm == ("aws:kms" if holds_our_data else "AES256"), f"{bucket}"
        assert not holds_our_data or rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]


def test_every_bucket_refuses_what_is_not_tls(environment: Environment) -> None:
    policies = {text(policy.properties["Bucket"]): policy for policy in environment.resources(BUCKET_POLICY)}
    for bucket in environment.resources("AWS::S3::Bucket"):
        statements = policies[text({"Ref": bucket.logical_id})].properties["PolicyDocument"]["Statement"]
        denials = [one for one in statements if one["Effect"] == "Deny"]
        tls = {"Bool": {"aws:SecureTransport": "false"}}
        assert [
            one
            for one in denials
            if one["Condition"] == tls
            and one["Action"] == "s3:*"
            and one["Principal"] == {"AWS": "*"}
            and {text(r) for r in one["Resource"]} == objects_and_bucket(bucket)
        ], f"{bucket}"


def objects_and_bucket(bucket: Resource) -> set[str]:
    arn = {"Fn::GetAtt": [bucket.logical_id, "Arn"]}
    return {text(arn), text({"Fn::Join": ["", [arn, "/*"]]})}


def test_no_bucket_policy_allows_strangers(environment: Environment) -> None:
    for policy in environment.resources(BUCKET_POLICY):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny":
                continue
            principal = statement["Principal"]
            assert principal != "*"
            assert principal.get("AWS") != "*"
            if "Service" in principal:
                assert statement["Condition"], f"{policy} lets {principal} in for anybody"
            if any("*" in action for action in as_list(statement["Action"])):
                assert AUTO_DELETE in text(principal), f"{policy}: {statement['Action']}"


def test_every_bucket_notes_its_accesses(environment: Environment) -> None:
    for bucket in environment.resources("AWS::S3::Bucket"):
        noted = bucket.properties.get("LoggingConfiguration")
        assert bool(noted) is not bucket.logical_id.startswith("AccessLogs"), f"{bucket}"


def test_every_key_rotates(environment: Environment) -> None:
    for key in environment.resources("AWS::KMS::Key"):
        assert key.properties["EnableKeyRotation"] is True
        for statement in key.properties["KeyPolicy"]["Statement"]:
            assert statement["Principal"] != "*"
            if "Service" in statement["Principal"]:
                assert statement["Condition"], f"{statement['Principal']} may use the key for anybody"


def test_every_log_group_has_a_key_and_an_end(environment: Environment) -> None:
    for group in environment.resources("AWS::Logs::LogGroup"):
        assert group.properties["RetentionInDays"] == environment.settings.storage.log_retention_days, f"{group}"
        assert group.properties["KmsKeyId"], f"{group}"


def test_every_function_of_ours_logs_to_a_group_of_ours(environment: Environment) -> None:
    for function in environment.resources("AWS::Lambda::Function"):
        if function.logical_id.startswith(AUTO_DELETE):
            continue
        assert "Ref" in function.properties["LoggingConfig"]["LogGroup"], f"{function}"


def test_no_action_has_a_wildcard(environment: Environment) -> None:
    for resource, statement in identity_statements(environment):
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert "NotResource" not in statement
        for action in as_list(statement["Action"]):
            assert "*" not in action, f"{resource}: {action}"


def test_every_wildcard_resource_is_explained(environment: Environment, synthesised: Synthesised) -> None:
    explained: dict[str, int] = {}
    for one in synthesised.acknowledged:
        if one.finding.startswith("AwsSolutions-IAM5[Resource::"):
            explained[one.path] = explained.get(one.path, 0) + 1
    for resource in environment.resources("AWS::IAM::Role", "AWS::IAM::Policy"):
        wild = {
            text(target)
            for owner, statement in identity_statements(environment)
            if owner == resource
            for target in as_list(statement["Resource"])
            if "*" in text(target)
        }
        assert len(wild) == explained.get(resource.path, 0), f"{resource}: {wild}"


def test_the_lone_star_stands_only_for_actions_without_resources(environment: Environment) -> None:
    without_resources = {
        "cloudwatch:PutMetricData",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ecr:GetAuthorizationToken",
        "sagemaker:ListModelPackages",
    }
    for resource, statement in identity_statements(environment):
        if "*" in as_list(statement["Resource"]):
            assert set(as_list(statement["Action"])) <= without_resources, f"{resource}"
            if "cloudwatch:PutMetricData" in as_list(statement["Action"]):
                assert statement["Condition"]["StringEquals"]["cloudwatch:namespace"].startswith("/aws/sagemaker/")


def test_passing_a_role_names_the_role_and_the_service(environment: Environment) -> None:
    passing = [
        (resource, statement)
        for resource, statement in identity_statements(environment)
        if "iam:PassRole" in as_list(statement["Action"])
    ]
    assert passing
    for resource, statement in passing:
        assert as_list(statement["Action"]) == ["iam:PassRole"]
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        for role in as_list(statement["Resource"]):
            assert set(role) == {"Fn::GetAtt"}, f"{resource} passes {role}"


def test_every_role_trusts_one_service(environment: Environment) -> None:
    for role in environment.resources("AWS::IAM::Role"):
        (statement,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
        service = statement["Principal"]["Service"]
        assert isinstance(service, str), f"{role}"
        if service in ("sagemaker.amazonaws.com", "vpc-flow-logs.amazonaws.com"):
            assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_aws_managed_policies_are_the_known_few(environment: Environment) -> None:
    for role in environment.resources("AWS::IAM::Role"):
        for policy in role.properties.get("ManagedPolicyArns", []):
            assert any(
                role.stack == stack and text(policy).rstrip('"]}').endswith(name) for stack, name in MANAGED_POLICIES
            ), f"{role}: {policy}"


def test_the_invoker_may_call_one_endpoint(environment: Environment) -> None:
    calls = [s for _, s in identity_statements(environment) if "sagemaker:InvokeEndpoint" in as_list(s["Action"])]
    (call,) = calls
    assert "*" not in text(call["Resource"])
    assert "endpoint/" in text(call["Resource"])


def test_the_model_is_isolated_in_the_network_and_its_disk_encrypted(environment: Environment) -> None:
    for model in environment.resources("AWS::SageMaker::Model"):
        assert model.properties["EnableNetworkIsolation"] is True
        assert len(model.properties["VpcConfig"]["Subnets"]) == environment.settings.network.zone_count
        assert model.properties["VpcConfig"]["SecurityGroupIds"]
    for config in environment.resources("AWS::SageMaker::EndpointConfig"):
        assert "Storage" in text(config.properties["KmsKeyId"])


def test_names_that_block_replacement_are_given_only_where_a_service_forces_them(environment: Environment) -> None:
    for resource in environment.resources("AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig"):
        assert not [key for key in resource.properties if key in ("ModelName", "EndpointConfigName")]
    for kind in ("AWS::S3::Bucket", "AWS::IAM::Role", "AWS::Lambda::Function", "AWS::KMS::Key"):
        for resource in environment.resources(kind):
            assert not set(resource.properties) & {"BucketName", "RoleName", "FunctionName"}, f"{resource}"
    assert environment.one("AWS::SageMaker::Endpoint").properties["EndpointName"] == f"churn-{environment.name}"


def test_every_job_has_network_isolation_keys_and_a_time_limit(environment: Environment) -> None:
    steps = environment.pipeline_definition()["Steps"]
    jobs = [step for step in steps if step["Type"] in ("Processing", "Training")]
    assert len(jobs) == 3
    for step in jobs:
        arguments = step["Arguments"]
        network = arguments.get("NetworkConfig", arguments)
        assert network["EnableNetworkIsolation"] is True
        assert network["EnableInterContainerTrafficEncryption"] is True
        assert len(network["VpcConfig"]["Subnets"]) == environment.settings.network.zone_count
        assert len(network["VpcConfig"]["SecurityGroupIds"]) == 1
        assert arguments["StoppingCondition"]["MaxRuntimeInSeconds"] == environment.settings.training.step_timeout_s
        cluster = arguments.get("ResourceConfig") or arguments["ProcessingResources"]["ClusterConfig"]
        assert cluster["VolumeKmsKeyId"]
        output = arguments.get("OutputDataConfig") or arguments["ProcessingOutputConfig"]
        assert output["KmsKeyId"]


def test_no_way_leads_out_of_the_network(environment: Environment) -> None:
    kinds = {resource.type for resource in environment.resources()}
    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::EC2::EIP"}
    for subnet in environment.resources("AWS::EC2::Subnet"):
        assert subnet.properties["MapPublicIpOnLaunch"] is False
    for group in environment.resources("AWS::EC2::SecurityGroup"):
        for rule in group.properties.get("SecurityGroupIngress", []):
            assert rule["CidrIp"] == environment.settings.network.cidr
            assert (rule["FromPort"], rule["ToPort"]) == (443, 443)
            assert rule["Description"]
    logged = {text(log.properties["ResourceId"]) for log in environment.resources("AWS::EC2::FlowLog")}
    assert logged == {text({"Ref": vpc.logical_id}) for vpc in environment.resources("AWS::EC2::VPC")}


def test_the_network_has_the_doors_that_jobs_need(environment: Environment) -> None:
    doors: dict[str, dict[str, Any]] = {
        text(one.properties["ServiceName"]): one.properties for one in environment.resources("AWS::EC2::VPCEndpoint")
    }
    for service in ("ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "sts"):
        (door,) = [properties for name, properties in doors.items() if f".{service}" in name]
        assert door["VpcEndpointType"] == "Interface"
        assert door["PrivateDnsEnabled"] is True
        assert len(door["SubnetIds"]) == environment.settings.network.endpoint_zone_count
    (gateway,) = [properties for name, properties in doors.items() if ".s3" in name]
    assert gateway["VpcEndpointType"] == "Gateway"
    assert len(gateway["RouteTableIds"]) == environment.settings.network.zone_count


def test_nothing_is_public_but_the_page_and_the_api(environment: Environment) -> None:
    assert "AWS::Lambda::Url" not in {resource.type for resource in environment.resources()}
    for permission in environment.resources("AWS::Lambda::Permission"):
        assert permission.properties["Principal"] == "apigateway.amazonaws.com"
        assert "SourceArn" in permission.properties


def test_timeouts_nest(environment: Environment) -> None:
    functions = {f.logical_id: f.properties for f in environment.resources("AWS::Lambda::Function")}
    (invoker,) = [f for f in functions.values() if "ENDPOINT_NAME" in f.get("Environment", {}).get("Variables", {})]
    call_s = int(invoker["Environment"]["Variables"]["INVOKE_TIMEOUT_S"])
    waits_ms = {
        m.properties["Integration"]["TimeoutInMillis"] for m in environment.resources("AWS::ApiGateway::Method")
    }
    (wait_ms,) = waits_ms
    assert call_s < invoker["Timeout"] < wait_ms / 1000 <= 29
    framework = [f["Timeout"] for name, f in functions.items() if "framework" in name]
    handlers = [f["Timeout"] for f in functions.values() if f["Handler"] in ("handler.on_event", "handler.is_complete")]
    assert len(framework) == 3
    assert len(handlers) == 2
    assert max(handlers) < min(framework)
    run = environment.one("Custom::PipelineRun").properties
    deployment = environment.settings.deployment
    assert deployment.run_timeout_s < int(run["ServiceTimeout"]) <= 3600
    assert 3 * environment.settings.training.step_timeout_s <= deployment.run_timeout_s
    waiter = environment.one("AWS::StepFunctions::StateMachine").properties["DefinitionString"]
    definition = json.loads("".join(part if isinstance(part, str) else "x" for part in waiter["Fn::Join"][1]))
    (retry,) = definition["States"]["framework-isComplete-task"]["Retry"]
    assert retry["IntervalSeconds"] * retry["MaxAttempts"] == deployment.run_timeout_s


def test_our_functions_run_on_the_newest_python(environment: Environment) -> None:
    runtimes = {
        f.properties["Runtime"]
        for f in environment.resources("AWS::Lambda::Function")
        if f.properties["Handler"].startswith("handler.")
    }
    assert runtimes == {"python3.14"}
