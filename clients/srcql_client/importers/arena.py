"""Import the Parquet export of a LASSO arena: one row per cell of a sequence sheet, read as observations and tests.

| export | lakehouse |
|---|---|
| `value`, `op`, `input_value` of one sheet row | one observation: output, operation, inputs as a JSON array by X |
| system `oracle` | rows with specified_oracle, implementation_id `oracle` |
| system `abstraction`: `stimulussheet`, `interface` | one row of tests, its hash on the observations |
| branch coverage of an implementation | branch_coverage_percent of all its observations in that execution |
| EXECUTIONTIME: nanoseconds, or milliseconds if it is a floating-point number | execution_time_ms |

If several actions of one execution observed the same test, the latest action counts. The export holds no source code.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from srcql.errors import InvalidData

from ..code_hash import code_hash
from ..extras import extra
from . import Part, columns, content_id, find_files, require_columns, sheets

COLUMNS = (
    *("EXECUTIONID", "ABSTRACTIONID", "ACTIONID", "ARENAID", "SHEETID", "SYSTEMID", "VARIANTID", "ADAPTERID"),
    *("X", "Y", "TYPE", "VALUE", "LASTMODIFIED", "EXECUTIONTIME"),
)

CELLS_AT_ONCE = 1_000_000

# Old exports append the system's id to the sheet's name.
_SHEET = "regexp_replace(SHEETID, '_[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$', '')"
_TIME = "make_timestamp(epoch_us(max(LASTMODIFIED)))"

_EXPORT = f"""
CREATE VIEW export AS SELECT
    EXECUTIONID AS run_id, ABSTRACTIONID AS problem_id, coalesce(ARENAID, 'unknown') AS environment_id,
    coalesce(ACTIONID, '') AS action, {_SHEET} AS test_id,
    CASE WHEN SYSTEMID = 'oracle' THEN 'oracle' ELSE concat_ws('_', SYSTEMID,
        coalesce(nullif(VARIANTID, ''), 'default'), coalesce(nullif(ADAPTERID, ''), '0')) END AS implementation_id,
    SYSTEMID, X, Y, TYPE, VALUE, LASTMODIFIED, EXECUTIONTIME
FROM read_parquet($path)"""

_TESTS = f"""
SELECT problem_id, test_id,
    arg_max(VALUE, (LASTMODIFIED, VALUE)) FILTER (TYPE = 'stimulussheet') AS source_code,
    arg_max(VALUE, (LASTMODIFIED, VALUE)) FILTER (TYPE = 'interface') AS focal_interface,
    {_TIME} AS created_at
FROM export WHERE TYPE IN ('stimulussheet', 'interface')
GROUP BY problem_id, test_id ORDER BY problem_id, test_id"""

# A ratio, or covered and total; three generations of the arena named them differently.
_COVERAGE = """
CREATE TABLE coverage AS
WITH measure AS (
    SELECT run_id, problem_id, implementation_id, LASTMODIFIED AS time, try_cast(VALUE AS DOUBLE) AS value,
        regexp_extract(lower(TYPE), '^(?:jacoco_class_)?branch(?:es)?[._](coveredratio|covered|total)(?:count)?$', 1)
            AS name
    FROM export WHERE Y = -1),
latest AS (
    SELECT run_id, problem_id, implementation_id, name, arg_max(value, (time, value)) AS value
    FROM measure WHERE name <> '' AND isfinite(value) GROUP BY ALL)
SELECT run_id, problem_id, implementation_id,
    100 * coalesce(max(value) FILTER (name = 'coveredratio'),
        max(value) FILTER (name = 'covered') / nullif(max(value) FILTER (name = 'total'), 0)) AS percent
FROM latest GROUP BY ALL"""

# Groups of problems that fit into memory.
_PARTS = f"""
CREATE TABLE parts AS
WITH sizes AS (SELECT problem_id, count(*) AS cells FROM export GROUP BY problem_id)
SELECT problem_id, (sum(cells) OVER (ORDER BY problem_id) - cells) // {CELLS_AT_ONCE} AS part FROM sizes"""

_OBSERVATIONS = f"""
WITH steps AS (
    SELECT problem_id, implementation_id, test_id, run_id, environment_id, action, Y AS step_id,
        max(VALUE) FILTER (TYPE = 'op') AS operation,
        '[' || coalesce(string_agg(CASE WHEN json_valid(VALUE) THEN VALUE ELSE to_json(VALUE)::VARCHAR END, ', '
            ORDER BY X) FILTER (TYPE = 'input_value'), '') || ']' AS inputs,
        max(VALUE) FILTER (TYPE = 'value') AS output,
        max(EXECUTIONTIME) AS execution_time,
        {_TIME} AS created_at
    FROM export
    WHERE Y >= 0 AND TYPE IN ('value', 'op', 'input_value')
        AND problem_id IN (SELECT problem_id FROM parts WHERE part = $part)
    GROUP BY ALL),
latest AS (
    FROM steps QUALIFY action = arg_max(action, (created_at, action))
        OVER (PARTITION BY problem_id, implementation_id, test_id, run_id, environment_id))
SELECT $data_set AS data_set_id, problem_id, implementation_id, test_id, coalesce(code_hash, '') AS test_hash,
    run_id, environment_id, step_id, operation, inputs,
    CASE WHEN implementation_id = 'oracle' AND output = 'null' AND list_contains(undefined, step_id)
        THEN '$*' ELSE output END AS output,
    {{time}} AS execution_time_ms, percent AS branch_coverage_percent, created_at,
    implementation_id = 'oracle' AS specified_oracle
FROM latest
LEFT JOIN sheets USING (problem_id, test_id)
LEFT JOIN coverage USING (run_id, problem_id, implementation_id)"""


