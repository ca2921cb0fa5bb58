"""Tests of the functions that plain SQL may call."""

from hypothesis import HealthCheck, settings

LAWS = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
