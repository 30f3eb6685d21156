"""The notebook, walked as a data scientist walks it: a kernel of its own, in a folder that holds what the deployment
laid there, with the credentials of the data scientist's role.
"""

import base64
import dataclasses
import json
import os
import re
import urllib.parse
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
import sklearn.metrics

from local.settings import REGION, ROOT
from ml.compare import Predictions
from tests.local.deployment import Deployment

NAME = "churn-local"
# What a person would change in the notebook's first cell.
CHANGED = "POLL_S = 1\nSTART_A_RUN = True"
# Run after the last cell: what the notebook found, for the tests to look at.
FOUND = """
from pathlib import Path

Path("found.json").write_text(json.dumps({
    "training": training.get_name(),
    "evaluating": evaluating.get_name(),
    "live": live.evaluation,
    "variant": variant.evaluation,
    "labels": variant.predictions.labels.tolist(),
    "probabilities": [m.predictions.probabilities.tolist() for m in (live, variant)],
    "thresholds": [live.threshold, variant.threshold],
    "differences": {name: [*d, d.beyond_chance] for name, d in differences.items()},
    "told": told,
    "serves_live": serves_live,
    "run": run_arn,
}))
"""


@dataclasses.dataclass
class Walk:
    """A walked notebook: its cells with their outputs, and what it found."""

    cells: list[Any]
    found: dict[str, Any]

    def shown(self, identity: str) -> str:
        """All that a cell shows, as text and as HTML."""
        cell = next(cell for cell in self.cells if cell["id"] == identity)
        data = [output.get("data", {}) for output in cell["outputs"]]
        return "".join([*(o.get("text", "") for o in cell["outputs"]), *(d.get("text/html", "") for d in data)])


def _environment(deployment: Deployment, home: Path) -> dict[str, str]:
    """What a kernel in Studio has and nothing of this machine: the role's session, region, the services' address."""
    session = deployment.credentials(deployment.output("Studio", "DataScientistRoleArn"), "data-scientist")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": deployment.settings.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
    }


def _lay_down(deployment: Deployment, folder: Path) -> None:
    """The folder as the space's start script leaves it: the files from the address and the facts that stand in it."""
    script = _start_script(deployment)
    bucket, prefix = re.search(r"^notebooks='s3://([^/]+)/(\S+)'", script, re.MULTILINE).groups()  # type: ignore[union-attr]
    s3 = deployment.client("s3", deployment.output("Studio", "DataScientistRoleArn"))
    for one in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
        s3.download_file(bucket, one["Key"], str(folder / one["Key"].removeprefix(prefix)))
    project = re.search(r"^project='(\S.*?)'", script, re.MULTILINE)
    assert project
    (folder / "studio.json").write_text(project[1])


def _start_script(deployment: Deployment) -> str:
    """What each space runs when it starts."""
    sagemaker = deployment.client("sagemaker")
    domain = sagemaker.describe_domain(DomainId=deployment.output("Studio", "DomainId"))
    lab = domain["DefaultUserSettings"]["JupyterLabAppSettings"]
    config = sagemaker.describe_studio_lifecycle_config(
        StudioLifecycleConfigName=lab["BuiltInLifecycleConfigArn"].rsplit("/", 1)[-1]
    )
    return base64.b64decode(config["StudioLifecycleConfigContent"]).decode()


