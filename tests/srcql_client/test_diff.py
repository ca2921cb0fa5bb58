"""`srcql diff`: its reports, verdicts and exit codes."""

import gzip
import json
import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any
from xml.etree import ElementTree

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from junitparser import Failure, JUnitXml, Skipped, TestCase

import srcql_client

from .shell import Ended

CI = Path(__file__).parents[2] / "docs" / "ci.md"
Srcql = Callable[..., Ended]
ODD = "a|b `c` <d> ]]>\n\x00\x1b[31m\u202e\ufffe\r **e** 日本語 🙂"
HUGE = "x" * 200_000
START = datetime(2026, 1, 1)
COMMITS = ("--commit", "old", "--to", "new")


def rows(commit: str, *cells: tuple[str, ...], **context: Any) -> list[dict[str, Any]]:
    """Return observations of a commit, one for each (test, output of step 0, …)."""
    return [
        {
            "data_set_id": "Demo",
            "problem_id": "p",
            "implementation_id": "i",
            "implementation_hash": f"code of {commit}",
            "test_id": test,
            "run_id": f"run of {commit}",
            "environment_id": f"environment of {commit}",
            "git_commit_hash": commit,
            "step_id": step,
            "inputs": f"[{step}]",
            "output": output,
            "created_at": START + timedelta(hours=commit == "new"),
            "specified_oracle": False,
        }
        | context
        for test, *outputs in cells
        for step, output in enumerate(outputs)
    ]


def specified(commit: str, *cells: tuple[str, str], **context: Any) -> list[dict[str, Any]]:
    return rows(commit, *cells, implementation_id="oracle", specified_oracle=True, **context)


