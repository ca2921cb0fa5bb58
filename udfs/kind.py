"""The kind of a response: `response_kind(output VARCHAR) -> VARCHAR`.

| kind | output |
|---|---|
| VALUE | JSON, and every text that is not one of the others |
| NULL | `null`, which a void call also returns |
| EXCEPTION | `$EXCEPTION@class@message`, split at the first two @ |
| REF | `$CUT@type@row`: a handle to the object created at that row of the sheet |
| NA | not observable: SQL NULL, `$N/A`, `_TOOLONG_`, `_NOT_EXECUTED_`, `$NOTEXECUTED@…`, `$UNSERIALIZABLE@…` |
| UNDEFINED | no expectation: `$*`, `_NA_` |

>>> kind_of("$EXCEPTION@java.lang.StackOverflowError@null")
'EXCEPTION'
"""

import re

REF = re.compile(r"\$CUT@.*@([0-9]+)", re.DOTALL)
EXCEPTION = "$EXCEPTION@"

TOKENS = {
    "null": "NULL",
    "$N/A": "NA",
    "_TOOLONG_": "NA",
    "_NOT_EXECUTED_": "NA",
    "$*": "UNDEFINED",
    "_NA_": "UNDEFINED",
}
PREFIXES = {EXCEPTION: "EXCEPTION", "$NOTEXECUTED@": "NA", "$UNSERIALIZABLE@": "NA"}
WHITE_SPACE = " \t\r\n"


def kind_of(output: str | None) -> str:
    """Return the kind of an output; SQL NULL is NA.

    >>> kind_of("$CUT@Stack@0"), kind_of("$TRUNCATED@ab@9"), kind_of(None)
    ('REF', 'VALUE', 'NA')
    """
    if output is None:
        return "NA"
    if output in TOKENS:
        return TOKENS[output]
    if output.startswith("$"):
        return _kind_of_token(output)
    return "NULL" if output.strip(WHITE_SPACE) == "null" else "VALUE"


def _kind_of_token(output: str) -> str:
    for prefix, kind in PREFIXES.items():
        if output.startswith(prefix):
            return kind
    return "REF" if REF.fullmatch(output) else "VALUE"


def exception_class(output: str | None) -> str | None:
    """Return the class of the exception; None if the output is not an exception.

    >>> exception_class("$EXCEPTION@ValueError@a@b"), exception_class("1")
    ('ValueError', None)
    """
    return output.split("@", 2)[1] if output is not None and output.startswith(EXCEPTION) else None


def exception_message(output: str | None) -> str | None:
    """Return the message of the exception, empty if it has none; None if the output is not an exception.

    >>> exception_message("$EXCEPTION@ValueError@a@b"), exception_message("$EXCEPTION@ValueError")
    ('a@b', '')
    """
    if output is None or not output.startswith(EXCEPTION):
        return None
    return [*output.split("@", 2), ""][2]
