"""Settings of a server."""

import pytest

from flight_server.settings import InvalidSetting, Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_loopback_needs_no_users(host):
    assert Settings(warehouse="w", listen=f"grpc://{host}:4711").listen == f"grpc://{host}:4711"


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("grpc://0.0.0.0:4711", "users are required"),
        ("grpc://[::]:4711", "users are required"),
        ("grpc://192.168.0.7:4711", "users are required"),
        ("grpc://127.0.0.1.example.org:4711", "users are required"),
        ("grpc+tls://127.0.0.1:4711", "missing SRCQL_TLS_CERT and SRCQL_TLS_KEY"),
        ("grpc+unix:///socket", "expected an address"),
        ("http://127.0.0.1:80", "unsupported scheme http://"),
        ("grpc://127.0.0.1", "expected an address"),
        ("grpc://127.0.0.1:70000", "expected a port from 0 to 65535, found 70000"),
        ("grpc://127.0.0.1:abc", "expected a port from 0 to 65535, found abc"),
        ("grpc://[::", "expected an address"),
        ("grpc://127.0.0.1:0/path", "expected an address of scheme, host and port alone"),
        ("grpc://user@127.0.0.1:0", "expected an address of scheme, host and port alone"),
        ("grpc://127.0.0.1:0?a=b", "expected an address of scheme, host and port alone"),
        ("grpc://:4711", "expected an address"),
        ("grpc://[::1]:-1", "expected a port from 0 to 65535, found -1"),
        ("127.0.0.1:4711", "expected an address"),
        ("", "expected an address"),
    ],
)
def test_invalid_addresses_are_rejected(listen, expected):
    with pytest.raises(InvalidSetting, match=expected):
        Settings(warehouse="w", listen=listen)


TLS = {"tls_cert": "cert.pem", "tls_key": "key.pem"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"listen": "grpc://0.0.0.0:4711", "users": "users.json"}, "TLS is required"),
        ({"listen": "grpc+tls://0.0.0.0:4711", **TLS}, "users are required"),
        ({"listen": "grpc+tls://0.0.0.0:4711", "allow_plaintext": True, **TLS}, "users are required"),
        ({"listen": "grpc://127.0.0.1:4711", "tls_client_ca": "ca.pem"}, "SRCQL_TLS_CLIENT_CA needs TLS"),
        ({"token_lifetime": 0}, "TOKEN_LIFETIME to be at least 1"),
    ],
)
def test_insecure_settings_are_rejected(settings, expected):
    with pytest.raises(InvalidSetting, match=expected):
        Settings(warehouse="w", **settings)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"listen": "grpc://127.0.0.1:0", **TLS},
            "SRCQL_TLS_CERT and SRCQL_TLS_KEY are set, but the address grpc://127.0.0.1:0 has no TLS\n"
            "  hint: listen on grpc+tls://127.0.0.1:0, or unset both",
        ),
        (
            {"listen": "grpc://127.0.0.1:0", "tls_key": "key.pem"},
            "SRCQL_TLS_KEY is set, but the address grpc://127.0.0.1:0 has no TLS\n"
            "  hint: listen on grpc+tls://127.0.0.1:0 and set SRCQL_TLS_CERT, or unset SRCQL_TLS_KEY",
        ),
        (
            {"listen": "grpc+tls://127.0.0.1:0", "tls_cert": "cert.pem"},
            "missing SRCQL_TLS_KEY for the address grpc+tls://127.0.0.1:0\n"
            "  hint: set SRCQL_TLS_KEY, or listen on grpc://",
        ),
    ],
)
def test_incomplete_tls_is_reported(settings, expected):
    with pytest.raises(InvalidSetting) as error:
        Settings(warehouse="w", **settings)
    assert str(error.value) == expected


@pytest.mark.parametrize("name", ["statement_timeout", "handle_ttl", "session_idle", "token_lifetime", "grace"])
@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_invalid_times_are_rejected(name, seconds):
    with pytest.raises(InvalidSetting, match=f"expected SRCQL_{name.upper()} to be"):
        Settings(warehouse="w", **{name: seconds})


@pytest.mark.parametrize("name", ["statement_timeout", "handle_ttl", "session_idle", "sessions"])
def test_zero_is_rejected(name):
    with pytest.raises(InvalidSetting, match=f"expected SRCQL_{name.upper()} to be"):
        Settings(warehouse="w", **{name: 0})


@pytest.mark.parametrize(
    "settings",
    [
        {"listen": "grpc+tls://0.0.0.0:4711", "users": "users.json", **TLS},
        {"listen": "grpc://0.0.0.0:4711", "users": "users.json", "allow_plaintext": True},
        {"listen": "grpc+tls://127.0.0.1:4711", "tls_client_ca": "ca.pem", **TLS},
        {"listen": "grpc://127.0.0.1:4711", "users": "users.json"},
    ],
)
def test_users_and_tls_allow_any_address(settings):
    assert Settings(warehouse="w", **settings).listen == settings["listen"]


def test_overrides_take_precedence_over_the_environment(monkeypatch):
    monkeypatch.setenv("SRCQL_WAREHOUSE", "from the environment")
    monkeypatch.setenv("SRCQL_STATEMENT_TIMEOUT", "2.5")
    monkeypatch.setenv("SRCQL_STATEMENTS", "7")
    monkeypatch.setenv("SRCQL_ALLOW_PLAINTEXT", "true")
    monkeypatch.setenv("SRCQL_CATALOG", '{"type": "rest"}')
    found = Settings.from_environment(warehouse="given", listen=None)
    catalog = {"type": "rest"}
    expected = Settings(warehouse="given", statement_timeout=2.5, statements=7, catalog=catalog, allow_plaintext=True)
    assert found == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("STATEMENTS", "many", "whole number"),
        ("GRACE", "soon", "a number"),
        ("CATALOG", "rest", "JSON object of texts"),
        ("CATALOG", "[1]", "JSON object of texts"),
        ("CATALOG", '{"port": 1}', "JSON object of texts"),
        ("STATEMENTS", "0", "at least 1"),
        ("ALLOW_PLAINTEXT", "perhaps", "true or false"),
        ("THREADS", "-3", "at least 1"),
        ("MEMORY_LIMIT", "plenty", "size such as 4GB"),
    ],
)
def test_invalid_environment_variable_is_reported(monkeypatch, name, text, expected):
    monkeypatch.setenv(f"SRCQL_{name}", text)
    with pytest.raises(InvalidSetting, match=f"expected SRCQL_{name} to be (a )?{expected}, found"):
        Settings.from_environment(warehouse="w")


def test_override_hides_an_invalid_environment_variable(monkeypatch):
    monkeypatch.setenv("SRCQL_STATEMENTS", "many")
    assert Settings.from_environment(warehouse="w", statements=3).statements == 3


def test_missing_warehouse_is_reported(monkeypatch):
    monkeypatch.delenv("SRCQL_WAREHOUSE", raising=False)
    with pytest.raises(InvalidSetting, match="missing warehouse") as error:
        Settings.from_environment()
    assert error.value.hint == "set --warehouse or SRCQL_WAREHOUSE to a folder, or set SRCQL_CATALOG"
    with pytest.raises(InvalidSetting, match="missing warehouse"):
        Settings.from_environment(warehouse="")  # "" would be the current folder
