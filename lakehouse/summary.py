"""The summary of a data file: what it holds, problem by problem. It is written once, to the file's Parquet footer.

Planning reads summaries instead of rows: which files hold a problem, which names exist, and whether RUNS has anything
to choose from. A file of another writer has no summary.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

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
    """What a file holds of one run of a problem.

    `context` is the digest of its context (of one of them if there are several). `implementations` are the digests of
    its implementation ids: two runs with disjoint sets have no cell in common.
    """

    context: int
    implementations: frozenset[int]


@dataclass(frozen=True)
class ProblemSummary:
    """What a file holds of one problem; expected values count in `rows` only.

    `single` means that within each run every cell has one context and one row per step.
    """

    rows: int
    runs: Mapping[str, RunSummary] = field(default_factory=dict)
    single: bool = True


@dataclass(frozen=True)
class FileSummary:
    """What a file holds, and the batch that it was written for; a batch holds no duplicate keys."""

    batch: str
    problems: Mapping[str, ProblemSummary]


Problems = dict[str, ProblemSummary]
Encoded = tuple[int, dict[str, tuple[int, str]], bool]  # JSON: rows, runs (context, digests as text), single


def footer(table: Table, rows: pa.Table, batch: str) -> dict[bytes, bytes]:
    """Return the key-value metadata of the Parquet file that holds these rows.

    >>> rows = pa.table({"problem_id": ["p", "p"]})
    >>> read_summary(footer(Table("tests", "", (), ()), rows, "b"))
    FileSummary(batch='b', problems={'p': ProblemSummary(rows=2, runs={}, single=True)})
    """
    problems = {problem: _encode(summary) for problem, summary in sorted(summarise(table, rows).items())}
    return {KEY: base64.b64encode(zlib.compress(json.dumps([batch, problems]).encode()))}


def read_summary(metadata: Mapping[bytes, bytes] | None) -> FileSummary | None:
    """Return the summary in a file's key-value metadata; None for a file of another writer."""
    if not metadata or KEY not in metadata:
        return None
    batch, problems = json.loads(zlib.decompress(base64.b64decode(metadata[KEY])))
    return FileSummary(batch, {problem: _decode(entry) for problem, entry in problems.items()})


def summarise(table: Table, rows: pa.Table) -> Problems:
    """Return the summaries of the problems in rows of one data set, which are sorted in the order of the table."""
    counts = _count_rows(rows)
    if table is not OBSERVATIONS:
        return counts
    return counts | _summarise_runs(rows.filter(pc.invert(rows["specified_oracle"])), counts)


def _count_rows(rows: pa.Table) -> Problems:
    counts = rows["problem_id"].value_counts().to_pylist()
    return {count["values"]: ProblemSummary(count["counts"]) for count in counts}


def _summarise_runs(rows: pa.Table, counts: Problems) -> Problems:
    """Return the summaries of the problems that have observations, run by run."""
    if not len(rows):
        return {}
    problem, problems = _codes(rows, "problem_id")
    run, runs = _codes(rows, "run_id")
    order = np.lexsort((run, problem))
    starts = np.flatnonzero(np.diff(problem[order] * len(runs) + run[order], prepend=-1))
    single = _has_one_context(rows, order, starts) & ~np.logical_or.reduceat(_duplicates(rows, order, run), starts)
    summaries: Problems = {}
    contexts = _contexts(rows, order[starts])
    for at, implementations in enumerate(_implementations(rows, order, starts)):
        first = order[starts[at]]
        name = problems[problem[first]]
        before = summaries.get(name, counts[name])
        of_run = {runs[run[first]]: RunSummary(contexts[at], implementations)}
        summaries[name] = ProblemSummary(before.rows, {**before.runs, **of_run}, before.single and bool(single[at]))
    return summaries


def _codes(rows: pa.Table, name: str) -> tuple[Codes, list[str]]:
    column = rows[name].combine_chunks()
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _implementations(rows: pa.Table, order: Codes, starts: Codes) -> list[frozenset[int]]:
    codes, names = _codes(rows, "implementation_id")
    digests = [_digest(name) for name in names]
    return [frozenset(digests[code] for code in np.unique(part)) for part in np.split(codes[order], starts[1:])]


def _contexts(rows: pa.Table, positions: Codes) -> list[int]:
    """Return the digests of the contexts of the rows at these positions."""
    return [
        _digest(json.dumps([row[name] for name in CONTEXT])) for row in rows.select(CONTEXT).take(positions).to_pylist()
    ]


def _has_one_context(rows: pa.Table, order: Codes, starts: Codes) -> Flags:
    """Return for each group of rows whether all have the same context."""
    one = np.ones(len(starts), dtype=bool)
    for name in CONTEXT:
        codes = _codes(rows, name)[0][order]
        one &= np.minimum.reduceat(codes, starts) == np.maximum.reduceat(codes, starts)
    return one


def _duplicates(rows: pa.Table, order: Codes, run: Codes) -> Flags:
    """Return for each row, in that order, whether it has the same step, cell and run as the row before it."""
    same = run[order][1:] == run[order][:-1]
    for name in OBSERVATIONS.sort:
        codes = (rows[name].to_numpy() if name == "step_id" else _codes(rows, name)[0])[order]
        same &= codes[1:] == codes[:-1]
    return np.concatenate([[False], same])


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def _encode(summary: ProblemSummary) -> Encoded:
    runs = {id: (run.context, _text_of(run.implementations)) for id, run in sorted(summary.runs.items())}
    return summary.rows, runs, summary.single


def _decode(entry: Encoded) -> ProblemSummary:
    rows, runs, single = entry
    summaries = {id: RunSummary(context, _digests_of(text)) for id, (context, text) in runs.items()}
    return ProblemSummary(rows, summaries, single)


def _text_of(digests: frozenset[int]) -> str:
    return base64.b64encode(np.array(sorted(digests), dtype="<u8").tobytes()).decode()


def _digests_of(text: str) -> frozenset[int]:
    return frozenset(np.frombuffer(base64.b64decode(text), dtype="<u8").tolist())
