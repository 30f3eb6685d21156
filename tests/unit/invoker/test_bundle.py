"""What the function needs beside its own files is the schema, the contract, and what Lambda's Python runtime has."""

import ast
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "lambda" / "invoker"
IN_THE_RUNTIME = {"botocore", "urllib3"}


def test_bundle_needs_the_runtime_the_schema_and_the_contract_only() -> None:
    own = {path.stem for path in FOLDER.glob("*.py")}
    assert "handler" in own
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            used = {name.split(".")[0] for name in names}
            assert used <= own | IN_THE_RUNTIME | {"schema", "contract"} | set(sys.stdlib_module_names), path.name


def test_handler_stays_short() -> None:
    """Parse, call, respond: more than twenty lines would be doing something else."""
    tree = ast.parse((FOLDER / "handler.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert "handler" in {function.name for function in functions}
    assert all((function.end_lineno or 0) - function.lineno < 20 for function in functions)
