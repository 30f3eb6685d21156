"""Synthesis is pure, complete, and says clearly what is wrong."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import ENVIRONMENTS
from contract.access import SCOPES
from stacks.components.raw_data import RawData, RawDataError

from .conftest import ROOT, STACKS, Environment, Synthesised


def synthesise_alone(
    out: Path, data: Path, *, env: str | None, hash_seed: str = "0"
) -> subprocess.CompletedProcess[str]:
    """Run app.py as the CDK's command line does, with no credentials and no region anywhere."""
    context = {**json.loads((ROOT / "cdk.json").read_text())["context"], "data": str(data)}
    if env:
        context["env"] = env
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "XDG_CACHE_HOME") if key in os.environ}
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**kept, "CDK_OUTDIR": str(out), "CDK_CONTEXT_JSON": json.dumps(context), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def test_every_environment_has_every_stack(environment: Environment) -> None:
    without = () if environment.settings.studio.enabled else ("Studio",)
    assert tuple(environment.templates) == tuple(stack for stack in STACKS if stack not in without)


def test_synthesis_twice_gives_the_same_bytes(raw_data: RawData, tmp_path: Path) -> None:
    outs = [tmp_path / "one", tmp_path / "two"]
    for seed, out in enumerate(outs):
        done = synthesise_alone(out, raw_data.file.parent, env="prod", hash_seed=str(seed))
        assert done.returncode == 0, done.stderr[-4000:]
    one, two = (contents(out) for out in outs)
    assert len(one) > len(STACKS)
    assert one.keys() == two.keys()
    assert not [name for name in one if one[name] != two[name]]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of an assembly; the folder that jsii unpacks itself into, noted in stack traces, left out."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: re.sub(rb"jsii-kernel-\w+", b"jsii-kernel", body) for name, body in files.items()}


def test_templates_name_no_account_region_or_machine(synthesised: Synthesised) -> None:
    for template in synthesised.folder.glob("*.template.json"):
        text = template.read_text()
        assert str(ROOT) not in text
        assert str(Path.home()) not in text
    manifest = json.loads((synthesised.folder / "manifest.json").read_text())
    places = {artifact["environment"] for artifact in manifest["artifacts"].values() if "environment" in artifact}
    assert places == {"aws://unknown-account/unknown-region"}


@pytest.mark.parametrize("env", ["production", None])
def test_a_wrong_environment_is_one_line_that_helps(raw_data: RawData, tmp_path: Path, env: str | None) -> None:
    done = synthesise_alone(tmp_path, raw_data.file.parent, env=env)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for name in ENVIRONMENTS:
        assert name in done.stderr


def test_missing_raw_data_is_one_line_that_helps(tmp_path: Path) -> None:
    done = synthesise_alone(tmp_path / "out", tmp_path, env="dev")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "make data" in done.stderr


def test_raw_data_that_is_not_what_its_note_says_is_refused(raw_data: RawData, tmp_path: Path) -> None:
    note = raw_data.file.with_name("source.json").read_text()
    (tmp_path / "source.json").write_text(note)
    (tmp_path / "churn.csv").write_text("State,Churn?\nOH,True.\n")
    with pytest.raises(RawDataError, match="SHA-256 differs"):
        RawData.load(tmp_path)
    for broken in ("[]", "{", json.dumps({"sha256": "x"})):
        (tmp_path / "source.json").write_text(broken)
        with pytest.raises(RawDataError, match="not a note about raw data"):
            RawData.load(tmp_path)


def test_made_up_data_is_told_to_the_page(synthesised: Synthesised, environment: Environment) -> None:
    told = page_config(synthesised, environment)
    assert (told["made_up_data"], told["api"]) == (True, "/api")


def test_each_offer_has_a_text_in_each_language_of_the_page(synthesised: Synthesised, environment: Environment) -> None:
    told = page_config(synthesised, environment)["offers"]
    others = {path.stem for path in (ROOT / "web" / "text").glob("??.js")} - {"en"}
    assert {name: set(texts) for name, texts in told.items()} == {
        offer.name: others for offer in environment.settings.api.offers
    }


