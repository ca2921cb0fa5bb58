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
class RunSummary:
    """What a file holds of one run of a problem: digests of its context (of one, when there are several) and of the ids
    of its implementations; where two such sets are disjoint, they have no cell in common.
    """

    context: int
    implementations: frozenset[int]


@dataclass(frozen=True)
class ProblemSummary:
    """What a file holds of one problem. Specified oracles only count in `rows`.

    `single` says that within each run no cell has two contexts, nor two rows for one step.
    """

    rows: int
    runs: Mapping[str, RunSummary] = field(default_factory=dict)
    single: bool = True


@dataclass(frozen=True)
class FileSummary:
    """What one file holds, and the batch that it was written for: within a batch, no key is repeated."""

    batch: str
    problems: Mapping[str, ProblemSummary]


Problems = dict[str, ProblemSummary]


def footer(table: Table, rows: Any, batch: str) -> dict[bytes, bytes]:
    """The key-value metadata of the Parquet file that holds these rows.

    >>> rows = pa.table({"problem_id": ["p", "p"]})
    >>> read(footer(Table("tests", "", (), ()), rows, "b"))
    FileSummary(batch='b', problems={'p': ProblemSummary(rows=2, runs={}, single=True)})
    """
    problems = {problem: _packed(summary) for problem, summary in sorted(summarise(table, rows).items())}
    return {KEY: base64.b64encode(zlib.compress(json.dumps([batch, problems]).encode()))}


def read(metadata: Mapping[bytes, bytes] | None) -> FileSummary | None:
    """The summary in a file's key-value metadata; None when another writer made the file."""
    if not metadata or KEY not in metadata:
        return None
    batch, problems = json.loads(zlib.decompress(base64.b64decode(metadata[KEY])))
    return FileSummary(batch, {problem: _unpacked(entry) for problem, entry in problems.items()})


def summarise(table: Table, rows: Any) -> Problems:
    """The summary of rows (pa.Table) of one data set that are sorted in the order of their table."""
    counted = _counted(rows)
    if table is not OBSERVATIONS:
        return counted
    return counted | _observed(rows.filter(pc.invert(rows["specified_oracle"])), counted)


def _counted(rows: Any) -> Problems:
    counts = rows["problem_id"].value_counts().to_pylist()
    return {count["values"]: ProblemSummary(count["counts"]) for count in counts}


def _observed(rows: Any, counted: Problems) -> Problems:
    """The summaries of the problems that have observations, run by run."""
    if not len(rows):
        return {}
    problem, problems = _codes(rows, "problem_id")
    run, runs = _codes(rows, "run_id")
    order = np.lexsort((run, problem))
    starts = np.flatnonzero(np.diff(problem[order] * len(runs) + run[order], prepend=-1))
    single = _one_context(rows, order, starts) & ~np.logical_or.reduceat(_repeats(rows, order, run), starts)
    found: Problems = {}
    contexts = _contexts(rows, order[starts])
    for at, implementations in enumerate(_implementations(rows, order, starts)):
        first = order[starts[at]]
        name = problems[problem[first]]
        before = found.get(name, counted[name])
        of_run = {runs[run[first]]: RunSummary(contexts[at], implementations)}
        found[name] = ProblemSummary(before.rows, {**before.runs, **of_run}, before.single and bool(single[at]))
    return found


def _codes(rows: Any, name: str) -> tuple[Codes, list[str]]:
    column = rows[name].combine_chunks()
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _implementations(rows: Any, order: Codes, starts: Codes) -> list[frozenset[int]]:
    codes, names = _codes(rows, "implementation_id")
    digests = [_digest(name) for name in names]
    return [frozenset(digests[code] for code in np.unique(part)) for part in np.split(codes[order], starts[1:])]


def _contexts(rows: Any, firsts: Codes) -> list[int]:
    """Digests of the contexts of some rows."""
    return [
        _digest(json.dumps([row[name] for name in CONTEXT])) for row in rows.select(CONTEXT).take(firsts).to_pylist()
    ]


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


def _packed(summary: ProblemSummary) -> list[Any]:
    runs = {run: [found.context, _text_of(found.implementations)] for run, found in sorted(summary.runs.items())}
    return [summary.rows, runs, summary.single]


def _unpacked(entry: list[Any]) -> ProblemSummary:
    rows, runs, single = entry
    found = {run: RunSummary(context, _digests_of(text)) for run, (context, text) in runs.items()}
    return ProblemSummary(rows, found, single)


def _text_of(digests: frozenset[int]) -> str:
    return base64.b64encode(np.array(sorted(digests), dtype="<u8").tobytes()).decode()


def _digests_of(text: str) -> frozenset[int]:
    return frozenset(np.frombuffer(base64.b64decode(text), dtype="<u8").tolist())
