"""The private names of MiniStack that this package leans on, and a check that they are still there.

``python -m local.emulator.contract`` prints what moved and exits 1 if anything did.
"""

import importlib
import inspect
import sys
from importlib.metadata import version
from typing import Any

#: The one version that all this was read against.
PINNED = "1.5.33"

#: module -> name -> its type, the first parameters it is called with, or None (it only has to exist).
NAMES: dict[str, dict[str, Any]] = {
    "ministack.app": {
        "AUTH": bool,
        "SERVICE_HANDLERS": dict,
        "SERVICE_REGISTRY": dict,
        "_state_map": dict,
        "_loaded_modules": dict,
        "_MINISTACK_HOST": str,
        "_lazy_handler": ["module_name"],
        "_handle_execute_api_request": ["host", "path", "method", "headers", "body", "query_params"],
        "app": ["scope", "receive", "send"],
    },
    "ministack.core.concurrency": {"run_reentrant": ["fn"], "spawn_background": ["fn"]},
    "ministack.core.iam_actions": {
        "SERVICE_TO_IAM_NAMESPACE": dict,
        "_BOTOCORE_SERVICE_MAP": dict,
        "extract_resource_arn": [
            "service",
            "method",
            "path",
            "headers",
            "body",
            "query_params",
            "region",
            "account_id",
        ],
        "request_tag_context": ["service", "iam_action", "body", "params"],
    },
    "ministack.core.iam_evaluator": {
        "EvalContext": ["principal_arn", "principal_type", "principal_account", "action"],
        "_anonymous": None,
        "_action_matches": ["request_action", "actions", "not_actions"],
        "_conditions_met": ["conditions", "ctx"],
        "_first_match": ["ctx", "stmts", "effect"],
        "_principal_keys": ["credential"],
        "_resolve_condition_key": ["key", "ctx"],
        "_resource_policy": ["service", "resource_arn"],
        "_service_principal_matches": ["principal", "service"],
        "evaluate_resource_policy": ["doc", "ctx", "service"],
        "ResolvedCredential": None,
        "resolve_credential": ["access_key_id", "account_id"],
        "enforce": ["access_key_id", "iam_action", "service", "region", "resource_arn"],
    },
    "ministack.core.lambda_runtime": {"execution_credentials": ["config"]},
    "ministack.core.responses": {
        "AccountRegionScopedDict": None,
        "get_account_id": [],
        "get_region": [],
        "request_scope": ["account_id"],
    },
    "ministack.core.router": {"SERVICE_PATTERNS": dict, "extract_access_key_id": ["headers", "query_params"]},
    "ministack.services.apigateway_v1": {
        "_GatewayError": ["response_type", "message"],
        "_build_lambda_event_v1": [],
        "_check_request_validation": ["method_obj", "api_id", "request", "headers", "body", "query_params"],
        "_create_request_validator": ["api_id", "data"],
        "_gw_error": ["response_type", "message"],
        "_invoke_lambda_proxy_v1": ["integration", "api_id"],
        "_lambda_proxy_response": ["result"],
        "_request_validators": None,
        "_resources": None,
        "_stages_v1": None,
        "_execute_in_scope": ["request"],
        "_handle_execute_in_scope": [
            "api_id",
            "stage_name",
            "method",
            "path",
            "headers",
            "body",
            "query_params",
            "owner_account_id",
            "owner_region",
        ],
    },
    "ministack.services.cloudformation.custom_resource": {
        "invoke_custom_resource": ["request_type", "logical_id", "props"],
    },
    "ministack.services.cloudformation.provisioners": {
        "_RESOURCE_HANDLERS": dict,
        "_physical_name": ["stack_name", "logical_id"],
        "_seeded_create": ["create_fn", "logical_id", "props", "stack_name"],
    },
    "ministack.services.cloudformation.stacks": {"_runs_on_worker_thread": ["resource_type"]},
    "ministack.services.cloudfront": {
        "_distributions": None,
        "_fetch_from_origin": [
            "origin",
            "method",
            "uri",
            "query_string",
            "headers",
            "body",
            "viewer_is_https",
            "client_ip",
            "viewer_xff",
            "dist_arn",
        ],
        "_origin_request_headers": ["origin", "headers", "client_ip", "viewer_x_forwarded_for"],
        "_multidict_from_pairs": ["pairs"],
    },
    "ministack.services.eventbridge": {
        "_dispatch_event": ["event", "view"],
        "_invoke_target": ["target", "event", "rule", "view"],
        "_put_events": ["data", "allow_aws_source"],
    },
    "ministack.services.iam": {"_roles": None},
    "ministack.services.cloudwatch": {
        "_alarms": None,
        "_calc_stats": ["points"],
        "_composite_alarms": None,
        "_delete_alarms": ["params", "cbor_data", "is_cbor", "is_json"],
        "_dims_from_list": ["dimensions"],
        "_dims_key": ["dims"],
        "_dispatch_alarm_actions": ["alarm", "old_state", "new_state", "reason"],
        "_evaluate_alarm": ["alarm"],
        "_evaluate_all_alarms": [],
        "_evaluate_parent_alarms": ["child"],
        "_metrics": None,
        "_put_composite_alarm": ["params", "cbor_data", "is_cbor", "is_json"],
        "_record_history": ["alarm_name", "old_state", "new_state", "reason"],
        "_stat_value": ["stats", "stat_name", "points"],
        "_store_datum": [
            "namespace",
            "name",
            "dims",
            "ts",
            "unit",
            "value",
            "values",
            "counts",
            "stat_values",
        ],
    },
    "ministack.services.lambda_svc": {
        "_create_function": ["data"],
        "_emit_lambda_logs": ["func", "request_id", "log_text"],
        "_functions": None,
        "error_response_json": ["code", "message", "status"],
    },
    "ministack.services.s3": {
        "_check_sse_c_copy_source": ["headers", "src_obj"],
        "_delete_bucket": ["name"],
        "_error": ["code", "message", "status"],
        "_put_bucket_encryption": ["name", "body"],
        "_get_object": ["bucket_name", "key", "headers", "query_params"],
        "_resolve_sse_write_headers": ["headers", "bucket_name"],
        "_stored_sse_headers": ["obj"],
    },
    "ministack.services.sns": {
        "_error": ["code", "message", "status"],
        "_topics": None,
        "handle_request": ["method", "path", "headers", "body", "query_params"],
    },
    "ministack.services.stepfunctions": {
        "_AWS_SDK_ERROR_PREFIX": dict,
        "_ExecutionError": ["error", "cause"],
        "_api_name_to_sfn_key": ["name"],
        "_emit_execution_status_event": ["execution"],
        "_execute_task": ["state_def", "raw_input", "execution", "ctx"],
        "_invoke_resource": ["resource", "input_data"],
        "_state_machines": None,
    },
    "ministack.services.sts": {"register_session": ["access_key", "session"]},
}


