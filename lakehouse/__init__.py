"""The lakehouse: three Iceberg tables of observed behaviour, and the engine that queries them.

    rows -> Warehouse.ingest -> write/ -> snapshot in the catalog
    text -> Engine.query -> query/ (SQL, views) -> snapshots/ (which files) -> DuckDB -> rows

>>> import tempfile, pyarrow as pa
>>> from lakehouse import Engine, open_warehouse
>>> with tempfile.TemporaryDirectory() as folder, open_warehouse(folder) as warehouse, Engine(warehouse) as engine:
...     receipt = warehouse.ingest("tests", pa.table({"data_set_id": ["d"], "problem_id": ["p"], "test_id": ["t"]}))
...     engine.query("SELECT test_id FROM tests").read_all().to_pylist()
[{'test_id': 't'}]

The modules of this package never import from this one, so that no import circle forms.
"""

from lakehouse.engine import Engine
from lakehouse.maintenance import Retention, remove_orphans
from lakehouse.repair.relocate import Relocation, relocate
from lakehouse.repair.restore import Restored, restore
from lakehouse.warehouse import Warehouse, open_warehouse
from srcql.receipt import Receipt
from srcql.status import DataSetStatus, Status

__all__ = [
    "DataSetStatus",
    "Engine",
    "Receipt",
    "Relocation",
    "Restored",
    "Retention",
    "Status",
    "Warehouse",
    "open_warehouse",
    "relocate",
    "remove_orphans",
    "restore",
]
