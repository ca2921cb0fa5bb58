"""Engine, statements and reflection through the dialect, on SQLAlchemy 1.4, too."""

import datetime
import decimal

import pytest
from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    BigInteger,
    Boolean,
    Float,
    Integer,
    Interval,
    MetaData,
    String,
    bindparam,
    cast,
    create_engine,
    exc,
    func,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.sql import ColumnElement

from srcql.errors import InvalidQuery
from srcql.schema import TABLES
from srcql_client.sqlalchemy_dialect import SrcqlDialect

VIEWS = [
    *("changes", "clusters", "flaky", "implementations", "oracles"),
    *("pass_rates", "problems", "runs", "snapshots", "verdicts"),
]

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUeE8IaoSfI0c8maa3iwPyQiTx324wCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBaDAgFw0yNjExMjgyMzMyMDRaGA8yMTI2MTEwNDIzMzIwNFow
DDEKMAgGA1UEAwwBaDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEnacRwZ6ede
eZ2S2IUyGh3NF1/ngkpcGL4W68iBew1Aj4GIFlVn0c5AJrihYn6yM3cnRdVgs2RK
9wY0zK0G+kyjUzBRMB0GA1UdDgQWBBSIa9PyvTuxml4AtPfVlaIci4a6fjAfBgNV
HSMEGDAWgBSIa9PyvTuxml4AtPfVlaIci4a6fjAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIGe5PcARoS1E2dMy+h/lRHdLb5zqH7WGXsgVpDcA2CCs
AiEAx2HeIRQmAgA2e1tOtvIIcrhXyjRFI4qbMj7L44maGCE=
-----END CERTIFICATE-----
"""


def connect_arguments(url: str) -> dict:
    return SrcqlDialect().create_connect_args(make_url(url))[1]


@pytest.fixture(scope="module")
def metadata(engine: Engine) -> MetaData:
    found = MetaData()
    found.reflect(engine, views=True)
    return found


def test_an_address_is_translated_for_adbc() -> None:
    plain = connect_arguments("srcql://h:1")
    assert plain["uri"] == "grpc://h:1"
    assert plain["autocommit"] is True
    assert connect_arguments("srcql://h:1?tls=true")["uri"] == "grpc+tls://h:1"
    assert connect_arguments("srcql://[::1]:1")["uri"] == "grpc://[::1]:1"
    known = connect_arguments("srcql://me:p%40ss@h:1")["db_kwargs"]
    assert (known["username"], known["password"]) == ("me", "p@ss")


def test_an_address_has_tokens_and_roots(tmp_path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text(CERTIFICATE)
    options = connect_arguments(f"srcql://h:1?tls=true&tls_roots={roots}&token=t")["db_kwargs"]
    assert options["adbc.flight.sql.authorization_header"] == "Bearer t"
    assert options["adbc.flight.sql.client_option.tls_root_certs"] == CERTIFICATE
    lenient = connect_arguments("srcql://h:1?tls=true&tls_skip_verify=true")["db_kwargs"]
    assert lenient["adbc.flight.sql.client_option.tls_skip_verify"] == "true"


@pytest.mark.parametrize("url", ["srcql://h", "srcql:///folder", "srcql://h:1?tsl=true"])
def test_an_invalid_address_is_rejected(url: str) -> None:
    with pytest.raises(exc.ArgumentError, match="expected srcql://user:password@host:port"):
        connect_arguments(url)


@pytest.mark.parametrize(("content", "words"), [(None, "found no file at"), ("garbage", "found other content at")])
def test_roots_that_are_no_certificates_are_reported(tmp_path, content: str | None, words: str) -> None:
    roots = tmp_path / "roots.pem"
    if content:
        roots.write_text(content)
    with pytest.raises(exc.ArgumentError, match=f"expected a PEM file of trusted certificates, {words} {roots}"):
        connect_arguments(f"srcql://h:1?tls=true&tls_roots={roots}")


def test_an_error_does_not_contain_the_password() -> None:
    with pytest.raises(exc.ArgumentError) as caught:
        connect_arguments("srcql://me:secret@h")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "CLUSTER FROM D.gcd",
        "SELECT * FROM (CLUSTER FROM D.gcd) AS virtual_table LIMIT 1000",
        "SELECT * FROM (\nCLUSTER FROM D.gcd\n) AS virtual_table\nLIMIT 1000 OFFSET 0",
        "WITH q AS (CLUSTER FROM D.gcd) SELECT * FROM q",
    ],
)
def test_srcql_as_tools_send_it(engine: Engine, sql: str) -> None:
    with engine.connect() as connection:
        rows = connection.execute(text(sql)).mappings().all()
    assert sorted((row["size"], row["representative"]) for row in rows) == [(1, "c"), (2, "a")]


def test_superset_counts_and_groups_a_virtual_table(engine: Engine) -> None:
    virtual = text("CLUSTER FROM D.gcd").columns().subquery("virtual_table")
    grouped = (
        select(text("size"), func.count().label("n")).select_from(virtual).group_by(text("size")).order_by(text("size"))
    )
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(grouped)] == [(1, 1), (2, 1)]


def test_reflection_finds_tables_and_views(engine: Engine) -> None:
    found = inspect(engine)
    assert found.default_schema_name == "main"
    assert found.get_schema_names() == ["main"]
    assert found.get_table_names() == found.get_table_names("main") == sorted(TABLES)
    assert found.get_view_names() == VIEWS
    assert found.get_table_names("elsewhere") == found.get_view_names("elsewhere") == []


def test_reflection_of_missing_tables(engine: Engine) -> None:
    found = inspect(engine)
    assert found.has_table("observations")
    assert found.has_table("clusters", schema="main")
    assert not found.has_table("nowhere")
    assert not found.has_table("observations", schema="elsewhere")
    for method in (found.get_columns, found.get_pk_constraint, found.get_foreign_keys, found.get_indexes):
        with pytest.raises(exc.NoSuchTableError):
            method("nowhere")


@pytest.mark.parametrize("table", sorted(TABLES))
def test_reflection_of_a_table(engine: Engine, table: str) -> None:
    found = inspect(engine)
    columns = {column["name"]: column for column in found.get_columns(table)}
    assert list(columns) == [column.name for column in TABLES[table].columns]
    assert {name: column["comment"] for name, column in columns.items()} == {
        column.name: column.doc for column in TABLES[table].columns
    }
    assert found.get_table_comment(table) == {"text": TABLES[table].doc}
    assert found.get_indexes(table) == found.get_unique_constraints(table) == found.get_check_constraints(table) == []


def test_reflection_of_types(metadata: MetaData) -> None:
    columns = metadata.tables["observations"].c
    kinds = {"output": String, "step_id": Integer, "response_key": BigInteger, "execution_time_ms": Float}
    kinds |= {"specified_oracle": Boolean, "created_at": TIMESTAMP}
    assert {name: type(columns[name].type) for name in kinds} == kinds
    members = metadata.tables["clusters"].c.implementations.type
    assert isinstance(members, ARRAY)
    assert isinstance(members.item_type, String)


def test_reflection_of_keys(engine: Engine, metadata: MetaData) -> None:
    observations, tests = metadata.tables["observations"], metadata.tables["tests"]
    assert [column.name for column in tests.primary_key] == ["data_set_id", "problem_id", "test_id"]
    assert len(observations.primary_key) == 7
    assert {key.referred_table.name for key in observations.foreign_key_constraints} == {
        "code_implementations",
        "tests",
    }
    assert inspect(engine).get_pk_constraint("clusters")["constrained_columns"] == []


def test_a_reflected_join_returns_rows(engine: Engine, metadata: MetaData) -> None:
    observations, tests = metadata.tables["observations"], metadata.tables["tests"]
    joined = (
        select(tests.c.test_id, func.count().label("n"))
        .select_from(observations.join(tests))
        .where(observations.c.implementation_id.in_(["a", "c"]), observations.c.problem_id == "gcd")
        .group_by(tests.c.test_id)
        .order_by(tests.c.test_id.desc())
    )
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(joined)] == [("t2", 2), ("t1", 2)]


def test_every_reflected_table_and_view_can_be_read(engine: Engine, metadata: MetaData) -> None:
    assert sorted(metadata.tables) == sorted([*TABLES, *VIEWS])
    with engine.connect() as connection:
        for table in metadata.tables.values():
            result = connection.execute(select(table).limit(2))
            assert list(result.keys()) == [column.name for column in table.c]
            assert len(result.all()) <= 2


@pytest.mark.parametrize(("limit", "offset", "found"), [(2, 1, [1, 2]), (2, None, [0, 1]), (None, 3, [3, 4])])
def test_limit_and_offset(engine: Engine, limit: int | None, offset: int | None, found: list[int]) -> None:
    numbers = text("SELECT range AS n FROM range(5)").columns().subquery()
    query = select(text("n")).select_from(numbers).order_by(text("n")).limit(limit).offset(offset)
    with engine.connect() as connection:
        assert connection.execute(query).scalars().all() == found


def test_an_empty_in_selects_nothing(engine: Engine, metadata: MetaData) -> None:
    column = metadata.tables["tests"].c.test_id
    with engine.connect() as connection:
        assert connection.execute(select(column).where(column.in_([]))).all() == []
        assert len(connection.execute(select(column).where(column.not_in([]))).all()) == 4


@pytest.mark.parametrize(
    "value",
    [
        7,
        -(2**40),
        2.5,
        True,
        "größer 試",
        "it's 100% :x",
        b"\x00\xff",
        decimal.Decimal("12.30"),
        datetime.date(2026, 2, 3),
        datetime.datetime(2026, 2, 3, 4, 5, 6, 789000),
        datetime.time(4, 5, 6),
    ],
    ids=repr,
)
def test_a_value_comes_back(engine: Engine, value: object) -> None:
    with engine.connect() as connection:
        assert connection.execute(select(literal(value))).scalar() == value
        assert connection.execute(text("SELECT :value"), {"value": value}).scalar() == value


DAY = datetime.timedelta(days=1)
TIME = datetime.datetime(2026, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (literal(DAY), DAY),
        (literal(datetime.timedelta(days=-2, microseconds=5)), datetime.timedelta(days=-2, microseconds=5)),
        (literal(TIME) - DAY, TIME - DAY),
        (literal(DAY) + literal(TIME), TIME + DAY),
        (literal(TIME) - literal(TIME - DAY), DAY),
        (literal(datetime.date(2026, 2, 3)) - DAY, datetime.datetime(2026, 2, 2)),
        (func.now() - DAY < func.now(), True),
        (cast("1 day", Interval), DAY),
        (bindparam("literal", DAY, literal_execute=True), DAY),
        (cast("2 months 1 day", Interval), 61 * DAY),
        (literal(None, Interval), None),
    ],
    ids=[f"duration {at}" for at in range(11)],  # an address in an id would differ between the processes of xdist
)
def test_durations(engine: Engine, expression: ColumnElement, expected: object) -> None:
    with engine.connect() as connection:
        assert connection.execute(select(expression)).scalar() == expected


def test_a_column_is_compared_with_an_hour_ago(engine: Engine, metadata: MetaData) -> None:
    created = metadata.tables["observations"].c.created_at
    recent, older = created > func.now() - datetime.timedelta(hours=1), created - created < DAY
    with engine.connect() as connection:
        rows = connection.execute(select(func.count()).select_from(metadata.tables["observations"])).scalar()
        assert rows
        assert connection.execute(select(func.count()).where(recent | older)).scalar() == rows


@pytest.mark.parametrize("left", [2**62 + 1, -(2**62) - 1, 7, -7, 8, -8, 0])
@pytest.mark.parametrize("right", [10, -10, 2, -2, 1])
def test_whole_numbers_divide_exactly(engine: Engine, left: int, right: int) -> None:
    with engine.connect() as connection:
        quotient = literal(left, BigInteger) // literal(right, BigInteger)
        assert connection.execute(select(quotient)).scalar() == left // right


def test_other_numbers_divide_and_are_rounded_down(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(select(literal(-7.5) // literal(2.0))).scalar() == -4.0


@pytest.mark.parametrize("column", ["test_id", "step_id", "created_at", "execution_time_ms", "specified_oracle"])
def test_an_empty_in_of_a_text_selects_nothing(engine: Engine, column: str) -> None:
    for operator, found in (("IN", 0), ("NOT IN", True)):
        sql = text(f"SELECT count(*) FROM observations WHERE {column} {operator} :values")
        with engine.connect() as connection:
            expanding = sql.bindparams(bindparam("values", [], expanding=True))
            assert bool(connection.execute(expanding).scalar()) == bool(found)


def test_autocommit_is_the_isolation_level(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert connection.execute(select(literal(1))).scalar() == 1
        assert connection.get_isolation_level() == connection.default_isolation_level == "AUTOCOMMIT"
    with engine.connect() as connection, pytest.raises(exc.ArgumentError, match="AUTOCOMMIT"):
        connection.execution_options(isolation_level="SERIALIZABLE")


def test_a_null_comes_back(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(select(literal(None, String))).scalar() is None


def test_numbers_keep_their_bits(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(select(cast(literal(0.1), Float))).scalar() == 0.1
        assert connection.execute(select(literal(7) / literal(2))).scalar() == 3.5


def test_reserved_words_are_quoted(engine: Engine) -> None:
    with engine.connect() as connection:
        row = connection.execute(select(literal(1).label("select"), literal(2).label("qualify"))).mappings().one()
    assert dict(row) == {"select": 1, "qualify": 2}


def test_a_large_result_is_read_in_parts(engine: Engine) -> None:
    with engine.connect().execution_options(stream_results=True) as connection:
        result = connection.execute(text("SELECT range AS n FROM range(200000)"))
        assert sum(len(part) for part in result.partitions(30_000)) == 200_000


def test_nul_in_a_statement_is_rejected(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(InvalidQuery, match="found NUL"):
        connection.execute(text("SELECT 1\0 + 1"))


def test_a_connection_survives_rejected_statements(engine: Engine) -> None:
    with engine.connect() as connection:
        for statement in ("CREATE TABLE t (i INTEGER)", "DELETE FROM observations", "INSERT INTO tests VALUES (1)"):
            with pytest.raises(exc.DBAPIError):
                connection.execute(text(statement))
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_errors_have_the_message_of_the_server(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(exc.ProgrammingError, match="line 1, column 15: unknown table"):
        connection.execute(text("SELECT * FROM nowhere"))


def test_an_unavailable_server_is_a_disconnect(unused_port: int) -> None:
    unavailable = create_engine(f"srcql://127.0.0.1:{unused_port}")
    with pytest.raises(exc.DBAPIError) as caught, unavailable.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert caught.value.connection_invalidated
    unavailable.dispose()


def test_a_pool_pings_its_connections(engine: Engine) -> None:
    careful = create_engine(engine.url, pool_pre_ping=True)
    for _ in range(2):
        with careful.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
    careful.dispose()


def test_a_transaction_changes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    with engine.connect() as connection, connection.begin() as transaction:
        assert connection.execute(text("SELECT 1")).scalar() == 1
        transaction.rollback()


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
