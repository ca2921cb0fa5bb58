"""What EXPLAIN answers: the SQL that a query runs as, the files that it would read, and the columns of its rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lakehouse.query.profile import Profile
from lakehouse.query.results import KEYS_AND_VALUES, Answer, Known, Result
from lakehouse.query.views import local_path
from srcql.errors import SrcqlError
from srcql.explain import Explain, lines

if TYPE_CHECKING:
    from lakehouse.engine import Statement


class Explanation:
    """A statement that explains another one; it takes that one's parameters, and answers `key` and `value`.

    One `sql` for each line, one `file` for each data file, by its path in the warehouse, then one `column` for each
    column: its name and DuckDB's type. With ANALYZE the query runs, and its `Profile` is the answer. `prepare` makes a
    statement of a text, `location` is where the warehouse is.
    """

    schema: Any = KEYS_AND_VALUES

    def __init__(self, text: str, asked: Explain, prepare: Callable[[str], "Statement"], location: str) -> None:
        self.text = text
        self._query, self._analyze = asked.query, asked.analyze
        self._location = location
        with self._in_place():
            self._explained = prepare(asked.query)
        self.snapshot = self._explained.snapshot
        self.parameters = self._explained.parameters

    def describe(self, parameters: Sequence[Any]) -> Any:  # noqa: ARG002
        """Schema (pa.Schema) of the answer, whatever the parameters."""
        return self.schema

    def execute(self, parameters: Sequence[Any] = ()) -> Answer:
        """The answer for these parameters; the query runs for ANALYZE alone, and is bound in any case."""
        with self._in_place():
            planned = self._explained.planned(parameters)
            if self._analyze:
                return Profile(planned, parameters, self._in_place)
            with planned.execute(parameters) as result:
                return Known(self._said(planned, result))

    def _said(self, planned: "Statement", result: Result) -> Iterator[tuple[str, str]]:
        yield from (("sql", line) for line in lines(planned.sql.strip()))
        yield from (("file", local_path(file.path).removeprefix(f"{self._location}/")) for file in planned.files)
        yield from (("column", f"{name} {kind}") for name, kind in result.columns)

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        """Show of a mistake the text that the user wrote."""
        try:
            yield
        except SrcqlError as error:
            error.text = self.text if error.text == self._query else error.text
            raise
