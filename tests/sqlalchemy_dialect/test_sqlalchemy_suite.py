"""SQLAlchemy's test suite for dialects, in its own pytest."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.third_party_clients.page import check_page

SUITE = Path(__file__).parent / "suite"
PLUGIN = "sqlalchemy.testing.plugin.pytestplugin"


@pytest.mark.slow
def test_the_suite_of_sqlalchemy(uri: str, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    plugins = ("-p", "no:cacheprovider", "-p", PLUGIN, "-c", "pytest.ini", "--rootdir", ".")
    command = [
        sys.executable,
        "-m",
        "pytest",
        *plugins,
        "--dburi",
        uri.replace("grpc", "srcql"),
        f"--junitxml={report}",
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SUITE), os.environ.get("PYTHONPATH", "")])}
    ran = subprocess.run(command, cwd=SUITE, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-10_000:] + ran.stderr
    cases = list(ElementTree.parse(report).iter("testcase"))
    skipped = [named(case) for case in cases if case.find("skipped") is not None]
    check_page("SQLAlchemy", len(cases) - len(skipped), skipped)


def named(case: ElementTree.Element) -> str:
    group = case.attrib["classname"].rpartition(".")[2].removesuffix("_srcql+adbc")
    return f"{group}.{case.attrib['name']}"
