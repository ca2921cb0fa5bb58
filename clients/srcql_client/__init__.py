"""The client of a lakehouse of observed behaviour.

>>> import srcql_client, tempfile
>>> with tempfile.TemporaryDirectory() as folder, srcql_client.connect(folder) as lakehouse:
...     lakehouse.query("SELECT count(*) AS rows FROM observations").to_pylist()
[{'rows': 0}]
"""

from srcql.receipt import Receipt
from srcql.status import DataSetStatus, Status

from .connection import Connection, connect

__all__ = ["Connection", "DataSetStatus", "Receipt", "Status", "connect"]