JUDGED = [
    row
    for commit, outputs in (("old", "100016"), ("new", "255017"))
    for row in (
        *rows(commit, *((f"t{n}", output) for n, output in enumerate(outputs, 1))),
        *specified(commit, ("t1", "2"), ("t2", "0"), ("t3", "9"), ("t4", "9"), ("t5", "1")),
    )
]
APART = [
    *rows("old", ("both", "1"), ("gone", "1", "2"), ("shorter", "1", "2"), data_set_id="Apart"),
    *rows("new", ("both", "1"), ("new", "1"), ("shorter", "1"), data_set_id="Apart"),
    *rows("old", ("asked", "1"), data_set_id="Apart", inputs="[1]"),
    *rows("new", ("asked", "2"), data_set_id="Apart", inputs="[2]"),
]
FLAKY = [
    row
    for commit in ("old", "again", "new")
    for run in (1, 2)
    for row in rows(
        commit,
        ("steady", "1"),
        ("unsteady", "1" if run == 1 and commit == "new" else "2"),
        ("noisy", "1" if commit == "old" else "3"),
        data_set_id="Flaky",
        run_id=f"{commit} {run}",
        created_at=START + timedelta(hours=run),
    )
]
UNKNOWN = {"data_set_id": "Unspecified"}
SAME = {"data_set_id": "Same"}
DISJOINT = {"data_set_id": "Disjoint"}
ODDITIES = {"data_set_id": "Odd"}
ROWS = [
    *JUDGED,
    *APART,
    *FLAKY,
    *rows("old", ("t", "1"), **UNKNOWN),
    *rows("new", ("t", "2"), **UNKNOWN),
    *rows("old", ("t", "1"), **SAME),
    *rows("new", ("t", "1"), **SAME),
    *rows("old", ("t", "1"), **DISJOINT),
    *rows("new", ("u", "1"), **DISJOINT),
    *rows("old", ("t|`1` <b>\x01", "1", HUGE + "1" + HUGE), **ODDITIES, inputs=ODD),
    *rows("new", ("t|`1` <b>\x01", ODD, HUGE + "2" + HUGE), **ODDITIES, inputs=ODD),
    *rows("old", *((f"t{n:02}", "1", "1", "1", "1", "1") for n in range(30)), data_set_id="Many"),
    *rows("new", *((f"t{n:02}", "2", "2", "2", "2", "2") for n in range(30)), data_set_id="Many"),
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared") / "w"
    with srcql_client.connect(folder) as lakehouse:
        lakehouse.ingest("observations", pa.Table.from_pylist(ROWS))
    return folder


@pytest.fixture
def compare(srcql: Srcql, filled: Path) -> Srcql:
    """Compare the commits of a data set."""
    return lambda source, *options: srcql("diff", *COMMITS, source, *options, "--warehouse", filled)


def reported(ended: Ended) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def cases(ended: Ended) -> dict[str, TestCase]:
    """Return the cases of a report in JUnit XML, read by another tool."""
    xml = JUnitXml.fromstring(ended.stdout.encode())
    found = {case.name: case for suite in xml for case in suite}
    suites = list(xml)
    assert xml.tests == sum(suite.tests for suite in suites) == sum(len(suite) for suite in suites)
    assert xml.failures == sum(suite.failures for suite in suites)
    assert xml.skipped == sum(suite.skipped for suite in suites)
    return found


def test_each_change_has_a_status(compare: Srcql) -> None:
    report = reported(compare("Demo", "--against", "specified", "--format", "json"))
    assert report["total"]["statuses"] == {
        "REGRESSION": 1,
        "DRIFT": 1,
        "FIX": 1,
        "UNKNOWN": 1,
        "STABLE_WRONG": 1,
        "STABLE": 1,
    }
    found = {cell["test_id"]: cell["steps"] for cell in report["cells"]}
    assert {test: steps[0]["status"] for test, steps in found.items()} == {
        "t1": "FIX",
        "t2": "REGRESSION",
        "t3": "DRIFT",
        "t6": "UNKNOWN",
    }
    assert found["t2"] == [
        {
            "step_id": 0,
            "inputs": "[0]",
            "before": "0",
            "after": "5",
            "changed": True,
            "status": "REGRESSION",
            "flaky": None,
            "failing": True,
        }
    ]


@pytest.mark.parametrize(
    ("source", "options", "code", "last"),
    [
        ("Demo", ["regression"], 1, "FAILED: 1 regression in 1 cell of 1 problem"),
        ("Demo", ["changed"], 1, "FAILED: 4 changed steps in 4 cells of 1 problem"),
        (
            "Demo",
            [],
            0,
            "COMPARED: 6 compared steps, 1 REGRESSION, 1 DRIFT, 1 FIX, 1 UNKNOWN, 1 STABLE_WRONG, 1 STABLE",
        ),
        (
            "Demo",
            ["regression", "changed", "changed"],
            1,
            "FAILED: 1 regression in 1 cell of 1 problem; 4 changed steps in 4 cells of 1 problem",
        ),
        ("Demo WHERE test_id <> 't2'", ["regression"], 0, "PASSED: no regression in 5 compared steps"),
        ("Demo WHERE test_id <> 't2'", ["regression", "changed"], 1, "FAILED: 3 changed steps in 3 cells of 1 problem"),
        (
            "Unspecified",
            ["regression"],
            1,
            "FAILED: no step was judged: specified expects no response in 1 compared step",
        ),
        (
            "Flaky WHERE test_id = 'steady'",
            ["changed", "flaky"],
            0,
            "PASSED: no changed step and no flaky step in 1 compared step",
        ),
    ],
)
def test_what_fails(compare: Srcql, source: str, options: list[str], code: int, last: str) -> None:
    found = compare(source, "--against", "specified", *(word for kind in options for word in ("--fail-on", kind)))
    assert (found.stdout.splitlines()[-1], found.stderr, found.returncode) == (last, "", code)


RAN_ONCE = "FAILED: no code of B ran twice: flaky steps need at least two runs of the same code"
APART_FROM = "not compared: 1 added, 3 removed, 1 with different inputs"


@pytest.mark.parametrize(
    ("source", "options", "code", "last"),
    [
        ("Apart", [], 0, f"COMPARED: 2 compared steps, 2 STABLE; {APART_FROM}"),
        (
            "Apart",
            ["--fail-on", "changed"],
            1,
            "FAILED: 3 changed steps in 2 cells of 1 problem, 3 of them removed (MISSING IGNORE omits tests that A or "
            "B lacks)",
        ),
        (
            "Apart",
            ["--fail-on", "flaky"],
            1,
            RAN_ONCE,
        ),
        ("(FROM observations WHERE data_set_id = 'Apart') STEPS 0, 1", ["--fail-on", "flaky"], 1, RAN_ONCE),
        ("Flaky WHERE run_id IN ('old 1', 'new 1') STEPS ALL MISSING DISTINCT", ["--fail-on", "flaky"], 1, RAN_ONCE),
        (
            "(FROM observations WHERE data_set_id = 'Flaky' AND test_id = 'steady') STEPS ALL",
            ["--fail-on", "flaky"],
            0,
            "PASSED: no flaky step in 1 compared step",
        ),
        (
            "Apart WHERE test_id <> 'shorter' MISSING IGNORE",
            ["--fail-on", "changed"],
            0,
            "PASSED: no changed step in 1 compared step; not compared: 1 with different inputs",
        ),
    ],
)
def test_cells_that_only_one_side_has(compare: Srcql, source: str, options: list[str], code: int, last: str) -> None:
    found = compare(source, *options)
    assert (found.stdout.splitlines()[-1], found.returncode) == (last, code)


def test_nothing_compared_does_not_pass(compare: Srcql) -> None:
    nothing = "no step was compared: A and B share no step with the same inputs"
    found = compare("Disjoint")
    last = f"COMPARED: {nothing}; not compared: 1 added, 1 removed"
    assert (found.stdout.splitlines()[-1], found.returncode) == (last, 0)
    for source, fail_on in (("Disjoint", "flaky"), ("Same WHERE test_id = 'nobody has it'", "changed")):
        found = compare(source, "--fail-on", fail_on)
        assert (found.stdout.splitlines()[-1].startswith(f"FAILED: {nothing}"), found.returncode) == (True, 1)


def test_flaky_steps_fail_and_noise_is_ignored(compare: Srcql) -> None:
    found = compare("Flaky", "--fail-on", "flaky", "--format", "json")
    assert found.stderr == "FAILED: 1 flaky step in 1 cell of 1 problem\n"
    flaky = {cell["test_id"]: cell["steps"][0]["flaky"] for cell in reported(found)["cells"]}
    assert flaky == {"noisy": None, "unsteady": ["1", "2"]}
    of = cases(compare("Flaky", "--fail-on", "flaky", "--format", "junit"))
    assert [case.name for case in of.values() if case.is_failure] == ["unsteady"]
    (failure,) = of["unsteady"].result
    assert (failure.type, failure.message) == ("FLAKY", "step 0: 1 | 2")
    assert compare("Flaky", "--fail-on", "changed").returncode == 1
    found = compare("Flaky", "--noise", "again", "--fail-on", "changed")
    assert found.stdout.splitlines()[-1] == "PASSED: no changed step in 2 compared steps"


def test_runs_and_environments_are_compared(srcql: Srcql, filled: Path) -> None:
    for axis, name in (("run", "run"), ("environment", "environment")):
        ends = (f"--{axis}", f"{name} of old", "--to", f"{name} of new")
        found = srcql("diff", *ends, "Demo", "--fail-on", "changed", "--warehouse", filled)
        assert found.stdout.splitlines()[0] == f"DIFF {axis.upper()} '{name} of old' TO '{name} of new' FROM Demo"
        assert (found.stdout.splitlines()[-1], found.returncode) == (
            "FAILED: 4 changed steps in 4 cells of 1 problem",
            1,
        )


@pytest.mark.parametrize(
    "ends", [("--run", "new 1", "--to", "new 2"), ("--environment", "environment of old", "--to", "environment of new")]
)
def test_runs_of_the_same_code_are_flaky_on_every_axis(srcql: Srcql, filled: Path, ends: tuple[str, ...]) -> None:
    found = srcql("diff", *ends, "Flaky", "--fail-on", "flaky", "--warehouse", filled)
    assert found.stdout.splitlines()[-1] == "FAILED: 1 flaky step in 1 cell of 1 problem"
    once = srcql("diff", *ends, "Flaky WHERE test_id = 'steady'", "--fail-on", "flaky", "--warehouse", filled)
    assert once.stdout.splitlines()[-1] == "PASSED: no flaky step in 1 compared step"


def test_cases_fail_pass_and_are_skipped(compare: Srcql) -> None:
    found = compare("Demo, Apart", "--against", "specified", "--fail-on", "regression", "--format", "junit")
    assert found.stderr.startswith("FAILED: 1 regression")
    of = cases(found)
    (failure,) = of["t2"].result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message) == ("REGRESSION", "step 0: 0 -> 5")
    assert failure.text == "step 0: REGRESSION\ninputs: [0]\nbefore: 0\nafter:  5"
    assert of["t2"].classname == "Demo.p.i"
    skipped = {name: case.result[0].message for name, case in of.items() if case.is_skipped}
    assert skipped["asked"] == "not comparable: 1 step STIMULUS"
    assert skipped["gone"] == "not comparable: 2 steps REMOVED"
    assert skipped.keys() == {"t6", "gone", "shorter", "asked", "new", "both"}
    assert all(isinstance(of[name].result[0], Skipped) for name in skipped)
    assert {name for name, case in of.items() if case.is_passed} == {"t1", "t3", "t4", "t5"}
    assert of["t1"].system_out == "step 0: FIX\ninputs: [0]\nbefore: 1\nafter:  2"
    assert of["t5"].system_out is None


