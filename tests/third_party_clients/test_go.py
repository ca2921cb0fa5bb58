"""ADBC's validation suite for drivers, in Go, against our server."""

import json
from importlib.metadata import version

import pyarrow as pa
import pytest

from .page import check_page
from .tools import GO_BUILD, go


@pytest.mark.slow
@pytest.mark.usefixtures("go_modules")
def test_the_validation_suite_of_adbc(uri: str) -> None:
    variables = {"SRCQL_URI": uri, "SRCQL_VERSION": version("srcql"), "ARROW_VERSION": pa.__version__}
    ran = go("test", "-json", "-count=1", "-vet=off", *GO_BUILD, ".", **variables)
    events = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert ran.returncode == 0, "".join(event.get("Output", "") for event in events) + ran.stderr
    ended = {
        event["Test"]: event["Action"] for event in events if event["Action"] in ("pass", "skip") and "Test" in event
    }
    of_the_suite = {name.split("/")[1]: action for name, action in ended.items() if name.count("/") == 1}
    skipped = {name for name, action in of_the_suite.items() if action == "skip"}
    check_page("ADBC validation (Go)", len(of_the_suite) - len(skipped), skipped)
