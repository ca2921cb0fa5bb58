"""Run Go and Java programs."""

import os
import subprocess
from pathlib import Path

JDBC_DRIVER = "org.apache.arrow:flight-sql-jdbc-driver:18.3.0"
GO_MODULE = Path(__file__).parent / "go"
TIMEOUT = 400  # the first build of the Go modules takes a minute on two cores
GO_BUILD = ("-gcflags=all=-N -l", "-ldflags=-s -w")  # fast to compile, because the programs run for a second


def run(*command: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | variables
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=TIMEOUT, check=False
    )


def go(*arguments: str, cwd: Path = GO_MODULE, **variables: str) -> subprocess.CompletedProcess[str]:
    return run("go", *arguments, cwd=cwd, GOTOOLCHAIN="local", **variables)


def java(driver: str, source: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of one file with the JDBC driver."""
    options = (
        "-XX:TieredStopAtLevel=1",
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "-Dfile.encoding=UTF-8",
        "-Duser.timezone=UTC",
    )
    return run("java", *options, "-cp", driver, str(source), *arguments)
