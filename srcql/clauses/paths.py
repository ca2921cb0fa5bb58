"""Paths into a JSON response, as IGNORE takes them.

    $ and one or more of  .key  ["key"]  [n]  [*]  .*

A key that is not a plain word is quoted as a JSON string. [n] counts from 0. [*] is every element of an array, .* every
value of an object.

>>> canonical_path('$.items[*].id')
'$["items"][*]["id"]'
"""

import json
import re
from collections.abc import Callable

STEP = re.compile(
    r"""(?P<wildcard>\.\*|\[\*\])
      | \.(?P<plain>[^\W\d]\w*)
      | \[(?P<quoted>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")\]
      | \[(?P<index>[0-9]{1,18})\]""",
    re.VERBOSE,
)
CANONICAL: dict[str | None, Callable[[str], str]] = {
    "wildcard": str,
    "plain": lambda key: f"[{json.dumps(key)}]",
    "quoted": lambda key: f"[{json.dumps(json.loads(key))}]",
    "index": lambda index: f"[{int(index)}]",
}
STEPS = '.key, ["key"], [n], [*] or .*'


class InvalidPath(ValueError):
    """A mistake in a path, at an offset, with a hint."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


def canonical_path(path: str) -> str:
    r"""Return the canonical text of a path; paths with the same meaning have the same one. Raises InvalidPath.

    >>> canonical_path('$["\u0061"][00].*')
    '$["a"][0].*'
    >>> canonical_path("$.a-b")
    Traceback (most recent call last):
    srcql.clauses.paths.InvalidPath: expected .key, ["key"], [n], [*] or .* in the path, found -b
    """
    if not path.startswith("$"):
        raise InvalidPath("expected $ at the start of the path", 0, "as in '$.key', a value of an object")
    if path == "$":
        raise InvalidPath("$ is the whole response", 0, f"name a part of it: $ and {STEPS}")
    steps, offset = ["$"], 1
    while offset < len(path):
        match = STEP.match(path, offset)
        if not match:
            hint = 'quote a key that is not a plain word, as in $["a b"]; n counts from 0'
            raise InvalidPath(f"expected {STEPS} in the path, found {path[offset:]}", offset, hint)
        steps.append(CANONICAL[match.lastgroup](match[match.lastgroup or 0]))
        offset = match.end()
    return "".join(steps)
