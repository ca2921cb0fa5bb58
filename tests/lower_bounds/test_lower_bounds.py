"""The base package at the lower end of its bounds, beside an older sqlglot: in an environment of its own.

Tools that pin old versions, such as Superset, use the client in their environment.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.third_party_clients.rows import lakehouse

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OLDEST = [bound.split(",")[0].replace(">=", "==") for bound in PROJECT["dependencies"]]
SQLALCHEMY = [PROJECT["optional-dependencies"]["sqlalchemy"][0].replace(">=", "=="), "sqlalchemy<2", "sqlalchemy>=2"]
CHECKS = (
    *("tests/__init__.py", "tests/third_party_clients/__init__.py", "tests/third_party_clients/rows.py"),
    *(f"tests/sqlalchemy_dialect/{name}.py" for name in ("__init__", "conftest", "test_dialect")),
    *(f"tests/lower_bounds/{name}.py" for name in ("__init__", "check_client")),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and the oldest versions, and a copy of the tests that run there."""
    folder = tmp_path_factory.mktemp("oldest")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    reached = pip(folder, "install", *OLDEST, "sqlglot<29", "pytest", "hatchling")
    if reached.returncode:
        pytest.skip(f"the oldest versions cannot be installed: {reached.stderr[:300]}")
    # Without an index, pip cannot replace a version that the wheel's bounds reject: it fails.
    for arguments in (("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)),):
        assert not (built := pip(folder, *arguments)).returncode, built.stderr
    (wheel,) = folder.glob("srcql-*.whl")
    assert not (installed := pip(folder, "install", "--no-index", str(wheel))).returncode, installed.stderr
    for check in CHECKS:
        (folder / check).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / check, folder / check)
    return folder


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with lakehouse(tmp_path_factory.mktemp("lakehouse")) as address:
        yield address


def pip(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [folder / "venv/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run_pytest(folder: Path, uri: str, *arguments: str) -> None:
    command = [folder / "venv/bin/python", "-P", "-m", "pytest", "-c", os.devnull, "--rootdir", folder, "-W", "error"]
    command += ["-W", "ignore::pytest.PytestUnraisableExceptionWarning"]  # old ADBC, of cursors that are collected late
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SRCQL_"))}
    ran = subprocess.run(
        [*command, *arguments],
        env=environment | {"SRCQL_URI": uri},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout


def test_the_client_at_its_lower_bounds(folder: Path, uri: str) -> None:
    run_pytest(folder, uri, "tests/lower_bounds/check_client.py")


@pytest.mark.parametrize("sqlalchemy", SQLALCHEMY)
def test_the_dialect_on_old_and_new_sqlalchemy(folder: Path, uri: str, sqlalchemy: str) -> None:
    assert not (installed := pip(folder, "install", "--upgrade", sqlalchemy)).returncode, installed.stderr
    without_operator = [] if sqlalchemy == "sqlalchemy>=2" else ["-k", "not divide"]  # SQLAlchemy 1.4 has no //
    run_pytest(folder, uri, "tests/sqlalchemy_dialect/test_dialect.py", *without_operator)