def test_a_removed_step_is_a_change(compare: Srcql) -> None:
    of = cases(compare("Apart", "--fail-on", "changed", "--format", "junit"))
    assert {name for name, case in of.items() if case.is_failure} == {"gone", "shorter"}
    assert {name for name, case in of.items() if case.is_skipped} == {"new", "asked"}
    assert of["shorter"].result[0].message == "step 1: 2 -> NULL"


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("Disjoint", ["--fail-on", "flaky"], "no step was compared: "),
        ("Same WHERE test_id = 'nobody has it'", ["--fail-on", "changed"], "no step was compared: "),
        ("Apart", ["--fail-on", "flaky", "--fail-on", "changed"], "no code of B ran twice: "),
        ("Unspecified", ["--against", "specified", "--fail-on", "regression"], "no step was judged: "),
    ],
)
def test_a_failure_without_a_cell_is_a_failing_case(
    compare: Srcql, source: str, options: list[str], message: str
) -> None:
    found = compare(source, *options, "--format", "junit")
    gate = cases(found)["gate"]
    (failure,) = gate.result
    assert (gate.classname, failure.type, failure.message.startswith(message)) == ("srcql", "gate", True)
    assert found.returncode == 1


def test_a_failure_with_a_cell_adds_no_case(compare: Srcql) -> None:
    assert "gate" not in cases(compare("Demo", "--fail-on", "changed", "--format", "junit"))
    assert "gate" not in cases(compare("Disjoint", "--format", "junit"))