def read(path: Path, data_set: str) -> Iterator[Part]:
    """Yield the tests and the observations of an export, or of every export in a folder.

    Raises InvalidData for a file that is not an export.
    """
    for export in [ArenaExport(file, data_set) for file in find_files(path)]:
        file = export.path
        yield Part(file, "tests", content_id(file, "tests", data_set), export.tests)
        yield Part(file, "observations", content_id(file, "observations", data_set), export)


@dataclass(frozen=True)
class ArenaExport:
    """One export; each iteration reads its observations as record batches.

    >>> ArenaExport(Path("README.md"), "demo")
    Traceback (most recent call last):
    ...
    srcql.errors.InvalidData: README.md: expected a Parquet file, found another format
      hint: import the .parquet file of the export
    """

    path: Path
    data_set: str

    def __post_init__(self) -> None:
        found = columns(self.path)
        if "TYPE" not in found and {"Y", "X"} & {name.upper() for name in found}:
            raise InvalidData(
                f"{self.path}: expected the raw export of an arena (one row per cell, with a column TYPE), "
                "found the pivoted export (a column per system)",
                hint="import srm/<execution>_all.parquet",
            )
        require_columns(self.path, found, COLUMNS, "the raw export of an arena", "import srm/<execution>_all.parquet")

    @cached_property
    def tests(self) -> pa.Table:
        """Return the sheets of the export as rows of the table tests."""
        with _Session(self.path) as session:
            found = session.table(_TESTS)
        sources = found["source_code"].to_pylist()
        is_sheet = [source is not None and sheets.lines(source) is not None for source in sources]
        hashes = [None if source is None else code_hash(source) for source in sources]
        return (
            found.add_column(0, "data_set_id", pa.array([self.data_set] * len(found), pa.string()))
            .append_column("code_hash", pa.array(hashes, pa.string()))
            .append_column("language", pa.array(["ssn" if sheet else None for sheet in is_sheet], pa.string()))
        )

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        with _Session(self.path) as session:
            session.register("sheets", self._sheets(session))
            session.run(_COVERAGE)
            session.run(_PARTS)
            query = _OBSERVATIONS.format(time=session.milliseconds())
            for part in session.column("SELECT DISTINCT part FROM parts ORDER BY part"):
                yield from session.stream(query, part=part, data_set=self.data_set)

    def _sheets(self, session: "_Session") -> pa.Table:
        """Return the hash of each test, and the steps without an expected output."""
        steps = session.column("SELECT coalesce(max(Y), -1) + 1 FROM export WHERE SYSTEMID = 'oracle'")[0]
        undefined = [sheets.undefined_steps(source or "", steps) for source in self.tests["source_code"].to_pylist()]
        return self.tests.select(["problem_id", "test_id", "code_hash"]).append_column(
            "undefined", pa.array(undefined, pa.list_(pa.int32()))
        )


class _Session:
    """A DuckDB database with the export as the view `export`."""

    def __init__(self, path: Path) -> None:
        with extra("arena", "the arena importer"):
            import duckdb

        self._spill = tempfile.TemporaryDirectory(prefix="srcql-import-")
        self._connection = duckdb.connect(":memory:", config={"temp_directory": self._spill.name})
        # The store sorts the rows.
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute(_EXPORT.replace("$path", "'" + str(path).replace("'", "''") + "'"))

    def __enter__(self) -> "_Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._spill.cleanup()

    def run(self, query: str) -> None:
        self._connection.execute(query)

    def register(self, name: str, table: pa.Table) -> None:
        self._connection.register(name, table)

    def table(self, query: str) -> pa.Table:
        return self._connection.sql(query).to_arrow_table()

    def column(self, query: str) -> list[Any]:
        return [row[0] for row in self._connection.execute(query).fetchall()]

    def stream(self, query: str, **parameters: object) -> pa.RecordBatchReader:
        return self._connection.sql(query, params=parameters).to_arrow_reader(65_536)

    def milliseconds(self) -> str:
        """Return the expression of EXECUTIONTIME in milliseconds: an integer is in nanoseconds."""
        (type_,) = self.column(
            "SELECT any_value(typeof(EXECUTIONTIME)) FROM (SELECT EXECUTIONTIME FROM export LIMIT 1)"
        )
        return "execution_time" if type_ in ("DOUBLE", "FLOAT") else "execution_time / 1e6"
