"""The Solr importer, on small generated exports and on a real one with arena observations."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import srcql_client
from srcql.errors import InvalidData
from srcql_client import Connection
from srcql_client.importers import Part, arena, json_stream, solr
from srcql_client.importers.solr import SolrExport
from tests.serving import served

from .test_arena import cell, export

UNIT = {
    "id": "s1",
    "abstractionId": ["Stack"],
    "lang": "java",
    "hash": "of its bytecode",
    "content": "class Stack {}  \n",
    "m_static_loc_td": [17.0],
    "m_static_complexity_td": [4],
    "lastModified": "2026-01-02T04:04:05.25+01:00",
}


def unit(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (UNIT | changes).items() if value is not None}


def response(*documents: Any, found: Any = 0) -> dict[str, Any]:
    header = {"status": 0, "params": {"q": "*:*", "response": {}}}
    return {
        "responseHeader": header,
        "response": {"numFound": found, "start": 0, "docs": list(documents)},
        "facets": {},
    }


def written(folder: Path, *values: Any) -> Path:
    path = folder / "solr.json"
    path.write_text("\n".join(json.dumps(value, indent=1) for value in values))
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    found = list(SolrExport(path, "d"))
    assert all(batch.schema == solr.SCHEMA for batch in found)
    return pa.Table.from_batches(found).to_pylist()


def ids(path: Path) -> list[str]:
    return [row["implementation_id"] for row in rows(path)]


def test_a_document_is_the_source_of_an_implementation(tmp_path: Path) -> None:
    assert rows(written(tmp_path, response(unit(), found=1))) == [
        {
            "data_set_id": "d",
            "problem_id": "Stack",
            "implementation_id": "s1_original_0",
            "source_code": "class Stack {}  \n",
            "code_hash": "d68f52016a63def9ae4f7da3b0f7f23cd35e139e",
            "created_at": datetime(2026, 1, 2, 3, 4, 5, 250_000),
            "lines_of_code": 17,
            "cyclomatic_complexity": 4,
            "language": "java",
        }
    ]


def test_only_id_and_problem_are_required(tmp_path: Path) -> None:
    (row,) = rows(written(tmp_path, [{"id": "s1", "abstractionId": "Stack", "content": "", "m_static_loc_td": []}]))
    assert {name for name, value in row.items() if value is not None} == {
        "data_set_id",
        "problem_id",
        "implementation_id",
    }


def test_a_unit_of_several_problems_has_a_row_for_each(tmp_path: Path) -> None:
    found = rows(written(tmp_path, [unit(abstractionId=["Queue", "Stack", "Queue"])]))
    assert [(row["problem_id"], row["implementation_id"]) for row in found] == [
        ("Queue", "s1_original_0"),
        ("Stack", "s1_original_0"),
    ]


UNITS = [unit(id=f"s{n}", content=f'"\\{n}' * n, m_static_loc_td=[n + 0.0]) for n in range(9)]
FORMS = {
    "a response": [response(*UNITS, found=9)],
    "pages": [response(*UNITS[:5], found=9), response(*UNITS[5:], found=9)],
    "an array": [UNITS],
    "JSON lines": UNITS,
    "numbers first": [{"QTime": 12, "x": 1.5, "y": 1e9, "z": -0.25, **response(*UNITS, found=9)}],
    "pages without units": [response(), *UNITS],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("block", [1, 1 << 16])
def test_every_form_of_an_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, block: int) -> None:
    monkeypatch.setattr(json_stream, "_BLOCK", block)
    monkeypatch.setattr(solr, "ROWS_AT_ONCE", 4)
    path = written(tmp_path, *FORMS[form])
    found = rows(path)
    assert found == rows(written(tmp_path, UNITS))
    assert [(row["source_code"], row["lines_of_code"]) for row in found[1:]] == [
        (f'"\\{n}' * n, n) for n in range(1, 9)
    ]


def test_an_export_may_be_gzipped(tmp_path: Path) -> None:
    bare = rows(written(tmp_path, UNITS))
    packed = tmp_path / "export"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + json.dumps(UNITS).encode()))
    assert rows(packed) == bare


def test_rows_come_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solr, "ROWS_AT_ONCE", 4)
    assert [len(batch) for batch in SolrExport(written(tmp_path, UNITS), "d")] == [4, 4, 1]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"abstractionId": ["p"]}, "docs[1]: expected text as id, found none (fields: abstractionId)"),
        ({"error": {"code": 400}}, "docs[1]: expected text as id, found none (fields: error)"),
        (unit(id=7), "docs[1]: expected text as id, found 7.0"),
        (unit(id=["a", "b"]), "docs[1]: expected one value as id, found 2 values"),
        (unit(id="s0", abstractionId=None, name="Stack"), "docs[1]: expected text as abstractionId, found none"),
        (unit(id="s0", abstractionId=["", None]), "docs[1]: expected text as abstractionId"),
        (unit(id="s0", abstractionId=[3]), "docs[1]: expected text as abstractionId, found 3.0"),
        (unit(), "docs[1]: expected a unique id, found s1 again"),
        (
            unit(id="s0", m_static_loc_td=[1.5]),
            "docs[1]: expected a 32-bit integer as m_static_loc_td, found 1.5",
        ),
        (unit(id="s0", m_static_loc_td=3e9), "found 3000000000.0"),
        (unit(id="s0", m_static_complexity_td="4"), "as m_static_complexity_td, found '4'"),
        (unit(id="s0", m_static_complexity_td=True), "as m_static_complexity_td, found True"),
        (unit(id="s0", m_static_complexity_td=float("nan")), "as m_static_complexity_td, found nan"),
        (unit(id="s0", content={}), "docs[1]: expected text as content, found {}"),
        (unit(id="s0", content="\ud800"), "docs[1]: expected Unicode as content, found an unpaired surrogate"),
        (
            unit(id="s0", lastModified="yesterday"),
            "expected a time such as 2026-01-02T03:04:05Z as lastModified, found",
        ),
        (unit(id="s0", lastModified="0001-01-01T00:00:00+05:00"), "found '0001-01-01T00:00:00+05:00'"),
        (["s0"], "docs[1]: expected a document, found ['s0']"),
    ],
)
def test_an_invalid_document_is_reported(tmp_path: Path, document: Any, words: str) -> None:
    with pytest.raises(InvalidData) as caught:
        rows(written(tmp_path, [unit(), document]))
    assert str(caught.value).startswith("solr.json: docs[1]: expected ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "expected some documents, found 0"),
        (json.dumps(response()), "expected some documents, found 0"),
        (
            json.dumps(response(unit(), found=7)),
            "expected 7 documents, found 1\n  hint: request rows=7 from Solr, or put all",
        ),
        (json.dumps(response(found=7)), "expected 7 documents, found 0"),
        (
            b"<response/>",
            "expected the JSON of a Solr export, found '<response/>' at character 0\n  hint: request",
        ),
        (b"id,content\ns1,x", "expected the JSON of a Solr export, found 'id,content' at character 0"),
        (b'[{"id": "s1"', "expected JSON, found the end of the file"),
        (b'{"response": {"docs": [', "expected JSON, found the end of the file"),
        (b'{"response": {"docs": [] "x"', "expected ',', found '\"x\"' at character 25"),
        (b"{7: 8}", "expected a quoted name, found '7: 8}' at character 1"),
        (b"[" * 100_000, "expected less deeply nested JSON"),
        (b'{"id": "\xff"}', "expected UTF-8, found other bytes"),
        (gzip.compress(b"[]", mtime=0)[:-9], "expected a gzip file, found a truncated or damaged one"),
        (b"PAR1", "expected the JSON of a Solr export, found 'PAR1'"),
    ],
)
def test_other_files_are_rejected(tmp_path: Path, content: bytes | str, words: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InvalidData) as caught:
        rows(path)
    assert str(caught.value).startswith(f"x.json: {words}")


def test_long_numbers_are_cheap(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(f'[{{"id": "s1", "abstractionId": "p", "x": {"9" * 10_000}, "y": 1e999999999}}]')
    assert ids(path) == ["s1_original_0"]


def test_an_unterminated_value_is_not_read_completely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_LARGEST", 100_000)
    path = tmp_path / "x.json"
    path.write_text('["' + "x" * 1_000_000)
    with path.open() as text:
        stream = json_stream.JsonStream(text)
        with pytest.raises(InvalidData, match="at character 1"):
            [stream.value() for _ in stream.elements()]
        assert text.tell() < 300_000


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(InvalidData, match="expected the JSON of a Solr export, found no file at"):
            list(solr.read(path, "d"))


def test_an_invalid_export_adds_nothing(tmp_path: Path, lakehouse: Connection) -> None:
    path = written(tmp_path, [*(unit(id=f"s{n}") for n in range(2_500)), unit(id="s7")])
    with pytest.raises(InvalidData) as caught:
        imported(lakehouse, solr.read(path, "d"))
    assert str(caught.value).splitlines() == [
        "solr.json: docs[2500]: expected a unique id, found s7 again",
        "  hint: sort the search by id if you export it in pages",
    ]
    assert lakehouse.query("FROM code_implementations").num_rows == 0


def test_the_batch_id_depends_on_the_content(tmp_path: Path) -> None:
    path = written(tmp_path, UNITS)
    (part,) = solr.read(path, "d")
    (renamed,) = solr.read(path.rename(tmp_path / "renamed"), "d")
    (other,) = solr.read(renamed.file, "other")
    assert part.batch_id == renamed.batch_id != other.batch_id


def test_observations_get_the_hashes_of_earlier_code(tmp_path: Path) -> None:
    documents = written(tmp_path, [unit(), unit(id="s2", content="class Other {}")])
    cells = [
        cell(SYSTEMID=system, VARIANTID=variant) for system in ("s1", "s2", "s3") for variant in ("original", "m0")
    ]
    exported = export(tmp_path, *cells, cell(SYSTEMID="s1", ADAPTERID="1"))
    with srcql_client.connect(tmp_path / "w") as lakehouse:
        imported(lakehouse, solr.read(documents, "D"))
        imported(lakehouse, arena.read(exported.path, "D"))
        found = lakehouse.query("SLICE implementation_id, implementation_hash FROM D WITH CODE").to_pylist()
    hashes = {row["implementation_id"]: (row["implementation_hash"], row["source_code"]) for row in found}
    nothing = ("", None)
    assert hashes == {
        "s1_original_0": ("d68f52016a63def9ae4f7da3b0f7f23cd35e139e", "class Stack {}  \n"),
        "s2_original_0": ("77e0b326e2dad9a5f396c1a695c2e8680ea8fe05", "class Other {}"),
        **dict.fromkeys(("s1_m0_0", "s1_original_1", "s2_m0_0", "s3_m0_0", "s3_original_0"), nothing),
    }


def test_further_adapters_get_the_source_of_their_unit(tmp_path: Path, lakehouse: Connection) -> None:
    """With the query of docs/importers.md; the latest of several sources counts."""
    page = (Path(__file__).parents[2] / "docs" / "importers.md").read_text()
    query = page.partition("```sql\n")[2].partition("```")[0]
    for source in ("class Old {}", "class New {}"):
        imported(lakehouse, solr.read(written(tmp_path, [unit(lastModified=None, content=source)]), "D"))
    cells = [cell(ADAPTERID=adapter) for adapter in ("0", "1", "10")]
    imported(lakehouse, arena.read(export(tmp_path, *cells, cell(VARIANTID="mutant0"), cell(SYSTEMID="s2")).path, "D"))
    lakehouse.ingest("code_implementations", lakehouse.query(query))
    found = lakehouse.query("SLICE implementation_id FROM D WITH CODE").to_pylist()
    assert {row["implementation_id"]: row["source_code"] for row in found} == {
        **dict.fromkeys(("s1_original_0", "s1_original_1", "s1_original_10"), "class New {}"),
        **dict.fromkeys(("s1_mutant0_0", "s2_original_0")),
    }


def imported(lakehouse: Connection, parts: Iterator[Part]) -> None:
    for part in parts:
        lakehouse.ingest(part.table, part.rows, part.batch_id)


REAL = "humaneval_mbpp_classeval"
SAMPLE = ("ClassEval_51_KappaCalculator", "HumanEval_38_decode_cyclic", "mbpp_802_count_rotation")


@pytest.fixture(scope="module")
def both(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A server with problems of the real data, imported from the three tables (A) and from LASSO's exports (B)."""
    folder = tmp_path_factory.mktemp("both")
    with served(folder / "w") as lakehouse:
        for table in ("code_implementations", "tests", "observations"):
            of = selected(data / REAL / f"{table}.parquet", "problem_id").drop_columns("data_set_id")
            lakehouse.ingest(table, of.append_column("data_set_id", pa.array(["A"] * len(of))))
        pq.write_table(selected(data / REAL / "arena.parquet", "ABSTRACTIONID"), folder / "arena.parquet")
        imported(lakehouse, solr.read(data / REAL / "solr_export.json.gz", "B"))
        imported(lakehouse, arena.read(folder / "arena.parquet", "B"))
        yield lakehouse


