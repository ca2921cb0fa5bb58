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
        ("grpc+tls://127.0.0.1:4711", "TLS needs a certificate"),
        ("grpc+unix:///socket", "expected an address"),
        ("http://127.0.0.1:80", "unsupported scheme http://"),
        ("grpc://127.0.0.1", "expected an address"),
        ("grpc://127.0.0.1:70000", "expected an address"),
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
        ({"listen": "grpc://127.0.0.1:4711", **TLS}, "a grpc\\+tls:// address"),
        ({"listen": "grpc+tls://127.0.0.1:4711", "tls_cert": "cert.pem"}, "TLS needs a certificate, its key and"),
        ({"listen": "grpc://127.0.0.1:4711", "tls_key": "key.pem"}, "TLS needs a certificate, its key and"),
        ({"listen": "grpc://127.0.0.1:4711", "tls_client_ca": "ca.pem"}, "SRCQL_TLS_CLIENT_CA needs TLS"),
        ({"token_lifetime": 0}, "TOKEN_LIFETIME to be at least 1"),
    ],
)
def test_insecure_settings_are_rejected(settings, expected):
    with pytest.raises(InvalidSetting, match=expected):
        Settings(warehouse="w", **settings)


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
        ("CATALOG", "rest", "JSON object"),
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
    with pytest.raises(InvalidSetting, match="missing warehouse"):
        Settings.from_environment()
    with pytest.raises(InvalidSetting, match="missing warehouse"):
        Settings.from_environment(warehouse="")  # "" would be the current folder