def test_unusual_outputs_are_escaped(compare: Srcql) -> None:
    report = reported(compare("Odd", "--format", "json"))
    (cell,) = report["cells"]
    assert (cell["test_id"], cell["steps"][0]["inputs"], cell["steps"][0]["after"]) == ("t|`1` <b>\x01", ODD, ODD)
    assert cell["steps"][1]["after"] == HUGE + "2" + HUGE

    shown = r"a|b `c` <d> ]]>" + "\n" + r"\x00\x1b[31m\u202e\ufffe\r **e** 日本語 🙂"
    found = compare("Odd", "--format", "junit")
    assert "]]>" not in found.stdout.replace("]]&gt;", "")
    (case,) = cases(found).values()
    assert case.name == r"t|`1` <b>\x01"
    assert f"after:  {shown}\n" in case.result[0].text
    assert f"after:  {HUGE}2{HUGE}" in case.result[0].text
    assert len(case.result[0].message) < 300

    texts = [compare("Odd", "--format", format).stdout for format in ("terminal", "markdown")]
    for text in texts:
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ufffe]", text)
        assert all(len(line) < 1_500 for line in text.splitlines())
        assert "日本語 🙂" in text
    differing = [line for line in texts[0].splitlines() if re.match(r" +[-+] …x", line)]
    assert ["1" in line for line in differing] == [True, False]
    assert ["2" in line for line in differing] == [False, True]


def test_markdown_keeps_its_tables(compare: Srcql) -> None:
    found = compare("Odd", "--format", "markdown")
    lines = found.stdout.splitlines()
    assert lines[:3] == ["### srcql diff", "", "**COMPARED**: 2 compared steps, 2 CHANGED"]
    tables = [line for line in lines if line.startswith("|")]
    assert [line.count("|") for line in tables] == [3, 3, 3, 8, 8, 8, 8]
    assert "`" not in "".join(tables)
    assert (
        r"<code>a&#124;b &#96;c&#96; &#60;d&#62; &#93;&#93;&#62;\n" not in found.stdout
    )  # the backslash is Markdown's
    assert r"<code>a&#124;b &#96;c&#96; &#60;d&#62; &#93;&#93;&#62;&#92;n" in found.stdout
    assert lines[lines.index("```sql") + 1] == "DIFF COMMIT 'old' TO 'new' FROM Odd"
    assert lines.count("</details>") == 1


