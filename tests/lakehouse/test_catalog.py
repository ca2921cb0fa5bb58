"""The tables of a new warehouse, and warehouses that cannot be opened."""

import subprocess
import sys
from pathlib import Path

import pytest
from pyiceberg.catalog.sql import SqlCatalog

from lakehouse.tables import FORMAT_PROPERTY, RESPONSE_KEY_PROPERTY, schema_of
from lakehouse.warehouse import Warehouse, open_warehouse
from srcql.errors import StoreError
from srcql.schema import TABLES
from tests.lakehouse.conftest import observations

ROWS = observations(("p", "i", "t", 0, "1"))


@pytest.mark.parametrize("name", TABLES)
def test_tables_match_the_schema(warehouse: Warehouse, name: str) -> None:
    table = warehouse.table(name)
    assert table.schema().as_struct() == schema_of(TABLES[name]).as_struct()
    assert [table.schema().find_column_name(field.source_id) for field in table.spec().fields] == ["data_set_id"]
    order = [table.schema().find_column_name(field.source_id) for field in table.sort_order().fields]
    assert order == list(TABLES[name].sort)
    assert table.metadata.format_version == 2


def test_properties_of_observations(warehouse: Warehouse) -> None:
    properties = warehouse.table("observations").properties
    metrics = {
        name.rsplit(".", 1)[-1]: value
        for name, value in properties.items()
        if name.startswith("write.metadata.metrics.column.")
    }
    assert metrics == {
        "data_set_id": "full",
        "problem_id": "full",
        "implementation_id": "full",
        "test_id": "full",
        "run_id": "full",
        "inputs": "none",
        "output": "none",
    }
    assert properties["commit.retry.num-retries"] == "0"
    assert (properties[FORMAT_PROPERTY], properties[RESPONSE_KEY_PROPERTY]) == ("1", "1")


def test_data_folders_hold_data_only(warehouse: Warehouse) -> None:
    warehouse.ingest("observations", ROWS)
    root = Path(warehouse.location)
    assert warehouse.data_locations == tuple(str(root / "data" / name) for name in TABLES)
    assert {path.suffix for path in (root / "data").rglob("*") if path.is_file()} == {".parquet"}
    assert sorted(path.name for path in root.iterdir()) == ["catalog", "data"]


@pytest.mark.parametrize("name", ["a b", "a?b", "a#b", "a%20b", "ü", "a'b"])
def test_folders_of_any_name(tmp_path: Path, name: str) -> None:
    with open_warehouse(tmp_path / name) as warehouse:
        warehouse.ingest("observations", ROWS)
    with open_warehouse(tmp_path / name, create=False) as warehouse:
        assert warehouse.table("observations").scan().to_arrow().num_rows == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_another_catalog_by_its_properties(tmp_path: Path) -> None:
    properties = {"type": "sql", "uri": f"sqlite:///{tmp_path}/mine.db", "warehouse": f"file://{tmp_path}/files"}
    for expected in (1, 2):
        with open_warehouse(None, catalog=properties) as warehouse:
            warehouse.ingest("observations", ROWS, batch_id=None)
            assert warehouse.table("observations").scan().to_arrow().num_rows == expected
            assert warehouse.data_locations[0] == f"file://{tmp_path}/files/srcql/observations/data"
    assert not (tmp_path / "catalog").exists()


def test_another_catalog_with_files_in_a_folder(tmp_path: Path) -> None:
    properties = {"type": "sql", "uri": f"sqlite:///{tmp_path}/mine.db"}
    with open_warehouse(tmp_path / "files", catalog=properties) as warehouse:
        warehouse.ingest("observations", ROWS)
        assert warehouse.data_locations[0] == f"{tmp_path}/files/data/observations"


def failure(location: Path | None, **options: object) -> str:
    with pytest.raises(StoreError) as error:
        open_warehouse(location, **options)  # type: ignore[arg-type]
    return str(error.value)


def test_rejects_a_missing_warehouse(tmp_path: Path) -> None:
    assert failure(tmp_path / "w", create=False) == (
        f"{tmp_path}/w contains no warehouse\n"
        "  hint: check the path; ingest, srcql import and srcql serve create a warehouse"
    )
    assert not (tmp_path / "w").exists()


def test_rejects_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("")
    assert failure(tmp_path / "w") == f"expected a folder, found the file {tmp_path}/w"
    assert failure(tmp_path / "w" / "v") == (
        f"a warehouse in {tmp_path}/w/v cannot be created: not a directory\n"
        "  hint: check the path: a part of it is a file"
    )
    assert failure(tmp_path / ("long" * 99)) == (
        f"the warehouse {tmp_path}/{'long' * 99} cannot be opened: file name too long\n  hint: use a shorter path"
    )


def test_rejects_a_file_that_is_no_catalog(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "catalog.db").write_text("something else")
    assert failure(tmp_path) == (
        f"the catalog {tmp_path}/catalog/catalog.db cannot be opened: file is not a database\n"
        "  hint: use another folder, or move it away"
    )


def test_requires_a_location() -> None:
    assert failure(None) == "expected a folder or the properties of a catalog, found neither"


@pytest.mark.parametrize("name", [FORMAT_PROPERTY, RESPONSE_KEY_PROPERTY])
def test_rejects_a_newer_format(tmp_path: Path, name: str) -> None:
    with open_warehouse(tmp_path) as warehouse, warehouse.table("tests").transaction() as transaction:
        transaction.set_properties({name: "2"})
    assert failure(tmp_path) == (
        f"table srcql.tests: expected {name} of at most 1, found 2\n  hint: upgrade srcql to open this warehouse"
    )


def test_another_process_is_seen(warehouse: Warehouse) -> None:
    before = warehouse.metadata_locations()
    with open_warehouse(warehouse.location) as other:
        other.ingest("observations", ROWS)
    after = warehouse.metadata_locations()
    assert {name for name in before if before[name] != after[name]} == {"observations"}
    assert warehouse.table("observations").metadata_location == after["observations"]


def test_a_catalog_whose_locations_must_be_loaded(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    locations = warehouse.metadata_locations()
    monkeypatch.setattr("lakehouse.warehouse.SqlCatalog", type("Other", (), {}))
    assert isinstance(warehouse.catalog, SqlCatalog)
    assert warehouse.metadata_locations() == locations
    warehouse.ingest("observations", ROWS)
    assert warehouse.table("observations").scan().to_arrow().num_rows == 1


OPENER = (
    "import sys; from lakehouse.warehouse import open_warehouse; sys.stdin.read(1); open_warehouse(sys.argv[1]).close()"
)


def test_many_processes_create_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", OPENER, str(tmp_path / "w")]
    openers = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [opener.communicate("x")[1] for opener in openers] == [""] * 3
    assert [opener.returncode for opener in openers] == [0] * 3
    with open_warehouse(tmp_path / "w", create=False) as warehouse:
        assert warehouse.ingest("observations", ROWS).rows == 1
