"""Runs at the start of every local Lambda: lets ``/opt/...`` of its layers be run.

On AWS a layer is unpacked to ``/opt``. Here it is unpacked to a folder that ``_LAMBDA_LAYERS_DIRS`` names, and a
program started by its ``/opt/...`` path (the AWS CLI that CDK's BucketDeployment runs) is looked for there. A function
without layers pays for nothing but this look.
"""

import os

_layers = [folder for folder in os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep) if folder]

if _layers:
    import subprocess
    import sys
    from typing import Any

    def _in_layer(command: list[str]) -> list[str]:
        for folder in _layers:
            program = os.path.join(folder, command[0].removeprefix("/opt/"))
            if os.path.exists(program):
                with open(program, "rb") as handle:
                    script = b"python" in handle.readline()
                # The layer's own interpreter line names a Python that this machine may lack.
                whole = [sys.executable, program] if script else [program]
                # The emulator looks for a function's answer among the first 200 lines of its process, and a copy tells
                # of each file, and on a busy machine more than once.
                return [*whole, *command[1:], *(["--only-show-errors"] if command[1:2] == ["s3"] else [])]
        return command

    class _Popen(subprocess.Popen):
        def __init__(self, args: Any, *rest: Any, **options: Any) -> None:
            if isinstance(args, list | tuple) and str(args[0]).startswith("/opt/"):
                args = _in_layer([str(word) for word in args])
            super().__init__(args, *rest, **options)

    setattr(subprocess, "Popen", _Popen)  # noqa: B010 (a type checker forbids the plain form)
