"""One environment on its way out: what is deleted, in which order, and what is waited for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sized
from pathlib import Path

from botocore.exceptions import ClientError

from config import Settings
from operate import emptying, interfaces, stopping, studio, survey
from operate.account import Account, Client, OperateError
from operate.cdk import ROOT, Cdk
from operate.inventory import SHARED_LOG_GROUPS, STUDIO_LOG_GROUP, TRANSFORM_LOG_GROUP, Inventory, Job
from operate.progress import Progress, counted

ATTEMPTS = 3
STUDIO_LIMIT_S = 1200
INTERFACES_LIMIT_S = 2700


class Destruction:
    """One environment on its way out.

    Parameters
    ----------
    found : Inventory
        What there was at the beginning.
    """

    def __init__(self, account: Account, settings: Settings, found: Inventory, progress: Progress) -> None:
        self._account, self._settings, self._found, self._progress = account, settings, found, progress
        self._sagemaker, self._s3 = account.client("sagemaker"), account.client("s3")
        self._logs, self._ec2 = account.client("logs"), account.client("ec2")
        self.reasons: dict[str, str] = {}

    def run(self) -> Inventory:
        """Delete everything that is not kept.

        Returns
        -------
        Inventory
            What is left.
        """
        with tempfile.TemporaryDirectory() as folder:
            log = ROOT / "build" / f"destroy-{self._settings.name}.log"
            cdk = Cdk(self._account, self._settings.name, folder=Path(folder) / "cdk.out", log=log)
            if self._found.stacks:
                self._progress.say("synthesising the app")
                cdk.synth()
                self._lift_protection()
            stopping.stop_all(self._account, self._found, self._progress, jobs=self._jobs)
            if going := stopping.await_updates(self._account, self._found, self._progress):
                self.reasons["stack"] = f"{', '.join(going)} would not be deleted under a change, so nothing was"
                self.reasons |= {name: f"{status}; destroy again when that has ended" for name, status in going.items()}
                return self._look()
            self._close_studio()
            self._delete_packages()
            if self._found.stacks:
                self._destroy_stacks(cdk)
        return self._sweep()

    def _look(self) -> Inventory:
        return survey.look(self._account, self._settings, before=self._found)

    def _jobs(self) -> list[Job]:
        """The environment's jobs; of those that score files, the ones that go on: the others stay in any case."""
        return [*self._look().jobs, *stopping.running_transforms(self._sagemaker, self._settings.resource_name)]

    def _lift_protection(self) -> None:
        client = self._account.client("cloudformation")
        for stack in self._found.protected:
            client.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
            self._progress.say(f"{stack} is no longer protected")

    def _close_studio(self) -> None:
        """Empty Studio's domains, in the order in which its parts stand in each other's way."""
        for domain in self._found.domains:
            self._close("app", domain, studio.apps, studio.delete_apps)
            self._close("space", domain, studio.spaces, studio.delete_spaces)
            self._close("user profile", domain, studio.profiles, studio.delete_profiles)

    def _close(
        self,
        what: str,
        domain: str,
        there: Callable[[Client, str], Sized],
        delete: Callable[[Client, str], None],
    ) -> None:
        def count() -> int:
            return len(there(self._sagemaker, domain))

        if number := count():
            self._progress.say(f"deleting {counted(number, what)} of Studio")
            delete(self._sagemaker, domain)
            self._progress.wait(f"Studio's {what}s to go", count, limit_s=STUDIO_LIMIT_S)

    def _delete_packages(self) -> None:
        """Delete the versions, and their cards, where their group goes: a group that still has some does not."""
        found = self._look()
        if going := [package for package in found.packages if package not in found.kept]:
            count = emptying.delete_packages(self._sagemaker, going)
            self._progress.say(f"deleted {counted(count, 'model package')}")
        if cards := [card for card in found.cards if card not in found.kept]:
            self._progress.say(f"deleted {counted(emptying.delete_cards(self._sagemaker, cards), 'model card')}")

    def _destroy_stacks(self, cdk: Cdk) -> None:
        """Delete the stacks; between two attempts, clear what stood in the way of the last."""
        vpcs = self._found.of_type("AWS::EC2::VPC")
        for attempt in range(1, ATTEMPTS + 1):
            self._empty_buckets()
            self._progress.say("deleting the stacks (cdk destroy)" + (f", attempt {attempt}" if attempt > 1 else ""))
            try:
                cdk.destroy(self._progress.say)
            except OperateError as exc:
                self.reasons["stack"] = str(exc)
            else:
                self.reasons.pop("stack", None)
            if not self._look().stacks:
                return
            if attempt < ATTEMPTS:
                self._progress.wait(
                    "Lambda's network interfaces to go",
                    lambda: interfaces.release(self._ec2, vpcs),
                    limit_s=INTERFACES_LIMIT_S,
                    pause_s=15,
                )
        self.reasons.setdefault("stack", "the app no longer has such a stack; delete it with CloudFormation")

    def _empty_buckets(self) -> list[str]:
        """Empty the buckets that are not kept."""
        found = self._look()
        empty = []
        for bucket in found.buckets:
            if bucket in found.kept:
                continue
            try:
                count = emptying.empty_bucket(self._s3, bucket, self._progress.say)
            except (ClientError, OperateError) as exc:
                self.reasons[bucket] = str(exc)
                continue
            self.reasons.pop(bucket, None)
            empty.append(bucket)
            if count:
                self._progress.say(f"emptied {bucket} ({counted(count, 'version')})")
        return empty

    def _sweep(self) -> Inventory:
        """Delete what no stack knows of (any more); where stacks stand, leave their resources to them."""
        found = self._look()
        stacked = {resource.name for resource in found.resources}
        free = [name for name in (*found.buckets, *found.log_groups) if name not in found.kept | stacked]
        if buckets := [name for name in free if name in found.buckets]:
            emptied = self._empty_buckets()
            emptying.delete_buckets(self._s3, [name for name in buckets if name in emptied])
            self._progress.say(f"deleted {counted(len(buckets), 'bucket')} without a stack")
        if groups := [name for name in free if name in found.log_groups]:
            emptying.delete_log_groups(self._logs, groups)
            self._progress.say(f"deleted {counted(len(groups), 'log group')} that services had made")
        self._sweep_studio(found, stacked)
        if jobs := [job for job in found.jobs if job.name not in found.kept and not job.running]:
            count = emptying.delete_jobs(self._sagemaker, self._logs, jobs)
            self._progress.say(f"deleted {counted(count, 'job')} and the log streams")
        if not self._settings.storage.retain_on_destroy:
            for domain in self._found.domains:
                emptying.delete_streams(self._logs, STUDIO_LOG_GROUP, f"{domain}/")
            emptying.delete_streams(self._logs, TRANSFORM_LOG_GROUP, f"{self._settings.resource_name}-")
            self._leave_shared_groups()
        return self._look()

    def _sweep_studio(self, found: Inventory, stacked: set[str]) -> None:
        if domains := [domain for domain in found.domains if domain not in stacked]:
            self._progress.say(f"deleting {counted(len(domains), 'domain')} of Studio without a stack")
            studio.delete_domains(self._sagemaker, domains)
            self._progress.wait(
                "Studio's domains to go",
                lambda: len({*studio.domains(self._sagemaker, self._settings.resource_name, known=())} & {*domains}),
                limit_s=STUDIO_LIMIT_S,
            )
        free = [name for name in found.lifecycle_configs if name not in stacked]
        studio.delete_lifecycle_configs(self._sagemaker, free)

    def _leave_shared_groups(self) -> None:
        for group in sorted(SHARED_LOG_GROUPS):
            gone = emptying.delete_if_unused(self._logs, group)
            if gone is not None:
                self._progress.say(f"{group} is " + ("empty: deleted" if gone else "shared, and others use it: left"))