def selected(path: Path, column: str) -> pa.Table:
    return pq.read_table(path, filters=pc.field(column).isin(SAMPLE))


@pytest.mark.parametrize(
    ("rows", "unknown"),
    [
        ("observations WHERE NOT specified_oracle", ""),
        ("observations WHERE specified_oracle", ", inputs, environment_id"),
        ("tests", ", language"),
        (f"code_implementations WHERE problem_id IN {SAMPLE}", ", created_at"),
    ],
)
def test_the_exports_equal_the_tables(both: Connection, rows: str, unknown: str) -> None:
    found = both.query(f"SELECT * EXCLUDE (data_set_id{unknown}), data_set_id FROM {rows}").to_pylist()
    of: dict[str, list[str]] = {"A": [], "B": []}
    for row in found:
        of[row.pop("data_set_id")].append(repr(row))
    assert sorted(of["A"]) == sorted(of["B"])
    assert of["A"]


def test_every_implementation_has_source_code(both: Connection) -> None:
    found = both.query("SELECT DISTINCT problem_id, implementation_id, source_code FROM (SLICE FROM B WITH CODE)")
    expected = both.query(
        "SELECT problem_id, implementation_id, source_code FROM code_implementations WHERE data_set_id = 'A'"
    )
    order = [("problem_id", "ascending"), ("implementation_id", "ascending")]
    assert found.sort_by(order) == expected.sort_by(order)
    assert found["source_code"].null_count == 0


def test_every_source_of_the_real_export(data: Path) -> None:
    folder = data / REAL
    columns = ["problem_id", "implementation_id", "source_code", "code_hash"]
    columns += ["lines_of_code", "cyclomatic_complexity", "language"]
    order = [(name, "ascending") for name in columns[:2]]
    found = pa.Table.from_batches(list(SolrExport(folder / "solr_export.json.gz", "d")))
    expected = pq.read_table(folder / "code_implementations.parquet", columns=columns).sort_by(order)
    assert found.select(columns).sort_by(order) == expected.cast(found.select(columns).schema)
    assert len(expected) == 11_877
