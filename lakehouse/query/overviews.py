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
    "Every problem that has observations or expected values, and how much there is of it.",
    {
        **PROBLEM,
        "n_implementations": "implementations that were observed",
        "n_tests": "tests that were observed",
        "n_runs": "runs in which it was observed",
        "n_observations": "observed responses",
        "n_specified": "expected responses",
        "first_created_at": "when its first response was observed, UTC",
        "last_created_at": "when its last response was observed, UTC",
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
    "Every implementation that was observed, with the measures of its latest code.",
    {
        **PROBLEM,
        "implementation_id": "system, variant and adapter that answered",
        **{name: f"{TABLES['code_implementations'].column(name).doc}, latest row" for name in CODE},
        "n_tests": "tests that it answered",
        "n_runs": "runs in which it was observed",
        "n_observations": "its responses",
        "n_exceptions": "those of them that are exceptions",
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
    "Every run of a data set: when it was, what it covers, and its context where all its rows agree.",
    {
        "data_set_id": PROBLEM["data_set_id"],
        "run_id": OBSERVATIONS.column("run_id").doc,
        "environment_id": "its machine, container or arena job; NULL when there are several",
        "git_commit_hash": "its commit; NULL when there are several",
        "ci_pipeline_id": "its pipeline; NULL when there are several",
        "researcher_name": "who made it; NULL when there are several",
        "first_created_at": "when its first response was observed, UTC",
        "last_created_at": "when its last response was observed, UTC",
        "n_problems": "problems in it",
        "n_implementations": "implementations in it, each counted once for each problem",
        "n_tests": "tests in it, each counted once for each problem",
        "n_observations": "observed responses",
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
    "Every snapshot of a table that is kept; those of observations are what AT (VERSION => …) takes.",
    {
        "table_name": "table that it is a snapshot of",
        "snapshot_id": "its id",
        "committed_at": "when it was committed, UTC: what AT (TIMESTAMP => …) compares with",
        "operation": "what it did to the table: append",
        "added_rows": "rows that it added",
        "total_rows": "rows of the table since",
        "batch_ids": "ids of the batches that it added",
    },
    "{snapshots}",
)

CLUSTERS = Overview(
    "clusters",
    "CLUSTER FROM *: classes of implementations that behave alike on all tests of a problem.",
    {
        **PROBLEM,
        "cluster_id": "from 1, by size, then by the least member",
        "size": "number of members",
        "share": "size / implementations of the problem",
        "representative": "the least member",
        "implementations": "the members, sorted",
        "n_tests": "tests that any implementation of the problem has",
        "n_missing": "those that the members lack",
        "fingerprint": "of the behaviour: equal for equal cells, on every machine",
        "is_largest": "whether it is larger than every other",
    },
    "CLUSTER FROM * {at}",
)

ORACLES = Overview(
    "oracles",
    "ORACLE FROM *: what most implementations answer at every step of every test.",
    {
        **PROBLEM,
        "test_id": OBSERVATIONS.column("test_id").doc,
        "step_id": OBSERVATIONS.column("step_id").doc,
        "output": "least text of the response with the most votes; NULL on a tie",
        "votes": "votes for it",
        "total": "votes cast",
        "support": "votes / total",
        "margin": "(votes for the first - votes for the second) / total",
        "n_distinct": "responses that were voted for",
        "n_missing": "implementations without a response",
        "candidates": "least texts of the responses with the most votes, sorted",
        "status": "NO_VOTES, TIE, UNANIMOUS, MAJORITY or PLURALITY",
    },
    "ORACLE FROM * {at}",
)

OVERVIEWS = {overview.name: overview for overview in (PROBLEMS, IMPLEMENTATIONS, RUNS, SNAPSHOTS, CLUSTERS, ORACLES)}


def comments_of(name: str) -> tuple[str, Mapping[str, str]]:
    """Return the comment of a table or overview and those of its columns; columns added to a table have none.

    >>> comments_of("tests")[0]
    'The source of every test.'
    """
    if name in OVERVIEWS:
        return OVERVIEWS[name].doc, OVERVIEWS[name].columns
    return TABLES[name].doc, {column.name: column.doc for column in TABLES[name].columns}
