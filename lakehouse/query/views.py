"""The tables of a statement as views over the data files of its snapshot: the language's `Resolver`."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import udfs
from lakehouse.query.overviews import OVERVIEWS, SNAPSHOTS, comments_of
from lakehouse.query.table_sql import no_rows, rows_of_files, snapshot_rows
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.snapshot import LakehouseSnapshot
from lakehouse.snapshots.state import File
from srcql.clauses.at import At
from srcql.clauses.cube import Selection
from srcql.clauses.equality import CANONICAL, Equality
from srcql.compiled import Compiled
from srcql.compiler import Source, compile
from srcql.errors import InvalidQuery
from srcql.schema import OBSERVATIONS, TABLES, Table
from srcql.sql import identifier, literal

ALL_ROWS = Selection(None, None, None)
Tables = dict[str, tuple[str, Selection]]
PUBLIC = TABLES.keys() | OVERVIEWS.keys()


class Views:
    """The views that one statement may read: tables, overviews, and one for each cube or AT with only its files."""

    def __init__(self, snapshot: LakehouseSnapshot, part: Part | None = None, equality: Equality = CANONICAL) -> None:
        self.equality = equality
        self._snapshot = snapshot
        self._part = part
        self._tables: Tables = {name: (name, ALL_ROWS) for name in TABLES}
        self._overviews: dict[str, tuple[str, At | None]] = {name: (name, None) for name in OVERVIEWS}
        self._compiled_overviews: dict[str, tuple[str, Tables]] = {}

    @property
    def names(self) -> frozenset[str]:
        """Every view that `definition` can define."""
        return frozenset((*self._tables, *self._overviews))

    @property
    def generated(self) -> frozenset[str]:
        """The views of cubes and of AT, which only compiled SQL names."""
        return self.names - PUBLIC

    @cached_property
    def canonicalisers(self) -> frozenset[str] | None:
        """The canonicalisers that THROUGH accepts."""
        return frozenset(udfs.canonicalisers())

    @cached_property
    def measures(self) -> frozenset[str] | None:
        """The custom measures that SIMILARITY accepts."""
        return frozenset(udfs.measures())

    @cached_property
    def observations(self) -> Table:
        """The table of observations with the columns that were added to it."""
        return self._snapshot.table(OBSERVATIONS.name)

    def source(self, selection: Selection) -> Source:
        """Add and return the views of one cube; raises UnknownName for an unknown data set, problem or snapshot."""
        past = self._snapshot.at(selection.at)
        past.check_names(selection)
        views = {name: self._add(name, selection) for name in TABLES}
        return Source(**views, choice=past.choice(selection))

    def table(self, name: str, at: At) -> str | None:
        """Add and return the view of a table or overview at an earlier snapshot; None for any other name."""
        known = name.lower()
        if known == SNAPSHOTS.name:
            raise InvalidQuery(f"AT cannot follow {known}: it lists all retained snapshots", span=at.span)
        if known not in self.names:
            return None
        self._snapshot.at(at)
        if known in TABLES:
            return self._add(known, Selection(None, None, None, at))
        view = f"__{known}_{len(self._overviews)}"
        self._overviews[view] = (known, at)
        return view

    def ask(self, question: Compiled, same_again: bool) -> list[tuple[Any, ...]] | None:  # noqa: ARG002
        """Return None: these views run no query."""
        return None

    def definition(self, view: str) -> str:
        """Return the CREATE VIEW statement of a view over data files."""
        if view in self._tables:
            return f"CREATE TEMP VIEW {view} AS {self._rows(*self._tables[view])}"
        sql, tables = self._compile_overview(view)
        with_ = ", ".join(f"{name} AS NOT MATERIALIZED ({self._rows(*table)})" for name, table in tables.items())
        return f"CREATE TEMP VIEW {view} AS {f'WITH {with_} ' if with_ else ''}{sql}"

    def files(self, views: Iterable[str]) -> list[File]:
        """Return the distinct files that these views read, sorted by path."""
        tables = [table for view in views for table in self._tables_of(view)]
        found = {file.path: file for table in tables for file in self._files(*table)}
        return [found[path] for path in sorted(found)]

    def comments(self) -> Iterator[str]:
        """Yield the COMMENT statements of the tables and overviews and of their columns."""
        for name in sorted(PUBLIC):
            doc, columns = comments_of(name)
            yield f"COMMENT ON VIEW {name} IS {literal(doc)}"
            for column, comment in columns.items():
                yield f"COMMENT ON COLUMN {name}.{identifier(column)} IS {literal(comment)}"

    def _tables_of(self, view: str) -> Iterable[tuple[str, Selection]]:
        return self._compile_overview(view)[1].values() if view in self._overviews else (self._tables[view],)

    def _add(self, name: str, selection: Selection) -> str:
        view = f"__{name}_{len(self._tables)}"
        self._tables[view] = (name, selection)
        return view

    def _compile_overview(self, view: str) -> tuple[str, Tables]:
        """Return the SQL of an overview and the tables it reads, by their names in the SQL."""
        if view not in self._compiled_overviews:
            name, at = self._overviews[view]
            inner = Views(self._snapshot)
            text = OVERVIEWS[name].text.format(at=f"AT ({at})" if at else "", snapshots=self._snapshot_rows())
            sql = compile(text, inner).sql
            names = inner.generated if at else inner.generated | OVERVIEWS[name].tables
            self._compiled_overviews[view] = sql, {table: inner._tables[table] for table in sorted(names)}
        return self._compiled_overviews[view]

    def _snapshot_rows(self) -> str:
        return snapshot_rows({name: self._snapshot.states[name].history for name in TABLES})

    def _rows(self, name: str, selection: Selection) -> str:
        table, files = self._snapshot.table(name), self._files(name, selection)
        self._snapshot.reader.check(files)
        rows = rows_of_files(table, files) if files else no_rows(table)
        return f"{rows} WHERE {self._part.condition}" if files and self._part else rows

    def _files(self, name: str, selection: Selection) -> list[File]:
        files = self._snapshot.at(selection.at).files(name, selection)
        return [file for file in files if self._part is None or self._part.overlaps(file)]
