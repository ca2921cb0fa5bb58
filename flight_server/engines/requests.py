"""What the server asks of a worker, and what the worker answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from lakehouse.grants import Grant
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.snapshot import SnapshotIds
from lakehouse.snapshots.state import TableState
from srcql.clauses.equality import CANONICAL, Equality
from srcql.errors import SrcqlError


@dataclass(frozen=True)
class Setup:
    """What a worker opens: the warehouse at a location or in a catalog, and a DuckDB with so many bytes and threads.

    Relative paths start from `folder`.
    """

    location: str | None
    catalog: Mapping[str, str] | None
    durable: bool
    folder: str
    threads: int | None
    memory: int


@dataclass(frozen=True)
class Query:
    """A text to compile: with the granted data sets, on the current snapshot or on that of `ids`.

    `seconds` limits its compilation. `held` are the tables at `ids` where these have expired.
    """

    text: str
    grant: Grant = None
    ids: SnapshotIds | None = None
    part: Part | None = None
    equality: Equality = CANONICAL
    seconds: float | None = None
    held: Mapping[str, TableState] | None = None


@dataclass(frozen=True)
class Prepare:
    """Asks for the `Signature` of a query."""

    query: Query


@dataclass(frozen=True)
class Signature:
    """The schema of a query's rows when all parameters are NULL, and that of its parameters."""

    schema: pa.Schema
    parameter_schema: pa.Schema


@dataclass(frozen=True)
class MakePlan:
    """Asks for the `Plan` of a query with these values: at most about `most` parts of about so many rows."""

    query: Query
    values: pa.RecordBatch | None
    rows: int
    most: int


@dataclass(frozen=True)
class Plan:
    """The snapshots that a query reads, the schema of its rows, and the parts in which they can be read, if any."""

    ids: SnapshotIds
    schema: pa.Schema
    parts: list[Part]


@dataclass(frozen=True)
class Run:
    """Asks for the rows of a query with these values: their schema, batches of the wire, and `End`."""

    query: Query
    values: pa.RecordBatch | None
    string_views: bool


Request = Prepare | MakePlan | Run


@dataclass(frozen=True)
class Listen:
    """Passes a channel on which numbered requests follow, one after another."""


@dataclass(frozen=True)
class Interrupt:
    """Ends the request of this number if it runs."""

    number: int


@dataclass(frozen=True)
class Ready:
    """The worker has opened the warehouse."""


@dataclass(frozen=True)
class End:
    """No more batches follow."""


@dataclass(frozen=True)
class Failure:
    """The request failed: with an error for the user, or with the traceback of a defect."""

    error: SrcqlError | str
