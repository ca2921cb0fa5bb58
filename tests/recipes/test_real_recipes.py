"""Every recipe returns on real observations what the page shows, and plain Python computes the same."""

import math
import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from srcql_client import Connection
from srcql_client.importers import arena
from tests.model.equality import response_text
from tests.model.statement import Using
from tests.recipes import plain
from tests.recipes.page import PAGE, RECIPES, shown
from tests.recipes.plain import Problem
from tests.serving import served
from tests.srcql_client.shell import srcql

FILE = "training_set.parquet"
Answer = Callable[[str], pa.Table]


@pytest.fixture(scope="module")
def queue(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with served(tmp_path_factory.mktemp("queue") / "warehouse") as connection:
        for part in arena.read(data / "lasso" / "BOUNDED_QUEUE_MUTATION.parquet", "Queue"):
            connection.ingest(part.table, part.rows, part.batch_id)
        yield connection


@pytest.fixture(scope="module")
def exported(python_data: Connection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the command of the page; return its folder."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "training_set.sql").write_text(RECIPES["Training set"].text, encoding="utf-8")
    (command,) = [line for line in PAGE.splitlines() if line.startswith("    $ srcql query")]
    words = [str(folder / word) if word.startswith("training_set") else word for word in shlex.split(command)[2:]]
    found = srcql(*words, SRCQL_SERVER=python_data.location)
    assert (found.stderr, found.returncode) == ("", 0)
    return folder


@pytest.fixture(scope="module")
def answer(request: pytest.FixtureRequest) -> Answer:
    """Return the result of a recipe, cached; the data set of the arena is stored under the name HumanEval."""
    known: dict[str, pa.Table] = {}

    def asked(name: str) -> pa.Table:
        if name not in known:
            known[name] = found(RECIPES[name].text)
        return known[name]

    def found(text: str) -> pa.Table:
        if FILE in text:
            with duckdb.connect() as database:
                database.execute(f"SET file_search_path = '{request.getfixturevalue('exported')}'")
                return database.sql(text).to_arrow_table()
        fixture = "x" if "Arena" in text else "queue" if "Queue" in text else "python_data"
        connection: Connection = request.getfixturevalue(fixture)
        return connection.query(text.replace("FROM Arena", "FROM HumanEval").replace("'Arena'", "'HumanEval'"))

    return asked


@pytest.fixture(scope="module")
def human_eval(python_folder: Path) -> dict[str, Problem]:
    return plain.problems(python_folder, "HumanEval")


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.result])
def test_the_page_shows_the_result_of_a_recipe(answer: Answer, name: str) -> None:
    assert shown(answer(name)) == RECIPES[name].result


def test_mutants_are_killed_where_responses_differ(answer: Answer, queue: Connection) -> None:
    cells: dict[str, dict[int, str]] = defaultdict(dict)
    for row in queue.query("SELECT * FROM observations WHERE NOT specified_oracle").to_pylist():
        cells[row["implementation_id"]][row["step_id"]] = row["output"]
    original = cells.pop("1_original_0")
    (score,) = answer("Mutation score").to_pylist()
    killed = [name for name, steps in cells.items() if steps != original]
    assert (score["mutants"], score["killed"], score["mutation_score"]) == (28, 12, 12 / 28)
    assert (len(cells), len(killed)) == (28, 12)
    for row in answer("Kill matrix").to_pylist():
        step, judged = row.pop("step_id"), {name: word for name, word in row.items() if name != "test_id"}
        alike = {name: "PASS" if cells[name][step] == original[step] else "FAIL" for name in judged}
        assert judged == (alike if step else dict.fromkeys(judged, "UNDEFINED"))


def test_pass_at_k(answer: Answer, human_eval: dict[str, Problem]) -> None:
    (found,) = answer("pass@k").to_pylist()
    stated = [problem for problem in human_eval.values() if problem.expected]
    assert (found["problems"], len(stated), len(human_eval)) == (96, 96, 98)
    for k in (1, 10):
        mean = sum(plain.pass_at_k(problem, k) for problem in stated) / len(stated)
        assert found[f"pass_at_{k}"] == pytest.approx(float(mean), abs=1e-12)


