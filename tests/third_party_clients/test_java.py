"""Every method of the JDBC driver of Flight SQL, which DBeaver and Tableau use, against our server."""

from collections import defaultdict
from pathlib import Path

import pytest

from .guarded import READER, guarded
from .page import check_page
from .tools import java

WALK = Path(__file__).parent / "java" / "Walk.java"


def run_walk(driver: str, address: str, *login: str) -> dict[str, list[str]]:
    """Return the steps by outcome; failed steps with their message."""
    ran = java(driver, WALK, address, *login)
    assert ran.returncode == 0, ran.stderr
    steps: dict[str, list[str]] = defaultdict(list)
    for line in ran.stdout.splitlines():
        outcome, _, step = line.partition(" ")
        steps[outcome].append(step if outcome == "FAIL" else step.partition(" -> ")[0])
    return steps


@pytest.mark.slow
def test_the_walk_through_all_of_jdbc(uri: str, driver: str) -> None:
    steps = run_walk(driver, uri.replace("grpc://", "jdbc:arrow-flight-sql://") + "?useEncryption=false")
    assert steps["FAIL"] == []
    check_page("JDBC walk", len(steps["PASS"]), steps["SKIP"])


@pytest.mark.slow
def test_the_walk_over_tls_by_a_reader_of_one_data_set(driver: str, tmp_path: Path) -> None:
    with guarded(tmp_path) as (uri, certificate):
        address = uri.replace("grpc+tls://", "jdbc:arrow-flight-sql://")
        steps = run_walk(driver, f"{address}?tlsRootCerts={certificate}", *READER)
    assert steps["FAIL"] == []
    check_page("JDBC walk", len(steps["PASS"]), steps["SKIP"])
