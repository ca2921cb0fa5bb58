"""The Python client: query and fill a lakehouse behind a server or in a folder.

>>> import srcql_client, tempfile
>>> with tempfile.TemporaryDirectory() as folder, srcql_client.connect(folder) as lakehouse:
...     receipt = lakehouse.ingest("tests", [{"data_set_id": "d", "problem_id": "p", "test_id": "t"}])
...     lakehouse.query("SELECT count(*) AS rows FROM tests").to_pylist()
[{'rows': 1}]
"""

from srcql.errors import (
    Cancelled,
    ExecutionError,
    Forbidden,
    InvalidData,
    InvalidQuery,
    SrcqlError,
    StoreError,
    TimedOut,
    Unauthenticated,
    Unavailable,
    UnknownName,
    Unsupported,
)
from srcql.receipt import Receipt
from srcql.status import DataSetStatus, Status

from .connection import Connection
from .encoding import encode
from .opening import connect

__all__ = [
    "Cancelled",
    "Connection",
    "DataSetStatus",
    "ExecutionError",
    "Forbidden",
    "InvalidData",
    "InvalidQuery",
    "Receipt",
    "SrcqlError",
    "Status",
    "StoreError",
    "TimedOut",
    "Unauthenticated",
    "Unavailable",
    "UnknownName",
    "Unsupported",
    "connect",
    "encode",
]
