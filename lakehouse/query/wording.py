"""What DuckDB says of a mistake, in our words.

>>> worded("Could not convert string 'x' to INT32")
("'x' is not an INTEGER", 'TRY_CAST(… AS INTEGER) gives NULL instead of an error')
>>> worded('Referenced column "sise" not found in FROM clause!\\nCandidate bindings: "size", "share"')
('unknown column sise', 'did you mean size?')
"""

import difflib
import re
from collections.abc import Callable, Mapping

from srcql.clauses.reader import one_of
from srcql.errors import InvalidQuery, SrcqlError, UnknownName, suggestion
from srcql.schema import OBSERVATIONS, Role
from srcql.verbs import VERBS

Groups = Mapping[str, str]
Hint = str | Callable[[Groups], str | None] | None

TYPES = {
    "INT8": "TINYINT",
    "INT16": "SMALLINT",
    "INT32": "INTEGER",
    "INT64": "BIGINT",
    "INT128": "HUGEINT",
    "BOOL": "BOOLEAN",
    "INTEGER_LITERAL": "INTEGER",
    "STRING_LITERAL": "VARCHAR",
}
INSIDE = re.compile(rf"""'[^']*'|"[^"]*"|\bU?({"|".join(TYPES)})\b""")
KNOWN_TYPES = "BIGINT BLOB BOOLEAN DATE DECIMAL DOUBLE FLOAT HUGEINT INTEGER INTERVAL JSON TIME TIMESTAMP UUID VARCHAR"
KEYWORDS = re.findall(
    r"\w+",
    """SELECT DISTINCT FROM WHERE GROUP HAVING QUALIFY ORDER PARTITION OVER LIMIT OFFSET WITH VALUES EXPLAIN
    JOIN CROSS INNER OUTER LEFT RIGHT USING UNION EXCEPT INTERSECT BETWEEN EXISTS CASE WHEN THEN ELSE""",
)
SYNTAX = re.compile(r'syntax error at or near "(?P<found>.*)"', re.DOTALL)
BEFORE = re.compile(r"(\w+)\s+\Z")
QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)
WORD = re.compile(r"\w+|[^\w\s]+")
LAST_WORD = re.compile(r"(\w+|.)\Z", re.DOTALL)
SHOWN = 3
END_OF_QUERY = ') AS "FROM (query)"'

NEEDED = f"a query needs the columns {', '.join(column.name for column in OBSERVATIONS.of(Role.KEY))} and output"
CAST = "CAST(… AS type) makes another type of a value"
ALONE = "a query that stands for a value gives one row of one column"
TIMES = "a date is written '2026-01-31', a time '03:04:05', a timestamp '2026-01-31 03:04:05'"


def _near(found: Groups) -> str | None:
    """The names that come near, of those that DuckDB lists."""
    names = re.findall(r'"([^"]+)"', found["near"] or "")
    close = suggestion(found["name"], names, "names") if names else ""
    return close if close.startswith("did you mean") else f"the nearest: {one_of(names[:SHOWN])}" if names else None


def _signatures(found: Groups) -> str:
    """What a function takes; of an operator there is too much to say."""
    forms = re.findall(r"\S+\(.*?\)(?= -> )", found["forms"])
    if not found["call"][0].isalpha() or not forms:
        return CAST
    plain = [re.sub(r", /|/|\"|\bcol\d+ ", "", form) for form in forms]
    return f"there is {one_of(plain[:SHOWN])}{' and more' if len(plain) > SHOWN else ''}"


def _type(found: Groups) -> str:
    return suggestion(found["name"], KNOWN_TYPES.split(), "types")


_CANDIDATES = r'(?:\s+(?:Candidate \w+:|Did you mean)[: ]*(?P<near>".*)\??)?'
_FUNCTIONS = r"[^\n]*\s+Candidate functions:\s+(?P<forms>.*)"

