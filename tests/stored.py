"""Load the rows of the spec files into a real lakehouse."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lakehouse.engine import Engine
from lakehouse.warehouse import open_warehouse
from lakehouse.write.duplicates import key_of
from srcql.schema import TABLES
from tests.srcql.spec import cube


@contextmanager
def stored(folder: Path) -> Iterator[Engine]:
    """Return an engine over these rows; a row that repeats a key goes into a later batch."""
    with cube() as rows, open_warehouse(folder / "warehouse") as warehouse, Engine(warehouse, threads=1) as engine:
        for name, table in TABLES.items():
            batch = f"row_number() OVER (PARTITION BY {', '.join(key_of(table))} ORDER BY rowid)"
            rows.execute(f"CREATE TABLE batches AS SELECT *, {batch} AS batch FROM {name}")
            for (number,) in rows.sql("SELECT DISTINCT batch FROM batches ORDER BY ALL").fetchall():
                one = f"SELECT * EXCLUDE (batch) FROM batches WHERE batch = {number}"
                warehouse.ingest(name, rows.sql(one).to_arrow_table(), batch_id=None)
            rows.execute("DROP TABLE batches")
        yield engine