def broken() -> list[str]:
    """Every name that is missing, of another type, or called another way now."""
    found = []
    for module_name, wanted in NAMES.items():
        try:
            module = importlib.import_module(module_name)
        except ImportError as exc:
            found.append(f"{module_name}: {exc}")
            continue
        for name, want in wanted.items():
            if not hasattr(module, name):
                found.append(f"{module_name}.{name}: missing")
                continue
            value = getattr(module, name)
            if isinstance(want, type) and not isinstance(value, want):
                found.append(f"{module_name}.{name}: a {type(value).__name__}, expected {want.__name__}")
            if isinstance(want, list):
                got = list(inspect.signature(value).parameters)
                if got[: len(want)] != want:
                    found.append(f"{module_name}.{name}: called with {got}, expected {want}")
    return found


def require_pinned() -> None:
    """Refuse any other version: what is patched here was read in this one."""
    found = version("ministack")
    if found != PINNED:
        raise SystemExit(
            f"The laptop run is written for ministack {PINNED}, and {found} is installed. "
            "Run `make local`, which installs what requirements-local.txt pins."
        )


def main() -> int:
    """Print what moved."""
    moved = broken()
    total = sum(map(len, NAMES.values()))
    print(f"ministack {version('ministack')}: {total} names, {len(moved)} moved")
    for line in moved:
        print(f"  {line}")
    return 1 if moved else 0


if __name__ == "__main__":
    sys.exit(main())
