"""FROM (query): the rows of the user's query as observations.

The query must return the key of a step and `output`; other columns of observations may be absent and are NULL then.
"""

from collections.abc import Iterable

from srcql.clauses.reader import Piece
from srcql.lowering.outputs import DERIVED
from srcql.schema import Column
from srcql.sql import STEP_KEY, identifier, listed, literal

ALIAS = '"FROM (query)"'  # the engine shows this name when a column is missing
CHECKED_CASTS = {
    "step_id": "CASE WHEN {0} <> TRY_CAST(step_id AS DECIMAL(38, 9))"
    " THEN error('FROM (query) returned a step_id that is not a whole number') ELSE {0} END",
    # "specified": as SLICE calls it
    "specified_oracle": 'coalesce({0} OR CAST("specified" AS BOOLEAN), {0}, CAST("specified" AS BOOLEAN))',
}
NESTED = " OR ".join(f"typeof(output) LIKE '{form}'" for form in ("%]", "STRUCT(%", "MAP(%", "UNION(%"))
TEXT = (
    f"CASE WHEN {NESTED} THEN error('FROM (query) returned an output of type ' || typeof(output)"
    " || ': use to_json to return text') ELSE CAST(output AS VARCHAR) END"
)


def as_observations(query: Piece, columns: Iterable[Column]) -> str:
    """Return a SELECT of all columns of observations over the user's query."""
    columns = tuple(columns)
    names = [*(column.name for column in columns), "specified"]
    absent = ", ".join(f"NULL AS {identifier(name)}" for name in names)
    required = f"WHERE true OR ({listed((*STEP_KEY, 'output'), ALIAS)}) IS NULL"
    rows = f"SELECT {absent} WHERE false UNION ALL BY NAME SELECT * FROM ({query}) AS {ALIAS} {required}"
    return f"SELECT {', '.join(map(_cast, columns))} FROM ({rows})"


def not_null(column: str) -> str:
    """Return a column as SQL; for a column of the key of a step, NULL raises an error."""
    name, message = identifier(column), literal(f"FROM (query) returned a row without {column}")
    return f"coalesce({name}, error({message})) AS {name}" if column in STEP_KEY else name


def _cast(column: Column) -> str:
    name = identifier(column.name)
    if column.name in DERIVED:
        return f"{DERIVED[column.name].replace('output', TEXT)} AS {name}"
    if column.name == "output":
        return f"{TEXT} AS {name}"
    cast = f"CAST({name} AS {column.type})"
    return f"{CHECKED_CASTS.get(column.name, '{0}').format(cast)} AS {name}"
