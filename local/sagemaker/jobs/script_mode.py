"""What a framework's image does with a training job that names no command: it runs a script of the user's.

As the toolkit in the XGBoost image does it (sagemaker_containers: ``_modules.run_module``, ``_mapping.to_cmd_args``):
the folder that ``sagemaker_submit_directory`` names becomes ``/opt/ml/code``, the module that ``sagemaker_program``
names runs there, and the other hyperparameters are its arguments. The toolkit also installs the folder with pip; here
the module is found without, because it runs in it.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from local.sagemaker.jobs.container import Container
from local.sagemaker.jobs.lifecycle import JobFailed

_OWN = "sagemaker_"
#: What a tuning job tells its training jobs; the toolkit keeps it from the script.
OBJECTIVE = "_tuning_objective_metric"


def command(hyperparameters: Mapping[str, str], container: Container) -> tuple[list[str], Path]:
    """The command line of the script, and the folder that it runs in.

    Parameters
    ----------
    hyperparameters
        Of the request.
    container
        The job's folder, with its channels.

    Raises
    ------
    JobFailed
        If the hyperparameters name no script, or a folder that is not there.
    """
    known = {name: _decoded(value) for name, value in hyperparameters.items()}
    program = known.get(f"{_OWN}program", "")
    if not program:
        raise JobFailed(
            "ClientError: the laptop run has no images: name a ContainerEntrypoint, or a script by sagemaker_program"
        )
    submitted, code = container.path(known.get(f"{_OWN}submit_directory", "")), container.base / "code"
    if not submitted.is_dir():
        raise JobFailed(f"ClientError: sagemaker_submit_directory must be a folder of the container: {submitted}")
    shutil.rmtree(code)
    shutil.copytree(submitted, code)
    told = sorted((k, v) for k, v in known.items() if not k.startswith(_OWN) and k != OBJECTIVE)
    arguments = [word for name, value in told for word in (f"--{name}", value)]
    return [container.python, "-m", program.removesuffix(".py"), *arguments], code


def _decoded(value: str) -> str:
    """A hyperparameter as the toolkit reads it: texts may be JSON, as the SDK sends them."""
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, str) else str(found)
