"""What runs: functions with a log of ours and limits; and no secret anywhere."""

import base64
import re
from collections.abc import Iterator
from typing import Any

from tests.synth.conftest import Environment

from .walk import at, named, text

LAMBDA_S_OWN_MB = 128
# Supported by Lambda, and not on its way out.
RUNTIMES = {"python3.13", "python3.14", "nodejs22.x", "nodejs24.x"}
SECRET_NAME = re.compile(r"passw(or)?d|secret|credential|token|api_?key|access_?key|private_?key|auth_?key", re.I)
SECRET_VALUE = re.compile(
    r"(AKIA|ASIA)[0-9A-Z]{16}"  # an access key of AWS
    r"|-----BEGIN"  # a private key
    r"|\b(ghp|gho|github_pat|glpat|xox[bp]|sk)[-_][0-9A-Za-z_-]{20}"  # tokens of well-known services
)
# The other half of AWS's access key. In variables only: the CDK's ids may look like that by chance.
SECRET_HALF = re.compile(
    r"(?<![0-9A-Za-z/+])(?=[0-9A-Za-z/+]*[0-9])(?=[0-9A-Za-z/+]*[A-Z])(?=[0-9A-Za-z/+]*[a-z])[0-9A-Za-z/+]{40}(?![0-9A-Za-z/+])"
)
# With so much memory Lambda gives a function a whole processor; more buys a second one, which none here could use.
A_PROCESSOR_MB = 1769
# Read from a store, and then written where everybody can read it.
RESOLVED = "{{resolve:"
# Properties that take a secret; "Token" alone is many other things in CloudFormation.
TAKES_SECRET = re.compile(r"(^|\.)(\w*Password|\w*SecretString|ClientSecret|AuthToken|\w*PrivateKey|SecretAccessKey)$")
FROM_THE_STORE = "{{resolve:secretsmanager:"


def every_function_has_a_log_of_ours_and_limits(environment: Environment) -> Iterator[str]:
    groups = {group.logical_id for group in environment.resources("AWS::Logs::LogGroup")}
    for function in environment.resources("AWS::Lambda::Function"):
        p = function.properties
        if at(p, "LoggingConfig.LogGroup.Ref") not in groups:
            yield f"{function} logs to a group that Lambda makes, without key and end"
        if not 1 <= p.get("Timeout", 0) <= 900 or not 128 <= p.get("MemorySize", LAMBDA_S_OWN_MB) <= A_PROCESSOR_MB:
            yield f"{function} has no limits, or wide ones"
        if p.get("Runtime") not in RUNTIMES:
            yield f"{function} runs on {p.get('Runtime')}"
        if "Fn::GetAtt" not in p.get("Role", {}):
            yield f"{function} has a role of somebody else"


def no_variable_holds_a_secret(environment: Environment) -> Iterator[str]:
    for where, variables in _variables(environment):
        for name, value in variables.items():
            if SECRET_NAME.search(name):
                yield f"{where}: the variable {name} is named like a secret"
            if SECRET_VALUE.search(text(value)) or SECRET_HALF.search(text(value)) or RESOLVED in text(value):
                yield f"{where}: the variable {name} looks like a secret"


def _variables(environment: Environment) -> Iterator[tuple[str, dict[str, Any]]]:
    """Environments of functions, containers and jobs, and what else carries settings into code."""
    for resource in environment.resources():
        for path, value in named(resource.properties):
            name = path.rpartition(".")[2]
            if name in ("Environment", "EnvironmentVariables") and isinstance(value, dict):
                yield str(resource), value.get("Variables", value)
            if name == "StudioLifecycleConfigContent" and isinstance(value, str):
                yield str(resource), {"Content": base64.b64decode(value).decode()}
    for step in environment.steps():
        for path, value in named(step["Arguments"]):
            if path.rpartition(".")[2] in ("Environment", "HyperParameters"):
                yield f"step {step['Name']}", value


def no_secret_is_written_into_a_template(environment: Environment) -> Iterator[str]:
    """A property that takes a secret reads it from Secrets Manager, when it is deployed."""
    for resource in environment.resources():
        for path, value in named(resource.properties):
            if TAKES_SECRET.search(path) and not text(value).startswith(FROM_THE_STORE):
                yield f"{resource} has a secret in {path}"
            if isinstance(value, str) and SECRET_VALUE.search(value):
                yield f"{resource} has what looks like a secret in {path}"
    for stack, template in environment.templates.items():
        for name, parameter in template.get("Parameters", {}).items():
            if SECRET_NAME.search(name) and str(parameter.get("NoEcho")).lower() != "true":
                yield f"{stack} shows the parameter {name}"


RULES = (
    every_function_has_a_log_of_ours_and_limits,
    no_variable_holds_a_secret,
    no_secret_is_written_into_a_template,
)
