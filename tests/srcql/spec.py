"""Read the spec files: blocks separated by blank lines, each a title and statements that end with ; and a newline."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

import udfs
from srcql.schema import TABLES

FIXTURES = Path(__file__).with_name("fixtures")
NAMES = sorted(file.stem for file in FIXTURES.glob("*.sql"))
ERRORS = [name for name in NAMES if name.startswith("errors")]
STATEMENTS = [name for name in NAMES if name not in {*ERRORS, "bad_errors", "cube", "identity"}]


@dataclass(frozen=True)
class Block:
    title: str
    statements: tuple[str, ...]
    message: str


def blocks(name: str, folder: Path = FIXTURES) -> list[Block]:
    text = (folder / f"{name}.sql").read_text(encoding="utf-8").strip()
    return [_block(lines.split("\n")) for lines in text.split("\n\n")]


def _block(lines: list[str]) -> Block:
    title = lines[0].removeprefix("-- ") if lines[0].startswith("-- ") else ""
    message = [line.removeprefix("--| ") for line in lines if line.startswith("--| ")]
    code = "\n".join(line for line in lines[bool(title) :] if not line.startswith("--| "))
    statements = tuple(part.strip("\n") for part in (code + "\n").split(";\n") if part.strip())
    return Block(title or statements[0], statements, "\n".join(message))


def cube(threads: int = 2, shuffled: bool = False) -> duckdb.DuckDBPyConnection:
    """Return a database with the tables of the schema and the rows of `fixtures/cube.sql`."""
    connection = duckdb.connect(config={"threads": threads})
    udfs.register(connection)
    for table in TABLES.values():
        columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        connection.execute(f"CREATE TABLE {table.name} ({columns})")
    connection.execute((FIXTURES / "cube.sql").read_text(encoding="utf-8"))
    if shuffled:
        connection.execute("CREATE OR REPLACE TABLE observations AS FROM observations ORDER BY hash(output, step_id)")
    return connection
