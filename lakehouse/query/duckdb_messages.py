"""The messages of DuckDB and what SRCQL says instead: one table."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from srcql.clauses.reader import one_of
from srcql.errors import suggestion
from srcql.schema import OBSERVATIONS, Role

Groups = Mapping[str, str]
Hint = str | Callable[[Groups], str | None] | None

SQL_TYPES = {
    "INT8": "TINYINT",
    "INT16": "SMALLINT",
    "INT32": "INTEGER",
    "INT64": "BIGINT",
    "INT128": "HUGEINT",
    "BOOL": "BOOLEAN",
    "INTEGER_LITERAL": "INTEGER",
    "STRING_LITERAL": "VARCHAR",
}
QUOTED_OR_TYPE = re.compile(rf"""'[^']*'|"[^"]*"|\bU?({"|".join(SQL_TYPES)})\b""")
KNOWN_TYPES = "BIGINT BLOB BOOLEAN DATE DECIMAL DOUBLE FLOAT HUGEINT INTEGER INTERVAL JSON TIME TIMESTAMP UUID VARCHAR"
VERBATIM = ("value", "name", "message")  # groups that quote the user: no type is renamed in them
SHOWN = 3

SOURCE_COLUMNS = (
    f"a query needs the columns {', '.join(column.name for column in OBSERVATIONS.of(Role.KEY))} and output"
)
CONVERT = "CAST(… AS type) makes another type of a value"
SCALAR = "a query that stands for a value gives one row of one column"
DATE_FORMATS = "a date is written '2026-01-31', a time '03:04:05', a timestamp '2026-01-31 03:04:05'"


@dataclass(frozen=True)
class Rewording:
    """A message and its hint in the words of SRCQL.

    `name` is the name that is wrong, `in_source` is True where the query after FROM lacks a column.
    """

    message: str
    hint: str | None = None
    name: str | None = None
    in_source: bool = False


def _nearest(groups: Groups) -> str | None:
    """Suggest the nearest of the names that DuckDB lists."""
    names = re.findall(r'"([^"]+)"', groups["near"] or "")
    close = suggestion(groups["name"], names, "names") if names else ""
    return close if close.startswith("did you mean") else f"the nearest: {one_of(names[:SHOWN])}" if names else None


def _nearest_type(groups: Groups) -> str:
    return suggestion(groups["name"], KNOWN_TYPES.split(), "types")


def _signatures(groups: Groups) -> str:
    """List the arguments that a function takes; an operator has too many."""
    forms = re.findall(r"\S+\(.*?\)(?= -> )", groups["forms"])
    if not groups["call"][0].isalpha() or not forms:
        return CONVERT
    plain = [re.sub(r", /|/|\"|\bcol\d+ ", "", form) for form in forms]
    return f"there is {one_of(plain[:SHOWN])}{' and more' if len(plain) > SHOWN else ''}"


_CANDIDATES = r'(?:\s+(?:Candidate \w+:|Did you mean)[: ]*(?P<near>".*)\??)?'
_FUNCTIONS = r"[^\n]*\s+Candidate functions:\s+(?P<forms>.*)"

