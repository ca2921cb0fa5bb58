"""Packages import only packages below them, sub-packages likewise, and no modules import each other in a circle."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "srcql": ROOT / "srcql",
    "udfs": ROOT / "udfs",
    "lakehouse": ROOT / "lakehouse",
    "flight_server": ROOT / "flight_server",
    "srcql_client": ROOT / "clients" / "srcql_client",
}
BELOW = {
    "srcql": set(),
    "udfs": set(),
    "lakehouse": {"srcql", "udfs"},
    "flight_server": {"lakehouse", "srcql"},
    "srcql_client": {"srcql"},
    "srcql.clauses": set(),
    "srcql.lowering": {"srcql.clauses"},
    "srcql.verbs": {"srcql.clauses", "srcql.lowering"},
    "lakehouse.snapshots": set(),
    "lakehouse.write": {"lakehouse.snapshots"},
    "lakehouse.query": {"lakehouse.snapshots"},
    "lakehouse.repair": set(),
    "flight_server.access": set(),
    "flight_server.catalog": set(),
    "flight_server.engines": set(),
    "flight_server.state": set(),
    "srcql_client.cli": {"srcql_client.demo", "srcql_client.importers", "srcql_client.reports"},
    "srcql_client.demo": set(),
    "srcql_client.importers": set(),
    "srcql_client.reports": set(),
}
LAZY = {"srcql_client": {"lakehouse", "flight_server"}}  # only inside functions: the wire client needs neither


def _module(package: str, file: Path) -> str:
    parts = file.relative_to(FOLDERS[package]).with_suffix("").parts
    return ".".join((package, *(part for part in parts if part != "__init__")))


MODULES = {_module(package, file): file for package, folder in FOLDERS.items() for file in folder.rglob("*.py")}


def imports(module: str) -> Iterator[tuple[str, bool]]:
    """(imported module of ours, whether it is imported with the module) of every import, hidden ones too."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    deferred = {id(node) for block in _deferred(tree) for node in ast.walk(block)}
    for node in ast.walk(tree):
        for name in _imported(node):
            if name in MODULES:
                yield name, id(node) not in deferred


def _deferred(tree: ast.Module) -> Iterator[ast.AST]:
    """What does not run when the module is imported: functions, and blocks for type checkers alone."""
    for node in ast.walk(tree):
        checking = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        if checking or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom) or not node.module:
        return []
    members = [f"{node.module}.{alias.name}" for alias in node.names]
    return [member if member in MODULES else node.module for member in members]


def _owner(module: str) -> str:
    """The sub-package of a module that BELOW names, else its package."""
    parts = module.split(".")
    sub_package = ".".join(parts[:2])
    return sub_package if sub_package in BELOW else parts[0]


@pytest.mark.parametrize("package", FOLDERS)
def test_a_package_imports_only_packages_below_it(package: str) -> None:
    wrong = [
        (module, name)
        for module in MODULES
        if module.split(".")[0] == package
        for name, with_module in imports(module)
        if (other := name.split(".")[0]) not in {package, *BELOW[package]}
        and (with_module or other not in LAZY.get(package, set()))
    ]
    assert wrong == []


@pytest.mark.parametrize("sub_package", [name for name in BELOW if "." in name])
def test_a_sub_package_imports_only_sub_packages_below_it(sub_package: str) -> None:
    package = sub_package.split(".")[0]
    wrong = [
        (module, name)
        for module in MODULES
        if _owner(module) == sub_package
        for name, _ in imports(module)
        if (other := _owner(name)) in BELOW
        and "." in other
        and other.split(".")[0] == package
        and other not in {sub_package, *BELOW[sub_package]}
    ]
    assert wrong == []


@pytest.mark.parametrize("package", FOLDERS)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    graph = {module: {name for name, _ in imports(module)} for module in MODULES if module.split(".")[0] == package}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_deferred_imports_are_seen() -> None:
    assert ("lakehouse.engine", False) in imports("srcql_client.embedded")
    assert {name.split(".")[0] for name, _ in imports("lakehouse.engine")} == {"lakehouse", "srcql", "udfs"}


def test_every_sub_package_has_a_direction() -> None:
    folders = {
        f"{package}.{file.parent.name}" for package, folder in FOLDERS.items() for file in folder.glob("*/__init__.py")
    }
    assert folders == {name for name in BELOW if "." in name}
