"""What EXPLAIN answers: the SQL that a query runs as, the files that it would read, and the columns of its rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lakehouse.views import local_path
from srcql.errors import SrcqlError
from srcql.sql import literal

if TYPE_CHECKING:
    from lakehouse.engine import Result, Statement


class Explanation:
    """A statement that explains another one; it takes that one's parameters, and answers `key` and `value`.

    `sql`, then one `file` for each data file, by its path in the warehouse, then one `column` for each column: its name
    and DuckDB's type. `prepare` makes a statement of a text, `location` is where the warehouse is.
    """

    schema: Any = pa.schema({"key": pa.string(), "value": pa.string()})

    def __init__(self, text: str, query: str, prepare: Callable[[str], "Statement"], location: str) -> None:
        self.text = text
        self._prepare = prepare
        self._location = location
        with self._in_place(query):
            self._explained = prepare(query)
        self.snapshot = self._explained.snapshot
        self.parameters = self._explained.parameters

    def describe(self, parameters: Sequence[Any]) -> Any:  # noqa: ARG002
        """Schema (pa.Schema) of the answer, whatever the parameters."""
        return self.schema

    def execute(self, parameters: Sequence[Any] = ()) -> "Result":
        """The answer for these parameters; the query itself is bound, and does not run."""
        with self._in_place(self._explained.text), self._explained.execute(parameters) as result:
            columns = [f"{name} {kind}" for name, kind in result.columns]
            planned = self._explained.planned(parameters)
        files = [local_path(file.path).removeprefix(f"{self._location}/") for file in planned.files]
        said = {"sql": [planned.sql.strip()], "file": files, "column": columns}
        rows = ", ".join(f"({literal(key)}, {literal(value)})" for key, values in said.items() for value in values)
        return self._prepare(f"SELECT * FROM (VALUES {rows}) AS explanation (key, value)").execute()

    @contextmanager
    def _in_place(self, query: str) -> Iterator[None]:
        """Show of a mistake the text that the user wrote."""
        try:
            yield
        except SrcqlError as error:
            error.text = self.text if error.text == query else error.text
            raise
