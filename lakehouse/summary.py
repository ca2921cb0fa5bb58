"""What one data file holds, problem by problem: made once, when the file is written, and kept in its Parquet footer.

A plan is made of these summaries without opening the rows: which files hold a problem, which names exist, and whether
a problem has anything to choose between runs. A file of another writer has none; its summary is made by reading it.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from srcql.schema import OBSERVATIONS, Role, Table

KEY = b"srcql.summary"
CONTEXT = tuple(column.name for column in OBSERVATIONS.of(Role.CONTEXT))
COLUMNS = ("problem_id", "test_id", "step_id", "implementation_id", "specified_oracle", *CONTEXT)

Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ProblemSummary:
    """What a file holds of one problem.

    `implementations` are 64-bit digests of the ids: two files whose sets are disjoint share no implementation. `single`
    says that no cell of the file has two contexts, nor two rows for one step. Specified oracles only count in `rows`.
    """

    rows: int
    runs: tuple[str, ...] = ()
    implementations: frozenset[int] = frozenset()
    single: bool = True


FileSummary = dict[str, ProblemSummary]


def summarise(table: Table, rows: Any) -> FileSummary:
    """The summary of rows (pa.Table) of one data set that are sorted in the order of their table."""
    counted = _counted(rows)
    if table is not OBSERVATIONS:
        return counted
    return counted | _observed(rows.filter(pc.invert(rows["specified_oracle"])), counted)


def _counted(rows: Any) -> dict[str, ProblemSummary]:
    counts = rows["problem_id"].value_counts().to_pylist()
    return {count["values"]: ProblemSummary(count["counts"]) for count in counts}


def _observed(rows: Any, counted: FileSummary) -> dict[str, ProblemSummary]:
    """The summaries of the problems that have observations, which are sorted by problem."""
    if not len(rows):
        return {}
    problem, problems = _codes(rows, "problem_id")
    starts = np.flatnonzero(np.diff(problem, prepend=-1))
    implementations = _distinct_by_problem(rows, "implementation_id", starts)
    runs = _distinct_by_problem(rows, "run_id", starts)
    single = _one_context(rows, starts) & ~np.logical_or.reduceat(_repeats(rows), starts)
    return {
        name: ProblemSummary(
            counted[name].rows, tuple(sorted(runs[at])), frozenset(map(_digest, implementations[at])), bool(single[at])
        )
        for at, name in enumerate(problems[code] for code in problem[starts])
    }


def _codes(rows: Any, name: str) -> tuple[Codes, list[str]]:
    column = rows[name].combine_chunks()
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _distinct_by_problem(rows: Any, name: str, starts: Codes) -> list[list[str]]:
    codes, names = _codes(rows, name)
    return [[names[code] for code in np.unique(part)] for part in np.split(codes, starts[1:])]


def _one_context(rows: Any, starts: Codes) -> Flags:
    one = np.ones(len(starts), dtype=bool)
    for name in CONTEXT:
        codes, _ = _codes(rows, name)
        one &= np.minimum.reduceat(codes, starts) == np.maximum.reduceat(codes, starts)
    return one


def _repeats(rows: Any) -> Flags:
    """Whether a row answers the same step of the same cell as the row before it."""
    same = np.ones(len(rows), dtype=bool)
    for name in OBSERVATIONS.sort:
        codes = rows[name].to_numpy() if name == "step_id" else _codes(rows, name)[0]
        same[1:] &= codes[1:] == codes[:-1]
    same[0] = False
    return same


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def footer(table: Table, rows: Any) -> dict[bytes, bytes]:
    """The key-value metadata of the Parquet file that holds these rows.

    >>> rows = pa.table({"problem_id": ["p", "p"]})
    >>> read({**footer(Table("tests", "", (), ()), rows)})
    {'p': ProblemSummary(rows=2, runs=(), implementations=frozenset(), single=True)}
    """
    entries = {problem: _packed(summary) for problem, summary in sorted(summarise(table, rows).items())}
    return {KEY: base64.b64encode(zlib.compress(json.dumps(entries).encode()))}


def read(metadata: Mapping[bytes, bytes] | None) -> FileSummary | None:
    """The summary in a file's key-value metadata; None when another writer made the file."""
    if not metadata or KEY not in metadata:
        return None
    entries = json.loads(zlib.decompress(base64.b64decode(metadata[KEY])))
    return {problem: _unpacked(entry) for problem, entry in entries.items()}


def _packed(summary: ProblemSummary) -> list[Any]:
    digests = np.array(sorted(summary.implementations), dtype="<u8").tobytes()
    return [summary.rows, summary.runs, base64.b64encode(digests).decode(), summary.single]


def _unpacked(entry: list[Any]) -> ProblemSummary:
    rows, runs, digests, single = entry
    implementations = np.frombuffer(base64.b64decode(digests), dtype="<u8").tolist()
    return ProblemSummary(rows, tuple(runs), frozenset(implementations), single)
