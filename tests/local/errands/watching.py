"""The watch under any role: its function's two steps, its job, its pipeline, and what starts that."""

import contextlib
import copy
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.local.errands.common import PIPELINE, Failed, errand_name, python
from tests.local.errands.intake import Intake
from tests.local.errands.runs import _asleep

WATCH = f"{PIPELINE}-watch"
REPORT = {"verdict": "calm", "message": "fine", "metrics": {"Errands": 1}, "refused_labels": {}}
LOOKED = f"open('/opt/ml/processing/output/drift.json','w').write({json.dumps(REPORT)!r});print('done')"


class Watching(Intake):
    """The errands of the watch."""

    def watch_steps(self, role: str) -> None:
        """The function names what there is to look at; then it publishes what was found, and sets a file aside."""
        original = self.deployment.resource("Watching", "AWS::Lambda::Function", "WatchSteps")
        log = self.deployment.resource("Watching", "AWS::Logs::LogGroup", "WatchStepsLog")
        run, name = f"{self.mark}-{uuid.uuid4().hex}", f"{self.mark}.csv"
        found = REPORT | {"refused_labels": {name: "why"}, "period": {"to": datetime.now(UTC).isoformat()}}
        with self.function(original, role) as function:
            self.s3.put_object(Bucket=self.data, Key=f"labels/{name}", Body=b"1")
            self.s3.put_object(Bucket=self.data, Key=f"watch/{run}/report/drift.json", Body=json.dumps(found).encode())
            named = self.call(function, {"Step": "Live", "Run": run, "PeriodHours": 1.0}, log)
            if not named["EvaluationUri"].endswith("/evaluation/"):
                raise Failed(str(named))
            self.call(function, {"Step": "Publish", "ReportUri": f"s3://{self.data}/watch/{run}/report"}, log)
        self.s3.head_object(Bucket=self.data, Key=f"quarantine/labels/{name}.reasons.txt")

    def watch_job(self, role: str) -> None:
        """A processing job that reads what the watch's job reads, by a list for one, and writes a report."""
        name = errand_name()
        keys = [f"{prefix}{self.mark}" for prefix in ("capture/", "labels/", "watch/")]
        for key in keys:
            self.s3.put_object(Bucket=self.data, Key=key, Body=b"1")
        manifest = json.dumps([{"prefix": f"s3://{self.data}/"}, *keys])
        self.s3.put_object(Bucket=self.data, Key=f"watch/{self.mark}.manifest", Body=manifest.encode())
        inputs = {
            "code": self._code,
            "evaluation": f"s3://{self.data}/{self.place}/train.csv",
            "model": f"s3://{self.models}/{self.place}/model.tar.gz",
            "watched": f"s3://{self.data}/watch/{self.mark}.manifest",
        }
        request = self.processing_request(inputs=inputs, output=f"s3://{self.data}/watch/{self.mark}/{name}")
        request["ProcessingInputs"][-1]["S3Input"]["S3DataType"] = "ManifestFile"
        self.sagemaker.create_processing_job(ProcessingJobName=name, RoleArn=role, **request)
        try:
            self._ended("ProcessingJob", name)
            self._require_traces("ProcessingJobs", name)
        finally:
            self.forget("ProcessingJob", name)

    @contextlib.contextmanager
    def watch_pipeline(self, name: str, role: str) -> Iterator[None]:
        """A copy of the watch under another name, whose job runs a line; and one whose job sleeps."""
        described = self.sagemaker.describe_pipeline(PipelineName=WATCH)
        definition: dict[str, Any] = json.loads(described["PipelineDefinition"])
        (job,) = [step for step in definition["Steps"] if step["Type"] == "Processing"]
        asleep = _asleep(copy.deepcopy(job))
        job["Arguments"]["AppSpecification"] |= python(LOOKED)
        with self.pipelines(name, role, definition, [asleep]):
            yield

    def watch_once(self, name: str) -> None:
        """A run of the copied watch to its end, and one that is stopped while its job is at work."""
        self.run_whole_and_stopped(name, jobs=1)

    def start_watch(self, role: str) -> None:
        """A rule starts the watch when something happens."""
        target = {"Id": "watch", "Arn": f"{self._pipeline_arn(WATCH)}", "RoleArn": role}
        started = self.fire(target, self._watches)
        for execution in started:
            self.end_run(execution)

    def _pipeline_arn(self, name: str) -> str:
        arn: str = self.sagemaker.describe_pipeline(PipelineName=name)["PipelineArn"]
        return arn

    def _watches(self) -> set[str]:
        return {one["PipelineExecutionArn"] for one in self.runs_of(WATCH)}

    def clean_up(self) -> None:
        """Take away what the errands have laid among the watch's files."""
        for prefix in ("capture/", "labels/", "watch/", "quarantine/labels/"):
            self.remove(self.data, f"{prefix}{self.mark}")
        super().clean_up()
