"""A file that is sent, and what the functions of batches make of it; a made-up model stands for the transform."""

import csv
import io
import json
import uuid
from types import ModuleType
from typing import Any

from tests.unit.batches.conftest import NAMES

MODEL = {
    "version": "3",
    "threshold": 0.31,
    "costs": {"missed_churner": 500.0, "wasted_incentive": 100.0, "saved_customer": 100.0},
}
Json = dict[str, Any]


def text(*rows: list[str], header: list[str] = NAMES, separator: str = ",", end: str = "\r\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return out.getvalue()


class Sent:
    """A file that has arrived, and what the steps make of it."""

    def __init__(self, steps: ModuleType, body: bytes) -> None:
        self.steps, self.s3, self.id = steps, steps._s3, str(uuid.uuid4())
        self.s3.put_object(Bucket="", Key=f"states/{self.id}.json", Body=json.dumps({"id": self.id}).encode())
        self.event = self.send(body)
        self.checked = self.check()

    def send(self, body: bytes) -> Json:
        key = f"uploads/{self.id}.csv"
        self.s3.put_object(Bucket="", Key=key, Body=body)
        return {"detail": {"object": {"key": key}}}

    def check(self, execution: str = "first", event: Json | None = None) -> Json:
        answer: Json = self.steps.handler({"step": "check", "event": event or self.event, "execution": execution}, None)
        return answer

    @property
    def state(self) -> Json:
        found: Json = json.loads(self.s3.objects[f"states/{self.id}.json"])
        return found

    @property
    def records(self) -> list[Json]:
        """What the model reads."""
        bodies = [body for key, body in sorted(self.s3.objects.items()) if key.startswith(f"scoring/in/{self.id}/")]
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    def score(self) -> None:
        """What a transform job does, with a model that says the place of a customer in a part."""
        for key, body in list(self.s3.objects.items()):
            if key.startswith(f"scoring/in/{self.id}/"):
                count = len(body.splitlines())
                found = [{"probability": n / 1000, "churn": n % 2 == 1, "reasons": [f"{n}."]} for n in range(count)]
                told = "".join(json.dumps(one) + "\n" for one in [{"model": MODEL}, *found])
                self.s3.put_object(Bucket="", Key=key.replace("/in/", "/out/") + ".out", Body=told.encode())

    def merge(self) -> list[list[str]]:
        """The result's rows."""
        if self.checked["state"] == "start":
            self.score()
        assert self.steps.handler({"step": "merge", "batch": self.checked}, None)["state"] == "done"
        result = self.s3.objects[f"results/{self.id}/result.csv"].decode()
        assert result.startswith("\ufeff")
        separator = self.checked["checked"]["file"]["separator"]
        return list(csv.reader(io.StringIO(result[1:], newline=""), delimiter=separator, strict=True))

    @property
    def report(self) -> Json:
        found: Json = json.loads(self.s3.objects[f"results/{self.id}/report.json"])
        return found

    @property
    def refusals(self) -> list[dict[str, str]]:
        body = self.s3.objects[f"results/{self.id}/refusals.csv"].decode()
        return list(csv.DictReader(io.StringIO(body, newline="")))
