"""Errors when another distribution installs a package with the name of one of ours."""

from pathlib import Path

import pytest

from lakehouse import open_warehouse

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
