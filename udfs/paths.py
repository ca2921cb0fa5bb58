"""Remove parts of a JSON value: the paths of IGNORE.

    $ and one or more of  .key  ["key"]  [n]  [*]  .*

All paths refer to the whole document: removing one element of an array does not move the others. A path to a part that
does not exist removes nothing.

>>> without({"a": [1, 2, {"t": 3}], "t": 4}, [parse_path("$.a[0]"), parse_path("$.a[2].t")])
{'a': [2, {}], 't': 4}
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

STEP = re.compile(
    r"""(?P<every>\.\*|\[\*\])
      | \.(?P<plain>[^\W\d]\w*)
      | \[(?P<quoted>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")\]
      | \[(?P<index>[0-9]{1,18})\]""",
    re.VERBOSE,
)

# The key of an object, the index of an element, or the type of either, which selects all of them.
Step = str | int | type
Path = tuple[Step, ...]

STEPS: dict[str | None, Callable[[str], Step]] = {
    "every": {".*": str, "[*]": int}.__getitem__,
    "plain": str,
    "quoted": json.loads,
    "index": int,
}


def parse_path(text: str) -> Path:
    """Return the steps of a path; raise ValueError for any other text.

    >>> parse_path('$.a["b c"][0][*].*') == ("a", "b c", 0, int, str)
    True
    """
    steps: list[Step] = []
    offset = 1
    while match := STEP.match(text, offset):
        steps.append(STEPS[match.lastgroup](match[match.lastgroup or 0]))
        offset = match.end()
    if not text.startswith("$") or offset < len(text) or not steps:
        raise ValueError(f'expected a path, $ and one or more of .key, ["key"], [n], [*] and .*, found {text}')
    return tuple(steps)


def without(value: Any, paths: Sequence[Path]) -> Any:
    """Return the value without the parts at these paths."""
    if paths and isinstance(value, dict):
        of_keys = {key: _rests(paths, key) for key in value}
        return {key: without(value[key], rests) for key, rests in of_keys.items() if () not in rests}
    if paths and isinstance(value, list):
        of_items = (_rests(paths, index) for index in range(len(value)))
        return [without(item, rests) for item, rests in zip(value, of_items, strict=True) if () not in rests]
    return value


def _rests(paths: Sequence[Path], step: Step) -> list[Path]:
    return [path[1:] for path in paths if path[0] in (step, type(step))]
