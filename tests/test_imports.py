"""Parts know only the parts below them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BELOW = {
    "srcql": set(),
    "udfs": set(),
    "lakehouse": {"srcql", "udfs"},
    "flight_server": {"lakehouse", "srcql"},
    "srcql_client": {"srcql"},
}
LATER = {"srcql_client": {"lakehouse", "flight_server"}}  # only inside functions: the wire client needs neither
FOLDERS = {"srcql_client": ROOT / "clients" / "srcql_client"}


def imports(part: str) -> Iterator[tuple[str, str, bool]]:
    """(file, imported part, whether on import of the file) of every import of one of our parts."""
    for file in FOLDERS.get(part, ROOT / part).rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        late = {id(node) for function in _late(tree) for node in ast.walk(function)}
        for node in ast.walk(tree):
            for name in _imported(node):
                if name in BELOW and name != part:
                    yield str(file.relative_to(ROOT)), name, id(node) not in late


def _late(tree: ast.Module) -> Iterator[ast.AST]:
    """What does not run when the module is imported: functions, and what is there for type checkers alone."""
    for node in ast.walk(tree):
        checking = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        if checking or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    return [node.module.split(".")[0]] if isinstance(node, ast.ImportFrom) and node.module else []


@pytest.mark.parametrize("part", BELOW)
def test_a_part_imports_only_what_lies_below_it(part: str) -> None:
    allowed = BELOW[part]
    wrong = [
        (file, name)
        for file, name, at_once in imports(part)
        if name not in allowed and (at_once or name not in LATER.get(part, set()))
    ]
    assert wrong == []


def test_what_is_imported_is_seen() -> None:
    assert {name for _, name, _ in imports("lakehouse")} == {"srcql", "udfs"}
    assert all(FOLDERS.get(part, ROOT / part).is_dir() for part in BELOW)
