"""Prepared statements expire without use, and above the limits."""

import pyarrow as pa
import pytest

from flight_server.state.statements import PreparedStatement, PreparedStatements
from srcql.errors import UnknownName


class Clock:
    """A clock that tests set."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_used_handle_does_not_expire(clock):
    statements = PreparedStatements(limit=10, ttl=60, clock=clock)
    handle = statements.add(PreparedStatement("used"))
    other = statements.add(PreparedStatement("unused"))
    for clock.now in (50, 100, 150):
        assert statements.get(handle) == PreparedStatement("used")
    with pytest.raises(UnknownName, match="unknown prepared statement"):
        statements.get(other)
    assert len(statements) == 1


def test_least_recently_used_statement_above_the_limit_is_discarded(clock):
    statements = PreparedStatements(limit=2, ttl=60, clock=clock)
    first, second = statements.add(PreparedStatement("1")), statements.add(PreparedStatement("2"))
    statements.get(first)
    third = statements.add(PreparedStatement("3"))
    assert [statements.get(handle).text for handle in (first, third)] == ["1", "3"]
    with pytest.raises(UnknownName):
        statements.get(second)


def test_unused_handle_expires(clock):
    statements = PreparedStatements(limit=10, ttl=60, clock=clock)
    statements.add(PreparedStatement("abandoned"))
    clock.now = 61
    assert len(statements) == 0


def test_statements_above_the_size_limit_are_discarded(clock):
    statements = PreparedStatements(limit=100, ttl=60, clock=clock)
    values = pa.record_batch({"0": ["x" * 2**24]})
    handles = []
    for _ in range(20):
        handles.append(statements.add(PreparedStatement("with values")))
        statements.bind(handles[-1], values)
    assert 0 < len(statements) < 16
    assert statements.get(handles[-1]).values == values
    for handle in handles:
        statements.remove(handle)
    assert len(statements) == 0


def test_handle_is_removed_once(clock):
    statements = PreparedStatements(limit=10, ttl=60, clock=clock)
    handle = statements.add(PreparedStatement("prepared"))
    assert statements.remove(handle)
    assert not statements.remove(handle)
    assert len(statements) == 0


def test_values_are_bound_to_their_statement(clock):
    statements = PreparedStatements(limit=10, ttl=60, clock=clock)
    handle = statements.add(PreparedStatement("prepared"))
    values = pa.record_batch({"0": [1], "1": ["two"]})
    statements.bind(handle, values)
    assert statements.get(handle) == PreparedStatement("prepared", values)