def test_the_number_of_behaviours(answer: Answer, human_eval: dict[str, Problem]) -> None:
    expected = []
    for name, problem in human_eval.items():
        shares = [len(members) / len(problem.cells) for members in problem.clusters]
        entropy = math.fsum(-share * math.log(share) for share in shares)
        expected.append((name, len(problem.cells), len(shares), entropy, math.exp(entropy)))
    expected.sort(key=lambda row: (-row[-1], row[0]))
    for row, counted in zip(answer("Behavioural diversity").to_pylist(), expected, strict=False):
        assert tuple(row.values()) == (*counted[:3], pytest.approx(counted[3]), pytest.approx(counted[4]))


def test_the_slowest_correct_implementations(
    answer: Answer, human_eval: dict[str, Problem], python_folder: Path
) -> None:
    name = "HumanEval_36_fizz_buzz"
    rows = plain.latest(python_folder, ("problem_id", "=", name), ("specified_oracle", "=", False), ("step_id", ">", 0))
    times: dict[str, list[float]] = defaultdict(list)
    for implementation, time in zip(
        *(rows[n].to_pylist() for n in ("implementation_id", "execution_time_ms")), strict=True
    ):
        times[implementation].append(time)
    means = {implementation: math.fsum(found) / len(found) for implementation, found in times.items()}
    ranks = {each: 1 + sum(other > mean for other in means.values()) for each, mean in means.items()}
    expected = sorted((ranks[each], each, means[each]) for each in plain.right(human_eval[name]))
    found = answer("Slowest implementations").to_pylist()
    assert len(found) == 4 < len(expected)
    for row, (rank, implementation, mean) in zip(found, expected, strict=False):
        assert tuple(row.values()) == (rank, implementation, pytest.approx(mean))


def test_the_only_missing_cells(answer: Answer, x: Connection) -> None:
    rows = x.query("SELECT problem_id, implementation_id, test_id FROM observations WHERE NOT specified_oracle")
    cells = set(zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True))
    tests, implementations = {(cell[0], cell[2]) for cell in cells}, defaultdict(set)
    for problem, implementation, _ in cells:
        implementations[problem].add(implementation)
    full = {(problem, each, test) for problem, test in tests for each in implementations[problem]}
    found = [tuple(row.values()) for row in answer("Missing cells").to_pylist()]
    assert found == sorted(full - cells)
    assert [row[::2] for row in found] == [("HumanEval_71_triangle_area", "test1()")] * 8


def test_how_often_the_consensus_is_the_specified_response(answer: Answer, x: Connection) -> None:
    rows = x.query(
        "SELECT problem_id || test_id AS test, output, specified_oracle FROM observations WHERE step_id = 1"
    ).to_pylist()
    stated = {row["test"]: row["output"] for row in rows if row["specified_oracle"]}
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if not row["specified_oracle"] and response_text(row["output"], Using()) != "NA":
            votes[row["test"]][row["output"]] += 1
    counted: Counter[tuple[str | None, str]] = Counter()
    for test, counts in votes.items():
        (output, most), *others = counts.most_common()
        tie = any(count == most for _, count in others)
        status = (
            "TIE" if tie else "UNANIMOUS" if not others else "MAJORITY" if 2 * most > counts.total() else "PLURALITY"
        )
        same_value = response_text(output, Using()) == response_text(stated[test], Using())
        facts = {"steps": 1, "equal_text": not tie and output == stated[test], "equal_value": not tie and same_value}
        counted.update({(of, fact): int(true) for of in (status, None) for fact, true in facts.items()})
    found = answer("Oracle accuracy").to_pylist()
    assert {(row["status"], fact): row[fact] for row in found for fact in facts} == counted
    assert (counted[None, "steps"], counted[None, "equal_text"]) == (1994, 903)
    assert all(row["accuracy"] == row["equal_text"] / row["steps"] for row in found)


def test_coincident_failures(answer: Answer, human_eval: dict[str, Problem]) -> None:
    for row in answer("Coincident failures").to_pylist():
        counted = plain.coincident_failures(human_eval[row["problem_id"]], 0.1)
        tests, coincident, expected = counted[1], counted[3], counted[4]
        z = (coincident - expected) / math.sqrt(expected * (1 - expected / tests))
        assert tuple(row.values())[1:] == (*counted[:4], pytest.approx(expected, abs=1e-6), pytest.approx(z, abs=1e-4))


