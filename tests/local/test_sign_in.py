"""Who is let in for what, by the deployed API: people by their groups, systems by their clients, nobody else."""

import base64
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from config import load_settings
from contract.access import BATCHES, GROUPS, PREDICT, REPORT
from local.driver import people
from schema import load_examples
from tests.local.deployment import Deployment
from tests.local.test_api_errors import ask, assert_problem

LOYAL = json.dumps({"customers": [load_examples()["loyal"]]})
JSON = {"Content-Type": "application/json"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def status(deployment: Deployment, path: str, token: str) -> int:
    return ask(deployment, "GET", path, bearer(token)).status


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def changed(token: str, **claim: Any) -> str:
    """The token with other claims and the old signature."""
    head, _, signature = token.split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(token) | claim).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


def bought(deployment: Deployment, client: str) -> str:
    """A system's token, as `make token` prints it."""
    command = [sys.executable, "-m", "operate.token", "--env", "local", "--client", client]
    env = {"CHURN_LOCAL_DIR": str(deployment.settings.directory), "PATH": "", "PYTHONPATH": "."}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()


def form_post(deployment: Deployment, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Ask the token endpoint."""
    connection = http.client.HTTPConnection("127.0.0.1", deployment.settings.gateway_port, timeout=30)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/oauth2/token", urlencode(form), headers)
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    finally:
        connection.close()


def test_health_is_open_and_nothing_else_is(deployment: Deployment) -> None:
    nobody = {"Authorization": ""}
    assert ask(deployment, "GET", "/health", nobody).status == 200
    for path in ("/model", "/model/report", "/schema"):
        answer = ask(deployment, "GET", path, nobody)
        assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert_problem(ask(deployment, "POST", "/predictions", {**JSON, **nobody}, LOYAL), 401)


@pytest.mark.parametrize("group", list(GROUPS))
def test_a_person_is_let_in_for_what_the_group_gives(deployment: Deployment, group: str) -> None:
    tokens = deployment.tokens(group)
    given = set(GROUPS[group])
    access = claims(tokens["access_token"])
    assert {scope for scope in access["scope"].split() if "/" in scope} == given
    assert access["cognito:groups"] == [group]
    assert ask(deployment, "POST", "/predictions", {**JSON, **bearer(tokens["access_token"])}, LOYAL).status == 200
    assert status(deployment, "/model/report", tokens["access_token"]) == (200 if REPORT in given else 401)
    # What says who somebody is lets nobody in.
    assert status(deployment, "/model", tokens["id_token"]) == 401


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: changed(token, exp=int(time.time()) - 60),
        lambda token: changed(token, scope=f"{PREDICT} {BATCHES} {REPORT}"),
        lambda token: changed(token, iss="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_another"),
        lambda token: token.rsplit(".", 1)[0] + ".",
        lambda token: token[: len(token) // 2],
        lambda token: "x",
    ],
    ids=["ended", "more scopes", "another pool", "no signature", "half", "no token at all"],
)
def test_a_token_that_anybody_has_changed_counts_for_nothing(
    deployment: Deployment, forge: Callable[[str], str]
) -> None:
    token = deployment.tokens("agent")["access_token"]
    assert status(deployment, "/model", token) == 200
    assert_problem(ask(deployment, "GET", "/model", bearer(forge(token))), 401)


def test_tokens_end_when_the_settings_say(deployment: Deployment) -> None:
    minutes = load_settings("local").sign_in.token_minutes
    for token in (deployment.tokens("agent")["access_token"], bought(deployment, "crm")):
        assert claims(token)["exp"] - claims(token)["iat"] == 60 * minutes


def test_a_token_that_has_ended_counts_for_nothing_though_its_signature_is_good(deployment: Deployment) -> None:
    """Of a client of its own, whose tokens count for seconds: Cognito asks for five minutes, the emulator does not."""
    cognito, pool = deployment.client("cognito-idp"), deployment.output("SignIn", "UserPoolId")
    made = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="short",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=[PREDICT],
        AccessTokenValidity=3,
        TokenValidityUnits={"AccessToken": "seconds"},
    )["UserPoolClient"]
    try:
        form = {
            "client_id": made["ClientId"],
            "client_secret": made["ClientSecret"],
            "grant_type": "client_credentials",
        }
        # On a busy machine the first may have ended before it is used: then another is bought.
        deadline = time.monotonic() + 120
        while status(deployment, "/model", token := form_post(deployment, form)[1]["access_token"]) != 200:
            assert time.monotonic() < deadline, "a token that has not ended counts for nothing"
        while time.time() <= claims(token)["exp"]:
            time.sleep(0.2)
        assert_problem(ask(deployment, "GET", "/model", bearer(token)), 401)
    finally:
        cognito.delete_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])


def test_who_is_in_no_group_is_let_in_for_nothing_until_the_token_after_somebody_adds_one(
    deployment: Deployment,
) -> None:
    cognito = deployment.client("cognito-idp")
    pool = deployment.output("SignIn", "UserPoolId")
    email, password = "nobody@example.com", f"{time.time_ns()}-Aa1-first"
    who = {"UserPoolId": pool, "Username": email}
    cognito.admin_create_user(**who, MessageAction="SUPPRESS", TemporaryPassword=password)
    try:
        cognito.admin_set_user_password(**who, Password=password, Permanent=True)
        person = people.Person("", email, password)
        tokens = people.sign_in_as(deployment.settings, person)
        assert status(deployment, "/model", tokens["access_token"]) == 401
        cognito.admin_add_user_to_group(**who, GroupName="agent")
        renewed = people.renew(deployment.settings, tokens["refresh_token"])
        assert status(deployment, "/model", renewed["access_token"]) == 200
        assert status(deployment, "/model/report", renewed["access_token"]) == 401
        cognito.admin_remove_user_from_group(**who, GroupName="agent")
        renewed = people.renew(deployment.settings, tokens["refresh_token"])
        assert status(deployment, "/model", renewed["access_token"]) == 401
    finally:
        cognito.admin_delete_user(**who)


def test_nobody_signs_up_and_nobody_signs_in_with_a_wrong_password(deployment: Deployment) -> None:
    cognito = deployment.client("cognito-idp")
    page = deployment.output("Web", "PageClientId")
    with pytest.raises(cognito.exceptions.NotAuthorizedException):
        cognito.sign_up(ClientId=page, Username="me@example.com", Password="Long-enough-1-word")
    (agent, _) = people.people(deployment.settings)
    wrong = people.Person(agent.group, agent.email, f"{agent.password}x")
    with pytest.raises(people.SignInError, match="Incorrect username or password"):
        people.sign_in_as(deployment.settings, wrong)


def test_a_system_buys_a_token_for_its_own_scopes(deployment: Deployment) -> None:
    token = bought(deployment, "crm")
    assert set(claims(token)["scope"].split()) == {PREDICT, BATCHES}
    assert ask(deployment, "POST", "/predictions", {**JSON, **bearer(token)}, LOYAL).status == 200
    assert status(deployment, "/model/report", token) == 401


def straight(deployment: Deployment, token: str, key: str) -> tuple[int, bytes]:
    """Ask the API at its own address, as a system does, and not by the page's."""
    api = deployment.resource("Api", "AWS::ApiGateway::RestApi")
    connection = http.client.HTTPConnection("127.0.0.1", deployment.settings.gateway_port, timeout=30)
    try:
        headers = {"Host": f"{api}.execute-api.localhost", "x-api-key": key, **bearer(token)}
        connection.request("GET", "/api/schema", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_system_over_its_quota_waits_while_another_is_served(deployment: Deployment) -> None:
    gateway = deployment.client("apigateway")
    tokens, keys = {}, {}
    for client in ("Crm", "Trial"):
        tokens[client] = bought(deployment, client.lower())
        key = deployment.output("Api", f"{client}KeyId")
        keys[client] = gateway.get_api_key(apiKey=key, includeValue=True)["value"]
    statuses: list[int] = []
    told, days = "", {time.gmtime().tm_yday}
    while "quota" not in told and len(statuses) < 45:
        code, body = straight(deployment, tokens["Trial"], keys["Trial"])
        statuses.append(code)
        told = json.loads(body)["detail"] if code == 429 else ""
        # Below its rate: what ends is the quota.
        time.sleep(0.22)
    assert "quota" in told, statuses
    assert set(statuses) <= {200, 429}
    days.add(time.gmtime().tm_yday)
    assert statuses.count(200) <= 20 * len(days), "the quota is of a day"
    assert straight(deployment, tokens["Crm"], keys["Crm"])[0] == 200
    # A key lets nobody in, and no key counts nowhere.
    assert straight(deployment, "x", keys["Crm"])[0] == 401
    assert straight(deployment, tokens["Crm"], "")[0] == 401
    assert straight(deployment, tokens["Crm"], "made-up-key-of-some-length")[0] == 401


def test_the_access_log_says_who_asked_and_tells_no_name(deployment: Deployment) -> None:
    person = deployment.tokens("agent")
    answer = ask(deployment, "GET", "/model", bearer(person["access_token"]))
    wanted = answer.headers["X-Request-Id"]
    group = deployment.output("Api", "AccessLogGroupName")
    deadline = time.monotonic() + 120
    while not (lines := [line for line in deployment.log_lines(group) if wanted in line]):
        assert time.monotonic() < deadline, "no line in the access log"
        time.sleep(0.5)
    (line,) = map(json.loads, lines)
    known = claims(person["access_token"])
    assert (line["subject"], line["clientId"]) == (known["sub"], known["client_id"])
    assert line["apiKeyId"] == deployment.resource("Web", "AWS::ApiGateway::ApiKey")
    everything = "\n".join(deployment.log_lines(group))
    assert "@" not in everything
    assert person["access_token"][:40] not in everything


def test_somebody_is_let_in_by_one_command(deployment: Deployment) -> None:
    def add(group: str) -> subprocess.CompletedProcess[str]:
        whom = ["--email", "new@example.com", "--group", group]
        command = [sys.executable, "-m", "operate.user", "--env", "local", *whom]
        env = {"CHURN_LOCAL_DIR": str(deployment.settings.directory), "PATH": "", "PYTHONPATH": "."}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    first, second = add("agent"), add("analyst")
    assert "password for the first sign-in: " in first.stdout
    assert "known before" in second.stdout
    who = {"UserPoolId": deployment.output("SignIn", "UserPoolId"), "Username": "new@example.com"}
    cognito = deployment.client("cognito-idp")
    try:
        groups = cognito.admin_list_groups_for_user(**who)["Groups"]
        assert {group["GroupName"] for group in groups} == {"agent", "analyst"}
        assert cognito.admin_get_user(**who)["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    finally:
        cognito.admin_delete_user(**who)


def test_a_client_without_its_secret_gets_no_token(deployment: Deployment) -> None:
    form = {"grant_type": "client_credentials", "client_id": deployment.output("Api", "CrmClientId")}
    for secret in ({}, {"client_secret": "guessed"}):
        code, answer = form_post(deployment, form | secret)
        assert (code, answer["error"]) == (400, "invalid_client")