def test_a_long_report_is_cut_and_counts_the_rest(compare: Srcql) -> None:
    found = compare("Many", "--fail-on", "changed").stdout.splitlines()
    assert "    and 2 more steps" in found
    assert "  and 25 more cells" in found
    assert len(found) < 70
    assert found[-1] == "FAILED: 150 changed steps in 30 cells of 1 problem"
    assert "and 20 more cells" in compare("Many", "--format", "markdown").stdout
    assert len(reported(compare("Many", "--format", "json"))["cells"]) == 30


def test_a_summary_is_never_too_large_for_github(srcql: Srcql, tmp_path: Path) -> None:
    """50 problems with 10 cells of 5 steps, whose names and responses need six characters for each of theirs."""
    active = "`|<" * 50
    tests = [(f"{test}{active}", *[active] * 6) for test in range(11)]
    found = [
        row | {"problem_id": f"{problem:02}{active}"}
        for problem in range(51)
        for row in (*rows("old", *tests), *rows("new", *((name, *["x" + active] * 6) for name, *_ in tests)))
    ]
    with srcql_client.connect(tmp_path / "w") as lakehouse:
        lakehouse.ingest("observations", pa.Table.from_pylist(found))
    source = f"Demo -- {'long ' * 50_000}"
    ended = srcql("diff", *COMMITS, source, "--format", "markdown", "--warehouse", tmp_path / "w")
    assert 700_000 < len(ended.stdout.encode()) <= 900_000
    lines = ended.stdout.splitlines()
    shown = sum(line.startswith("<details>") for line in lines)
    left_out = f"The cells of {50 - shown} problems are left out: a summary has a limited size. See --format json."
    assert lines[-1] == left_out
    assert "and 1 more problem" in lines
    assert sum(line.count("</details>") for line in lines) == shown > 1


def test_contexts_of_by_are_separate(compare: Srcql) -> None:
    source = "Apart BY environment_id"
    report = reported(compare(source, "--format", "json"))
    assert report["total"]["statuses"] == {"REMOVED": 6, "ADDED": 4}
    assert {cell["context"]["environment_id"] for cell in report["cells"]} == {
        "environment of old",
        "environment of new",
    }
    of = cases(compare(source, "--fail-on", "changed", "--format", "junit"))
    assert "gone [environment_id=environment of old]" in of
    assert "environment_id environment of old" in compare(source).stdout
    assert "| environment&#95;id | implementation |" in compare(source, "--format", "markdown").stdout


