"""Parts of a JSON value that are left out: the paths of IGNORE.

    $ and one or more of  .key  ["key"]  [n]  [*]  .*

All paths are judged on the whole document: leaving out one element of an array does not move the others. A part that a
document does not have is nothing to leave out.

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

# The key of an object, the place of an element, or the type of either, which stands for all of them.
Step = str | int | type
Path = tuple[Step, ...]

STEPS: dict[str | None, Callable[[str], Step]] = {
    "every": {".*": str, "[*]": int}.__getitem__,
    "plain": str,
    "quoted": json.loads,
    "index": int,
}


def parse_path(text: str) -> Path:
    """The steps of a path; raises ValueError for what is none.

    >>> parse_path('$.a["b c"][0][*].*') == ("a", "b c", 0, int, str)
    True
    """
    steps: list[Step] = []
    at = 1
    while match := STEP.match(text, at):
        steps.append(STEPS[match.lastgroup](match[match.lastgroup or 0]))
        at = match.end()
    if not text.startswith("$") or at < len(text) or not steps:
        raise ValueError(f'expected a path, $ and one or more of .key, ["key"], [n], [*] and .*, found {text}')
    return tuple(steps)


def without(value: Any, paths: Sequence[Path]) -> Any:
    """What is left of a value, whose parts at these paths are left out."""
    if paths and isinstance(value, dict):
        below = {key: _below(paths, key) for key in value}
        return {key: without(value[key], rest) for key, rest in below.items() if () not in rest}
    if paths and isinstance(value, list):
        rests = (_below(paths, place) for place in range(len(value)))
        return [without(item, rest) for item, rest in zip(value, rests, strict=True) if () not in rest]
    return value


def _below(paths: Sequence[Path], step: Step) -> list[Path]:
    return [path[1:] for path in paths if path[0] in (step, type(step))]
