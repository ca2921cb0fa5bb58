"""The tables of a statement as views over the data files of its snapshot: what the language calls a resolver."""

from functools import cached_property

from lakehouse.planner import File, Snapshot
from srcql.compile import Source
from srcql.cube import Selection
from srcql.schema import OBSERVATIONS, TABLES, Column, Table
from srcql.sql import identifier

EVERYTHING = Selection(None, None, None)


class Views:
    """Names the tables that one statement may read; a cube's own tables hold its problems' files only."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._selections: dict[str, tuple[str, Selection]] = {name: (name, EVERYTHING) for name in TABLES}

    @property
    def names(self) -> frozenset[str]:
        """Every view that `definition` knows."""
        return frozenset(self._selections)

    @property
    def cubes(self) -> frozenset[str]:
        """The views of cubes, which only verbs read."""
        return self.names - TABLES.keys()

    @cached_property
    def observations(self) -> Table:
        """The columns of observations, with those that were added."""
        return self._snapshot.table(OBSERVATIONS.name)

    def source(self, selection: Selection) -> Source:
        """The views of one cube; UnknownName for a data set or problem without observations."""
        self._snapshot.check_names(selection)
        number = len(self._selections) // len(TABLES)
        views = {name: f"__{name}_{number}" for name in TABLES}
        self._selections |= {view: (name, selection) for name, view in views.items()}
        return Source(**views, choice=self._snapshot.choice(selection))

    def definition(self, view: str) -> str:
        """The statement that makes a view."""
        name, selection = self._selections[view]
        table, files = self._snapshot.table(name), self._snapshot.files(name, selection)
        return f"CREATE TEMP VIEW {view} AS {_over_files(table, files) if files else _empty(table)}"


def _over_files(table: Table, files: list[File]) -> str:
    """What the files hold of all columns; a data set that is known need not be read."""
    paths = ", ".join(literal(local_path(file.path)) for file in files)
    data_set, *others = {file.data_set_id for file in files}
    constant = "" if others else f" REPLACE ({literal(data_set)} AS data_set_id)"
    return f"SELECT *{constant} FROM read_parquet([{paths}]{_fields(table)})"


def _fields(table: Table) -> str:
    """Where columns were added: found by field id, so that one reads as NULL in a file that is older than it."""
    if table.columns == TABLES[table.name].columns:
        return ""
    fields = ", ".join(f"{column.field_id}: {_field(column)}" for column in table.columns)
    return f", schema = MAP {{{fields}}}"


def _field(column: Column) -> str:
    return f"{{'name': {literal(column.name)}, 'type': {literal(column.type)}, 'default_value': NULL}}"


def _empty(table: Table) -> str:
    columns = ", ".join(f"NULL::{column.type} AS {identifier(column.name)}" for column in table.columns)
    return f"SELECT {columns} WHERE false"


def literal(text: str) -> str:
    """A text as an SQL literal.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def local_path(location: str) -> str:
    """The path that DuckDB opens for a file's location.

    >>> local_path("file:///warehouse/data/a.parquet"), local_path("s3://bucket/a.parquet")
    ('/warehouse/data/a.parquet', 's3://bucket/a.parquet')
    """
    return location.removeprefix("file://")
