"""The method of the Observation Lakehouse (Marcus Kessel, https://arxiv.org/abs/2512.02795), reimplemented.

PyIceberg appends rows in the given order to tables partitioned by (data_set_id, problem_id); DuckDB reads the files of
one problem; an implementation's fingerprint is the ordered list of its tests' ordered lists of outputs. The files are
listed once, outside every measurement.
"""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.table import Table as IcebergTable
from pyiceberg.transforms import IdentityTransform

from lakehouse.tables import schema_of
from srcql.schema import TABLES, Table

DERIVED = ("response_kind", "response_key")
PARTITION = PartitionSpec(
    PartitionField(1, 1000, IdentityTransform(), "data_set_id"),
    PartitionField(2, 1001, IdentityTransform(), "problem_id"),
)

CLUSTER = """
WITH signatures AS (
    SELECT data_set_id, problem_id, implementation_id, test_id, to_json(list(output ORDER BY step_id)) AS signature
    FROM {observations} GROUP BY ALL
), fingerprints AS (
    SELECT data_set_id, problem_id, implementation_id, array_agg(signature ORDER BY test_id) AS fingerprint
    FROM signatures GROUP BY ALL
)
SELECT data_set_id, problem_id, count(*) AS size, list(implementation_id ORDER BY implementation_id) AS implementations
FROM fingerprints GROUP BY data_set_id, problem_id, fingerprint ORDER BY size DESC
"""

SLICE_WITH_CODE = """
SELECT o.data_set_id, o.problem_id, o.test_id, o.step_id, o.implementation_id, o.run_id, o.operation, o.inputs,
    o.output, c.source_code, c.language
FROM {observations} AS o
LEFT JOIN {code_implementations} AS c USING (data_set_id, problem_id, implementation_id)
"""

THREE_WAY_JOIN = """
SELECT o.data_set_id, o.problem_id, o.test_id, o.step_id, o.implementation_id, o.run_id, o.operation, o.inputs,
    o.output, c.source_code, c.language, t.source_code AS test_source, t.focal_interface, t.language AS test_language
FROM {observations} AS o
LEFT JOIN {code_implementations} AS c USING (data_set_id, problem_id, implementation_id)
LEFT JOIN {tests} AS t USING (data_set_id, problem_id, test_id)
"""

BEHAVIOUR = """
SELECT data_set_id, problem_id, implementation_id,
    md5(to_json(list({{'test': test_id, 'step': step_id, 'output': output}} ORDER BY test_id, step_id))) AS behaviour
FROM {observations}
SEMI JOIN {chosen} USING (data_set_id, problem_id, implementation_id)
GROUP BY ALL
"""


class PriorArt:
    """A lakehouse of the prior art in a folder, with `data/<table>` and `catalog/`."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder = folder
        (folder / "catalog").mkdir(parents=True)
        uri = f"sqlite:///{folder}/catalog/catalog.db"
        self._catalog = load_catalog("prior", type="sql", uri=uri, warehouse=str(folder))
        self._catalog.create_namespace("db")
        self._tables = {name: self._create(table) for name, table in TABLES.items()}
        self._connection = duckdb.connect(config={"threads": threads})
        self._connection.execute("SET parquet_metadata_cache = true")

    def _create(self, table: Table) -> IcebergTable:
        published = replace(table, columns=tuple(column for column in table.columns if column.name not in DERIVED))
        return self._catalog.create_table(
            f"db.{table.name}",
            schema_of(published),
            partition_spec=PARTITION,
            properties={
                "write.data.path": f"{self._folder}/data/{table.name}",
                "write.metadata.path": f"{self._folder}/catalog/{table.name}",
            },
        )

    def ingest(self, table: str, rows: pa.Table) -> None:
        """Append rows as PyIceberg does by default; their types must be those of the table."""
        self._tables[table].append(rows)

    def conform(self, table: str, rows: pa.Table) -> pa.Table:
        """Return the rows with every column of the table, so that only the append is measured."""
        fields = schema_to_pyarrow(self._tables[table].schema(), include_field_ids=False)
        columns = [_column(rows, field) for field in fields]
        return pa.table(columns, schema=fields)

    def query(self, sql: str) -> pa.Table:
        """Return the complete result."""
        return self._connection.sql(sql).to_arrow_table()

    def sql(self, template: str, problem: tuple[str, str] | None = None) -> str:
        """Return a query over the files of one problem, or of all."""
        return template.format(**{name: read(self.files(name, problem)) for name in TABLES})

    def files(self, table: str, problem: tuple[str, str] | None = None) -> list[str]:
        """Return the files of one problem, or of all."""
        listed = self._files[table]
        return listed[problem] if problem else [path for paths in listed.values() for path in paths]

    @cached_property
    def _files(self) -> dict[str, dict[tuple[str, str], list[str]]]:
        found: dict[str, dict[tuple[str, str], list[str]]] = {name: {} for name in TABLES}
        for name, table in self._tables.items():
            for task in table.scan().plan_files():
                problem = (task.file.partition[0], task.file.partition[1])
                found[name].setdefault(problem, []).append(task.file.file_path.removeprefix("file://"))
        return found

    def behaviours(self, chosen: pa.Table) -> pa.Table:
        """Return a text for each implementation in `chosen` (key columns); equal behaviour has equal text."""
        self._connection.register("chosen", chosen)
        return self.query(BEHAVIOUR.format(observations=read(self.files("observations")), chosen="chosen"))

    def close(self) -> None:
        self._connection.close()
        self._catalog.close()


def _column(rows: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    return rows[field.name].cast(field.type) if field.name in rows.column_names else pa.nulls(len(rows), field.type)


def read(files: list[str]) -> str:
    """Return a table function over files that takes columns from the files only, not from folder names."""
    return f"read_parquet({files!r}, hive_partitioning = false)"
