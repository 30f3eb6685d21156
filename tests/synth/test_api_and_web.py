"""The API and the page: what is let through, what is answered, what is written down."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from aws_cdk.aws_apigateway import ResponseType
from jsonschema import Draft202012Validator

from contract import access, offers, openapi, shapes
from contract.rules import STATUSES
from schema import load_schema

from .conftest import Environment, Resource, Synthesised, flat
from .rules.walk import as_list

DOCUMENT = openapi.document(load_schema())

NAMED = ("ENDPOINT_NAME", "PACKAGE_GROUP_NAME")
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def test_the_stage_is_throttled_logged_and_keeps_bodies_to_itself(environment: Environment) -> None:
    stage = environment.one("AWS::ApiGateway::Stage").properties
    assert stage["StageName"] == "api"
    (settings,) = stage["MethodSettings"]
    assert settings["ResourcePath"] == "/*"
    assert settings["HttpMethod"] == "*"
    assert settings["ThrottlingRateLimit"] == environment.settings.api.throttle_rate_per_s
    assert settings["ThrottlingBurstLimit"] == environment.settings.api.throttle_burst
    assert settings["DataTraceEnabled"] is False
    assert settings["LoggingLevel"] == "ERROR"
    assert "AccessLog" in json.dumps(stage["AccessLogSetting"]["DestinationArn"])


def test_an_access_log_line_is_json_and_holds_nothing_that_a_client_writes(environment: Environment) -> None:
    line = json.loads(environment.one("AWS::ApiGateway::Stage").properties["AccessLogSetting"]["Format"])
    assert {"requestId", "requestTime", "ip", "httpMethod", "resourcePath", "status", "responseLatency"} <= set(line)
    for value in line.values():
        assert re.fullmatch(r"\$context\.[A-Za-z._]+", value)
    # Of a caller the ids that Cognito and API Gateway gave; of a person neither name nor address.
    assert {line[name] for name in ("subject", "clientId", "apiKeyId")} == {
        "$context.authorizer.claims.sub",
        "$context.authorizer.claims.client_id",
        "$context.identity.apiKeyId",
    }
    claims = {value for value in line.values() if "claims" in value}
    assert claims == {"$context.authorizer.claims.sub", "$context.authorizer.claims.client_id"}
    assert not {"$context.path", "$context.identity.userAgent", "$context.error.message"} & set(line.values())


def test_every_method_is_validated(environment: Environment) -> None:
    validators = {v.logical_id: v.properties for v in environment.resources("AWS::ApiGateway::RequestValidator")}
    for validator in validators.values():
        assert validator["ValidateRequestBody"] is True
        assert validator["ValidateRequestParameters"] is True
    for method in environment.resources("AWS::ApiGateway::Method"):
        assert method.properties["RequestValidatorId"]["Ref"] in validators
        # CSV has no model: API Gateway validates no body whose type has none, and the function reads it.
        posts = "predictions" in method.logical_id
        assert list(method.properties.get("RequestModels", {})) == (["application/json"] if posts else [])


def test_the_addresses_are_those_of_the_document(environment: Environment) -> None:
    parts = {r.logical_id: r.properties for r in environment.resources("AWS::ApiGateway::Resource")}

    def path(logical_id: str) -> str:
        above = parts[logical_id]["ParentId"].get("Ref")
        return (path(above) if above else "") + f"/{parts[logical_id]['PathPart']}"

    deployed = {
        (path(method.properties["ResourceId"]["Ref"]), method.properties["HttpMethod"].lower())
        for method in environment.resources("AWS::ApiGateway::Method")
    }
    promised = {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert deployed == promised


def test_the_model_of_a_request_is_the_documents_envelope(environment: Environment) -> None:
    schema = dict(environment.one("AWS::ApiGateway::Model").properties["Schema"])
    assert schema.pop("$schema") == "http://json-schema.org/draft-04/schema#"
    assert schema == shapes.envelope(DOCUMENT["components"]["schemas"]["PredictionsRequest"])
    # The function answers too many with 413, which this could not.
    assert "maxItems" not in json.dumps(schema)


def test_api_gateway_answers_in_the_shape_of_problem_details(environment: Environment) -> None:
    answers = {
        a.properties["ResponseType"]: a.properties for a in environment.resources("AWS::ApiGateway::GatewayResponse")
    }
    # Every kind that the service knows, by the CDK's own list.
    kinds = {
        kind.response_type for name in dir(ResponseType) if name.isupper() and (kind := getattr(ResponseType, name))
    }
    assert set(answers) == kinds
    problem_shape = Draft202012Validator({"$ref": "#/components/schemas/Problem", **DOCUMENT})
    for answer in answers.values():
        headers = answer["ResponseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert headers["gatewayresponse.header.X-Request-Id"] == "context.requestId"
        problem = json.loads(answer["ResponseTemplates"]["application/json"])
        problem_shape.validate(problem)
        assert problem["request_id"] == "$context.requestId"
        assert problem["errors"] == []
        assert re.findall(r"\$[a-z.A-Z]+", json.dumps(problem)) == ["$context.requestId"], "may quote the client"
        status = int(answer["StatusCode"])
        assert problem["status"] == status
        assert problem["title"] == STATUSES[status].title
        assert ("gatewayresponse.header.Retry-After" in headers) is (status in (429, 503))
        assert ("gatewayresponse.header.WWW-Authenticate" in headers) is (status == 401)


def test_the_api_never_answers_403_which_the_distribution_turns_into_the_page_of_unknown_addresses(
    environment: Environment,
) -> None:
    answers = {
        a.properties["ResponseType"]: a.properties for a in environment.resources("AWS::ApiGateway::GatewayResponse")
    }
    # Both stand for an address that the API does not have, the second with an Authorization header; both are 403 else.
    for kind in ("MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE"):
        assert answers[kind]["StatusCode"] == "404"
    # Every kind is there (above), so none keeps the 403 that some have by default.
    assert not any(answer["StatusCode"] == "403" for answer in answers.values())


def functions(environment: Environment) -> dict[str, Resource]:
    """The functions behind the API, by the beginning of their names."""
    found = [f for f in environment.resources("AWS::Lambda::Function") if f.stack == "Api"]
    return {f.logical_id.partition("Function")[0]: f for f in found}


def test_the_functions_are_traced_and_carry_what_they_need(environment: Environment) -> None:
    stage = environment.one("AWS::ApiGateway::Stage").properties
    assert stage["TracingEnabled"] is True
    found = functions(environment)
    assert set(found) == {"Invoker", "ModelReport", "Batches"}
    for function in found.values():
        assert function.properties["TracingConfig"] == {"Mode": "Active"}
    variables = found["Invoker"].properties["Environment"]["Variables"]
    assert set(variables) == {"ENDPOINT_NAME", "INVOKE_TIMEOUT_S", "OFFERS"}
    given = [offer.name for offer in environment.settings.api.offers]
    assert [offer.name for offer in offers.read(variables["OFFERS"])] == given


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("Invoker", {"handler", "csv_body", "what_if", "fields"}), ("ModelReport", {"handler", "report", "champion"})],
)
def test_each_bundle_holds_all_that_it_loads(
    synthesised: Synthesised, environment: Environment, name: str, wanted: set[str]
) -> None:
    function = functions(environment)[name]
    bundle = synthesised.folder / f"asset.{function.properties['Code']['S3Key'].removesuffix('.zip')}"
    modules = sorted(path.stem for path in bundle.glob("*.py"))
    assert wanted <= set(modules), "what is loaded later would not be seen"
    code = (
        f"import sys; sys.path.insert(0, {str(bundle)!r}); import {', '.join(modules)}; print(sys.modules['contract'])"
    )
    variables = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    # Isolated: neither this folder nor PYTHONPATH helps out.
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", code],
        env=variables
        | {"INVOKE_TIMEOUT_S": "1", "DATA_BUCKET": "data", "WATCHES": "watch/", **dict.fromkeys(NAMED, "churn")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert str(bundle) in done.stdout


def test_the_container_is_told_which_version_it_serves_and_what_the_package_tells_it(environment: Environment) -> None:
    (container,) = environment.one("AWS::SageMaker::Model").properties["Containers"]
    variables = dict(container["Environment"])
    version = variables.pop("MODEL_VERSION")
    index, parts = version["Fn::Select"]
    delimiter, arn = parts["Fn::Split"]
    assert (index, delimiter, arn) == (2, "/", container["ModelPackageName"])
    steps = environment.pipeline_definition()["Steps"]
    assert variables == registered(steps)
    assert variables


def registered(steps: list[dict[str, Any]]) -> dict[str, str]:
    """The variables of the package that the pipeline registers."""
    for step in steps:
        if step["Type"] == "RegisterModel":
            (container,) = step["Arguments"]["InferenceSpecification"]["Containers"]
            found: dict[str, str] = container["Environment"]
            return found
        inner = step.get("Arguments", {})
        if found := registered([*inner.get("IfSteps", []), *inner.get("ElseSteps", [])]):
            return found
    return {}


def distribution(environment: Environment) -> dict[str, Any]:
    found: dict[str, Any] = environment.one("AWS::CloudFront::Distribution").properties["DistributionConfig"]
    return found


def test_viewers_and_origins_speak_https_only(environment: Environment) -> None:
    config = distribution(environment)
    for behaviour in [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]:
        assert behaviour["ViewerProtocolPolicy"] in ("redirect-to-https", "https-only")
        assert behaviour["ResponseHeadersPolicyId"]
    custom = [one["CustomOriginConfig"] for one in config["Origins"] if "CustomOriginConfig" in one]
    assert custom
    for origin in custom:
        assert origin["OriginProtocolPolicy"] == "https-only"
        assert origin["OriginSSLProtocols"] == ["TLSv1.2"]
    assert config["Logging"]


def test_the_page_comes_from_a_bucket_that_only_the_distribution_reads(environment: Environment) -> None:
    config = distribution(environment)
    (origin,) = [one for one in config["Origins"] if "S3OriginConfig" in one]
    assert origin["OriginAccessControlId"]
    assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    assert config["DefaultRootObject"] == "index.html"
    policies = [p for p in environment.resources("AWS::S3::BucketPolicy") if p.stack == "Web"]
    (policy,) = policies
    (reading,) = [
        s
        for s in policy.properties["PolicyDocument"]["Statement"]
        if s["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    ]
    assert reading["Action"] == "s3:GetObject"
    assert "Distribution" in json.dumps(reading["Condition"]["StringEquals"]["AWS:SourceArn"])


def test_an_unknown_address_shows_a_page_of_ours(environment: Environment) -> None:
    # S3 answers 403 for what is not there to a reader that may not list, as the test above has it.
    (unknown,) = [one for one in distribution(environment)["CustomErrorResponses"] if "ResponsePagePath" in one]
    assert unknown["ErrorCode"] == 403
    assert unknown["ResponseCode"] == 404
    assert unknown["ResponsePagePath"] == "/404.html"


def test_an_answer_that_asks_for_another_try_is_kept_for_nobody(environment: Environment) -> None:
    """CloudFront keeps what CachingDisabled and no-store do not forbid it: errors, for ten seconds unless told."""
    told = distribution(environment)["CustomErrorResponses"]
    kept = {one["ErrorCode"]: one.get("ErrorCachingMinTTL") for one in told}
    for status in STATUSES:
        # A 404 with no-store is not kept, nor are the other refusals.
        if status == 405 or status >= 500:
            assert kept[status] == 0
    # CloudFront's own, while it does not reach the API.
    assert kept[502] == kept[504] == 0


def test_the_api_is_on_the_same_origin_and_never_cached(environment: Environment) -> None:
    (behaviour,) = distribution(environment)["CacheBehaviors"]
    assert behaviour["PathPattern"] == "/api/*"
    assert behaviour["CachePolicyId"] == CACHING_DISABLED
    assert behaviour["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST_HEADER
    assert "POST" in behaviour["AllowedMethods"]
    (origin,) = [one for one in distribution(environment)["Origins"] if "CustomOriginConfig" in one]
    assert "execute-api" in json.dumps(origin["DomainName"])
    # The stage is named like the behaviour's prefix, so the path goes through unchanged.
    assert not origin.get("OriginPath")


def test_the_security_headers_allow_nothing_inline_and_nothing_foreign(environment: Environment) -> None:
    policy = environment.one("AWS::CloudFront::ResponseHeadersPolicy").properties["ResponseHeadersPolicyConfig"]
    headers = policy["SecurityHeadersConfig"]
    # Cognito's address is put together when it is deployed.
    delimiter, parts = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Join"]
    whole = delimiter.join(part if isinstance(part, str) else "…" for part in parts)
    csp = dict(part.strip().split(" ", 1) for part in whole.split(";"))
    assert csp["default-src"] == "'none'"
    assert csp["frame-ancestors"] == "'none'"
    connect = csp.pop("connect-src")
    assert set(csp.values()) == {"'none'", "'self'"}
    # The managed login, and the bucket of files that are scored as a whole.
    assert connect == "'self' https://….auth.….amazoncognito.com https://…"
    assert "RegionalDomainName" in json.dumps(parts[-1 if isinstance(parts[-1], dict) else -2])
    assert headers["ContentTypeOptions"]["Override"] is True
    assert headers["FrameOptions"]["FrameOption"] == "DENY"
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 86400
    assert all(one["Override"] for one in headers.values())


def test_each_system_has_a_plan_of_its_own_and_the_page_another(environment: Environment) -> None:
    plans = {plan.logical_id: plan.properties for plan in environment.resources("AWS::ApiGateway::UsagePlan")}
    keys = environment.resources("AWS::ApiGateway::UsagePlanKey")
    clients = environment.settings.sign_in.clients
    assert len(plans) == len(keys) == len(environment.resources("AWS::ApiGateway::ApiKey")) == len(clients) + 1
    assert len({json.dumps(key.properties["UsagePlanId"]) for key in keys}) == len(keys)
    for client in clients:
        (plan,) = [one for name, one in plans.items() if f"{client.name.title()}Plan" in name]
        assert plan["Quota"] == {"Limit": client.daily_quota, "Period": "DAY"}
        assert plan["Throttle"] == {"RateLimit": client.rate_per_s, "BurstLimit": client.burst}
    # All who come by the page count in its plan, whatever key they send.
    (key,) = [key for key in environment.resources("AWS::ApiGateway::ApiKey") if key.stack == "Web"]
    (origin,) = [one for one in distribution(environment)["Origins"] if "CustomOriginConfig" in one]
    (header,) = origin["OriginCustomHeaders"]
    assert header == {"HeaderName": "x-api-key", "HeaderValue": key.properties["Value"]}


def test_the_systems_clients_have_the_scopes_of_the_settings(environment: Environment) -> None:
    found = {
        one.properties["ClientName"]: one.properties
        for one in environment.resources("AWS::Cognito::UserPoolClient")
        if one.stack == "Api"
    }
    name = environment.settings.resource_name
    assert {
        f"{name}-{client.name}": [f"{access.RESOURCE_SERVER}/{scope}" for scope in client.scopes]
        for client in environment.settings.sign_in.clients
    } == {name: one["AllowedOAuthScopes"] for name, one in found.items()}


def test_people_sign_in_by_a_trigger_that_may_do_nothing_but_write_its_log(environment: Environment) -> None:
    pool = environment.one("AWS::Cognito::UserPool").properties
    trigger = pool["LambdaConfig"]["PreTokenGenerationConfig"]
    assert trigger["LambdaVersion"] == "V2_0"
    (function,) = [one for one in environment.resources("AWS::Lambda::Function") if one.stack == "SignIn"]
    assert trigger["LambdaArn"]["Fn::GetAtt"][0] == function.logical_id
    policies = [one for one in environment.resources("AWS::IAM::ManagedPolicy") if one.stack == "SignIn"]
    (policy,) = policies
    actions = {a for s in policy.properties["PolicyDocument"]["Statement"] for a in as_list(s["Action"])}
    assert actions == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_a_firewall_stands_before_the_api_and_before_the_page_where_one_can(environment: Environment) -> None:
    acls = {acl.stack: acl for acl in environment.resources("AWS::WAFv2::WebACL")}
    assert {stack: acl.properties["Scope"] for stack, acl in acls.items()} == {"Api": "REGIONAL", "Web": "CLOUDFRONT"}
    association = environment.one("AWS::WAFv2::WebACLAssociation").properties
    assert association["WebACLArn"]["Fn::GetAtt"][0] == acls["Api"].logical_id
    assert environment.one("AWS::ApiGateway::Stage").logical_id in json.dumps(association["ResourceArn"])
    # CloudFront takes web ACLs of us-east-1 only.
    condition, here, elsewhere = distribution(environment)["WebACLId"]["Fn::If"]
    assert here["Fn::GetAtt"][0] == acls["Web"].logical_id
    assert elsewhere == {"Ref": "AWS::NoValue"}
    in_us_east_1 = {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    assert environment.templates["Web"]["Conditions"][condition] == in_us_east_1
    logs = [one for one in environment.resources("AWS::Logs::LogGroup") if "Firewall" in one.logical_id]
    logging = environment.resources("AWS::WAFv2::LoggingConfiguration")
    for part in (*logs, *logging, *acls.values()):
        assert part.body.get("Condition") == (condition if part.stack == "Web" else None)
    for log in logs:
        assert log.properties["LogGroupName"].startswith("aws-waf-logs-"), "WAF delivers to no other"
    for one in logging:
        redacted = {field["SingleHeader"]["Name"] for field in one.properties["RedactedFields"]}
        assert redacted == {"authorization", "x-api-key"}


def test_the_firewall_lets_long_lists_through_and_keeps_floods_out(environment: Environment) -> None:
    for acl in environment.resources("AWS::WAFv2::WebACL"):
        rules = {rule["Name"]: rule for rule in acl.properties["Rules"]}
        limit = rules.pop("RequestsPerAddress")
        rate = limit["Statement"]["RateBasedStatement"]
        through_the_page = environment.settings.api.throttle_rate_per_s * rate["EvaluationWindowSec"]
        assert rate["Limit"] >= through_the_page, "all who come by the page share CloudFront's addresses"
        # The distribution would show 403 as an unknown address.
        assert limit["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
        assert {rule["OverrideAction"]["None"] == {} for rule in rules.values()} == {True}
        groups = {name: rule["Statement"]["ManagedRuleGroupStatement"] for name, rule in rules.items()}
        counted = {o["Name"] for group in groups.values() for o in group.get("RuleActionOverrides", [])}
        # A hundred customers are more than the 8 KB of that rule.
        assert counted == {"SizeRestrictions_BODY", "NoUserAgent_HEADER"}
        assert set(groups) == {
            "AWSManagedRulesAmazonIpReputationList",
            "AWSManagedRulesKnownBadInputsRuleSet",
            "AWSManagedRulesCommonRuleSet",
        }


def test_the_outputs_that_people_and_tools_look_for(environment: Environment) -> None:
    outputs = {stack: set(template.get("Outputs", {})) for stack, template in environment.templates.items()}
    assert {"ApiUrl", "AccessLogGroupName", "InvokerLogGroupName"} <= outputs["Api"]
    # Callers put "/predictions" behind it.
    assert flat(environment.templates["Api"]["Outputs"]["ApiUrl"]["Value"]).endswith("/api")
    assert {"SiteUrl", "SiteBucketName", "PageClientId"} <= outputs["Web"]
    assert {"UserPoolId", "LoginUrl"} <= outputs["SignIn"]
    assert {"EndpointName", "ModelPackageArn"} <= outputs["Serving"]
    assert {"PipelineName", "PackageGroupName"} <= outputs["Training"]
    assert {"DataBucketName", "ModelsBucketName"} <= outputs["Storage"]
