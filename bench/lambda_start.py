"""The invoker's cold start and warm overhead beside the lab's bare handler, in turn, in the same run.

Cold start: a fresh Python process, from before the first import to the end of the first call, as Lambda counts
initialisation and first invocation; the interpreter's own start is the same for both and left out. A throw-away HTTP
server answers in the place of the SageMaker runtime, at once, so that only the function's own time remains; the time
that the server itself needs is in both. Warm: the median of many calls in one process.
"""

import argparse
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from statistics import median

from config import ApiSettings
from contract import offers
from schema import load_examples

ROOT = Path(__file__).resolve().parent.parent
WARM_CALLS = 300

# What the lab's API calls: boto3 and nothing else, a row of CSV in, a float out.
LAB = """
import json
import os

import boto3

runtime = boto3.client("sagemaker-runtime")


def handler(event, context):
    data = json.loads(event["body"])["data"]
    response = runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT_NAME"], ContentType="text/csv", Body=data)
    return {"statusCode": 200, "body": json.dumps(float(response["Body"].read().decode()))}
"""

# Runs in the fresh process: times the first call, imports included, then the warm ones.
PROBE = """
import sys
from time import perf_counter

event = __import__("json").loads(sys.stdin.read())
started = perf_counter()
from handler import handler

class Context:
    aws_request_id = "00000000-0000-0000-0000-000000000000"

out, sys.stdout = sys.stdout, __import__("io").StringIO()
answer = handler(event, Context)
cold = perf_counter() - started
assert answer["statusCode"] == 200, answer
warm = []
for _ in range(int(sys.argv[1])):
    started = perf_counter()
    handler(event, Context)
    warm.append(perf_counter() - started)
print(cold, sorted(warm)[len(warm) // 2] if warm else 0.0, file=out)
"""


class Model(http.server.BaseHTTPRequestHandler):
    """Answers as the endpoint does, in the shape that each handler asks for, and without thinking."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave in one packet
    answer = json.dumps(
        {
            "predictions": [{"probability": 0.5, "churn": True, "reasons": []}],
            "model": {"threshold": 0.5},
        }
    ).encode()

    def do_POST(self) -> None:
        """Read the request, send the answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b"0.5" if self.headers["Content-Type"] == "text/csv" else self.answer
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def measure(folder: Path, event: dict[str, object], port: int, warm_calls: int) -> tuple[float, float]:
    """Milliseconds of the cold call and of the median warm one, in a process of its own."""
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{folder}:{ROOT}",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "example",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"http://127.0.0.1:{port}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "ENDPOINT_NAME": "churn",
        "INVOKE_TIMEOUT_S": "10",
        "OFFERS": offers.write([offers.Offer(o.name, o.text, o.cost_usd, o.changes) for o in ApiSettings().offers]),
    }
    command = [sys.executable, "-c", PROBE, str(warm_calls)]
    done = subprocess.run(command, input=json.dumps(event), env=env, check=True, capture_output=True, text=True)
    cold, warm = done.stdout.split()
    return float(cold) * 1000, float(warm) * 1000


def main(argv: list[str] | None = None) -> None:
    """Print medians and ratios; write them to a file when asked."""
    parser = argparse.ArgumentParser(prog="python -m bench.lambda_start", description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(argv)
    lab = ROOT / "build" / "bench" / "lab_handler"
    lab.mkdir(parents=True, exist_ok=True)
    (lab / "handler.py").write_text(LAB)
    customer = load_examples()["at_risk"]
    events: dict[str, tuple[Path, dict[str, object]]] = {
        "the lab's bare handler": (lab, {"body": json.dumps({"data": ",".join(map(str, customer.values()))})}),
        "this invoker": (
            ROOT / "lambda" / "invoker",
            {"resource": "/predictions", "httpMethod": "POST", "body": json.dumps({"customers": [customer]})},
        ),
    }
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in events}
    for run in range(options.runs + 1):
        for name, (folder, event) in events.items():
            figures = measure(folder, event, server.server_port, WARM_CALLS)
            if run:  # the first one fills the disk cache and writes the byte code
                times[name].append(figures)
    server.shutdown()
    cold = {name: median(c for c, _ in values) for name, values in times.items()}
    warm = {name: median(w for _, w in values) for name, values in times.items()}
    base_cold, base_warm = (figures["the lab's bare handler"] for figures in (cold, warm))
    print("| handler | cold start ms | ratio | warm call ms | ratio |\n|---|---|---|---|---|")
    for name in events:
        print(
            f"| {name} | {cold[name]:.0f} | {cold[name] / base_cold:.2f} "
            f"| {warm[name]:.2f} | {warm[name] / base_warm:.2f} |"
        )
    if options.json:
        figures_of = {name: {"cold_ms": cold[name], "warm_ms": warm[name]} for name in events}
        options.json.write_text(json.dumps({"runs": options.runs, "median": figures_of}, indent=2) + "\n")


if __name__ == "__main__":
    main()