@pytest.fixture(scope="module")
def walk(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The notebook, run from its first cell to its last."""
    folder, home = tmp_path_factory.mktemp("churn"), tmp_path_factory.mktemp("home")
    _lay_down(deployment, folder)
    notebook = nbformat.read(folder / "churn.ipynb", as_version=4)
    (at,) = [i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(CHANGED))
    notebook.cells.append(nbformat.v4.new_code_cell(FOUND))
    client = nbclient.NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=_environment(deployment, home))
    return Walk(notebook.cells, json.loads((folder / "found.json").read_text()))


def test_the_deployed_notebook_is_the_repositorys(deployment: Deployment, tmp_path: Path) -> None:
    _lay_down(deployment, tmp_path)
    for path in (ROOT / "notebooks").iterdir():
        if path.suffix in (".ipynb", ".py"):
            assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_every_picture_is_there(walk: Walk) -> None:
    pictures = {"customers-shown": 2, "groups-shown": 3, "live-shown": 1, "exam-taken": 1, "money-shown": 1}
    for identity, count in pictures.items():
        assert walk.shown(identity).count("<svg") == count, identity
    assert "dropped" in walk.shown("twice-shown")
    # What a metric line looks like in the job's log: the role may read it.
    assert "validation-aucpr:" in walk.shown("question-trained")


def test_the_variant_was_trained_inside_the_fences(deployment: Deployment, walk: Walk) -> None:
    sagemaker = deployment.client("sagemaker")
    job = sagemaker.describe_training_job(TrainingJobName=walk.found["training"])
    definition = json.loads(sagemaker.describe_pipeline(PipelineName=NAME)["PipelineDefinition"])
    step = next(step["Arguments"] for step in definition["Steps"] if step["Name"] == "Train")
    assert job["TrainingJobStatus"] == "Completed"
    assert job["RoleArn"] == deployment.output("Studio", "ExperimentRoleArn")
    assert job["VpcConfig"] == step["VpcConfig"]
    assert job["EnableNetworkIsolation"] is True
    assert job["ResourceConfig"]["VolumeKmsKeyId"] == step["ResourceConfig"]["VolumeKmsKeyId"]
    assert job["OutputDataConfig"]["KmsKeyId"] == step["OutputDataConfig"]["KmsKeyId"]
    assert urllib.parse.urlparse(job["ModelArtifacts"]["S3ModelArtifacts"]).path.startswith("/experiments/experiment-")
    asked = {"eta": "0.2", "num_parallel_tree": "1"}
    assert asked.items() <= job["HyperParameters"].items()
    assert walk.found["variant"]["model"]["hyperparameters"]["num_parallel_tree"] == 1
    assert walk.found["live"]["model"]["hyperparameters"]["num_parallel_tree"] == 8


def test_the_variant_sat_the_live_models_exam(deployment: Deployment, walk: Walk) -> None:
    live, variant = walk.found["live"], walk.found["variant"]
    assert (live["n_customers"], live["n_churners"]) == (variant["n_customers"], variant["n_churners"])
    for evaluation, probabilities in zip((live, variant), walk.found["probabilities"], strict=True):
        precision = sklearn.metrics.average_precision_score(walk.found["labels"], probabilities)
        assert evaluation["metrics"]["average_precision"] == pytest.approx(precision)
        assert f"{precision:.3f}" in walk.shown("exam-taken")
    assert live["metrics"] != variant["metrics"]
    # Its report lies where experiments write, and nowhere else.
    bucket = deployment.resource("Storage", "AWS::S3::Bucket", "Data")
    place = f"experiments/{walk.found['evaluating']}/predictions.csv"
    body = deployment.client("s3").get_object(Bucket=bucket, Key=place)["Body"].read().decode()
    assert Predictions.from_csv(body).probabilities.tolist() == walk.found["probabilities"][1]


def test_the_difference_is_told_with_its_luck(walk: Walk) -> None:
    costs = []
    for probabilities, threshold in zip(walk.found["probabilities"], walk.found["thresholds"], strict=True):
        each = [
            100 if p >= threshold else 500 * label for label, p in zip(walk.found["labels"], probabilities, strict=True)
        ]
        costs.append(sum(each) / len(each))
    value, low, high, beyond = walk.found["differences"]["expected_cost_per_customer"]
    assert value == pytest.approx(costs[1] - costs[0])
    assert costs == pytest.approx([walk.found[m]["cost"]["expected_cost_per_customer"] for m in ("live", "variant")])
    assert low <= value <= high
    assert beyond == (low > 0 or high < 0)
    verdict = walk.shown("luck-measured")
    assert f"{value:+.2f}" in verdict
    assert ("more than chance" in verdict.replace("no more than chance", "")) == any(
        d[3] for d in walk.found["differences"].values()
    )


def test_the_money_is_counted_at_other_prices(walk: Walk) -> None:
    labels, probabilities = walk.found["labels"], walk.found["probabilities"][0]
    # An offer at twice the price, 200 USD: it pays from 200 / (200 + 300) on.
    each = [200 if p >= 0.4 else 500 * label for label, p in zip(labels, probabilities, strict=True)]
    told = walk.shown("money-shown")
    assert f"{sum(each) / len(each):.2f}" in told
    assert f"{500 * sum(labels) / len(labels):.2f}" in told


def test_the_endpoint_answers_as_the_page_does(deployment: Deployment, walk: Walk) -> None:
    examples = json.loads((ROOT / "schema" / "examples.json").read_text())
    status, page = deployment.post("api/predictions", {"customers": list(examples.values())})
    assert status == 200
    said = [prediction["probability"] for prediction in walk.found["told"]["predictions"]]
    assert said == pytest.approx([prediction["probability"] for prediction in page["predictions"]], abs=1e-6)
    assert walk.found["serves_live"]
    assert walk.found["told"]["predictions"][1]["reasons"][0]["text"] in walk.shown("ask-endpoint")


def test_the_run_waits_for_an_approval(deployment: Deployment, walk: Walk) -> None:
    sagemaker = deployment.client("sagemaker")
    run = sagemaker.describe_pipeline_execution(PipelineExecutionArn=walk.found["run"])
    assert run["PipelineExecutionStatus"] == "Succeeded"
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=walk.found["run"])["PipelineExecutionSteps"]
    (registered,) = [s["Metadata"]["RegisterModel"]["Arn"] for s in steps if s["StepName"] == "Register"]
    package = sagemaker.describe_model_package(ModelPackageName=registered)
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    registry = walk.shown("product-run")
    assert registry.count("PendingManualApproval") >= 1
    assert "Approved" in registry.replace("PendingManualApproval", "")
