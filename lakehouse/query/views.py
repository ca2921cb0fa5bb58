"""The relations of a statement as views over the data files of its snapshot: what the language calls a resolver."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import udfs
from lakehouse.query.overviews import OVERVIEWS, SNAPSHOTS, documented
from lakehouse.snapshots.history import TableSnapshot
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.snapshot import LakehouseSnapshot
from lakehouse.snapshots.state import File
from srcql.clauses.at import At
from srcql.clauses.cube import Selection
from srcql.clauses.equality import CANONICAL, Equality
from srcql.compile import Source, compile
from srcql.compiled import Compiled
from srcql.errors import InvalidQuery
from srcql.schema import OBSERVATIONS, TABLES, Column, Table
from srcql.sql import identifier, literal

EVERYTHING = Selection(None, None, None)
Tables = dict[str, tuple[str, Selection]]
PUBLIC = TABLES.keys() | OVERVIEWS.keys()


class Views:
    """Names the relations that one statement may read: tables, overviews, and those of cubes and of AT, which hold the
    files of their problems and of their time only.
    """

    def __init__(self, snapshot: LakehouseSnapshot, part: Part | None = None, equality: Equality = CANONICAL) -> None:
        self.equality = equality
        self._snapshot = snapshot
        self._part = part
        self._tables: Tables = {name: (name, EVERYTHING) for name in TABLES}
        self._overviews: dict[str, tuple[str, At | None]] = {name: (name, None) for name in OVERVIEWS}
        self._lowered: dict[str, tuple[str, Tables]] = {}

    @property
    def names(self) -> frozenset[str]:
        """Every view that `definition` knows."""
        return frozenset((*self._tables, *self._overviews))

    @property
    def own(self) -> frozenset[str]:
        """The views of cubes and of AT, which only lowered SQL reads."""
        return self.names - PUBLIC

    @cached_property
    def canonicalisers(self) -> frozenset[str] | None:
        """The names that THROUGH may take."""
        return frozenset(udfs.canonicalisers())

    @cached_property
    def measures(self) -> frozenset[str] | None:
        """The measures of a user's own that SIMILARITY may take."""
        return frozenset(udfs.measures())

    @cached_property
    def observations(self) -> Table:
        """The columns of observations, with those that were added."""
        return self._snapshot.table(OBSERVATIONS.name)

    def source(self, selection: Selection) -> Source:
        """The views of one cube; UnknownName for a data set, problem or snapshot that does not exist."""
        past = self._snapshot.at(selection.at)
        past.check_names(selection)
        views = {name: self._add(name, selection) for name in TABLES}
        return Source(**views, choice=past.choice(selection))

    def table(self, name: str, at: At) -> str | None:
        """The view of a table or an overview as it was; None when there is none of that name."""
        known = name.lower()
        if known == SNAPSHOTS.name:
            raise InvalidQuery(f"{known} has no AT: it lists every snapshot that is kept", span=at.span)
        if known not in self.names:
            return None
        self._snapshot.at(at)
        if known in TABLES:
            return self._add(known, Selection(None, None, None, at))
        view = f"__{known}_{len(self._overviews)}"
        self._overviews[view] = (known, at)
        return view

    def ask(self, question: Compiled, same_again: bool) -> list[tuple[Any, ...]] | None:  # noqa: ARG002
        """None: files are named here, and rows are asked for elsewhere."""
        return None

    def definition(self, view: str) -> str:
        """The statement that makes a view, which reads files alone."""
        if view in self._tables:
            return f"CREATE TEMP VIEW {view} AS {self._rows(*self._tables[view])}"
        sql, tables = self._lower(view)
        with_ = ", ".join(f"{name} AS NOT MATERIALIZED ({self._rows(*table)})" for name, table in tables.items())
        return f"CREATE TEMP VIEW {view} AS {f'WITH {with_} ' if with_ else ''}{sql}"

    def files(self, views: Iterable[str]) -> list[File]:
        """The files that these views read, each once, by path."""
        read = [self._lower(view)[1] if view in self._overviews else {view: self._tables[view]} for view in views]
        found = {file.path: file for tables in read for table in tables.values() for file in self._files(*table)}
        return [found[path] for path in sorted(found)]

    def comments(self) -> Iterator[str]:
        """The statements that say of the tables and overviews, and of their columns, what they hold."""
        for name in sorted(PUBLIC):
            doc, columns = documented(name)
            yield f"COMMENT ON VIEW {name} IS {literal(doc)}"
            for column, said in columns.items():
                yield f"COMMENT ON COLUMN {name}.{identifier(column)} IS {literal(said)}"

    def _add(self, name: str, selection: Selection) -> str:
        view = f"__{name}_{len(self._tables)}"
        self._tables[view] = (name, selection)
        return view

    def _lower(self, view: str) -> tuple[str, Tables]:
        """The SQL of an overview, and the tables that it reads, by the names that it has for them."""
        if view not in self._lowered:
            name, at = self._overviews[view]
            inner = Views(self._snapshot)
            text = OVERVIEWS[name].text.format(at=f"AT ({at})" if at else "", commits=self._commits)
            sql = compile(text, inner).sql
            read = inner.own if at else inner.own | OVERVIEWS[name].reads
            self._lowered[view] = sql, {table: inner._tables[table] for table in sorted(read)}
        return self._lowered[view]

    def _rows(self, name: str, selection: Selection) -> str:
        table, files = self._snapshot.table(name), self._files(name, selection)
        rows = _over_files(table, files) if files else _empty(table)
        return f"{rows} WHERE {self._part.condition}" if files and self._part else rows

    def _files(self, name: str, selection: Selection) -> list[File]:
        files = self._snapshot.at(selection.at).files(name, selection)
        return [file for file in files if self._part is None or self._part.overlaps(file)]

    @property
    def _commits(self) -> str:
        rows = [_row(name, commit) for name in TABLES for commit in self._snapshot.states[name].history]
        none = (
            "SELECT NULL::VARCHAR AS table_name, NULL::BIGINT AS snapshot_id, NULL::TIMESTAMP AS committed_at,"
            " NULL::VARCHAR AS operation, NULL::BIGINT AS added_rows, NULL::BIGINT AS total_rows,"
            " NULL::VARCHAR[] AS batch_ids WHERE false"
        )
        return f"{none} UNION ALL VALUES {', '.join(rows)}" if rows else none


def _row(table: str, commit: TableSnapshot) -> str:
    batches = ", ".join(map(literal, commit.batch_ids))
    time = f"TIMESTAMP '{commit.committed_at}'"
    said = f"{literal(commit.operation)}, {commit.added_rows}, {commit.total_rows}, [{batches}]"
    return f"({literal(table)}, {commit.snapshot_id}, {time}, {said})"


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


def local_path(location: str) -> str:
    """The path that DuckDB opens for a file's location.

    >>> local_path("file:///warehouse/data/a.parquet"), local_path("s3://bucket/a.parquet")
    ('/warehouse/data/a.parquet', 's3://bucket/a.parquet')
    """
    return location.removeprefix("file://")
