"""What one data file holds, problem by problem: made once, when the file is written, and kept in its Parquet footer.

A plan is made of these summaries without opening the rows: which files hold a problem, which names exist, and whether
a problem has anything to choose between runs. A file of another writer has no summary.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
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

    `runs` are the implementations of each run, as 64-bit digests of their ids: where two such sets are disjoint, they
    have no cell in common. `single` says that within each run no cell has two contexts, nor two rows for one step.
    Specified oracles only count in `rows`.
    """

    rows: int
    runs: Mapping[str, frozenset[int]] = field(default_factory=dict)
    single: bool = True


FileSummary = dict[str, ProblemSummary]


def summarise(table: Table, rows: Any) -> FileSummary:
    """The summary of rows (pa.Table) of one data set that are sorted in the order of their table."""
    counted = _counted(rows)
    if table is not OBSERVATIONS:
        return counted
    return counted | _observed(rows.filter(pc.invert(rows["specified_oracle"])), counted)


def _counted(rows: Any) -> FileSummary:
    counts = rows["problem_id"].value_counts().to_pylist()
    return {count["values"]: ProblemSummary(count["counts"]) for count in counts}


def _observed(rows: Any, counted: FileSummary) -> FileSummary:
    """The summaries of the problems that have observations, run by run."""
    if not len(rows):
        return {}
    problem, problems = _codes(rows, "problem_id")
    run, runs = _codes(rows, "run_id")
    order = np.lexsort((run, problem))
    starts = np.flatnonzero(np.diff(problem[order] * len(runs) + run[order], prepend=-1))
    single = _one_context(rows, order, starts) & ~np.logical_or.reduceat(_repeats(rows, order, run), starts)
    found: FileSummary = {}
    for at, implementations in enumerate(_implementations(rows, order, starts)):
        first = order[starts[at]]
        name = problems[problem[first]]
        before = found.get(name, counted[name])
        alone = {**before.runs, runs[run[first]]: implementations}
        found[name] = ProblemSummary(before.rows, alone, before.single and bool(single[at]))
    return found


def _codes(rows: Any, name: str) -> tuple[Codes, list[str]]:
    column = rows[name].combine_chunks()
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _implementations(rows: Any, order: Codes, starts: Codes) -> list[frozenset[int]]:
    codes, names = _codes(rows, "implementation_id")
    digests = [_digest(name) for name in names]
    return [frozenset(digests[code] for code in np.unique(part)) for part in np.split(codes[order], starts[1:])]


def _one_context(rows: Any, order: Codes, starts: Codes) -> Flags:
    one = np.ones(len(starts), dtype=bool)
    for name in CONTEXT:
        codes = _codes(rows, name)[0][order]
        one &= np.minimum.reduceat(codes, starts) == np.maximum.reduceat(codes, starts)
    return one


def _repeats(rows: Any, order: Codes, run: Codes) -> Flags:
    """Whether a row answers the same step of the same cell in the same run as the row before it, in that order."""
    same = run[order][1:] == run[order][:-1]
    for name in OBSERVATIONS.sort:
        codes = (rows[name].to_numpy() if name == "step_id" else _codes(rows, name)[0])[order]
        same &= codes[1:] == codes[:-1]
    return np.concatenate([[False], same])


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def footer(table: Table, rows: Any) -> dict[bytes, bytes]:
    """The key-value metadata of the Parquet file that holds these rows.

    >>> rows = pa.table({"problem_id": ["p", "p"]})
    >>> read({**footer(Table("tests", "", (), ()), rows)})
    {'p': ProblemSummary(rows=2, runs={}, single=True)}
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
    runs = {run: _text_of(digests) for run, digests in sorted(summary.runs.items())}
    return [summary.rows, runs, summary.single]


def _unpacked(entry: list[Any]) -> ProblemSummary:
    rows, runs, single = entry
    return ProblemSummary(rows, {run: _digests_of(text) for run, text in runs.items()}, single)


def _text_of(digests: frozenset[int]) -> str:
    return base64.b64encode(np.array(sorted(digests), dtype="<u8").tobytes()).decode()


def _digests_of(text: str) -> frozenset[int]:
    return frozenset(np.frombuffer(base64.b64decode(text), dtype="<u8").tolist())
