"""The three tables and their columns, for the language, the store and the clients.

The Observation Lakehouse published the column names and types of `observations`, `tests` and `code_implementations`.
`response_kind` and `response_key` are derived from `output` when a row is written. Types are DuckDB's names.

>>> OBSERVATIONS.column("step_id").type
'INTEGER'
>>> [column.name for column in OBSERVATIONS.of(Role.CONTEXT)]
['run_id', 'environment_id', 'git_commit_hash', 'ci_pipeline_id', 'researcher_name']
"""

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a column describes about an observation."""

    KEY = "which response it is"
    CONTEXT = "where, when and by whom it was observed"
    HASH = "which version of the code was run"
    STIMULUS = "what was called"
    RESPONSE = "what was answered"
    METRIC = "what it cost"
    RECORD = "the row itself"


@dataclass(frozen=True)
class Column:
    """One column: its name, its DuckDB type, its Iceberg field id, and what it describes."""

    name: str
    type: str
    field_id: int
    role: Role
    doc: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One table of the lakehouse; `sort` is the order of the rows in a data file."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...]

    def column(self, name: str) -> Column:
        """Return the column of that name; raises KeyError for an unknown one."""
        return {column.name: column for column in self.columns}[name]

    def of(self, role: Role) -> tuple[Column, ...]:
        """Return the columns of one role, in the order of the schema."""
        return tuple(column for column in self.columns if column.role is role)


OBSERVATIONS = Table(
    "observations",
    "Every response of every implementation to every step of every test, in its context.",
    (
        Column("data_set_id", "VARCHAR", 1, Role.KEY, "collection of problems", True),
        Column("problem_id", "VARCHAR", 2, Role.KEY, "functional abstraction that is implemented", True),
        Column("implementation_id", "VARCHAR", 3, Role.KEY, "system, variant and adapter that answered", True),
        Column("test_id", "VARCHAR", 4, Role.KEY, "sequence sheet that was run", True),
        Column("implementation_hash", "VARCHAR", 5, Role.HASH, "hash of the implementation's code, or empty", True),
        Column("test_hash", "VARCHAR", 6, Role.HASH, "hash of the test's code, or empty", True),
        Column("run_id", "VARCHAR", 7, Role.CONTEXT, "execution that the row was observed in", True),
        Column("environment_id", "VARCHAR", 8, Role.CONTEXT, "machine, container or arena job", True),
        Column("step_id", "INTEGER", 9, Role.KEY, "row of the sequence sheet, from 0", True),
        Column("operation", "VARCHAR", 10, Role.STIMULUS, "operation that was called"),
        Column("inputs", "VARCHAR", 11, Role.STIMULUS, "its arguments, a JSON array"),
        Column("output", "VARCHAR", 12, Role.RESPONSE, "response: JSON, or a token that starts with $"),
        Column("execution_time_ms", "DOUBLE", 13, Role.METRIC, "duration of the call, in milliseconds"),
        Column("memory_used_mb", "DOUBLE", 14, Role.METRIC, "memory used by the call, in megabytes"),
        Column("branch_coverage_percent", "DOUBLE", 15, Role.METRIC, "branches covered by the test, in percent"),
        Column("created_at", "TIMESTAMP", 16, Role.RECORD, "when the row was observed, UTC"),
        Column("git_commit_hash", "VARCHAR", 17, Role.CONTEXT, "commit that was tested"),
        Column("ci_pipeline_id", "VARCHAR", 18, Role.CONTEXT, "pipeline that ran the test"),
        Column("researcher_name", "VARCHAR", 19, Role.CONTEXT, "who made the observation"),
        Column("specified_oracle", "BOOLEAN", 20, Role.RECORD, "whether output is an expected value"),
        Column("response_kind", "VARCHAR", 21, Role.RESPONSE, "VALUE, NULL, EXCEPTION, REF, NA or UNDEFINED"),
        Column("response_key", "BIGINT", 22, Role.RESPONSE, "digest of the canonical response"),
    ),
    ("problem_id", "test_id", "step_id", "implementation_id"),
)

TESTS = Table(
    "tests",
    "The source of every test.",
    (
        Column("data_set_id", "VARCHAR", 1, Role.KEY, "collection of problems", True),
        Column("problem_id", "VARCHAR", 2, Role.KEY, "problem that is tested", True),
        Column("test_id", "VARCHAR", 3, Role.KEY, "sequence sheet", True),
        Column("source_code", "VARCHAR", 4, Role.RECORD, "body of the sheet, or source of the test"),
        Column("focal_interface", "VARCHAR", 5, Role.RECORD, "interface that the test calls"),
        Column("code_hash", "VARCHAR", 6, Role.HASH, "hash of the source"),
        Column("created_at", "TIMESTAMP", 7, Role.RECORD, "when the row was made, UTC"),
        Column("language", "VARCHAR", 8, Role.RECORD, "language of the source"),
    ),
    ("problem_id", "test_id"),
)

CODE_IMPLEMENTATIONS = Table(
    "code_implementations",
    "The source of every implementation.",
    (
        Column("data_set_id", "VARCHAR", 1, Role.KEY, "collection of problems", True),
        Column("problem_id", "VARCHAR", 2, Role.KEY, "problem that is implemented", True),
        Column("implementation_id", "VARCHAR", 3, Role.KEY, "system, variant and adapter", True),
        Column("source_code", "VARCHAR", 4, Role.RECORD, "source of the implementation"),
        Column("code_hash", "VARCHAR", 5, Role.HASH, "hash of the source"),
        Column("created_at", "TIMESTAMP", 6, Role.RECORD, "when the row was made, UTC"),
        Column("lines_of_code", "INTEGER", 7, Role.METRIC, "lines of the source"),
        Column("cyclomatic_complexity", "INTEGER", 8, Role.METRIC, "McCabe's number of the source"),
        Column("language", "VARCHAR", 9, Role.RECORD, "language of the source"),
    ),
    ("problem_id", "implementation_id"),
)

TABLES = {table.name: table for table in (OBSERVATIONS, TESTS, CODE_IMPLEMENTATIONS)}

# The key of each table, and the references between tables: for tools that draw or join tables. The store accepts rows
# without their code or test, and several sources of one code or test, of which the latest counts.
_PROBLEM = ("data_set_id", "problem_id")
KEYS = {
    "code_implementations": (*_PROBLEM, "implementation_id"),
    "observations": (*_PROBLEM, "implementation_id", "test_id", "step_id", "run_id", "environment_id"),
    "tests": (*_PROBLEM, "test_id"),
}
REFERENCES = (("observations", "code_implementations"), ("observations", "tests"))  # referring, referred to

# Columns that SLICE adds to those of observations: their names cannot be added to the table.
GIVEN_BY_VERBS = frozenset(
    {"kind", "specified", "source_code", "language", "test_source", "focal_interface", "test_language"}
)
