"""The tests of the dialect on SQLAlchemy 1.4."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

OLDER = "sqlalchemy>=1.4.54,<2"


@pytest.mark.slow
def test_the_dialect_on_sqlalchemy_1_4(uri: str, tmp_path: Path) -> None:
    folder = tmp_path / "older"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), OLDER]
    installed = subprocess.run(install, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"SQLAlchemy 1.4 cannot be installed: {installed.stderr[:300]}")
    tests = Path(__file__).with_name("test_dialect.py")
    checked = [sys.executable, "-c", "import sqlalchemy; print(sqlalchemy.__version__)"]
    environment = os.environ | {"PYTHONPATH": str(folder), "SRCQL_URI": uri}
    assert subprocess.run(checked, env=environment, capture_output=True, text=True, check=True).stdout.startswith("1.4")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "--noconftest", "-p", "tests.sqlalchemy_dialect.conftest", str(tests)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout
