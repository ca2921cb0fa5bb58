"""Authentication by every form of header, and by the drivers."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow.flight as flight
import pytest

from flight_server.access import credentials, users
from flight_server.access.logins import MAX_LOGIN_SECONDS, UsersAuthenticator
from flight_server.access.turns import Turns
from flight_server.server import Server
from flight_server.settings import InvalidSetting
from srcql.errors import StoreError, Unauthenticated, Unavailable
from tests.flight_server.accounts import COSTS, add_user, basic, basic_value, bearer, password, token
from tests.flight_server.rpc import observations, put

QUERY = flight.Ticket(b"SELECT 1 AS one")
UNKNOWN = "unknown user, wrong password, or invalid or expired token"


def users_file(user, key="00" * 32):
    return json.dumps({"version": 1, "key": key, "users": user if isinstance(user, list) else [user]})


ADA = {"name": "ada", "role": "read", "token": credentials.hash_token(token("ada"))}
BROKEN = [
    "{",
    "[" * 100_000,
    '{"version": 2}',
    users_file({"name": "ada"}),
    users_file(ADA, key=""),
    users_file([ADA, ADA | {"data_sets": []}]),
    users_file(ADA | {"data_sets": "HumanEval"}),
    users_file(ADA | {"data_sets": [1]}),
    users_file(ADA | {"password": "a word"}),
    users_file(ADA | {"password": 5}),
    users_file(ADA | {"token": token("ada")}),
    users_file(ADA | {"name": 5}),
]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "accounts" / "users.json"


@pytest.fixture
def server_with_users(start, file):
    add_user(file, "ada")
    return start(users=str(file))


@pytest.fixture
def caller(server_with_users):
    with flight.connect(server_with_users.uri) as connected:
        yield connected


def can_query(client, options=None):
    return client.do_get(QUERY, options).read_all().to_pylist() == [{"one": 1}]


@pytest.mark.parametrize(
    "options",
    [
        {"username": "ada", "password": password("ada")},
        {"adbc.flight.sql.authorization_header": f"Bearer {token('ada')}"},
    ],
)
def test_adbc_login(server_with_users, options):
    with (
        flight_sql.connect(server_with_users.uri, db_kwargs=options) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_handshake_returns_a_token_for_later_calls(caller):
    name, value = caller.authenticate_basic_token("ada", password("ada"))
    assert name == b"authorization"
    assert can_query(caller, flight.FlightCallOptions(headers=[(name, value)]))


@pytest.mark.parametrize("padded", [True, False])
def test_basic_header_works_on_any_call_padded_or_not(caller, padded):
    assert can_query(caller, basic("ada", password("ada"), padded))


@pytest.mark.parametrize(
    "header", [f"Bearer {token('ada')}", f"Basic {basic_value('ada')}", f"basic {basic_value('ada')}"]
)
def test_handshake_returns_a_token_for_every_header(file, header):
    """The drivers of JDBC and ODBC also send tokens in the Handshake, and use the returned token."""
    add_user(file, "ada")
    authenticator = UsersAuthenticator(file, 60)
    login = authenticator.authenticate(header, handshake=True)
    assert authenticator.authenticate(f"Bearer {login.token}", handshake=False).identity.name == "ada"


def test_handshake_with_a_token(caller):
    class Nothing(flight.ClientAuthHandler):
        def authenticate(self, outgoing, incoming):
            pass

        def get_token(self):
            return b""

    caller.authenticate(Nothing(), bearer(token("ada")))
    with pytest.raises(flight.FlightUnauthenticatedError, match=UNKNOWN):
        caller.authenticate(Nothing(), bearer(token("bob")))


INVALID = [
    basic("ada", "wrong password"),
    basic("bob", password("ada")),
    basic("", ""),
    bearer("srcql_bob"),
    bearer(""),
    bearer("..."),
    bearer("YWRh.x.0.99999999999.c2lnbmVk"),
    flight.FlightCallOptions(headers=[(b"authorization", b"Basic ===")]),
    flight.FlightCallOptions(headers=[(b"authorization", b"Digest ada")]),
    flight.FlightCallOptions(headers=[(b"authorization", token("ada").encode())]),
]


@pytest.mark.parametrize("options", INVALID)
def test_invalid_credentials_have_one_message(caller, options):
    with pytest.raises(flight.FlightUnauthenticatedError, match=UNKNOWN) as error:
        can_query(caller, options)
    assert "ada" not in str(error.value)
    assert "Traceback" not in str(error.value)


def test_missing_header_requires_authentication(caller):
    with pytest.raises(
        flight.FlightUnauthenticatedError,
        match="authentication required\n  hint: send a user and a password, or a token; "
        "srcql reads SRCQL_USER and SRCQL_PASSWORD, or SRCQL_TOKEN",
    ):
        can_query(caller)


def test_every_rpc_requires_authentication(caller):
    descriptor = flight.FlightDescriptor.for_command(b"SELECT 1")
    calls = [
        lambda: list(caller.list_flights()),
        lambda: caller.get_flight_info(descriptor),
        lambda: can_query(caller),
        lambda: list(caller.do_action("srcql.status")),
        caller.list_actions,
        lambda: put(caller, flight.FlightDescriptor.for_path("observations"), observations()),
        lambda: caller.authenticate_basic_token("ada", "wrong password"),
    ]
    for call in calls:
        with pytest.raises(flight.FlightUnauthenticatedError):
            call()


def test_changed_users_file_applies_to_the_next_call(caller, file):
    later = bearer(token("bob"))
    with pytest.raises(flight.FlightUnauthenticatedError):
        can_query(caller, later)
    add_user(file, "bob")
    assert can_query(caller, later)


def test_login_ends_when_its_user_is_removed_or_replaced(caller, file):
    header = caller.authenticate_basic_token("ada", password("ada"))
    options = flight.FlightCallOptions(headers=[header])
    assert can_query(caller, options)
    users.remove(file, "ada")
    with pytest.raises(flight.FlightUnauthenticatedError, match=UNKNOWN):
        can_query(caller, options)
    users.add(file, users.User("ada", "read").with_password("another password"))
    with pytest.raises(flight.FlightUnauthenticatedError, match=UNKNOWN):
        can_query(caller, options)


def test_login_is_unavailable_while_the_users_file_is_invalid(start, file, capfd):
    add_user(file, "ada")
    kept = file.read_text()
    with flight.connect(start(users=str(file)).uri) as caller:
        for broken in BROKEN:
            file.write_text(broken)
            with pytest.raises(
                flight.FlightUnavailableError, match="login unavailable: the users file cannot be read"
            ) as error:
                can_query(caller, bearer(token("ada")))
            assert str(file) not in str(error.value)
        assert str(file) in capfd.readouterr().err
        file.write_text(kept)
        assert can_query(caller, bearer(token("ada")))


def test_token_is_valid_on_every_server_of_the_file_until_it_expires(file):
    now = [1000.0]
    add_user(file, "ada")
    authenticator, other = (UsersAuthenticator(file, 100, clock=lambda: now[0]) for _ in range(2))
    header = f"Basic {basic_value('ada')}"
    first = authenticator.authenticate(header, handshake=True).token
    now[0] += 49
    assert other.authenticate(f"Bearer {first}", handshake=False).token is None
    now[0] += 50
    renewed = other.authenticate(f"Bearer {first}", handshake=False)
    assert renewed.token not in (None, first)
    now[0] += 1
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(f"Bearer {first}", handshake=False)
    again = authenticator.authenticate(f"Bearer {renewed.token}", handshake=False)
    assert again.id == renewed.id


def test_login_is_renewed_for_at_most_a_month(file):
    now = [0.0]
    add_user(file, "ada")
    authenticator = UsersAuthenticator(file, MAX_LOGIN_SECONDS / 2, clock=lambda: now[0])
    value = authenticator.authenticate(f"Basic {basic_value('ada')}", handshake=True).token
    for _ in range(3):
        now[0] += MAX_LOGIN_SECONDS * 0.3
        value = authenticator.authenticate(f"Bearer {value}", handshake=False).token or value
    now[0] = MAX_LOGIN_SECONDS
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(f"Bearer {value}", handshake=False)


def test_adbc_uses_renewed_tokens(server_with_users):
    authenticator, later = server_with_users._calls._authenticator, [0.0]
    authenticator._clock = lambda: time.time() + later[0]
    options = {"username": "ada", "password": password("ada")}
    with flight_sql.connect(server_with_users.uri, db_kwargs=options, autocommit=True) as connection:
        for seconds in (0.6, 1.2, 1.8):
            later[0] = seconds * authenticator._lifetime
            with connection.cursor() as cursor:
                assert cursor.execute("SELECT 1").fetchone() == (1,)
        later[0] += 1.1 * authenticator._lifetime
        with connection.cursor() as cursor, pytest.raises(flight_sql.Error, match=UNKNOWN):
            cursor.execute("SELECT 1")


def test_tokens_do_not_wait_for_password_verification(server_with_users, caller):
    with ThreadPoolExecutor(1) as beside:
        with server_with_users._calls._authenticator._turns.take("eve"):
            logging_in = beside.submit(lambda: can_query(caller, basic("ada", password("ada"))))
            assert can_query(caller, bearer(token("ada")))
            assert not logging_in.done()
        assert logging_in.result()


def test_changed_token_is_rejected(file):
    add_user(file, "ada", "read")
    add_user(file, "eve", "admin")
    authenticator = UsersAuthenticator(file, 100)
    value = authenticator.authenticate(f"Basic {basic_value('ada')}", handshake=True).token
    name, *middle, signature = value.split(".")
    eve = authenticator.authenticate(f"Basic {basic_value('eve')}", handshake=True).token
    for forged in (
        ".".join((eve.split(".")[0], *middle, signature)),
        ".".join((name, middle[0], middle[1], "99999999999", signature)),
        ".".join((name, *middle, "")),
        value[:-4],
    ):
        with pytest.raises(Unauthenticated):
            authenticator.authenticate(f"Bearer {forged}", handshake=False)


def test_password_is_hashed_once_also_for_unknown_users(file, monkeypatch):
    add_user(file, "ada")
    authenticator = UsersAuthenticator(file, 100)
    hashed = []
    verify = credentials.verify_password
    monkeypatch.setattr(
        credentials,
        "verify_password",
        lambda secret, stored: hashed.append(stored) or verify(secret, cheap_hash(stored)),
    )
    for _ in range(3):
        authenticator.authenticate(f"Basic {basic_value('ada')}", handshake=False)
    assert len(hashed) == 1
    for name in ("bob", ""):
        with pytest.raises(Unauthenticated):
            authenticator.authenticate(f"Basic {basic_value(name)}", handshake=False)
    assert [kept.split("$")[1] for kept in hashed[1:]] == [",".join(map(str, credentials.SCRYPT_COSTS))] * 2


@pytest.mark.parametrize("guessed", ["ada", "eve", "nobody"])
def test_forty_guessing_clients_do_not_keep_a_login_out(start, file, guessed, monkeypatch):
    monkeypatch.setattr(credentials, "SCRYPT_COSTS", COSTS)
    add_user(file, "ada")
    add_user(file, "eve")
    ended, rejected = threading.Event(), []

    def guess(number):
        with flight.connect(server.uri) as guessing:
            while not ended.is_set():
                try:
                    can_query(guessing, basic(guessed, f"wrong {number} {len(rejected)}"))
                except (flight.FlightUnauthenticatedError, flight.FlightUnavailableError) as error:
                    rejected.append(error)

    server = start(users=str(file))
    with ThreadPoolExecutor(40) as guessers, flight.connect(server.uri) as honest:
        try:
            guesses = [guessers.submit(guess, number) for number in range(40)]
            while len(rejected) < 40 and not any(done.done() for done in guesses):
                pass
            for other in ("ada", "eve"):
                assert can_query(honest, basic(other, password(other)))
        finally:
            ended.set()
        for done in guesses:
            done.result()


def wait_for_waiting(turns, number):
    while sum(map(len, turns._lines.values())) < number:
        pass


def test_lines_take_turns():
    turns, order = Turns(line=2, total=3), []

    def wait(key):
        with turns.take(key):
            order.append(key)

    with ThreadPoolExecutor(3) as callers:
        with turns.take("ada"):
            for number, key in enumerate(("ada", "ada", "eve"), 1):
                callers.submit(wait, key)
                wait_for_waiting(turns, number)
                if number == 2:
                    with pytest.raises(Unavailable, match="too many logins at once"), turns.take("ada"):
                        pass
            with pytest.raises(Unavailable, match="too many logins at once"), turns.take("joe"):
                pass
    assert order == ["ada", "eve", "ada"]
    with turns.take("ada"):
        pass


def test_waiting_logins_with_a_verified_password_need_no_hash(file, monkeypatch):
    add_user(file, "ada")
    authenticator, verified = UsersAuthenticator(file, 100), []
    verify = credentials.verify_password
    monkeypatch.setattr(credentials, "verify_password", lambda *given: verified.append(given) or verify(*given))
    with ThreadPoolExecutor(8) as callers:
        with authenticator._turns.take("eve"):
            header = f"Basic {basic_value('ada')}"
            logins = [callers.submit(authenticator.authenticate, header, True) for _ in range(8)]
            wait_for_waiting(authenticator._turns, 8)
        assert {login.result().identity.name for login in logins} == {"ada"}
    assert len(verified) == 1


def test_users_file_in_the_warehouse_or_readable_by_others_is_rejected(start, tmp_path):
    inside = tmp_path / "warehouse" / "data" / "users.json"
    add_user(inside, "ada")
    with pytest.raises(InvalidSetting, match="is inside the warehouse"):
        start(users=str(inside))
    outside = tmp_path / "users.json"
    with pytest.raises(StoreError, match=r"the users file .* cannot be read"):
        start(users=str(outside))
    add_user(outside, "ada")
    outside.chmod(0o640)
    with pytest.raises(StoreError, match="other accounts of the system can read"):
        start(users=str(outside))


def test_log_has_user_names_and_no_secrets(start, file, capfd):
    add_user(file, "ada")
    with flight.connect(start(users=str(file)).uri) as caller:
        assert can_query(caller, basic("ada", password("ada")))
        with pytest.raises(flight.FlightUnauthenticatedError):
            can_query(caller, basic("ada", "wrong password"))
    lines = capfd.readouterr().err
    assert password("ada") not in lines
    assert "wrong password" not in lines
    calls = [json.loads(line) for line in lines.splitlines()]
    assert {"ada", None} == {line.get("user") for line in calls}
    assert [line["status"] for line in calls if line["event"] == "login_rejected"] == ["Unauthenticated"]


def test_server_without_users_logs_a_warning(start, capfd):
    server: Server = start()
    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert {"warehouse_created", "authentication_disabled"} <= set(events)
    with flight.connect(server.uri) as client:
        client.authenticate_basic_token("anybody", "anything")
        assert can_query(client)


def cheap_hash(stored: str) -> str:
    """Return the hash with costs that tests can afford."""
    kind, _, *rest = stored.split("$")
    return "$".join((kind, "4,8,1", *rest))


def test_users_file_is_private_and_replaced_atomically(file):
    add_user(file, "ada", "write", {"HumanEval", "D"})
    assert file.stat().st_mode & 0o777 == 0o600
    kept = json.loads(file.read_text())
    assert password("ada") not in file.read_text()
    assert token("ada") not in file.read_text()
    assert kept["users"][0]["data_sets"] == ["D", "HumanEval"]
    assert [path.name for path in Path(file.parent).iterdir()] == ["users.json"]
    assert users.read(file).by_name["ada"].identity.data_sets == {"HumanEval", "D"}


RESTORE = "restore the file from a backup, or remove it and create users with srcql user add"
ENTRIES = "entries: name, role, data_sets, password, token"


@pytest.mark.parametrize(
    ("changes", "expected", "hint"),
    [
        ({"version": 2}, "expected version 1, found 2", RESTORE),
        ({"key": "secret"}, "expected key to be a string of hexadecimal digits", RESTORE),
        ({"key": "00"}, "expected a key of at least 16 bytes, found 1", RESTORE),
        ({"users": {}}, "expected users to be a list, found an object", RESTORE),
        ({"users": [7]}, "expected user 1 to be a JSON object, found a number", RESTORE),
        ({"users": [{"name": "ada"}]}, "missing entry role of user 1", RESTORE),
        ({"users": [{"name": "ada", "role": "read", "nme": "a"}]}, "unknown entry nme of user 1", ENTRIES),
        ({"users": [{"name": 7, "role": "read"}]}, "expected name of user 1 to be a string, found a number", RESTORE),
        ({"users": [{"name": "ada", "role": "owner"}]}, "unknown role owner of user ada", "roles: read, write, admin"),
        (
            {"users": [{"name": "ada", "role": "read", "data_sets": "D"}]},
            "expected data_sets of user 1 to be a list of names, found a string",
            RESTORE,
        ),
    ],
)
def test_invalid_users_file_is_reported(tmp_path, changes, expected, hint):
    file = tmp_path / "users.json"
    file.write_text(json.dumps({"version": 1, "key": "00" * 32, "users": []} | changes))
    file.chmod(0o600)
    with pytest.raises(StoreError) as error:
        users.read(file)
    assert str(error.value) == f"invalid users file {file}: {expected}\n  hint: {hint}"
