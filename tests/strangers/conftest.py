"""A real server with rows in it, and the drivers that the tests of other languages need."""

import shutil
from collections.abc import Iterator

import pytest

from .rows import lakehouse
from .tools import JDBC_DRIVER, go, run


@pytest.fixture(scope="package")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with lakehouse(tmp_path_factory.mktemp("strangers")) as address:
        yield address


@pytest.fixture(scope="package")
def driver(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of the JDBC driver."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no {tool} here")
    folder = tmp_path_factory.mktemp("driver")
    fetched = run("mvn", "-q", "-B", "dependency:copy", f"-Dartifact={JDBC_DRIVER}", f"-DoutputDirectory={folder}")
    if fetched.returncode:
        pytest.skip(f"Maven cannot bring {JDBC_DRIVER}: {fetched.stdout[:300]}")
    (jar,) = folder.glob("*.jar")
    return str(jar)


@pytest.fixture(scope="package")
def go_modules() -> None:
    """The modules that our tests in Go need."""
    if shutil.which("go") is None:
        pytest.skip("there is no Go here")
    loaded = go("list", "-deps", "-test", "./...")
    if loaded.returncode:
        pytest.skip(f"the Go modules cannot be had: {loaded.stderr[:300]}")