WORDS: tuple[tuple[str, str, Hint], ...] = (
    (r'Values list "FROM \(query\)" .* column named "(?P<lacks>.+)"', "the query after FROM lacks {lacks}", NEEDED),
    (rf'Referenced column "(?P<name>.+)" not found in FROM clause!{_CANDIDATES}', "unknown column {name}", _near),
    (
        r'Referenced column "(?P<name>.+)" was not found because the FROM clause is missing',
        "unknown column {name}",
        "no table is read where it stands; a text stands in single quotes",
    ),
    (
        rf'(?:Table|Values list) "(?P<table>.+)" does not have a column named "(?P<name>.+?)"{_CANDIDATES}',
        "unknown column {name} in {table}",
        _near,
    ),
    (rf'Column "(?P<name>.+)" in \w+ list not found in FROM clause{_CANDIDATES}', "unknown column {name}", _near),
    (
        r'Column "(?P<name>.+)" does not exist on (?P<side>left|right) side of join!',
        "unknown column {name} on the {side} side of the join",
        None,
    ),
    (rf'Referenced table "(?P<name>.+?)" not found!{_CANDIDATES}', "unknown table {name}", _near),
    (
        rf"(?:Scalar |Table |Aggregate )?Function with name (?P<name>\S+) does not exist!{_CANDIDATES}",
        "unknown function {name}",
        _near,
    ),
    (rf"Type with name (?P<name>\S+) does not exist!{_CANDIDATES}", "unknown type {name}", _type),
    (rf'Could not find key "(?P<name>.+)" in struct{_CANDIDATES}', "unknown field {name}", _near),
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
        CAST,
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
        TIMES,
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
    (r"More than one row returned by a subquery.*", "a query that stands for a value gave several rows", ALONE),
    (
        r"Subquery returns (?P<n>\d+) columns - expected (?P<m>\d+)",
        "the query gives {n} columns, and {m} is expected here",
        ALONE,
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
    (r"Python exception occurred while executing the UDF: (?:\w+: )?(?P<said>.*)", "{said}", None),
)
PATTERNS = [(re.compile(pattern, re.DOTALL), message, hint) for pattern, message, hint in WORDS]


def worded(said: str) -> tuple[str, str | None]:
    """What DuckDB says in our words, and a hint."""
    message, hint, _ = _matched(said.strip())
    return message, hint


def told(kind: type[SrcqlError], said: str, sql: str, span: tuple[int, int] | None) -> SrcqlError:
    """An error in our words; `span` is where DuckDB sees it in `sql`, empty when it does not know how far it goes."""
    said = said.split("\n\nLINE ")[0].strip()
    syntax = SYNTAX.fullmatch(said)
    if syntax and span:
        return _syntax_error(syntax["found"], sql, _whole(sql, span))
    message, hint, name = _matched(said)
    if hint == NEEDED and (span or sql.count(END_OF_QUERY) == 1):
        span = _end_of_query(sql, span[0] if span else len(sql))
    if name:
        span = _named(sql, name, span)
    if message.startswith("unknown "):
        kind = UnknownName
    whole = _whole(sql, span) if span and hint != NEEDED else span
    return kind(message, span=whole, hint=hint)


def _matched(said: str) -> tuple[str, str | None, str | None]:
    """Message, hint, and the name that is wrong."""
    for pattern, message, hint in PATTERNS:
        if match := pattern.fullmatch(said):
            found = {key: _plain(value or "", key) for key, value in match.groupdict().items()}
            found["a"] = "an" if found.get("to", " ")[:1] in "AEIOU" else "a"
            text = hint.format(**found) if isinstance(hint, str) else hint(found) if hint else None
            return message.format(**found), text, found.get("name")
    return _plain(" ".join(line.strip() for line in said.splitlines())), None, None


def _plain(said: str, key: str = "") -> str:
    """DuckDB's names of types as SQL has them, outside of quotes."""
    if key in ("value", "name", "said"):
        return said
    return INSIDE.sub(lambda match: match[0].replace(match[1], TYPES[match[1]]) if match[1] else match[0], said)


def _named(sql: str, name: str, span: tuple[int, int] | None) -> tuple[int, int] | None:
    """Where the name stands: at the start of the span, or where DuckDB does not tell, its only place."""
    if span:
        begins = sql[span[0] :].lower().startswith(name.lower())
        return (span[0], span[0] + len(name)) if begins else span
    places = [match.span() for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", sql)]
    return places[0] if len(places) == 1 else None


def _end_of_query(sql: str, place: int) -> tuple[int, int]:
    """The last word of the query after FROM, of which a column was missed at that place."""
    last = LAST_WORD.search(sql, 0, sql.rfind(END_OF_QUERY, 0, place))
    return last.span() if last else (place, place)


def _whole(sql: str, span: tuple[int, int]) -> tuple[int, int]:
    """The span, or the whole word or sign where it is one letter or less."""
    word = WORD.match(sql, span[0]) if span[1] - span[0] <= 1 else None
    return word.span() if word else span


def _syntax_error(found: str, sql: str, span: tuple[int, int]) -> InvalidQuery:
    """A syntax error: DuckDB stands at the first word that it cannot read; the one before it may be mistyped."""
    before = BEFORE.search(sql, 0, span[0])
    for word, place in ((found, span), (before[1], before.span(1)) if before else ("", span)):
        if near := _keyword(word):
            return InvalidQuery(f"syntax error at {word}", span=place, hint=f"did you mean {near}?")
    if not QUOTED.sub("", sql[: span[0]]).strip("( \n\t\r"):
        hint = "a query starts with SELECT, FROM, WITH, VALUES or a verb, as CLUSTER FROM data_set"
        return InvalidQuery(f"expected a query, found {found}", span=span, hint=hint)
    if found.upper() in VERBS:
        hint = f"a verb stands in parentheses, before FROM: ({found} FROM …)"
        return InvalidQuery(f"syntax error at {found}", span=span, hint=hint)
    if before and before[1].upper() in ("ORDER", "GROUP", "PARTITION"):
        return InvalidQuery(f"expected BY after {before[1]}, found {found}", span=span)
    if sql[span[1] :].strip(" \n\t\r;"):
        return InvalidQuery(f"syntax error at {found}", span=span)
    plain = QUOTED.sub("", sql)
    hint = "a ( is not closed" if plain.count("(") > plain.count(")") else "a statement is not complete here"
    return InvalidQuery(f"syntax error at {found}, or something is missing after it", span=span, hint=hint)


def _keyword(word: str) -> str | None:
    """The keyword that a word is close to, and is none."""
    known = [*VERBS, *KEYWORDS]
    if word.upper() in known or len(word) < 3:
        return None
    return next(iter(difflib.get_close_matches(word.upper(), known, n=1, cutoff=0.75)), None)