def test_a_file_is_written_and_the_verdict_printed(compare: Srcql, tmp_path: Path) -> None:
    said = "FAILED: 4 changed steps in 4 cells of 1 problem\n"
    for format in ("terminal", "junit"):
        found = compare("Demo", "--fail-on", "changed", "--format", format, "-o", tmp_path / format)
        assert (found.stdout, found.stderr, found.returncode) == ("", said, 1)
    assert (tmp_path / "terminal").read_text().endswith(said)
    assert ElementTree.parse(tmp_path / "junit").getroot().tag == "testsuites"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "new"], "found none"),
        (["--commit", "old", "--run", "r", "--to", "new"], "found several"),
        (["--commit", "old"], "--to"),
        ([*COMMITS, "--fail-on", "regression"], "--against specified"),
        ([*COMMITS, "--fail-on", "fixes"], "fixes"),
        ([*COMMITS, "--format", "html"], "html"),
        ([*COMMITS, "\udcff"], "not UTF-8"),
        ([*COMMITS, " "], "found an empty text"),
        ([*COMMITS, "-o", "no such folder/x"], "cannot be written"),
    ],
)
def test_wrong_usage_exits_with_2(srcql: Srcql, filled: Path, arguments: list[str], words: str) -> None:
    found = srcql("diff", *arguments, "--warehouse", filled)
    assert (found.stdout, found.returncode) == ("", 2)
    assert words in found.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--commit", "odl", "--to", "new", "Demo"], "no observations are selected for commit odl"),
        (["--commit", "old", "--to", "nwe", "Demo"], "did you mean new?"),
        ([*COMMITS, "E"], "unknown data set E"),
        (
            [*COMMITS, "Demo LIMIT 1"],
            "line 1, column 6: LIMIT cannot be used in FROM of srcql diff: the verdict needs every row\n"
            "  Demo LIMIT 1\n"
            "       ^^^^^\n"
            "  hint: remove LIMIT\n",
        ),
        ([*COMMITS, "Demo order  by test_id", "--against", "oracle"], "column 6: ORDER BY cannot be used in FROM"),
        ([*COMMITS, "Demo CHANGED ONLY"], "column 6: CHANGED ONLY cannot be used in FROM of srcql diff"),
        ([*COMMITS, "Demo) UNION ALL (FROM observations"], "found )"),
        ([*COMMITS, "Demo -- only these", "--against", "specfied"], "did you mean SPECIFIED?"),
        ([*COMMITS, "Demo", "--noise", "other"], "no observations are selected for commit other"),
        ([*COMMITS, "Demo MISSING IGNORE", "--fail-on", "flaky"], "MISSING IGNORE"),
    ],
)
def test_invalid_statements_exit_with_1(srcql: Srcql, filled: Path, arguments: list[str], words: str) -> None:
    found = srcql("diff", *arguments, "--warehouse", filled)
    assert (found.stdout, found.returncode) == ("", 1)
    assert words in found.stderr


def test_a_server_returns_the_same(srcql: Srcql, uri: str, compare: Srcql) -> None:
    with srcql_client.connect(uri) as lakehouse:
        lakehouse.ingest("observations", pa.Table.from_pylist(ROWS))
    for source, format in (("Demo", "terminal"), ("Odd", "junit")):
        options = (source, "--against", "oracle", "--fail-on", "changed", "--format", format)
        found = srcql("diff", *COMMITS, *options, "--server", uri)
        assert (found.stdout, found.returncode) == (compare(*options).stdout, 1)
    gone = srcql("diff", "--commit", "gone", "--to", "new", "Demo", SRCQL_SERVER=uri)
    assert (gone.stdout, gone.returncode) == ("", 1)
    assert "no observations are selected for commit gone" in gone.stderr


PIPELINES = {
    name: yaml.safe_load(text) for name, text in re.findall(r"## (Git\w+).*?```yaml\n(.*?)```", CI.read_text(), re.S)
}
PULL_REQUEST = "github.event_name == 'pull_request'"


def test_the_github_job_observes_the_commit_that_it_names() -> None:
    workflow = PIPELINES["GitHub"]
    assert workflow[True] == {"push": {"branches": ["main"]}, "pull_request": None}  # YAML reads the key on as true
    assert workflow["env"]["HEAD"] == "${{ github.event.pull_request.head.sha || github.sha }}"
    checkout, *steps = workflow["jobs"]["behaviour"]["steps"]
    assert checkout == {"uses": "actions/checkout@v4", "with": {"ref": "${{ env.HEAD }}"}}
    assert [step.get("if") for step in steps] == [None] * 3 + [PULL_REQUEST] * 2 + [f"always() && {PULL_REQUEST}"]


def scripts(name: str) -> tuple[list[str], list[str]]:
    """Return the srcql commands of a pipeline for the main branch, and for a change."""
    if name == "GitHub":
        steps = PIPELINES[name]["jobs"]["behaviour"]["steps"]
        base = [step["run"] for step in steps if "run" in step and "if" not in step]
        change = [step["run"] for step in steps if "run" in step]
    else:
        jobs = PIPELINES[name]
        assert {jobs[job]["extends"] for job in ("base", "behaviour")} == {".observe"}
        base, change = (jobs[".observe"]["before_script"] + jobs[job]["script"] for job in ("base", "behaviour"))
    return [line for line in base if line.startswith("srcql")], [line for line in change if line.startswith("srcql")]


