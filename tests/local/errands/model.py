"""A model that is as small as can be, and answers what it is asked."""

import io
import tarfile

INFERENCE = """
def model_fn(folder): return None
def input_fn(body, content_type): return body
def predict_fn(data, model): return data
def output_fn(prediction, accept): return prediction, accept
"""


def tiny_model() -> bytes:
    """The artifact of the model."""
    return model_of(INFERENCE)


def model_of(module: str) -> bytes:
    """The artifact of a model that is only a module."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("code/inference.py")
        entry.size = len(module)
        tar.addfile(entry, io.BytesIO(module.encode()))
    return packed.getvalue()
