"""An engine of SQLAlchemy on a real server: a new one, or the one that SRCQL_URI names."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from tests.third_party_clients.rows import lakehouse

collect_ignore = ["suite"]  # runs in its own pytest


@pytest.fixture(scope="session")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if "SRCQL_URI" in os.environ:
        yield os.environ["SRCQL_URI"]
    else:
        with lakehouse(tmp_path_factory.mktemp("dialect")) as address:
            yield address


@pytest.fixture(scope="session")
def engine(uri: str) -> Iterator[Engine]:
    found = create_engine(uri.replace("grpc://", "srcql://"))
    yield found
    found.dispose()