def test_the_page_learns_where_to_sign_in(synthesised: Synthesised, environment: Environment) -> None:
    found = page_config(synthesised, environment)["sign_in"]
    assert set(found) == {"login", "client", "scopes", "report_scope"}
    assert set(found["scopes"]) == {"openid", "email", "profile", *SCOPES}


def page_config(synthesised: Synthesised, environment: Environment) -> dict[str, Any]:
    """What an environment's page reads; a mark stands for what only a deployment knows, such as the client's id."""
    written = [path.read_text() for path in synthesised.folder.glob("asset.*/config.json")]
    configs: list[dict[str, Any]] = [json.loads(re.sub(r"<<marker:[^>]+>>", '"…"', text)) for text in written]
    (config,) = [one for one in configs if one["environment"] == environment.name]
    return config


def test_the_page_gets_the_schema_and_its_examples(synthesised: Synthesised) -> None:
    (site,) = {path.read_text() for path in synthesised.folder.glob("asset.*/schema.json")}
    given = json.loads(site)
    assert given["schema"] == json.loads((ROOT / "schema" / "features.json").read_text())
    assert given["examples"] == json.loads((ROOT / "schema" / "examples.json").read_text())


def test_bundles_hold_sources_only(synthesised: Synthesised) -> None:
    names = [path.name for path in synthesised.folder.glob("asset.*/**/*")]
    assert names
    assert not [name for name in names if name == "__pycache__" or name.endswith(".pyc")]


def test_the_invoker_carries_the_schema(synthesised: Synthesised) -> None:
    (bundle,) = {path.parent for path in synthesised.folder.glob("asset.*/model_client.py")}
    assert (bundle / "handler.py").is_file()
    assert (bundle / "schema" / "features.json").is_file()


@pytest.mark.parametrize("name", ["dev", "local"])
def test_destroying_leaves_nothing(synthesised: Synthesised, name: str) -> None:
    environment = synthesised.environments[name]
    for resource in environment.resources():
        assert resource.body.get("DeletionPolicy", "Delete") == "Delete", f"{resource} would stay"
        assert resource.body.get("UpdateReplacePolicy", "Delete") == "Delete", f"{resource} would stay"


def test_the_page_is_laid_down_when_nothing_can_fail_any_more(environment: Environment) -> None:
    """A rollback deletes the page's bucket, which only an empty one allows."""
    resources = environment.templates["Web"]["Resources"]
    (page,) = [body for body in resources.values() if body["Type"] == "Custom::CDKBucketDeployment"]
    distribution = environment.one("AWS::CloudFront::Distribution").logical_id
    assert distribution in page["DependsOn"]


def test_production_keeps_data_models_logs_and_their_key(synthesised: Synthesised) -> None:
    environment = synthesised.environments["prod"]
    # "ExceptOnCreate": what a failed first deployment left behind would be in the way of the next.
    policy = "RetainExceptOnCreate"
    kept = {
        resource.logical_id for resource in environment.resources() if resource.body.get("DeletionPolicy") == policy
    }
    for resource in environment.resources(
        "AWS::Logs::LogGroup", "AWS::KMS::Key", "AWS::SageMaker::ModelPackageGroup", "AWS::S3::Bucket"
    ):
        # The page can be laid down again, and files that were scored are forgotten after days anyway.
        passes = resource.type == "AWS::S3::Bucket" and resource.logical_id.startswith(("Site", "Batches"))
        assert (resource.logical_id in kept) is not passes, f"{resource}"
    manifest = json.loads((synthesised.folder / "manifest.json").read_text())["artifacts"]
    for stack in STACKS:
        assert manifest[f"Churn-prod-{stack}"]["properties"]["terminationProtection"] is True
        assert not manifest[f"Churn-dev-{stack}"]["properties"].get("terminationProtection")
