"""What the rest of the server asks about a query: its signature, its plan, its rows. A worker answers."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pyarrow as pa

from flight_server.engines.lease import Lease, Rows
from flight_server.engines.pool import Pool
from flight_server.engines.requests import MakePlan, Plan, Prepare, Query, Request, Run, Signature
from flight_server.watchdog import ran_too_long
from lakehouse.query.deadline import compiled_too_long
from lakehouse.snapshots.planner import Planner
from srcql.errors import UnknownName

TOO_LONG = {Prepare: compiled_too_long, MakePlan: compiled_too_long, Run: ran_too_long}


class Engines:
    """Runs queries in engine processes. Raises the errors of `lakehouse.engine.Engine`, and ExecutionError for a
    statement that needs too much memory or ends its process.
    """

    def __init__(self, pool: Pool, planner: Planner) -> None:
        self._pool = pool
        self._planner = planner

    def prepare(self, query: Query) -> Signature:
        """Compile a query; return the schemas of its rows and of its parameters."""
        with self._answered(Prepare(query)) as (_, signature):
            return cast(Signature, signature)

    def plan(self, query: Query, values: pa.RecordBatch | None, rows: int, most: int) -> Plan:
        """Compile a query; return its snapshots, its schema for these values, and the parts that it can be read in."""
        with self._answered(MakePlan(query, values, rows, most)) as (_, plan):
            return cast(Plan, plan)

    @contextmanager
    def run(self, query: Query, values: pa.RecordBatch | None, string_views: bool, key: Hashable) -> Iterator[Rows]:
        """Yield the rows of a query in the types of the wire. Queries with the same key share a process."""
        with self._answered(Run(query, values, string_views), key) as (lease, schema):
            yield Rows(lease, schema)

    @contextmanager
    def _answered(self, request: Request, key: Hashable = None) -> Iterator[tuple[Lease, Any]]:
        lease, answer = self._ask_twice(request, key)
        with lease:
            yield lease, answer

    def _ask_twice(self, request: Request, key: Hashable) -> tuple[Lease, Any]:
        """Ask again with the tables themselves if a worker does not know a snapshot that this server holds."""
        try:
            return self._ask(request, key)
        except UnknownName:
            held = self._planner.held(request.query.ids)
            if held is None:
                raise
        return self._ask(replace(request, query=replace(request.query, held=held)), key)

    def _ask(self, request: Request, key: Hashable) -> tuple[Lease, Any]:
        lease = self._pool.request(request, key)
        try:
            return lease, lease.answer(request.query.seconds, TOO_LONG[type(request)])
        except BaseException:
            lease.close()
            raise
