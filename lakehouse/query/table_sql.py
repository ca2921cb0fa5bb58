"""SQL for the rows of a table: those of its data files, none, or those that list snapshots."""

from collections.abc import Mapping, Sequence

from lakehouse.snapshots.columns import schema_argument
from lakehouse.snapshots.history import History, TableSnapshot
from lakehouse.snapshots.state import File
from srcql.schema import TABLES, Table
from srcql.sql import identifier, literal

NO_SNAPSHOTS = (
    "SELECT NULL::VARCHAR AS table_name, NULL::BIGINT AS snapshot_id, NULL::TIMESTAMP AS committed_at,"
    " NULL::VARCHAR AS operation, NULL::BIGINT AS added_rows, NULL::BIGINT AS total_rows,"
    " NULL::VARCHAR[] AS batch_ids WHERE false"
)


def rows_of_files(table: Table, files: Sequence[File]) -> str:
    """Return a SELECT of all rows of the files; where they hold one data set, its id is a constant."""
    paths = ", ".join(literal(local_path(file.path)) for file in files)
    data_set, *others = {file.data_set_id for file in files}
    constant = "" if others else f" REPLACE ({literal(data_set)} AS data_set_id)"
    return f"SELECT *{constant} FROM read_parquet([{paths}]{_schema_argument(table)})"


def _schema_argument(table: Table) -> str:
    """Return the schema argument if columns were added: files are read by field id, so older files have NULL there."""
    return "" if table.columns == TABLES[table.name].columns else f", {schema_argument(table.columns)}"


def no_rows(table: Table) -> str:
    """Return a SELECT of no rows with the columns of the table."""
    columns = ", ".join(f"NULL::{column.type} AS {identifier(column.name)}" for column in table.columns)
    return f"SELECT {columns} WHERE false"


def snapshot_rows(histories: Mapping[str, History]) -> str:
    """Return a SELECT of the rows of the view `snapshots`: one for each snapshot of each table."""
    rows = [_snapshot_row(name, snapshot) for name, history in histories.items() for snapshot in history]
    return f"{NO_SNAPSHOTS} UNION ALL VALUES {', '.join(rows)}" if rows else NO_SNAPSHOTS


def _snapshot_row(table: str, snapshot: TableSnapshot) -> str:
    batches = ", ".join(map(literal, snapshot.batch_ids))
    time = f"TIMESTAMP '{snapshot.committed_at}'"
    counts = f"{snapshot.added_rows}, {snapshot.total_rows}"
    return f"({literal(table)}, {snapshot.snapshot_id}, {time}, {literal(snapshot.operation)}, {counts}, [{batches}])"


def local_path(location: str) -> str:
    """Return the path by which DuckDB opens the file at a location.

    >>> local_path("file:///warehouse/data/a.parquet"), local_path("s3://bucket/a.parquet")
    ('/warehouse/data/a.parquet', 's3://bucket/a.parquet')
    """
    return location.removeprefix("file://")