@pytest.mark.parametrize("name", ["GitHub", "GitLab"])
def test_the_commands_of_the_pipelines_work(
    srcql: Srcql, monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    variables = {
        "BASE": "old",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "old",
        "HEAD": "new",
        "GITHUB_STEP_SUMMARY": "summary.md",
    }
    codes = []
    for commit, commands in zip(("old", "new"), scripts(name), strict=True):
        found = [row for row in ROWS if row["git_commit_hash"] == commit]
        pq.write_table(pa.Table.from_pylist(found), "observations.parquet")
        for command in commands:
            words, _, file = Template(command).substitute(variables).partition(" >> ")
            ended = srcql(*shlex.split(words)[1:], SRCQL_WAREHOUSE="w")
            codes.append(ended.returncode)
            if file:
                Path(*shlex.split(file)).write_text(ended.stdout)
    assert codes == [0] * (len(codes) - 1) + [1]
    assert JUnitXml.fromfile("behaviour.xml").failures > 0
    if name == "GitHub":
        assert Path("summary.md").read_text().startswith("### srcql diff\n")


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A repository as the current folder, whose two commits were observed: their hashes, the first commit first."""
    monkeypatch.chdir(tmp_path)
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", "init", "--quiet"], check=True)
    hashes = []
    for message in ("old", "new"):
        subprocess.run(["git", *identity, "commit", "--quiet", "--allow-empty", "-m", message], check=True)
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        hashes.append(found.stdout.strip())
    observed = [row for commit, output in zip(hashes, "12", strict=True) for row in rows(commit, ("t", output))]
    with srcql_client.connect(tmp_path / "w") as lakehouse:
        lakehouse.ingest(
            "observations", pa.Table.from_pylist([*observed, *rows("abcd1", ("t", "3")), *rows("abcd2", ("t", "3"))])
        )
    return hashes


@pytest.mark.parametrize("ends", [("HEAD~1", "HEAD"), ("HEAD^", "@"), ("{0:.7}", "{1:.12}"), ("{0}", "HEAD")])
def test_commits_have_short_names(srcql: Srcql, repository: list[str], ends: tuple[str, str]) -> None:
    before, after = (end.format(*repository) for end in ends)
    found = srcql("diff", "--commit", before, "--to", after, "--noise", before, "--warehouse", "w")
    assert found.stdout.splitlines()[0] == f"DIFF COMMIT '{repository[0]}' TO '{repository[1]}' FROM *"
    assert f"NOISE '{repository[0]}'" in found.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("abcd", "expected the hash of one commit, found abcd, which starts 2\n  hint: commits: abcd1, abcd2"),
        ("HEAD~7", "no observations are selected for commit HEAD~7"),
        ("--help", "no observations are selected for commit --help"),
        ("0" * 40, f"no observations are selected for commit {'0' * 40}"),
    ],
)
def test_a_commit_that_cannot_be_found_is_reported(srcql: Srcql, repository: list[str], name: str, words: str) -> None:
    found = srcql("diff", f"--commit={name}", "--to", "HEAD", "--warehouse", "w")
    assert (found.stdout, found.returncode) == ("", 1)
    assert words in found.stderr
    assert len(repository) == 2


def test_two_runs_of_real_programs(srcql: Srcql, data: Path, tmp_path: Path) -> None:
    folder = data / "humaneval_mbpp_classeval"
    truth = json.loads(gzip.decompress((folder / "truth.json.gz").read_bytes()))["problems"]
    flaky = {(problem, *step) for problem, facts in truth.items() for step in facts["flaky"]}
    of = Counter(problem for problem, *_ in flaky)
    with srcql_client.connect(tmp_path / "w") as lakehouse:
        rows = duckdb.read_parquet(str(folder / "observations.parquet"))
        lakehouse.ingest("observations", rows.filter(f"problem_id IN {tuple(of)}").to_arrow_table())
    to = ("--warehouse", tmp_path / "w")
    ends = ("--run", "run-0001", "--to", "run-0002", "* USING EXACT")
    found = srcql("diff", *ends, "--fail-on", "changed", "--format", "json", *to)
    assert (found.stderr, found.returncode) == ("FAILED: 352 changed steps in 330 cells of 11 problems\n", 1)
    report = reported(found)
    assert report["total"]["statuses"]["CHANGED"] == len(flaky) == 352
    changed = {
        (cell["problem_id"], cell["implementation_id"], cell["test_id"], step["step_id"])
        for cell in report["cells"]
        for step in cell["steps"]
    }
    assert changed == flaky
    assert {problem["problem_id"]: problem["tripping"]["changed"] for problem in report["problems"]} == of
