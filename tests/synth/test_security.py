"""What must hold of every resource of a type, in every environment."""

import json
from collections.abc import Iterator
from typing import Any

from stacks.components import studio_permissions

from .conftest import Environment, Resource, Synthesised, flat

BUCKET_POLICY = "AWS::S3::BucketPolicy"
IDENTITY = ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
OUR_ACCOUNT = {"Ref": "AWS::AccountId"}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def identity_statements(environment: Environment) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Every statement of every role and policy."""
    for resource in environment.resources(*IDENTITY):
        documents = [resource.properties["PolicyDocument"]] if "PolicyDocument" in resource.properties else []
        documents += [one["PolicyDocument"] for one in resource.properties.get("Policies", [])]
        for document in documents:
            for statement in document["Statement"]:
                yield resource, statement


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def is_key(concern: str, value: Any) -> bool:
    """Tell whether a value is the key of a concern: one of the keys stack, imported."""
    return f"-Keys:ExportsOutputFnGetAtt{concern}" in text(value)


def test_there_is_one_key_for_each_concern(environment: Environment) -> None:
    assert {key.logical_id[:4] for key in environment.resources("AWS::KMS::Key")} == {"Data", "Mode", "Logs", "Noti"}
    for bucket in environment.resources("AWS::S3::Bucket"):
        (rule,) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        for concern in ("Data", "Models"):
            if bucket.logical_id.startswith(concern):
                assert is_key(concern, rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"])
    for group in environment.resources("AWS::Logs::LogGroup"):
        assert is_key("Logs", group.properties["KmsKeyId"]), f"{group}"


def test_only_this_account_s_alarms_and_our_roles_publish_notices(environment: Environment) -> None:
    topic = environment.one("AWS::SNS::Topic")
    assert is_key("Notices", topic.properties["KmsMasterKeyId"])
    document = environment.one("AWS::SNS::TopicPolicy").properties["PolicyDocument"]
    plain, alarms = document["Statement"]
    assert (plain["Effect"], plain["Action"]) == ("Deny", "sns:Publish")
    assert plain["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Resource"] == {"Ref": topic.logical_id}
    (key,) = [one for one in environment.resources("AWS::KMS::Key") if one.logical_id.startswith("Notices")]
    (lent,) = [s for s in key.properties["KeyPolicy"]["Statement"] if "Service" in s["Principal"]]
    assert lent["Principal"] == alarms["Principal"]
    for statement in (alarms, lent):
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": OUR_ACCOUNT}
        assert text(statement["Condition"]["ArnLike"]["aws:SourceArn"]).endswith('":alarm:*"]]}')


def experiments_of(environment: Environment) -> set[str]:
    return {"MlflowRole", "TrackerRole"} if environment.settings.experiments.enabled else set()


def test_no_role_may_use_the_key_of_logs_and_few_that_of_data(environment: Environment) -> None:
    users: dict[str, set[str]] = {"Data": set(), "Models": set(), "Notices": set()}
    for resource, statement in identity_statements(environment):
        if any(action.startswith("kms:") for action in as_list(statement["Action"])):
            for key in as_list(statement["Resource"]):
                (concern,) = [one for one in ("Data", "Models", "Logs", "Notices") if is_key(one, key)]
                users[concern].add(resource.logical_id.partition("Role")[0] + "Role")
    studio = {"ExperimentRole", "DataScientistRole"} if environment.settings.studio.enabled else set()
    jobs = {"PipelineRole", "ProcessingRole", "TrainingRole"}
    intake = {"DataOwnerRole", "IntakeStepRole"}
    functions = {"InputsRole", "ModelCardRole", "ModelReportRole", "RolloutProbeRole"}
    functions |= experiments_of(environment)
    watch = {"WatchJobRole", "WatchStepsRole"}
    batches = {"BatchesRole", "ScoringStepRole", "ModelRole"}
    assert users["Data"] == {"RegistrarRole"} | functions | jobs | intake | studio | watch | batches
    assert users["Models"] == {"ModelRole", "WatchJobRole"} | jobs | studio
    intake, rollout = {"IntakeMachineRole", "IntakeStepRole"}, {"RolloutMachineRole", "RolloutRecordRole"}
    assert users["Notices"] == intake | rollout | {"PipelineRunOnRunRole", "ScoringMachineRole"}


def test_people_hear_of_executions_that_no_state_can_tell_of(environment: Environment) -> None:
    """One that takes too long, and one that somebody stops; the CDK's own is awaited by a deployment."""
    machines = {
        one.logical_id: one.stack
        for one in environment.resources("AWS::StepFunctions::StateMachine")
        if "Framework" not in one.logical_id
    }
    told = {
        (one.stack, one.properties["Dimensions"][0]["Value"]["Ref"], one.properties["MetricName"])
        for one in environment.resources("AWS::CloudWatch::Alarm")
        if one.properties["Namespace"] == "AWS/States" and "-Notices:" in str(one.properties["AlarmActions"])
    }
    ends = ("ExecutionsAborted", "ExecutionsTimedOut")
    assert told == {(stack, machine, end) for machine, stack in machines.items() for end in ends}


