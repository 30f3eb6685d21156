"""Who may import whom, checked on the syntax tree: the design's layers hold only as long as a test says so."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = {
    "app",
    "bench",
    "config",
    "contract",
    "local",
    "ml",
    "notebooks",
    "operate",
    "schema",
    "stacks",
    "tests",
    "tools",
}

# folder: which of our packages its modules may import, beside their own
ALLOWED = {
    "config": set(),
    "schema": set(),
    "contract": {"schema"},
    "ml": {"schema"},
    # Of ml, the frame of reports alone: it needs the standard library only, as a test says.
    "lambda": {"contract", "ml", "schema"},
    "stacks": {"config", "contract", "schema"},
    "local": {"config", "schema", "ml"},
    "operate": {"config"},
    # In Studio there is nothing else: the pipeline's own code, fetched from where its jobs take it.
    "notebooks": {"ml"},
}


def modules(folder: str) -> list[Path]:
    """Every module of a folder; there must be some, or the rule would hold of nothing."""
    found = sorted(p for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts)
    assert found, f"{folder}/ holds no Python: has it moved?"
    return found


def imports(path: Path) -> set[str]:
    """Names of all modules that a file imports, dotted."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("folder", ALLOWED)
def test_a_layer_imports_only_the_layers_below_it(folder: str) -> None:
    for path in modules(folder):
        used = {name.split(".")[0] for name in imports(path)} & OURS
        assert used <= ALLOWED[folder] | {folder}, f"{path.relative_to(ROOT)} imports {used - ALLOWED[folder]}"


@pytest.mark.parametrize("folder", ["config", "contract", "schema"])
def test_settings_schema_and_contract_need_the_standard_library_only(folder: str) -> None:
    for path in modules(folder):
        foreign = {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names) - OURS
        assert not foreign, f"{path.relative_to(ROOT)} imports {foreign}"


def test_functions_take_of_the_steps_only_what_needs_no_library() -> None:
    taken = {name for path in modules("lambda") for name in imports(path) if name.split(".")[0] == "ml"}
    # "from ml import charts" counts as "ml": what a bundle has of it, its stack names file by file.
    assert taken <= {"ml", "ml.page"}
    for name in ("__init__", "page", "charts"):
        foreign = {one.split(".")[0] for one in imports(ROOT / "ml" / f"{name}.py")} - set(sys.stdlib_module_names)
        assert not foreign, f"ml/{name}.py imports {foreign}, which a function does not have"


def test_stacks_do_not_import_each_other() -> None:
    stacks = {p.stem for p in (ROOT / "stacks").glob("*.py") if p.stem != "__init__"}
    for path in modules("stacks"):
        used = {name.split(".")[1] for name in imports(path) if name.startswith("stacks.")} & stacks
        assert not used, f"{path.relative_to(ROOT)} imports the stack {used}: app.py hands objects over"


def test_what_runs_on_aws_does_not_load_the_cdk() -> None:
    for path in modules("ml"):
        used = {name.split(".")[0] for name in imports(path)}
        assert not used & {"aws_cdk", "constructs", "boto3"}, f"{path.relative_to(ROOT)}"
    for path in modules("lambda"):
        used = {name.split(".")[0] for name in imports(path)}
        assert not used & {"aws_cdk", "constructs"}, f"{path.relative_to(ROOT)}"
