"""The messages of DuckDB, and the message and hint that replace each: one table."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from srcql.clauses.reader import one_of
from srcql.errors import suggestion
from srcql.schema import OBSERVATIONS, Role
from srcql.sql import identifier

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

SOURCE_COLUMNS = f"select the columns {', '.join(column.name for column in OBSERVATIONS.of(Role.KEY))} and output"
CONVERT = "convert a value with CAST(… AS type)"
DATE_FORMATS = "write a date as '2026-01-31', a time as '03:04:05', a timestamp as '2026-01-31 03:04:05'"
TRY_CAST = "use TRY_CAST(… AS {to}) to get NULL instead of an error"


@dataclass(frozen=True)
class Rewording:
    """A message and its hint in the words of SRCQL.

    `name` is the wrong name; `in_source` is True if the query after FROM lacks a column.
    """

    message: str
    hint: str | None = None
    name: str | None = None
    in_source: bool = False


def _nearest(groups: Groups) -> str | None:
    """Suggest the nearest of the names that DuckDB lists."""
    names = re.findall(r'"([^"]+)"', groups["near"] or "")
    close = suggestion(groups["name"], names, "names") if names else ""
    return close if close.startswith("did you mean") else f"candidates: {one_of(names[:SHOWN])}" if names else None


def _nearest_type(groups: Groups) -> str:
    return suggestion(groups["name"], KNOWN_TYPES.split(), "types")


def _signatures(groups: Groups) -> str:
    """List the arguments that a function takes; an operator has too many."""
    forms = re.findall(r"\S+\(.*?\)(?= -> )", groups["forms"])
    if not groups["call"][0].isalpha() or not forms:
        return CONVERT
    plain = [re.sub(r", /|/|\"|\bcol\d+ ", "", form) for form in forms]
    others = ["another form"] if len(plain) > SHOWN else []
    return f"use {one_of([*plain[:SHOWN], *others])}"


_CANDIDATES = r'(?:\s+(?:Candidate \w+:|Did you mean)[: ]*(?P<near>".*)\??)?'
_FUNCTIONS = r"[^\n]*\s+Candidate functions:\s+(?P<forms>.*)"

MESSAGES: tuple[tuple[str, str, Hint], ...] = (
    (
        r'Values list "FROM \(query\)" .* column named "(?P<missing>.+)"',
        "the query after FROM has no column {missing}",
        SOURCE_COLUMNS,
    ),
    (rf'Referenced column "(?P<name>.+)" not found in FROM clause!{_CANDIDATES}', "unknown column {name}", _nearest),
    (
        r'Referenced column "(?P<name>.+)" was not found because the FROM clause is missing',
        "unknown column {name}",
        "add FROM, or write a string in single quotes",
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
    (r'window "(?P<name>.+)" does not exist', "unknown window {name}", "add WINDOW {name} AS (…)"),
    (
        rf"(?:No matching aggregate function\s+Binder Error: )?"
        rf"No function matches the given name and argument types '(?P<call>.+?)'\.{_FUNCTIONS}",
        "no function matches {call}",
        _signatures,
    ),
    (
        rf'Could not choose a best candidate function for the function call "(?P<call>.+?)"\.{_FUNCTIONS}',
        "{call} is ambiguous",
        "state the type of a value with CAST(… AS type)",
    ),
    (
        r"Macro (?P<name>\w+)\(.*\) does not support the supplied arguments\..*Candidate macros:\s+(?P<form>.+?)\s*",
        "{name} does not accept these arguments",
        "use {form}",
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
        TRY_CAST,
    ),
    (
        r"Type (?P<type>.+) with value (?P<value>.+) can't be cast because the value is out of range for the"
        r" destination type (?P<to>.+?)(?: when casting from source column (?P<from>.+))?",
        "{value} is out of range for {to}",
        TRY_CAST,
    ),
    (
        r"Type (?P<type>.+) with value (?P<value>.+) can't be cast to the destination type (?P<to>.+)",
        "{value} is not {a} {to}",
        TRY_CAST,
    ),
    (
        r'Casting value "(?P<value>.+)" to type (?P<to>.+) failed: value is out of range!',
        "{value} is out of range for {to}",
        TRY_CAST,
    ),
    (
        r"(?:invalid (?P<to>date|time|timestamp) field format|(?P<to2>date|time|timestamp) field value out of range)"
        r': "(?P<value>.*?)"(?:, expected format is .*)?',
        "'{value}' is not a {to}{to2}",
        DATE_FORMATS,
    ),
    (
        r'extract specifier "(?P<value>.*)" not recognized',
        "'{value}' is not a date part",
        "use year, quarter, month, week, day, hour, minute, second or another date part",
    ),
    (
        r'Could not parse string "(?P<value>.*)" according to format specifier "(?P<form>.*?)".*',
        "'{value}' does not match the format '{form}'",
        "use try_strptime to get NULL instead of an error",
    ),
    (
        r"Malformed JSON at byte \d+ of input: (?P<why>.+?)\.\s+Input: (?P<value>.*)",
        "{value} is not valid JSON: {why}",
        "use TRY_CAST(… AS JSON) to get NULL instead of an error",
    ),
    (
        r"Overflow in (?P<what>\w+) of (?P<to>\w+) \((?P<sum>.+)\)!?\.?",
        "{sum} is out of range for {to}",
        "use a wider type: CAST(… AS HUGEINT) or CAST(… AS DOUBLE)",
    ),
    (
        r"Division by zero in expression \((?P<sum>.+)\)\. .*",
        "division by zero: {sum}",
        "use nullif(divisor, 0) to get NULL instead of an error",
    ),
    (
        r'column "(?P<name>.+?)" must appear in the GROUP BY clause.*',
        "{name} must be in GROUP BY or in an aggregate",
        "add GROUP BY {name}, or use min({name})",
    ),
    (
        r"(?P<clause>[A-Z ]+)(?: clause)? cannot contain (?P<what>aggregates|window functions)!?",
        "{clause} cannot contain {what}",
        lambda groups: {
            ("WHERE", "aggregates"): "use HAVING to filter groups",
            ("WHERE", "window functions"): "use QUALIFY to filter by a window function",
        }.get((groups["clause"], groups["what"]), "compute them in a subquery: FROM (SELECT …)"),
    ),
    (
        r"aggregate function calls cannot be nested",
        "an aggregate cannot contain another aggregate",
        "use a subquery: SELECT max(n) FROM (SELECT count(*) AS n … GROUP BY …)",
    ),
    (
        r"Window functions are not supported here",
        "a window function is not allowed here",
        "use it in SELECT, QUALIFY or ORDER BY, with OVER (…) after it",
    ),
    (r"LIMIT/OFFSET cannot be negative", "LIMIT and OFFSET must be at least 0", None),
    (
        r"Ambiguous reference to column name \"(?P<name>.+?)\" \(use: (?P<which>.+)\)",
        "column {name} is ambiguous",
        lambda groups: f"write {groups['which'].replace(chr(39), '')}",
    ),
    (
        r'Ambiguous reference to table "(?P<table>.+?)" .*',
        "duplicate table name {table}",
        "give one of the tables another name with AS",
    ),
    (r"SELECT clause without selection list", "expected columns after SELECT, found none", "use SELECT * FROM …"),
    (
        r"Set operations can only apply to expressions with the same number of result columns",
        "both sides of UNION, EXCEPT or INTERSECT must have the same number of columns",
        "use UNION BY NAME to match columns by name",
    ),
    (
        r"More than one row returned by a subquery.*",
        "a scalar subquery returned several rows",
        "add LIMIT 1 or an aggregate",
    ),
    (
        r"Subquery returns (?P<n>\d+) columns - expected (?P<m>\d+)",
        "the subquery returns {n} columns, expected {m}",
        "select the expected columns: (SELECT … FROM (…))",
    ),
    (
        r"(?P<clause>ORDER|GROUP BY) term out of range - should be between 1 and (?P<n>\d+)",
        "expected a column number from 1 to {n}",
        None,
    ),
    (
        rf'No matching columns found that match regex "(?P<form>.*?)"{_CANDIDATES}',
        "no column matches '{form}'",
        None,
    ),
    (
        r'Failed to compile regex "(?P<form>.*)": (?P<why>.*?)(?:: .*)?',
        "invalid regular expression '{form}': {why}",
        None,
    ),
    (
        r"(?P<why>missing [\])]|unexpected \)|(?:no argument for|bad) repetition operator|trailing \\|"
        r"invalid (?:escape sequence|character class(?: range)?|repetition size|perl operator|named capture group))"
        r"(?:: .*)?",
        "invalid regular expression: {why}",
        None,
    ),
    (
        r"Chained comparisons are not supported.*",
        "chained comparisons are not supported",
        "combine two comparisons with AND, or put one in parentheses",
    ),
    (r"Deprecated lambda arrow .*", "lambdas with -> are not supported", "use list_transform([1], lambda x: x + 1)"),
    (
        r"Cannot extract field '(?P<name>.+)' from expression .* because it is not a struct.*",
        "unknown field {name}: the value before the dot is not a struct",
        "rename a table that has the name of one of its columns with AS",
    ),
    (r"unterminated string literal", "unterminated string", "end the string with a single quote: 'text'"),
    (r"unterminated quoted identifier", "unterminated identifier", 'end the identifier with a double quote: "name"'),
    (r"unterminated /\* comment at or near .*", "unterminated comment", "end it with */"),
    (
        r"Max expression depth limit of 1000 exceeded.*",
        "the statement is nested too deeply (limit 1,000)",
        "split it with WITH",
    ),
    (
        r"failed to (?:allocate|pin|offload).*|could not allocate.*",
        "the query exceeds the memory limit of the lakehouse",
        "read fewer problems at a time, or raise the memory limit",
    ),
    (
        r"Arrow Appender: The maximum total string size .*",
        "the result has texts of more than 2 GB in a few rows",
        "select fewer or shorter texts at a time",
    ),
    (
        r"column (?P<name>.+) holds (?P<value>.+), which Arrow lacks",
        "column {name} holds {value}, which Arrow lacks",
        lambda groups: f"use CAST({identifier(groups['name'])} AS VARCHAR)",
    ),
    (r"Python exception occurred while executing the UDF: (?:\w+: )?(?P<message>.*)", "{message}", None),
)
PATTERNS = [(re.compile(pattern, re.DOTALL), message, hint) for pattern, message, hint in MESSAGES]


def reword(text: str) -> Rewording:
    """Return the replacement of a message of DuckDB; the message itself if the table has none.

    >>> found = reword("Could not convert string 'x' to INT32")
    >>> found.message, found.hint
    ("'x' is not an INTEGER", 'use TRY_CAST(… AS INTEGER) to get NULL instead of an error')
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
