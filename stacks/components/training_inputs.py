"""What a run starts from, laid into the data bucket: code and raw data; and the notebooks, which read both."""

from __future__ import annotations

from dataclasses import dataclass

from constructs import Construct

from config import Settings
from stacks.components.bundles import ROOT, bundle, content_hash
from stacks.components.place import Place
from stacks.components.raw_data import RawData
from stacks.components.roles import CODE, RAW
from stacks.components.uploads import Upload


@dataclass(frozen=True, kw_only=True)
class TrainingInputs:
    """The upload, to wait for, and where each part of it lies.

    Attributes
    ----------
    code_hash : str
        Hash of the jobs' code: 16 hexadecimal characters.
    """

    upload: Upload
    code_uri: str
    code_hash: str
    notebooks_uri: str
    raw_data_uri: str


def upload_inputs(scope: Construct, *, settings: Settings, place: Place, raw_data: RawData) -> TrainingInputs:
    """Upload them, code and notebooks under their content's hash."""
    code = bundle({"ml": ROOT / "ml", "schema": ROOT / "schema"})
    code_hash = content_hash(code)
    # The address names the content: other code is another address, hence another definition, hence another run.
    code_prefix = f"{CODE}{code_hash}/"
    notebooks = bundle({"notebooks": ROOT / "notebooks"}) / "notebooks"
    notebooks_prefix = f"{CODE}notebooks/{content_hash(notebooks)}/"
    raw_key = f"{RAW}churn.csv"
    upload = Upload(
        scope,
        "Inputs",
        folder=bundle({code_prefix: code, notebooks_prefix: notebooks, raw_key: raw_data.file}),
        bucket=place.data,
        bucket_key=place.keys.data,
        prune=False,
        settings=settings,
        log_key=place.keys.logs,
    )
    return TrainingInputs(
        upload=upload,
        code_uri=place.data.s3_url_for_object(code_prefix),
        code_hash=code_hash,
        notebooks_uri=place.data.s3_url_for_object(notebooks_prefix),
        raw_data_uri=place.data.s3_url_for_object(raw_key),
    )