MESSAGES: tuple[tuple[str, str, Hint], ...] = (
    (
        r'Values list "FROM \(query\)" .* column named "(?P<missing>.+)"',
        "the query after FROM lacks {missing}",
        SOURCE_COLUMNS,
    ),
    (rf'Referenced column "(?P<name>.+)" not found in FROM clause!{_CANDIDATES}', "unknown column {name}", _nearest),
    (
        r'Referenced column "(?P<name>.+)" was not found because the FROM clause is missing',
        "unknown column {name}",
        "no table is read where it stands; a text stands in single quotes",
    ),
    (
        rf'(?:Table|Values list) "(?P<table>.+)" does not have a column named "(?P<name>.+?)"{_CANDIDATES}',
        "unknown column {name} in {table}",
        _nearest,
    ),
    (rf'Column "(?P<name>.+)" in \w+ list not found in FROM clause{_CANDIDATES}', "unknown column {name}", _nearest),
    (
        r'Column "(?P<name>.+)" does not exist on (?P<side>left|right) side of join!',
        "unknown column {name} on the {side} side of the join",
        None,
    ),
    (rf'Referenced table "(?P<name>.+?)" not found!{_CANDIDATES}', "unknown table {name}", _nearest),
    (
        rf"(?:Scalar |Table |Aggregate )?Function with name (?P<name>\S+) does not exist!{_CANDIDATES}",
        "unknown function {name}",
        _nearest,
    ),
    (rf"Type with name (?P<name>\S+) does not exist!{_CANDIDATES}", "unknown type {name}", _nearest_type),
    (rf'Could not find key "(?P<name>.+)" in struct{_CANDIDATES}', "unknown field {name}", _nearest),
    (r'window "(?P<name>.+)" does not exist', "unknown window {name}", "WINDOW {name} AS (…) says what it is"),
    (
        rf"(?:No matching aggregate function\s+Binder Error: )?"
        rf"No function matches the given name and argument types '(?P<call>.+?)'\.{_FUNCTIONS}",
        "there is no {call}",
        _signatures,
    ),
    (
        rf'Could not choose a best candidate function for the function call "(?P<call>.+?)"\.{_FUNCTIONS}',
        "{call} may be any of several functions",
        "CAST(… AS type) says which type is meant",
    ),
    (
        r"Macro (?P<name>\w+)\(.*\) does not support the supplied arguments\..*Candidate macros:\s+(?P<form>.+?)\s*",
        "{name} does not take these arguments",
        "its form is {form}",
    ),
    (
        r"Cannot compare values of type (?P<left>.+) and type (?P<right>.+) - an explicit cast is required",
        "cannot compare {left} with {right}",
        CONVERT,
    ),
    (
        r"(?:Failed to cast value: )?Could not convert string '(?P<value>.*)' to (?P<to>\w+)"
        r"(?: when casting from source column (?P<from>.+))?",
        "'{value}' is not {a} {to}",
        "TRY_CAST(… AS {to}) gives NULL instead of an error",
    ),
    (
        r"Type (?P<type>.+) with value (?P<value>.+) can't be cast because the value is out of range for the"
        r" destination type (?P<to>.+?)(?: when casting from source column (?P<from>.+))?",
        "{value} is out of the range of {to}",
        "TRY_CAST(… AS {to}) gives NULL instead of an error",
    ),
    (
        r"Type (?P<type>.+) with value (?P<value>.+) can't be cast to the destination type (?P<to>.+)",
        "{value} is not {a} {to}",
        "TRY_CAST(… AS {to}) gives NULL instead of an error",
    ),
    (
        r'Casting value "(?P<value>.+)" to type (?P<to>.+) failed: value is out of range!',
        "{value} is out of the range of {to}",
        "TRY_CAST(… AS {to}) gives NULL instead of an error",
    ),
    (
        r"(?:invalid (?P<to>date|time|timestamp) field format|(?P<to2>date|time|timestamp) field value out of range)"
        r': "(?P<value>.*?)"(?:, expected format is .*)?',
        "'{value}' is not a {to}{to2}",
        DATE_FORMATS,
    ),
    (
        r'extract specifier "(?P<value>.*)" not recognized',
        "'{value}' is not a part of a date",
        "parts: year, quarter, month, week, day, hour, minute, second and more",
    ),
    (
        r'Could not parse string "(?P<value>.*)" according to format specifier "(?P<form>.*?)".*',
        "'{value}' does not follow the format '{form}'",
        "try_strptime gives NULL instead of an error",
    ),
    (
        r"Malformed JSON at byte \d+ of input: (?P<why>.+?)\.\s+Input: (?P<value>.*)",
        "{value} is not JSON: {why}",
        "TRY_CAST(… AS JSON) gives NULL instead of an error",
    ),
    (
        r"Overflow in (?P<what>\w+) of (?P<to>\w+) \((?P<sum>.+)\)!?\.?",
        "{sum} is out of the range of {to}",
        "a wider type holds it: CAST(… AS HUGEINT) or CAST(… AS DOUBLE)",
    ),
    (
        r"Division by zero in expression \((?P<sum>.+)\)\. .*",
        "division by zero: {sum}",
        "nullif(divisor, 0) gives NULL instead of an error",
    ),
    (
        r'column "(?P<name>.+?)" must appear in the GROUP BY clause.*',
        "{name} stands neither in GROUP BY nor in an aggregate",
        "GROUP BY {name}, or min({name})",
    ),
    (
        r"(?P<clause>[A-Z ]+)(?: clause)? cannot contain (?P<what>aggregates|window functions)!?",
        "{clause} cannot hold {what}",
        lambda found: {
            ("WHERE", "aggregates"): "HAVING chooses among groups",
            ("WHERE", "window functions"): "QUALIFY chooses among rows by a window function",
        }.get((found["clause"], found["what"]), "compute them in a query of their own: FROM (SELECT …)"),
    ),
    (
        r"aggregate function calls cannot be nested",
        "an aggregate cannot stand inside another",
        "aggregate twice: SELECT max(n) FROM (SELECT count(*) AS n … GROUP BY …)",
    ),
    (
        r"Window functions are not supported here",
        "a window function cannot stand here",
        "it stands in SELECT, QUALIFY or ORDER BY, and OVER (…) follows it",
    ),
    (r"LIMIT/OFFSET cannot be negative", "LIMIT and OFFSET take a number from 0", None),
    (
        r"Ambiguous reference to column name \"(?P<name>.+?)\" \(use: (?P<which>.+)\)",
        "{name} may be any of several columns",
        lambda found: f"write {found['which'].replace(chr(39), '')}",
    ),
    (
        r'Ambiguous reference to table "(?P<table>.+?)" .*',
        "two tables are named {table}",
        "AS gives a table a name of its own",
    ),
    (r"SELECT clause without selection list", "expected columns after SELECT, found none", "SELECT * FROM …"),
    (
        r"Set operations can only apply to expressions with the same number of result columns",
        "both sides of UNION, EXCEPT or INTERSECT have the same number of columns",
        "UNION BY NAME joins columns by their names",
    ),
    (r"More than one row returned by a subquery.*", "a query that stands for a value gave several rows", SCALAR),
    (
        r"Subquery returns (?P<n>\d+) columns - expected (?P<m>\d+)",
        "the query gives {n} columns, and {m} is expected here",
        SCALAR,
    ),
    (
        r"(?P<clause>ORDER|GROUP BY) term out of range - should be between 1 and (?P<n>\d+)",
        "the columns of the result are numbered from 1 to {n}",
        None,
    ),
    (
        rf'No matching columns found that match regex "(?P<form>.*?)"{_CANDIDATES}',
        "no column matches '{form}'",
        None,
    ),
    (
        r'Failed to compile regex "(?P<form>.*)": (?P<why>.*?)(?:: .*)?',
        "'{form}' is not a regular expression: {why}",
        None,
    ),
    (
        r"(?P<why>missing [\])]|unexpected \)|(?:no argument for|bad) repetition operator|trailing \\|"
        r"invalid (?:escape sequence|character class(?: range)?|repetition size|perl operator|named capture group))"
        r"(?:: .*)?",
        "this is not a regular expression: {why}",
        None,
    ),
    (
        r"Chained comparisons are not supported.*",
        "a comparison cannot be compared with something else",
        "AND combines two comparisons, parentheses make a value of one",
    ),
    (r"Deprecated lambda arrow .*", "a lambda is not written with ->", "list_transform([1], lambda x: x + 1)"),
    (
        r"Cannot extract field '(?P<name>.+)' from expression .* because it is not a struct.*",
        "unknown field {name}: what stands before the point has no fields",
        "where a table has a column of its own name, another name tells them apart: AS",
    ),
    (r"unterminated string literal", "a text is not closed", "a text stands in single quotes: 'text'"),
    (r"unterminated quoted identifier", "a name is not closed", 'a name stands in double quotes: "name"'),
    (
        r"failed to (?:allocate|pin|offload).*|could not allocate.*",
        "the query needs more memory than the lakehouse may use",
        "read fewer problems at a time, or give the lakehouse a greater memory limit",
    ),
    (r"Python exception occurred while executing the UDF: (?:\w+: )?(?P<message>.*)", "{message}", None),
)
PATTERNS = [(re.compile(pattern, re.DOTALL), message, hint) for pattern, message, hint in MESSAGES]


