import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse import summary
from srcql.schema import CODE_IMPLEMENTATIONS, OBSERVATIONS

Row = tuple[str, str, int, str, str, str | None, bool]
NAMES = ("problem_id", "test_id", "step_id", "implementation_id", "run_id", "git_commit_hash", "specified_oracle")


def table(*rows: Row) -> pa.Table:
    columns = dict(zip(NAMES, zip(*sorted(rows, key=str), strict=True), strict=True))
    fixed = {name: ["x"] * len(rows) for name in summary.CONTEXT if name not in NAMES}
    filled = {name: pa.array(values) for name, values in {**columns, **fixed}.items()}
    filled["problem_id"] = filled["problem_id"].dictionary_encode()
    return pa.table(filled)


def row(problem: str, test: str, implementation: str, step: int = 0, run: str = "r", commit: str | None = None) -> Row:
    return (problem, test, step, implementation, run, commit, False)


def single(*rows: Row) -> dict[str, bool]:
    return {name: found.single for name, found in summary.summarise(OBSERVATIONS, table(*rows)).items()}


def test_nothing_to_choose() -> None:
    assert single(row("p", "t", "i"), row("p", "t", "i", 1), row("p", "t", "j"), row("q", "t", "i", run="other")) == {
        "p": True,
        "q": True,
    }


def test_two_contexts_repeated_steps_and_expected_values() -> None:
    assert single(row("p", "t", "i"), row("p", "u", "i", run="s"), row("q", "t", "i")) == {"p": True, "q": True}
    assert single(row("p", "t", "i"), row("p", "u", "i", commit="c"), row("q", "t", "i")) == {"p": False, "q": True}
    assert single(row("p", "t", "i"), row("p", "t", "i"), row("q", "t", "i")) == {"p": False, "q": True}
    assert single(row("p", "t", "i"), ("p", "t", 0, "oracle", "s", None, True)) == {"p": True}


def test_round_trip_through_the_footer(tmp_path) -> None:
    rows = table(row("p", "t", "i"), row("p", "t", "j", run="s"), ("z", "t", 0, "oracle", "r", None, True))
    path = tmp_path / "f.parquet"
    pq.write_table(rows.replace_schema_metadata(summary.footer(OBSERVATIONS, rows, "b")), path)
    found = summary.read_summary(pq.read_metadata(path).metadata)
    assert found == summary.FileSummary("b", summary.summarise(OBSERVATIONS, rows))
    p, z = found.problems["p"], found.problems["z"]
    assert {run: len(part.implementations) for run, part in p.runs.items()} == {"r": 1, "s": 1}
    assert p.runs["r"].implementations.isdisjoint(p.runs["s"].implementations)
    assert (p.rows, z.rows, z.runs) == (2, 1, {})


def test_other_writers_and_other_tables() -> None:
    assert summary.read_summary(None) is None
    assert summary.read_summary({b"ARROW:schema": b""}) is None
    code = pa.table({"problem_id": ["p", "p", "q"]})
    assert summary.summarise(CODE_IMPLEMENTATIONS, code)["p"].rows == 2


def test_agrees_with_a_simple_implementation() -> None:
    random = np.random.default_rng(1)
    for _ in range(30):
        rows = [
            row(*(f"{kind}{random.integers(4)}" for kind in "pti"), int(random.integers(3)), f"r{random.integers(2)}")
            for _ in range(random.integers(1, 40))
        ]
        expected = {}
        for problem in {found[0] for found in rows}:
            mine = [found[:5] for found in rows if found[0] == problem]
            expected[problem] = len(set(mine)) == len(mine)
        assert single(*rows) == expected
