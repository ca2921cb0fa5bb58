"""Handles live as long as they are used, and end together with what they belong to."""

import pytest

from flight_server.statements import Asked, Statements
from srcql.errors import UnknownName


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def asked(text):
    return Asked(text)  # what a handle stands for is not looked into


def test_a_handle_that_is_used_lives_on(clock):
    statements = Statements(limit=10, ttl=60, clock=clock)
    handle = statements.add(asked("used"))
    other = statements.add(asked("unused"))
    for clock.now in (50, 100, 150):
        assert statements.get(handle) == asked("used")
    with pytest.raises(UnknownName, match="no such statement"):
        statements.get(other)
    assert len(statements) == 1


def test_of_too_many_the_least_recently_used_is_forgotten(clock):
    statements = Statements(limit=2, ttl=60, clock=clock)
    first, second = statements.add(asked("1")), statements.add(asked("2"))
    statements.get(first)
    third = statements.add(asked("3"))
    assert [statements.get(handle).statement for handle in (first, third)] == ["1", "3"]
    with pytest.raises(UnknownName):
        statements.get(second)


def test_results_end_with_the_statement_that_they_were_asked_of(clock):
    statements = Statements(limit=10, ttl=60, clock=clock)
    prepared = statements.add(asked("prepared"))
    result = statements.add(asked("result"), parent=prepared)
    assert statements.drop(prepared)
    assert not statements.drop(result)
    assert len(statements) == 0


def test_a_result_that_is_read_keeps_its_statement(clock):
    statements = Statements(limit=10, ttl=60, clock=clock)
    prepared = statements.add(asked("prepared"))
    result = statements.add(asked("result"), parent=prepared)
    for clock.now in (50, 100):
        statements.get(result)
    assert statements.get(prepared) == asked("prepared")


def test_a_result_may_end_before_its_statement(clock):
    statements = Statements(limit=10, ttl=60, clock=clock)
    prepared = statements.add(asked("prepared"))
    assert statements.drop(statements.add(asked("result"), parent=prepared))
    assert statements.drop(prepared)


def test_values_are_kept_with_their_statement(clock):
    statements = Statements(limit=10, ttl=60, clock=clock)
    handle = statements.add(asked("prepared"))
    statements.bind(handle, ((1, "two"),))
    assert statements.get(handle) == Asked("prepared", ((1, "two"),))
