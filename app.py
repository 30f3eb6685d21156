"""Picks the environment, wires the stacks, adds the checks; nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from aws_cdk import App, PermissionsBoundary, Stack, Tags

from config import Settings, SettingsError, load_settings
from ml import hyperparameters
from ml.container import JobError
from stacks.api import ApiStack
from stacks.batches import BatchesStack
from stacks.components.doors import ENVIRONMENT_TAG, PROJECT, PROJECT_TAG
from stacks.components.findings import check_all
from stacks.components.lint import argue_lint
from stacks.components.offers import check_offers
from stacks.components.place import Place
from stacks.components.raw_data import RawData, RawDataError
from stacks.keys import KeysStack
from stacks.network import NetworkStack
from stacks.notices import NoticesStack
from stacks.retraining import RetrainingStack
from stacks.rollout import RolloutStack
from stacks.serving import ServingStack
from stacks.sign_in import SignInStack
from stacks.storage import StorageStack
from stacks.studio import StudioStack
from stacks.training import TrainingStack
from stacks.watching import WatchingStack
from stacks.web import WebStack

ROOT = Path(__file__).resolve().parent


def build(app: App, *, settings: Settings, raw_data: RawData) -> list[Stack]:
    """Make the stacks of one environment.

    They name neither account nor region: the CLI's environment decides when it deploys, and the templates are the
    same wherever they are made.
    """
    boundary = settings.identity.permissions_boundary
    common: dict[str, Any] = {
        "settings": settings,
        "termination_protection": settings.deployment.termination_protected,
        # Of all roles in the stack, the CDK's own included.
        "permissions_boundary": PermissionsBoundary.from_name(boundary) if boundary else None,
    }
    prefix = f"Churn-{settings.name}"
    keys = KeysStack(app, f"{prefix}-Keys", **common)
    notices = NoticesStack(app, f"{prefix}-Notices", keys=keys.keys, **common)
    network = NetworkStack(app, f"{prefix}-Network", keys=keys.keys, **common)
    storage = StorageStack(app, f"{prefix}-Storage", keys=keys.keys, s3_endpoint=network.s3_endpoint, **common)
    place = Place(
        data=storage.data,
        batches=storage.batches,
        models=storage.models,
        keys=keys.keys,
        subnets=network.subnets,
        security_group=network.jobs_security_group,
    )
    serving_name = f"{prefix}-Serving"
    training = TrainingStack(
        app,
        f"{prefix}-Training",
        place=place,
        raw_data=raw_data,
        search_space=hyperparameters.search_space(),
        serving_stack=serving_name,
        **common,
    )
    studio = []
    if network.studio_network:
        studio.append(
            StudioStack(
                app,
                f"{prefix}-Studio",
                place=place,
                network=network.studio_network,
                pipeline=training.pipeline,
                package_group=training.package_group,
                notebooks_uri=training.notebooks_uri,
                mlflow=training.experiments.app if training.experiments else None,
                **common,
            )
        )
    rollout = RolloutStack(
        app,
        f"{prefix}-Rollout",
        place=place,
        pipeline=training.pipeline,
        package_group=training.package_group,
        serving_stack_name=f"{prefix}-Serving",
        topic=notices.topic,
        **common,
    )
    serving = ServingStack(
        app,
        serving_name,
        place=place,
        pipeline=training.pipeline,
        run_service=rollout.run_service,
        topic=notices.topic,
        model_role=training.model_role,
        run_inputs=training.run_inputs,
        **common,
    )
    sign_in = SignInStack(app, f"{prefix}-SignIn", keys=keys.keys, **common)
    api = ApiStack(
        app,
        f"{prefix}-Api",
        place=place,
        network=network.invoker_network,
        endpoint=serving.endpoint,
        users=sign_in.users,
        **common,
    )
    batches = BatchesStack(app, f"{prefix}-Batches", place=place, topic=notices.topic, **common)
    web = WebStack(
        app,
        f"{prefix}-Web",
        key=keys.keys.logs,
        access_logs=storage.access_logs,
        rest_api=api.rest_api,
        access=api.access,
        users=sign_in.users,
        front_door=app.node.try_get_context("page"),
        files_url=app.node.try_get_context("files") or f"https://{storage.batches.bucket_regional_domain_name}",
        made_up_data=raw_data.made_up,
        **common,
    )
    watching = WatchingStack(
        app, f"{prefix}-Watching", place=place, code_uri=training.code_uri, topic=notices.topic, **common
    )
    retraining = RetrainingStack(
        app,
        f"{prefix}-Retraining",
        place=place,
        pipeline=training.pipeline,
        topic=notices.topic,
        drift_alarm=watching.drift_alarm,
        **common,
    )
    stacks = [keys, notices, network, storage, training, *studio, rollout, serving, sign_in, api, batches, web]
    stacks += [watching, retraining]
    for stack in stacks:
        Tags.of(stack).add(PROJECT_TAG, PROJECT)
        Tags.of(stack).add(ENVIRONMENT_TAG, settings.name)
        argue_lint(stack)
    return stacks


def check_hyperparameters(settings: Settings) -> None:
    """Refuse what training would refuse, before anything is deployed: only training knows names and limits.

    Raises
    ------
    SettingsError
        If a name is unknown or a value out of range.
    """
    chosen = settings.training.hyperparameters
    try:
        hyperparameters.parse(dict(chosen))
    except JobError as exc:
        raise SettingsError(
            field="training.hyperparameters",
            value=chosen,
            rule=str(exc).removeprefix("Hyperparameters: ").rstrip("."),
            remedy="Correct the pair in config/environments.py.",
        ) from exc
    ranges = hyperparameters.search_space()["ranges"]
    searched = {one["Name"] for rows in ranges.values() for one in rows} - dict(chosen).keys()
    if settings.training.tuning and not searched:
        raise SettingsError(
            field="training.hyperparameters",
            value=chosen,
            rule="must leave one of those that training.tuning searches open",
            remedy="Take a pair out, or switch the search off: what is fixed is not searched.",
        )


def main() -> None:
    """Synthesise the environment that ``-c env=…`` names."""
    app = App()
    try:
        settings = load_settings(app.node.try_get_context("env"))
        check_hyperparameters(settings)
        check_offers(settings.api)
        raw_data = RawData.load(Path(app.node.try_get_context("data") or ROOT / "build" / "data"))
    except (SettingsError, RawDataError) as exc:
        sys.exit(str(exc))
    build(app, settings=settings, raw_data=raw_data)
    check_all(app)
    app.synth()


if __name__ == "__main__":
    main()
