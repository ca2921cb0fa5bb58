"""A real server with rows, and the drivers for Java and Go."""

import shutil
from collections.abc import Iterator

import pytest

from .rows import lakehouse
from .tools import JDBC_DRIVER, go, run


@pytest.fixture(scope="package")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with lakehouse(tmp_path_factory.mktemp("third_party_clients")) as address:
        yield address


@pytest.fixture(scope="package")
def driver(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of the JDBC driver."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    folder = tmp_path_factory.mktemp("driver")
    fetched = run("mvn", "-q", "-B", "dependency:copy", f"-Dartifact={JDBC_DRIVER}", f"-DoutputDirectory={folder}")
    if fetched.returncode:
        pytest.skip(f"Maven cannot download {JDBC_DRIVER}: {fetched.stdout[:300]}")
    (jar,) = folder.glob("*.jar")
    return str(jar)


@pytest.fixture(scope="package")
def go_modules() -> None:
    """The modules that our tests in Go need."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed")
    loaded = go("list", "-deps", "-test", "./...")
    if loaded.returncode:
        pytest.skip(f"the Go modules cannot be downloaded: {loaded.stderr[:300]}")
