"""What the base package imports, and errors when a package of an extra is missing or is not ours."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lakehouse import open_warehouse
from srcql.clauses import END, FIRST

from .shell import srcql

CHECKOUT = Path(__file__).parents[2]
ERROR = """\
{what} needs srcql's package {package}, but the distribution other-{package} also installs {package}
  hint: install srcql in an environment without other-{package}
"""
COMMANDS = {
    "lakehouse": ("a warehouse in a folder", ("query", "SELECT 1", "--warehouse", "W")),
    "flight_server": ("a server", ("serve", "--warehouse", "W")),
}


def install(folder: Path, package: str) -> None:
    """Install a distribution that has this package, and needs one that is missing."""
    (folder / package).mkdir()
    (folder / package / "__init__.py").write_text("import a_package_that_is_not_there\n")
    metadata = folder / f"other_{package}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: other-{package}\nVersion: 1\n")
    (metadata / "top_level.txt").write_text(f"{package}\n")


@pytest.mark.parametrize("package", COMMANDS)
def test_the_error_names_a_distribution_that_has_a_package_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    install(tmp_path, package)
    monkeypatch.chdir(tmp_path)  # where `python -m` looks first
    what, command = COMMANDS[package]
    ended = srcql(*command)
    assert (ended.returncode, ended.stderr) == (1, ERROR.format(what=what, package=package))


def test_no_error_when_our_package_is_found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "lakehouse")
    open_warehouse(tmp_path / "W").close()
    monkeypatch.chdir(CHECKOUT)
    ended = srcql("query", "SELECT 1 AS one", "--warehouse", tmp_path / "W", PYTHONPATH=str(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")


WITHOUT_EXTRAS = """
import importlib, pkgutil, sys
class Missing:
    def find_spec(self, name, *_):
        if name in "sqlglot duckdb pyiceberg numpy rapidfuzz google structlog pandas polars".split():
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Missing())
import srcql, srcql_client
"""
ALL_MODULES = """
for module in pkgutil.walk_packages(srcql_client.__path__, "srcql_client."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def without_extras(code: str) -> str:
    """Run code without the packages of the extras, and return its errors."""
    command = [sys.executable, "-W", "error", "-c", WITHOUT_EXTRAS + code]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_the_client_imports_no_package_of_an_extra() -> None:
    assert without_extras(ALL_MODULES) == ""


@pytest.mark.parametrize("name", ["compile", "transpile", "parse_equality", "Compiled"])
def test_the_language_names_its_extra_without_sqlglot(name: str) -> None:
    errors = without_extras(f"srcql.{name}")
    assert errors.endswith(f"ImportError: srcql.{name} needs sqlglot: pip install 'srcql[language]'\n")


def test_the_extra_of_the_language_has_the_bounds_that_it_checks() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (bounds,) = project["optional-dependencies"]["language"]
    assert bounds == f"sqlglot>={FIRST[0]}.{FIRST[1]},<{END[0]}"
    assert END[1] == 0
