"""Paths into a JSON response, as IGNORE takes them.

    $ and one or more of  .key  ["key"]  [n]  [*]  .*

A key that is not a plain word stands in quotes, as a JSON string; [n] counts from 0, [*] stands for all elements of an
array, .* for all values of an object.

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
    """What is wrong with a path, from which letter on, and what to do."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


def canonical_path(path: str) -> str:
    r"""The one text of all paths that mean the same; raises InvalidPath for what is none.

    >>> canonical_path('$["\u0061"][00].*')
    '$["a"][0].*'
    >>> canonical_path("$.a-b")
    Traceback (most recent call last):
    srcql.clauses.paths.InvalidPath: expected .key, ["key"], [n], [*] or .* in the path, found -b
    """
    if not path.startswith("$"):
        raise InvalidPath("a path begins with $", 0, "'$.key' is that value of a response that is an object")
    if path == "$":
        raise InvalidPath("$ is the whole response, and nothing would be left of it", 0, f"name a part: $ and {STEPS}")
    steps, offset = ["$"], 1
    while offset < len(path):
        match = STEP.match(path, offset)
        if not match:
            hint = 'a key that is not a plain word stands in quotes, as in $["a b"]; n counts from 0'
            raise InvalidPath(f"expected {STEPS} in the path, found {path[offset:]}", offset, hint)
        steps.append(CANONICAL[match.lastgroup](match[match.lastgroup or 0]))
        offset = match.end()
    return "".join(steps)