def test_a_bucket_with_a_key_refuses_objects_under_another(environment: Environment) -> None:
    name = "s3:x-amz-server-side-encryption"
    refusals: dict[str, list[Any]] = {}
    for policy in environment.resources(BUCKET_POLICY):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            if statement.get("Sid") in ("OtherEncryption", "OtherKey"):
                assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:PutObject")
                refusals.setdefault(text(policy.properties["Bucket"]), []).append(statement["Condition"])
    wanted = [
        b for b in environment.resources("AWS::S3::Bucket") if b.logical_id.startswith(("Data", "Models", "Batches"))
    ]
    assert set(refusals) == {text({"Ref": bucket.logical_id}) for bucket in wanted}
    for bucket in wanted:
        (rule,) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        key = rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        assert refusals[text({"Ref": bucket.logical_id})] == [
            {"Null": {name: "false"}, "StringNotEquals": {name: "aws:kms"}},
            {"Null": {f"{name}-aws-kms-key-id": "false"}, "ArnNotEquals": {f"{name}-aws-kms-key-id": key}},
        ]


def test_data_and_models_are_read_and_written_from_the_network_only(environment: Environment) -> None:
    closed = {}
    for policy in environment.resources(BUCKET_POLICY):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            if statement.get("Sid") == "OnlyFromVpc":
                closed[text(policy.properties["Bucket"])] = statement
    wanted = [b for b in environment.resources("AWS::S3::Bucket") if b.logical_id.startswith(("Data", "Models"))]
    assert len(wanted) == 2
    if not environment.settings.storage.only_from_vpc:
        assert environment.name == "local"
        assert not closed
        return
    assert set(closed) == {text({"Ref": bucket.logical_id}) for bucket in wanted}
    for statement in closed.values():
        assert statement["Effect"] == "Deny"
        assert statement["Principal"] == {"AWS": "*"}
        assert set(statement["Action"]) == {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"}
        unless = statement["Condition"]["StringNotEquals"]
        assert "-Network:" in text(unless.pop("aws:SourceVpce"))
        assert unless == {"aws:PrincipalTag/ReachesBuckets": "from-outside-the-vpc"}
        assert statement["Condition"]["BoolIfExists"] == {"aws:PrincipalIsAWSService": "false"}


def test_few_roles_are_excepted_from_that(environment: Environment) -> None:
    excepted = {
        role.logical_id.rstrip("0123456789ABCDEF")
        for role in environment.resources("AWS::IAM::Role")
        if {"Key": "ReachesBuckets", "Value": "from-outside-the-vpc"} in role.properties.get("Tags", [])
    }
    people = {"DataOwnerRole", "RegistrarRole"}
    functions = {"InputsRole", "IntakeStepRole", "ModelCardRole", "ModelReportRole", "PageRole", "RolloutProbeRole"}
    functions |= {"WatchStepsRole"}
    functions |= experiments_of(environment)
    assert excepted == {"PipelineRole", "ModelRole"} | functions | people


def test_objects_do_not_pile_up(environment: Environment) -> None:
    for bucket in environment.resources("AWS::S3::Bucket"):
        rules = bucket.properties["LifecycleConfiguration"]["Rules"]
        assert all(rule["Status"] == "Enabled" for rule in rules)
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules), f"{bucket}"
        assert any("NoncurrentVersionExpiration" in rule for rule in rules), f"{bucket}"
        expirations = {rule.get("Prefix", ""): rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
        cools = {rule["Prefix"] for rule in rules if "Transitions" in rule}
        storage = environment.settings.storage
        if bucket.logical_id.startswith("AccessLogs"):
            assert expirations == {"": storage.log_retention_days}
        if bucket.logical_id.startswith("Data"):
            watching = environment.settings.watching
            assert expirations == {
                "capture/": storage.capture_retention_days,
                "quarantine/": storage.quarantine_retention_days,
                "labels/": watching.labels_days,
                "watch/": watching.report_retention_days,
            }
        mlflow = {"mlflow/"} if bucket.logical_id.startswith("Data") else set()
        cool = {"runs/", "experiments/"} | mlflow
        assert cools == (cool if bucket.logical_id.startswith(("Data", "Models")) else set())


def test_no_action_has_a_wildcard(environment: Environment) -> None:
    for resource, statement in identity_statements(environment):
        assert statement["Effect"] == ("Deny" if "Guardrails" in resource.logical_id else "Allow")
        assert "NotAction" not in statement
        assert "NotResource" not in statement
        for action in as_list(statement["Action"]):
            assert "*" not in action, f"{resource}: {action}"


def test_only_what_names_a_later_resource_is_permitted_later(environment: Environment) -> None:
    """A policy that is attached to a role may still be spreading when the role is first used."""
    late = {
        action
        for policy in environment.resources("AWS::IAM::ManagedPolicy")
        if policy.properties.get("Roles")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
    }
    looks = {"states:DescribeExecution", "states:ListExecutions"}
    assert late == {"states:StartExecution", "lambda:InvokeFunction"} | looks


def test_every_wildcard_resource_is_explained(environment: Environment, synthesised: Synthesised) -> None:
    explained: dict[str, int] = {}
    for one in synthesised.acknowledged:
        if one.finding.startswith("AwsSolutions-IAM5[Resource::"):
            explained[one.path] = explained.get(one.path, 0) + 1
    for resource in environment.resources(*IDENTITY):
        wild = {
            text(target)
            for owner, statement in identity_statements(environment)
            # A denial widens nothing.
            if owner == resource and statement["Effect"] == "Allow"
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
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        # Studio's users: names and states, and numbers.
        "cloudwatch:GetMetricData",
        "cloudwatch:GetMetricStatistics",
        "cloudwatch:ListMetrics",
        "sagemaker:ListApps",
        "sagemaker:ListMlflowApps",
        "sagemaker:ListDomains",
        "sagemaker:ListModelPackages",
        "sagemaker:ListPipelines",
        "sagemaker:ListProcessingJobs",
        "sagemaker:ListSpaces",
        "sagemaker:ListTrainingJobs",
        "sagemaker:ListUserProfiles",
    }
    for resource, statement in identity_statements(environment):
        # API Gateway's log role is for the account's APIs, whatever groups they name.
        if resource.logical_id.startswith("RestApiLogRole"):
            continue
        if "*" in as_list(statement["Resource"]) and statement["Effect"] == "Allow":
            assert set(as_list(statement["Action"])) <= without_resources, f"{resource}"
            if "cloudwatch:PutMetricData" in as_list(statement["Action"]):
                namespace = statement["Condition"]["StringEquals"]["cloudwatch:namespace"]
                assert namespace.startswith(("/aws/sagemaker/", f"Churn/{environment.name}")), namespace


def test_what_one_role_measures_no_other_publishes(environment: Environment) -> None:
    """Alarms go by these metrics: a watch that could publish golden answers could hold back a rollout."""
    published = [
        statement["Condition"]["StringEquals"]["cloudwatch:namespace"]
        for _, statement in identity_statements(environment)
        if "cloudwatch:PutMetricData" in as_list(statement["Action"]) and statement["Effect"] == "Allow"
    ]
    ours = [namespace for namespace in published if namespace.startswith("Churn/")]
    assert len(set(ours)) == len(ours) == 2


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


def test_every_role_but_those_of_people_trusts_one_service(environment: Environment) -> None:
    for role in environment.resources("AWS::IAM::Role"):
        (statement,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
        if role.logical_id.startswith(("DataOwnerRole", "RegistrarRole")):
            assert statement["Principal"]["AWS"]
            continue
        service = statement["Principal"]["Service"]
        assert isinstance(service, str), f"{role}"
        # Lambda and API Gateway are not documented to name the account that they assume a role for.
        if service not in ("lambda.amazonaws.com", "apigateway.amazonaws.com"):
            assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_invoker_may_call_one_endpoint(environment: Environment) -> None:
    calls = {
        resource.logical_id.partition("Grants")[0]: statement
        for resource, statement in identity_statements(environment)
        if "sagemaker:InvokeEndpoint" in as_list(statement["Action"])
    }
    # Who studies the model asks the deployed one too, and so does who checks its answers.
    scientists = {"DataScientistRole"} if environment.settings.studio.enabled else set()
    assert set(calls) == {"InvokerRole", "RolloutProbeRole"} | scientists
    for call in calls.values():
        assert "*" not in text(call["Resource"])
        assert "endpoint/" in text(call["Resource"])


def test_the_model_is_isolated_in_the_network_and_its_disk_encrypted(environment: Environment) -> None:
    for model in environment.resources("AWS::SageMaker::Model"):
        assert model.properties["EnableNetworkIsolation"] is True
        assert len(model.properties["VpcConfig"]["Subnets"]) == environment.settings.network.zone_count
        assert model.properties["VpcConfig"]["SecurityGroupIds"]
    for config in environment.resources("AWS::SageMaker::EndpointConfig"):
        assert is_key("Models", config.properties["KmsKeyId"])


def test_names_that_block_replacement_are_given_only_where_a_service_forces_them(environment: Environment) -> None:
    for resource in environment.resources("AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig"):
        assert not [key for key in resource.properties if key in ("ModelName", "EndpointConfigName")]
    for kind in ("AWS::S3::Bucket", "AWS::IAM::Role", "AWS::Lambda::Function", "AWS::KMS::Key"):
        for resource in environment.resources(kind):
            assert not set(resource.properties) & {"BucketName", "RoleName", "FunctionName"}, f"{resource}"
    assert environment.one("AWS::SageMaker::Endpoint").properties["EndpointName"] == f"churn-{environment.name}"


def test_every_job_has_network_isolation_keys_and_a_time_limit(environment: Environment) -> None:
    jobs = [step for step in environment.steps() if step["Type"] in ("Processing", "Training")]
    assert [step["Name"] for step in jobs] == ["Prepare", "Train", "Evaluate", "Drift"]
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
        assert cluster["InstanceCount"] == 1 or network["EnableInterContainerTrafficEncryption"]
        output = arguments.get("OutputDataConfig") or arguments["ProcessingOutputConfig"]
        assert output["KmsKeyId"]


def test_no_way_leads_out_of_the_network(environment: Environment) -> None:
    kinds = {resource.type for resource in environment.resources()}
    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::EC2::EIP"}
    for subnet in environment.resources("AWS::EC2::Subnet"):
        assert subnet.properties["MapPublicIpOnLaunch"] is False
    logged = {text(log.properties["ResourceId"]) for log in environment.resources("AWS::EC2::FlowLog")}
    assert logged == {text({"Ref": vpc.logical_id}) for vpc in environment.resources("AWS::EC2::VPC")}


NOTHING = {
    "CidrIp": "255.255.255.255/32",
    "Description": "Disallow all traffic",
    "FromPort": 252,
    "IpProtocol": "icmp",
    "ToPort": 86,
}
S3_AND_DOORS = {
    "CidrIp": "0.0.0.0/0",
    "Description": "HTTPS to the VPC endpoints and S3",
    "FromPort": 443,
    "IpProtocol": "tcp",
    "ToPort": 443,
}


def group_rules(environment: Environment) -> set[tuple[str, str]]:
    """Who may open a connection to whom, by the names of the security groups; each rule is HTTPS and described."""
    names = {g.logical_id: g.path.split("/")[1] for g in environment.resources("AWS::EC2::SecurityGroup")}
    found = set()
    for rule in environment.resources("AWS::EC2::SecurityGroupIngress"):
        p = rule.properties
        assert (p["IpProtocol"], p["FromPort"], p["ToPort"]) == ("tcp", 443, 443)
        assert p["Description"]
        found.add((names[p["SourceSecurityGroupId"]["Fn::GetAtt"][0]], names[p["GroupId"]["Fn::GetAtt"][0]]))
    for rule in environment.resources("AWS::EC2::SecurityGroupEgress"):
        p = rule.properties
        assert (p["IpProtocol"], p["FromPort"], p["ToPort"]) == ("tcp", 443, 443)
        assert p["Description"]
        pair = (names[p["GroupId"]["Fn::GetAtt"][0]], names[p["DestinationSecurityGroupId"]["Fn::GetAtt"][0]])
        assert pair in found, "the other side does not listen"
    return found


def test_security_groups_let_through_what_is_needed_and_no_more(environment: Environment) -> None:
    studio = {("Studio", "StudioDoors")} if environment.settings.studio.enabled else set()
    assert group_rules(environment) == {("Jobs", "Doors"), ("Invoker", "RuntimeDoor")} | studio
    for group in environment.resources("AWS::EC2::SecurityGroup"):
        assert group.properties["GroupDescription"]
        assert "SecurityGroupIngress" not in group.properties
        (out,) = group.properties["SecurityGroupEgress"]
        reaches_s3 = group.path.split("/")[1] in ("Jobs", "Studio")
        assert out == (S3_AND_DOORS if reaches_s3 else NOTHING), f"{group}"
    # The group that every VPC comes with is emptied.
    (closed,) = environment.resources("Custom::VpcRestrictDefaultSG")
    assert closed.properties["DefaultSecurityGroupId"]


def test_only_our_roles_pass_the_doors_and_only_to_what_is_ours(environment: Environment) -> None:
    ours = {
        "aws:PrincipalAccount": OUR_ACCOUNT,
        "aws:PrincipalTag/Project": "churn",
        "aws:PrincipalTag/Environment": environment.name,
    }
    lone_stars = {"cloudwatch:PutMetricData", "ecr:GetAuthorizationToken", "sts:GetCallerIdentity"}
    if environment.settings.studio.enabled:
        may = studio_permissions
        lone_stars |= {*may.LISTS, *may.LISTS_OF_MLFLOW, *may.READ_METRICS}
    for door in environment.resources("AWS::EC2::VPCEndpoint"):
        for statement in door.properties["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            assert not [action for action in as_list(statement["Action"]) if "*" in action], f"{door}"
            if statement.get("Sid") == "LayersOfImages":
                assert statement["Action"] == "s3:GetObject"
                assert "starport-layer-bucket/*" in text(statement["Resource"])
                continue
            conditions = dict(statement["Condition"]["StringEquals"])
            resource_account = conditions.pop("aws:ResourceAccount", None)
            assert conditions == ours, f"{door}"
            if statement["Resource"] == "*":
                assert resource_account == OUR_ACCOUNT or set(as_list(statement["Action"])) <= lone_stars, f"{door}"


def test_the_invoker_reaches_the_model_through_its_own_door(environment: Environment) -> None:
    (invoker,) = [f for f in environment.resources("AWS::Lambda::Function") if "VpcConfig" in f.properties]
    assert "ENDPOINT_NAME" in invoker.properties["Environment"]["Variables"]
    assert len(invoker.properties["VpcConfig"]["SubnetIds"]) == environment.settings.network.zone_count
    (group,) = invoker.properties["VpcConfig"]["SecurityGroupIds"]
    assert "Invoker" in text(group)
    (door,) = [
        e.properties
        for e in environment.resources("AWS::EC2::VPCEndpoint")
        if "runtime" in text(e.properties["ServiceName"])
    ]
    assert door["PrivateDnsEnabled"] is True
    assert "RuntimeDoor" in text(door["SecurityGroupIds"])
    (statement,) = door["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sagemaker:InvokeEndpoint"
    assert f"endpoint/churn-{environment.name}" in text(statement["Resource"])


def test_the_invoker_s_interfaces_are_lambda_s_to_make_and_outlived_by_the_right_to_remove_them(
    environment: Environment,
) -> None:
    (policy,) = [
        p for p in environment.resources("AWS::IAM::ManagedPolicy") if p.logical_id.startswith("InvokerRoleGrants")
    ]
    statements = [s for s in policy.properties["PolicyDocument"]["Statement"] if "ec2:" in text(s["Action"])]
    assert statements
    for statement in statements:
        assert statement["Condition"] == {"Null": {"lambda:SourceFunctionArn": "true"}}
    # The function refers to the role and the role to the policy: both go only after the function has gone.
    (role,) = [r for r in environment.resources("AWS::IAM::Role") if r.logical_id.startswith("InvokerRole")]
    assert {"Ref": policy.logical_id} in role.properties["ManagedPolicyArns"]
    (invoker,) = [f for f in environment.resources("AWS::Lambda::Function") if "VpcConfig" in f.properties]
    assert invoker.properties["Role"] == {"Fn::GetAtt": [role.logical_id, "Arn"]}


def test_no_role_of_ours_has_an_inline_policy_and_every_policy_fits(environment: Environment) -> None:
    for role in environment.resources("AWS::IAM::Role"):
        assert "Policies" not in role.properties, f"{role}"
    for policy in environment.resources("AWS::IAM::ManagedPolicy"):
        # IAM's limit is 6144 characters; account, region and names take the place of the functions counted here.
        assert len(json.dumps(policy.properties["PolicyDocument"], separators=(",", ":"))) < 6144, f"{policy}"


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


def test_timeouts_nest(environment: Environment) -> None:
    functions = {f.logical_id: f.properties for f in environment.resources("AWS::Lambda::Function")}
    (invoker,) = [f for f in functions.values() if "INVOKE_TIMEOUT_S" in f.get("Environment", {}).get("Variables", {})]
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
    (waiter,) = [
        machine.properties["DefinitionString"]
        for machine in environment.resources("AWS::StepFunctions::StateMachine")
        if "waiter" in machine.logical_id
    ]
    definition = json.loads(flat(waiter))
    (retry,) = definition["States"]["framework-isComplete-task"]["Retry"]
    assert retry["IntervalSeconds"] * retry["MaxAttempts"] == deployment.run_timeout_s


def test_our_functions_run_on_the_newest_python(environment: Environment) -> None:
    runtimes = {
        f.properties["Runtime"]
        for f in environment.resources("AWS::Lambda::Function")
        if f.properties["Handler"].startswith("handler.")
    }
    assert runtimes == {"python3.14"}