def test_problems_with_flaky_cells(answer: Answer, python_facts: dict[str, Any]) -> None:
    expected = []
    for problem, facts in python_facts.items():
        steps = [tuple(step) for step in facts["flaky"]]
        kinds = [{step[0] for step in steps}, {step[1] for step in steps}, {step[:2] for step in steps}]
        if steps:
            expected.append((problem, *map(len, kinds), len(steps)))
    expected.sort(key=lambda row: (-row[-1], row[0]))
    assert [tuple(row.values()) for row in answer("Flaky tests").to_pylist()] == expected
    assert (len(expected), sum(row[3] for row in expected), sum(row[4] for row in expected)) == (11, 330, 352)


def test_few_tests_keep_every_behaviour(answer: Answer, human_eval: dict[str, Problem], python_folder: Path) -> None:
    name = "HumanEval_36_fizz_buzz"
    problem, kept = human_eval[name], answer("Regression suite").to_pylist()
    picked = [row["test_id"] for row in kept]
    assert problem.told_apart_by(picked) == problem.clusters
    separated = [len(problem.told_apart_by(picked[:count])) for count in range(1, len(picked) + 1)]
    assert [row["classes"] for row in kept] == separated
    apart = [pairs(problem.told_apart_by(picked[:count])) for count in range(len(picked) + 1)]
    assert [row["gained_pairs"] for row in kept] == [after - before for before, after in pairwise(apart)]
    tests = pq.read_table(python_folder / "tests.parquet", filters=[("problem_id", "=", name)]).to_pylist()
    sources = {row["test_id"]: row["source_code"] for row in tests}
    assert [row["test_source"] for row in kept] == [sources[test] for test in picked]


def pairs(classes: list[list[str]]) -> int:
    """Return the number of pairs of implementations in different classes."""
    return math.comb(sum(map(len, classes)), 2) - sum(math.comb(len(members), 2) for members in classes)


def test_near_duplicate_behaviours(python_data: Connection, answer: Answer, human_eval: dict[str, Problem]) -> None:
    problem = human_eval["HumanEval_77_iscube"]
    sizes = {min(members): len(members) for members in problem.clusters}
    exact = plain.jaccard(problem)
    every = python_data.query(RECIPES["Near-duplicate behaviour"].text.rpartition("LIMIT")[0]).to_pylist()
    for row in every:
        assert abs(row["similarity"] - exact[row["left_id"], row["right_id"]]) < 0.15
        assert (row["left_size"], row["right_size"]) == (sizes[row["left_id"]], sizes[row["right_id"]])
    found = {(row["left_id"], row["right_id"]) for row in every}
    assert found >= {pair for pair, similarity in exact.items() if similarity > 0.96}
    assert every[:4] == answer("Near-duplicate behaviour").to_pylist()
    similarity = "SELECT left_id, right_id FROM (SIMILARITY JACCARD FROM HumanEval.{} STEPS EXCEPT CREATE MIN 0.9)"
    alike = python_data.query(similarity.format("HumanEval_77_iscube")).to_pylist()
    representatives = {pair for pair, similarity in exact.items() if similarity >= 0.9}
    assert representatives <= {(row["left_id"], row["right_id"]) for row in alike}


def test_a_training_set_has_every_program_with_its_class_and_verdicts(exported: Path, python_folder: Path) -> None:
    rows = pq.read_table(exported / FILE)
    code = pq.read_table(python_folder / "code_implementations.parquet", filters=[("data_set_id", "=", "MBPP")])
    sources = {(row["problem_id"], row["implementation_id"]): row["source_code"] for row in code.to_pylist()}
    classes: dict[tuple[str, int, int], list[str]] = defaultdict(list)
    problems = plain.problems(python_folder, "MBPP")
    for row in rows.to_pylist():
        problem, name = row["problem_id"], row["implementation_id"]
        verdicts = problems[problem].verdicts[name]
        assert row["source_code"] == sources.pop((problem, name))
        assert {found["test_id"]: found["verdict"] for found in row["verdicts"]} == verdicts
        counts = Counter(verdicts.values())
        assert (row["passed"], row["failed"]) == (counts["PASS"], counts["FAIL"])
        classes[problem, row["cluster_id"], row["size"]].append(name)
    assert not sources
    assert {(problem, *members) for (problem, _, _), members in classes.items()} == {
        (name, *members) for name, problem in problems.items() for members in problem.clusters
    }
    assert all(size == len(members) for (_, _, size), members in classes.items())
    assert pc.count_distinct(rows["fingerprint"]).as_py() >= 500
