"""Overviews: views that summarise the lakehouse or run a verb with its default settings, for people and BI tools.

An overview is SRCQL or SQL over the tables. Plain SQL reads it by its name, also with AT. It costs nothing in a
statement that does not name it. In its text `{at}` is replaced by the AT clause and `{snapshots}` by the rows of the
retained snapshots.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from srcql.schema import OBSERVATIONS, TABLES
from srcql.sql import greatest_first

OBSERVED = "observations {at} WHERE specified_oracle IS NOT TRUE"
CODE = ("language", "lines_of_code", "cyclomatic_complexity", "code_hash")
PROBLEM = {name: OBSERVATIONS.column(name).doc for name in ("data_set_id", "problem_id")}


@dataclass(frozen=True)
class Overview:
    """One view: its comment, the comments of its columns, its query, and the tables that the query names."""

    name: str
    doc: str
    columns: Mapping[str, str]
    text: str
    tables: frozenset[str] = frozenset()


def _common_value(column: str) -> str:
    """Return SQL for the value that a column has in all rows of a group; NULL where the rows differ."""
    same = f"count({column}) = count(*) AND min({column}) = max({column})"
    return f"CASE WHEN {same} THEN min({column}) END AS {column}"


PROBLEMS = Overview(
    "problems",
    "Problems that have observations or expected responses, with their counts.",
    {
        **PROBLEM,
        "n_implementations": "number of observed implementations",
        "n_tests": "number of observed tests",
        "n_runs": "number of runs",
        "n_observations": "number of observed responses",
        "n_specified": "number of expected responses",
        "first_created_at": "time of the first observed response, UTC",
        "last_created_at": "time of the last observed response, UTC",
    },
    """
SELECT data_set_id, problem_id,
    count(DISTINCT implementation_id) FILTER (specified_oracle IS NOT TRUE) AS n_implementations,
    count(DISTINCT test_id) FILTER (specified_oracle IS NOT TRUE) AS n_tests,
    count(DISTINCT run_id) FILTER (specified_oracle IS NOT TRUE) AS n_runs,
    count(*) FILTER (specified_oracle IS NOT TRUE) AS n_observations,
    count(*) FILTER (specified_oracle) AS n_specified,
    min(created_at) FILTER (specified_oracle IS NOT TRUE) AS first_created_at,
    max(created_at) FILTER (specified_oracle IS NOT TRUE) AS last_created_at
FROM observations {at} GROUP BY data_set_id, problem_id""",
    frozenset({"observations"}),
)

IMPLEMENTATIONS = Overview(
    "implementations",
    "Observed implementations, with the measures of their latest code.",
    {
        **PROBLEM,
        "implementation_id": OBSERVATIONS.column("implementation_id").doc,
        **{name: f"{TABLES['code_implementations'].column(name).doc}, from the latest row" for name in CODE},
        "n_tests": "number of tests with a response",
        "n_runs": "number of runs",
        "n_observations": "number of observed responses",
        "n_exceptions": "number of responses that are exceptions",
    },
    f"""
SELECT data_set_id, problem_id, implementation_id, {", ".join(CODE)}, n_tests, n_runs, n_observations, n_exceptions
FROM (
    SELECT data_set_id, problem_id, implementation_id, count(DISTINCT test_id) AS n_tests,
        count(DISTINCT run_id) AS n_runs, count(*) AS n_observations,
        count(*) FILTER (response_kind = 'EXCEPTION') AS n_exceptions
    FROM {OBSERVED} GROUP BY data_set_id, problem_id, implementation_id
) LEFT JOIN (
    FROM code_implementations {{at}} QUALIFY row_number() OVER (
        PARTITION BY data_set_id, problem_id, implementation_id {greatest_first(("created_at", "code_hash", *CODE))}
    ) = 1
) USING (data_set_id, problem_id, implementation_id)""",
    frozenset({"observations", "code_implementations"}),
)

RUNS = Overview(
    "runs",
    "Runs of each data set: their time, their coverage, and the context that all their rows share.",
    {
        "data_set_id": PROBLEM["data_set_id"],
        "run_id": OBSERVATIONS.column("run_id").doc,
        "environment_id": "machine, container or arena job; NULL if the rows differ",
        "git_commit_hash": "commit of the code; NULL if the rows differ",
        "ci_pipeline_id": "CI pipeline; NULL if the rows differ",
        "researcher_name": "researcher; NULL if the rows differ",
        "first_created_at": "time of the first observed response, UTC",
        "last_created_at": "time of the last observed response, UTC",
        "n_problems": "number of problems",
        "n_implementations": "number of implementations, each counted once per problem",
        "n_tests": "number of tests, each counted once per problem",
        "n_observations": "number of observed responses",
    },
    f"""
SELECT data_set_id, run_id, {_common_value("environment_id")}, {_common_value("git_commit_hash")},
    {_common_value("ci_pipeline_id")}, {_common_value("researcher_name")},
    min(created_at) AS first_created_at, max(created_at) AS last_created_at,
    count(DISTINCT problem_id) AS n_problems,
    count(DISTINCT problem_id || chr(31) || implementation_id) AS n_implementations,
    count(DISTINCT problem_id || chr(31) || test_id) AS n_tests, count(*) AS n_observations