def reword(text: str) -> Rewording:
    """Return what SRCQL says instead of a message of DuckDB; the message itself where the table lacks it.

    >>> found = reword("Could not convert string 'x' to INT32")
    >>> found.message, found.hint
    ("'x' is not an INTEGER", 'TRY_CAST(… AS INTEGER) gives NULL instead of an error')
    >>> reword('Referenced column "sise" not found in FROM clause!\\nCandidate bindings: "size", "share"').hint
    'did you mean size?'
    """
    for pattern, message, hint in PATTERNS:
        if match := pattern.fullmatch(text):
            groups = {key: _with_sql_types(value or "", key) for key, value in match.groupdict().items()}
            groups["a"] = "an" if groups.get("to", " ")[:1] in "AEIOU" else "a"
            filled = hint.format(**groups) if isinstance(hint, str) else hint(groups) if hint else None
            return Rewording(message.format(**groups), filled, groups.get("name"), "missing" in groups)
    return Rewording(_with_sql_types(" ".join(line.strip() for line in text.splitlines())))


def _with_sql_types(text: str, key: str = "") -> str:
    """Replace DuckDB's internal type names by those of SQL, outside of quotes."""
    if key in VERBATIM:
        return text
    return QUOTED_OR_TYPE.sub(
        lambda match: match[0].replace(match[1], SQL_TYPES[match[1]]) if match[1] else match[0], text
    )
