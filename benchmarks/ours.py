"""The two ways to use this lakehouse: in process, and through ADBC with a server process."""

import os
import subprocess
import sys
from pathlib import Path

import adbc_driver_flightsql.dbapi as flightsql
import pyarrow as pa

from lakehouse.engine import Engine
from lakehouse.query.table_sql import local_path
from lakehouse.warehouse import open_warehouse
from srcql.clauses.cube import Selection

LONGEST_STOP = 60
SENT_ROWS = 32_768  # the driver sends no message of more than 16 MiB


class Embedded:
    """A warehouse in a folder and an engine on it, in this process."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.warehouse = open_warehouse(folder)
        self._engine = Engine(self.warehouse, threads=threads)

    def ingest(self, table: str, rows: pa.Table) -> None:
        """Add rows; they are committed when it returns."""
        self.warehouse.ingest(table, rows)

    def prepare(self, text: str) -> None:
        """Compile a statement on the current snapshot."""
        self._engine.prepare(text)

    def query(self, text: str) -> pa.Table:
        """Return the complete result."""
        return self._engine.query(text).read_all()

    def files(self, table: str, problem: tuple[str, str] | None = None) -> list[str]:
        """Return the files that a query of one problem, or of all, opens."""
        data_set, name = (frozenset([part]) for part in problem) if problem else (None, None)
        found = self._engine.planner.snapshot().files(table, Selection(None, data_set, name))
        return [local_path(file.path) for file in found]

    def close(self) -> None:
        self._engine.close()
        self.warehouse.close()


class Wire:
    """A server process on a separate warehouse, and one ADBC connection to it; its log is next to the warehouse."""

    def __init__(self, folder: Path, threads: int) -> None:
        settings = {"SRCQL_WAREHOUSE": str(folder), "SRCQL_THREADS": str(threads)}
        command = [sys.executable, "-m", "flight_server"]
        self._log = folder.with_suffix(".log").open("w")
        self._server = subprocess.Popen(
            command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self._server.stdout is not None
        self._connection = flightsql.connect(self._server.stdout.readline().strip(), autocommit=True)

    def ingest(self, table: str, rows: pa.Table) -> None:
        """Add rows; they are committed when it returns."""
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, rows.to_reader(max_chunksize=SENT_ROWS), mode="append")

    def query(self, text: str) -> pa.Table:
        """Return the complete result."""
        with self._connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetch_arrow_table()

    def close(self) -> None:
        self._connection.close()
        self._server.terminate()
        self._server.wait(LONGEST_STOP)
        self._server.stdout.close()
        self._log.close()
