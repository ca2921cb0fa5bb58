"""The arena importer, on small generated exports and on real ones."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from srcql.errors import InvalidData
from srcql_client import batches
from srcql_client.importers import arena
from srcql_client.importers.arena import ArenaExport

TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCHEMA = pa.schema(
    [(name, pa.string()) for name in arena.COLUMNS[:8]]
    + [("X", pa.int32()), ("Y", pa.int32()), ("TYPE", pa.string()), ("VALUE", pa.string())]
    + [("LASTMODIFIED", pa.timestamp("us", "UTC")), ("EXECUTIONTIME", pa.int64())]
)


def cell(**changes: Any) -> dict[str, Any]:
    return {
        "EXECUTIONID": "run",
        "ABSTRACTIONID": "Stack",
        "ACTIONID": "execute",
        "ARENAID": "arena",
        "SHEETID": "t()",
        "SYSTEMID": "s1",
        "VARIANTID": "original",
        "ADAPTERID": "0",
        "X": 0,
        "Y": 0,
        "TYPE": "value",
        "VALUE": "1",
        "LASTMODIFIED": TIME,
        "EXECUTIONTIME": 0,
        **changes,
    }


def oracle(step: int, value: str) -> dict[str, Any]:
    return cell(SYSTEMID="oracle", VARIANTID="oracle", ADAPTERID="oracle", Y=step, VALUE=value)


def sheet(*lines: str) -> dict[str, Any]:
    of = {"SYSTEMID": "abstraction", "VARIANTID": "abstraction", "ADAPTERID": "abstraction", "X": -1, "Y": -1}
    return cell(**of, TYPE="stimulussheet", VALUE="".join(line + "\n" for line in lines))


def export(folder: Path, *cells: dict[str, Any], schema: pa.Schema = SCHEMA) -> ArenaExport:
    pq.write_table(pa.Table.from_pylist(list(cells), schema=schema), folder / "export.parquet")
    return ArenaExport(folder / "export.parquet", "d")


def rows(of: ArenaExport) -> list[dict[str, Any]]:
    order = [(name, "ascending") for name in ("problem_id", "test_id", "implementation_id", "run_id", "step_id")]
    return pa.Table.from_batches(list(of)).sort_by(order).to_pylist()


def asked(of: ArenaExport, query: str) -> Any:
    """Return the single row of a query over the tables `observations` and `tests` of an export."""
    with duckdb.connect() as connection:
        connection.register("observations", pa.Table.from_batches(list(of)))
        connection.register("tests", of.tests)
        return connection.execute(query).fetchone()


def test_one_sheet_row_is_one_observation(tmp_path: Path) -> None:
    call = {"Y": 1, "EXECUTIONTIME": 2_500_000}
    (row,) = rows(
        export(
            tmp_path,
            cell(**call, VALUE='"Hi"'),
            cell(**call, X=1, TYPE="op", VALUE="push"),
            cell(**call, X=2, TYPE="service", VALUE="$CUT@Stack@0"),
            cell(**call, X=4, TYPE="input_value", VALUE="[1, 2]"),
            cell(**call, X=3, TYPE="input_value", VALUE="$CUT@Stack@0"),
            cell(**call, X=10, TYPE="input_value", VALUE='a "b"'),
        )
    )
    assert row == {
        "data_set_id": "d",
        "problem_id": "Stack",
        "implementation_id": "s1_original_0",
        "test_id": "t()",
        "test_hash": "",
        "run_id": "run",
        "environment_id": "arena",
        "step_id": 1,
        "operation": "push",
        "inputs": '["$CUT@Stack@0", [1, 2], "a \\"b\\""]',
        "output": '"Hi"',
        "execution_time_ms": 2.5,
        "branch_coverage_percent": None,
        "created_at": TIME.replace(tzinfo=None),
        "specified_oracle": False,
    }


def test_old_column_names_are_read(tmp_path: Path) -> None:
    old = "push_7bc3388a-0000-4000-8000-0123456789ab"
    found = rows(
        export(
            tmp_path,
            cell(SHEETID=old, VARIANTID="", ADAPTERID=None),
            cell(SHEETID="push_7bc3388a", SYSTEMID="s2", VARIANTID=None),
            cell(SHEETID=old, VARIANTID="", ADAPTERID=None, X=2, TYPE="input_value", VALUE="7"),
        )
    )
    assert [(row["test_id"], row["implementation_id"], row["inputs"]) for row in found] == [
        ("push", "s1_default_0", "[7]"),
        ("push_7bc3388a", "s2_default_0", "[]"),
    ]


@pytest.mark.parametrize(
    ("measures", "percent"),
    [
        ({"BRANCH_COVEREDRATIO": "0.25", "LINE_COVEREDRATIO": "0.5"}, 25.0),
        ({"jacoco_class_branch.coveredratio": "0.75", "jacoco_class_line.coveredratio": "0.1"}, 75.0),
        ({"branches.total": "8", "branches.covered": "2", "branches.missed": "6", "lines.total": "9"}, 25.0),
        ({"BRANCH_TOTALCOUNT": "4.0", "BRANCH_COVEREDCOUNT": "3.0"}, 75.0),
        ({"branches.total": "0", "branches.covered": "0"}, None),
        ({"BRANCH_COVEREDRATIO": "NaN"}, None),
        ({"LINE_COVEREDRATIO": "0.5"}, None),
    ],
)
def test_coverage_belongs_to_the_implementation(
    tmp_path: Path, measures: dict[str, str], percent: float | None
) -> None:
    of = {"SHEETID": "jacoco", "ARENAID": "jacoco1", "X": -1, "Y": -1}
    covered = [cell(**of, TYPE=type_, VALUE=value) for type_, value in measures.items()]
    found = rows(export(tmp_path, cell(), cell(SYSTEMID="s2"), cell(EXECUTIONID="other"), *covered))
    assert [row["branch_coverage_percent"] for row in found] == [None, percent, None]


def test_a_step_without_expected_output_is_undefined(tmp_path: Path) -> None:
    found = export(
        tmp_path,
        sheet(
            '{"cells":{"A1":"","B1":"create","C1":"Stack"}}',
            '{"cells":{"A1":"null","B2":"pop","C2":"A1"}}',
            '{"cells":{"A3":{},"B3":"pop","C3":"A1"}}',
            '{"cells":{"B4":"size","C4":"A1"}}',
            '{"cells":{"A5":"2l","B5":"size","C5":"A1"}}',
        ),
        *(oracle(step, "null") for step in range(4)),
        oracle(4, "2"),
    )
    oracles = rows(found)
    assert [row["output"] for row in oracles] == ["$*", "null", "$*", "$*", "2"]
    assert {row["implementation_id"] for row in oracles} == {"oracle"}
    assert all(row["specified_oracle"] for row in oracles)
    assert {row["test_hash"] for row in oracles} == set(found.tests["code_hash"].to_pylist())


def test_without_a_sheet_null_is_kept(tmp_path: Path) -> None:
    assert [row["output"] for row in rows(export(tmp_path, oracle(0, "null")))] == ["null"]


def test_null_is_a_response_of_an_implementation(tmp_path: Path) -> None:
    found = rows(export(tmp_path, sheet('{"cells":{"B1":"create"}}'), cell(VALUE="null")))
    assert [row["output"] for row in found] == ["null"]


def test_the_latest_of_several_actions_counts(tmp_path: Path) -> None:
    later = {"ACTIONID": "again", "LASTMODIFIED": TIME.replace(hour=9)}
    found = rows(
        export(
            tmp_path,
            *(cell(Y=step, VALUE="old") for step in range(3)),
            cell(X=3, TYPE="input_value", VALUE="1"),
            *(cell(Y=step, VALUE="new", **later) for step in range(2)),
            cell(X=3, TYPE="input_value", VALUE="2", **later),
        )
    )
    assert [(row["step_id"], row["output"], row["inputs"]) for row in found] == [(0, "new", "[2]"), (1, "new", "[]")]


def test_tests_are_distinct(tmp_path: Path) -> None:
    body = '{"cells":{"B1":"create"}}\n'
    other = sheet("assert f(1) == 2") | {"SHEETID": "u", "EXECUTIONID": "run2"}
    interface = sheet() | {"TYPE": "interface", "VALUE": "Stack { size()->int }"}
    found = export(tmp_path, sheet(body.strip()), sheet(body.strip()) | {"EXECUTIONID": "run2"}, interface, other)
    assert found.tests.select(["data_set_id", "test_id", "source_code", "focal_interface", "language"]).to_pylist() == [
        {
            "data_set_id": "d",
            "test_id": "t()",
            "source_code": body,
            "focal_interface": "Stack { size()->int }",
            "language": "ssn",
        },
        {
            "data_set_id": "d",
            "test_id": "u",
            "source_code": "assert f(1) == 2\n",
            "focal_interface": None,
            "language": None,
        },
    ]


def test_a_large_export_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arena, "_PARTS", arena._PARTS.replace(str(arena.CELLS_AT_ONCE), "2"))
    found = export(tmp_path, *(cell(ABSTRACTIONID=f"p{n}", Y=step) for n in range(5) for step in range(3)))
    assert len(list(found)) == 5
    assert len(rows(found)) == 15


PIVOTED = pa.table({"STATEMENT": ["t()@0"], "X": [0], "Y": [0], "s1": ["1"]})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (PIVOTED, "found the pivoted export"),
        (pa.table({"a": [1]}), "found no column EXECUTIONID, ABSTRACTIONID"),
        (pa.Table.from_pylist([], SCHEMA).drop_columns(["VALUE"]), r"found no column VALUE \("),
    ],
)
def test_other_files_are_rejected(tmp_path: Path, table: pa.Table, words: str) -> None:
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(InvalidData, match=words):
        list(arena.read(tmp_path / "x.parquet", "d"))


def test_other_formats_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("hello")
    with pytest.raises(InvalidData, match=r"x\.parquet: expected a Parquet file"):
        list(arena.read(tmp_path / "x.parquet", "d"))
    with pytest.raises(InvalidData, match="found none at"):
        list(arena.read(tmp_path / "none", "d"))


def test_the_batch_id_depends_on_the_content(tmp_path: Path) -> None:
    export(tmp_path, cell(), sheet("x"))
    path = tmp_path / "export.parquet"
    ids = [part.batch_id for part in arena.read(path, "d")]
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "renamed.parquet").write_bytes(path.read_bytes())
    assert ids == [part.batch_id for part in arena.read(tmp_path / "copy", "d")]
    assert not set(ids) & {part.batch_id for part in arena.read(path, "other")}
    assert len(set(ids)) == 2


X = "lasso/srm_894e0458-b2c2-4114-bbdf-7b2f9a53d21f_all.parquet"


def test_the_published_export(data: Path) -> None:
    found = ArenaExport(data / X, "HumanEval")
    query = """
        SELECT count(*) FILTER (NOT specified_oracle), count(*) FILTER (specified_oracle),
            count(DISTINCT problem_id), count(DISTINCT (problem_id, implementation_id)) FILTER (NOT specified_oracle),
            count(DISTINCT (problem_id, test_id)), count(*) FILTER (output = '$*'),
            count(*) FILTER (specified_oracle AND step_id = 0 AND output <> '$*'),
            count(*) FILTER (json_type(inputs) <> 'ARRAY'),
            (SELECT count(*) FROM observations JOIN tests USING (problem_id, test_id) WHERE test_hash = code_hash)
        FROM observations"""
    assert asked(found, query) == (30_412, 3_988, 461, 3_496, 1_994, 1_994, 0, 0, 34_400)
    assert found.tests.num_rows == 1_994
    assert set(found.tests["language"].to_pylist()) == {"ssn"}


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("BASE64_ENCODE_DECODE_MAVEN", (4, 4, 2, 1, 2)),
        ("BOUNDED_QUEUE_MUTATION", (174, 6, 1, 29, 6)),
        ("HELLO_WORLD_QUICKSTART", (9, 3, 1, 3, 3)),
        ("OPENAI_GEN", (25, 25, 8, 1, 21)),
        ("STACK_PARAMETERIZED", (81, 27, 9, 3, 27)),
    ],
)
def test_the_small_exports(data: Path, name: str, facts: tuple[int, ...]) -> None:
    query = """
        SELECT count(*) FILTER (NOT specified_oracle), count(*) FILTER (specified_oracle), count(DISTINCT test_id),
            count(DISTINCT implementation_id) FILTER (NOT specified_oracle), count(*) FILTER (output = '$*')
        FROM observations"""
    assert asked(ArenaExport(data / f"lasso/{name}.parquet", "d"), query) == facts


def test_coverage_of_the_published_export(data: Path) -> None:
    found = rows(ArenaExport(data / "lasso/BASE64_ENCODE_DECODE_MAVEN.parquet", "d"))
    percents = {row["implementation_id"]: row["branch_coverage_percent"] for row in found}
    assert percents == {"1_original_0": 21.69811320754717, "oracle": None}


@pytest.mark.slow
def test_the_large_export_contains_its_observations(data: Path) -> None:
    """Every byte of observations.parquet that arena.parquet contains.

    It holds neither what oracles were called with, nor their environment, nor the hashes of implementations.
    """
    folder = data / "humaneval_mbpp_classeval"
    digest = """
        SELECT count(*), sum(hash(problem_id, implementation_id, test_id, run_id, step_id, test_hash, operation,
            CASE WHEN NOT specified_oracle THEN (environment_id, inputs) END, output, execution_time_ms,
            branch_coverage_percent, created_at, specified_oracle)::HUGEINT)
        FROM observations"""
    with duckdb.connect() as connection:
        connection.read_parquet(str(folder / "observations.parquet")).create_view("observations")
        expected = connection.execute(digest).fetchall()
        connection.execute("DROP VIEW observations")
        connection.register(
            "observations", batches.open_reader(ArenaExport(folder / "arena.parquet", "d"), "observations")
        )
        assert connection.execute(digest).fetchall() == expected
    assert expected[0][0] == 2_112_749
