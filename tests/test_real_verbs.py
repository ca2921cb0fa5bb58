"""CHECK, RANK and their like on real observations, through the server, against facts computed without SQL."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from srcql.errors import UnknownName
from srcql_client import Connection
from srcql_client.importers import arena
from tests.serving import served

NA = re.compile(r"\$N/A|_TOOLONG_|_NOT_EXECUTED_|\$NOTEXECUTED@.*|\$UNSERIALIZABLE@.*", re.DOTALL)
STEP = ("problem_id", "run_id", "test_id", "step_id")


@pytest.fixture(scope="module")
def queue(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with served(tmp_path_factory.mktemp("queue") / "warehouse") as connection:
        for part in arena.read(data / "lasso" / "BOUNDED_QUEUE_MUTATION.parquet", "Queue"):
            connection.ingest(part.table, part.rows, part.batch_id)
        yield connection


def original(queue: Connection) -> str:
    ids = queue.query(
        "SELECT DISTINCT implementation_id AS id FROM observations WHERE NOT specified_oracle"
    ).to_pylist()
    (found,) = [row["id"] for row in ids if "mutant" not in row["id"]]
    return found


def test_mutants_that_a_test_kills(queue: Connection) -> None:
    found = queue.query(f"CHECK FROM Queue AGAINST IMPLEMENTATION '{original(queue)}'").to_pylist()
    assert len(found) == 28
    assert sum(row["failed"] + row["missing"] > 0 for row in found) == 12
    assert sum(row["all_passed"] for row in found) == 16


def test_an_unknown_reference(queue: Connection) -> None:
    known = original(queue)
    with pytest.raises(UnknownName) as raised:
        queue.query(f"CHECK FROM Queue AGAINST IMPLEMENTATION '{known}x'")
    assert str(raised.value).startswith("line 1, column 41: unknown implementation ")
    assert str(raised.value).endswith(f"hint: did you mean {known}?")
    with pytest.raises(UnknownName, match="unknown run r0\n"):
        queue.query("CHECK FROM Queue AGAINST RUN r0")
    assert queue.query(f"CHECK FROM Queue WHERE false AGAINST IMPLEMENTATION '{known}'").num_rows == 0


def test_steps_that_are_as_specified(python_data: Connection, python_facts: dict[str, Any]) -> None:
    """The facts count every step with an expected value, except the creation of the object."""
    found = python_data.query(
        "SELECT problem_id, implementation_id, count(*) FILTER (verdict = 'PASS') AS equal,"
        " count(*) FILTER (verdict <> 'UNDEFINED') AS stated"
        " FROM (CHECK FROM * WHERE run_id = 'run-0001' USING EXACT AGAINST SPECIFIED NULL DEFINED PER STEP)"
        " GROUP BY ALL"
    )
    matches: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for row in found.to_pylist():
        matches[row["problem_id"]][row["implementation_id"]] = [row["equal"], row["stated"]]
    expected = {problem: found_["oracle_match"] for problem, found_ in python_facts.items() if found_["oracle_match"]}
    assert {problem: matches[problem] for problem in expected} == expected
    assert len(expected) > 300


def test_the_share_of_steps_at_which_each_agrees(
    python_data: Connection, python_facts: dict[str, Any], python_folder: Path
) -> None:
    expected = {
        (problem, run, name): share
        for problem, found in python_facts.items()
        for run, of_run in found["runs"].items()
        for name, share in of_run["agreement"].items()
    }
    expected |= without_na(python_folder)
    found = python_data.query("RANK FROM * BY run_id USING EXACT ON AGREEMENT").to_pylist()
    shares = {
        (row["problem_id"], row["run_id"], row["implementation_id"]): row["score"] and round(row["score"], 12)
        for row in found
    }
    assert shares == expected
    assert {row["n_missing"] for row in found} == {0}


def without_na(folder: Path) -> dict[tuple[str, str, str], float | None]:
    """Return the shares in problems and runs with NA outputs, which neither vote nor agree."""
    columns = [*STEP, "implementation_id", "output", "specified_oracle"]
    rows = pq.read_table(folder / "observations.parquet", columns=columns)
    rows = rows.filter(pc.invert(rows["specified_oracle"]))
    silent = rows.filter(pc.match_substring_regex(rows["output"], f"^(?s:{NA.pattern})$"))
    touched = rows.join(silent.group_by(STEP[:2]).aggregate([]), STEP[:2], join_type="left semi")
    votes: dict[tuple[Any, ...], dict[str, str]] = defaultdict(dict)
    for row in touched.to_pylist():
        votes[tuple(row[name] for name in STEP)][row["implementation_id"]] = row["output"]
    return shares_of(votes)


def shares_of(votes: dict[tuple[Any, ...], dict[str, str]]) -> dict[tuple[str, str, str], float | None]:
    voted: Counter[tuple[str, str]] = Counter()
    won: Counter[tuple[str, str, str]] = Counter()
    for (problem, run, *_), outputs in votes.items():
        counts = Counter(output for output in outputs.values() if not NA.fullmatch(output))
        most = max(counts.values(), default=0)
        voted[problem, run] += most > 0
        for name, output in outputs.items():
            won[problem, run, name] += most > 0 and counts[output] == most
    return {key: round(count / voted[key[:2]], 12) if voted[key[:2]] else None for key, count in won.items()}
