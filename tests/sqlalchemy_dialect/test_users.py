"""The dialect with TLS, a user and a password."""

from collections.abc import Iterator

import pandas as pd
import pytest
from sqlalchemy import create_engine, exc, text
from sqlalchemy.engine import URL, make_url

from tests.third_party_clients.guarded import READER, guarded

DATA_SETS = "SELECT DISTINCT data_set_id FROM observations"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    with guarded(tmp_path_factory.mktemp("guarded")) as (uri, certificate):
        plain = make_url(uri.replace("grpc+tls", "srcql")).set(username=READER[0], password=READER[1])
        yield plain.update_query_dict({"tls": "true", "tls_roots": str(certificate)})


def test_a_user_reads_the_granted_data_set(address: URL) -> None:
    engine = create_engine(address)
    assert pd.read_sql(DATA_SETS, engine)["data_set_id"].tolist() == ["D"]
    engine.dispose()


def test_verification_of_the_certificate_can_be_skipped(address: URL) -> None:
    unverified = address.difference_update_query(["tls_roots"]).update_query_dict({"tls_skip_verify": "true"})
    engine = create_engine(unverified)
    with engine.connect() as connection:
        assert connection.execute(text(DATA_SETS)).scalars().all() == ["D"]
    engine.dispose()


@pytest.mark.parametrize("wrong", ["password", "certificate"])
def test_wrong_credentials_are_rejected(address: URL, wrong: str) -> None:
    others = {
        "password": address.set(password="guessed"),
        "certificate": address.difference_update_query(["tls_roots"]),
    }
    engine = create_engine(others[wrong])
    with pytest.raises(exc.DBAPIError) as caught:
        engine.connect()
    assert "guessed" not in str(caught.value)
    engine.dispose()