FROM {OBSERVED} GROUP BY data_set_id, run_id""",
    frozenset({"observations"}),
)

SNAPSHOTS = Overview(
    "snapshots",
    "Retained snapshots of the tables; AT (VERSION => …) accepts those of observations.",
    {
        "table_name": "table of the snapshot",
        "snapshot_id": "id of the snapshot",
        "committed_at": "time of the commit, UTC, with which AT (TIMESTAMP => …) compares",
        "operation": "operation of the commit: append",
        "added_rows": "number of rows that the commit added",
        "total_rows": "number of rows in the table after the commit",
        "batch_ids": "ids of the batches that the commit added",
    },
    "{snapshots}",
)

CLUSTERS = Overview(
    "clusters",
    "CLUSTER FROM *: implementations of a problem grouped by equal behaviour on all its tests.",
    {
        **PROBLEM,
        "cluster_id": "number from 1, by size, then by representative",
        "size": "number of members",
        "share": "size / implementations of the problem",
        "representative": "first of the sorted members",
        "implementations": "members, sorted",
        "n_tests": "number of tests that any implementation of the problem has",
        "n_missing": "number of those tests that the members lack",
        "fingerprint": "fingerprint of the behaviour: equal for equal cells, on every machine",
        "is_largest": "true if the cluster is larger than every other",
    },
    "CLUSTER FROM * {at}",
)

ORACLES = Overview(
    "oracles",
    "ORACLE FROM *: the response with the most votes at each step of each test.",
    {
        **PROBLEM,
        "test_id": OBSERVATIONS.column("test_id").doc,
        "step_id": OBSERVATIONS.column("step_id").doc,
        "output": "first of the sorted texts of the response with the most votes; NULL on a tie",
        "votes": "votes for that response",
        "total": "votes cast",
        "support": "votes / total",
        "margin": "(votes for the first response - votes for the second) / total",
        "n_distinct": "number of different responses with votes",
        "n_missing": "number of implementations without a response",
        "candidates": "first text of each response with the most votes, sorted",
        "status": "NO_VOTES, TIE, UNANIMOUS, MAJORITY or PLURALITY",
    },
    "ORACLE FROM * {at}",
)

STEP = {name: OBSERVATIONS.column(name).doc for name in ("implementation_id", "test_id", "step_id")}
IMPLEMENTATION, TEST = (dict(list(STEP.items())[:n]) for n in (1, 2))

VERDICTS = Overview(
    "verdicts",
    "CHECK FROM * AGAINST SPECIFIED PER TEST: whether an implementation passes a test.",
    {
        **PROBLEM,
        **TEST,
        "verdict": "PASS, FAIL, MISSING, NA, CONFLICT or UNDEFINED",
        "first_diff_step": "first step that fails; NULL if there is none",
    },
    "CHECK FROM * {at} AGAINST SPECIFIED PER TEST",
)

PASS_RATES = Overview(
    "pass_rates",
    "CHECK FROM * AGAINST SPECIFIED: how many tests an implementation passes.",
    {
        **PROBLEM,
        **IMPLEMENTATION,
        "passed": "number of tests that it passes",
        "failed": "number of tests that it fails",
        "missing": "number of tests that it lacks, or a step of them",
        "na": "number of tests with a response that cannot be observed",
        "undefined": "number of tests without one expected value",
        "strict_rate": "passed / (passed + failed + missing + na)",
        "lenient_rate": "passed / (passed + failed)",
        "all_passed": "true if at least one test passes and none is failed, missing or na",
    },
    "CHECK FROM * {at} AGAINST SPECIFIED",
)

FLAKY = Overview(
    "flaky",
    "FLAKY FROM *: the steps with different responses of the same code in different runs.",
    {
        **PROBLEM,
        **IMPLEMENTATION,
        "implementation_hash": "hash of the code that ran; NULL if unknown",
        **{name: STEP[name] for name in ("test_id", "step_id")},
        "n_runs": "number of runs",
        "n_distinct": "number of different responses; no response counts as one",
        "flake_rate": "runs without the most common response / runs",
        "flip_rate": "runs with another response than the run before / (runs - 1)",
        "outputs": "first of the sorted texts of each response, the most common first",
    },
    "FLAKY FROM * {at}",
)

CHANGES = Overview(
    "changes",
    "Steps whose response is another than in the run before, by the default equality; a run counts by its latest row.",
    {
        **PROBLEM,
        **STEP,
        "before_run_id": "run before",
        "run_id": "run with the other response",
        "before": "response of the run before",
        "after": "response of the run",
        "git_commit_hash": "commit of the run",
        "created_at": "time of the response, UTC; runs are in this order, then by name",
    },
    f"""
SELECT data_set_id, problem_id, implementation_id, test_id, step_id, lag(run_id) OVER runs AS before_run_id, run_id,
    lag(output) OVER runs AS before, output AS after, git_commit_hash, created_at
FROM (SELECT * FROM {OBSERVED} QUALIFY row_number() OVER (PARTITION BY data_set_id, problem_id, implementation_id,
    test_id, step_id, run_id {greatest_first(("created_at", "output", "git_commit_hash"))}) = 1) AS latest
WINDOW runs AS (PARTITION BY data_set_id, problem_id, implementation_id, test_id, step_id
    ORDER BY created_at NULLS FIRST, run_id)
QUALIFY lag(run_id) OVER runs IS NOT NULL AND lag(response_key) OVER runs IS DISTINCT FROM response_key""",
    frozenset({"observations"}),
)

ALL = (PROBLEMS, IMPLEMENTATIONS, RUNS, SNAPSHOTS, CLUSTERS, ORACLES, VERDICTS, PASS_RATES, FLAKY, CHANGES)
OVERVIEWS = {overview.name: overview for overview in ALL}


def comments_of(name: str) -> tuple[str, Mapping[str, str]]:
    """Return the comment of a table or overview and those of its columns; columns added to a table have none.

    >>> comments_of("tests")[0]
    'The source of every test.'
    """
    if name in OVERVIEWS:
        return OVERVIEWS[name].doc, OVERVIEWS[name].columns
    return TABLES[name].doc, {column.name: column.doc for column in TABLES[name].columns}
