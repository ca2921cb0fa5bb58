"""`srcql user`, and a server that authenticates its users."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

import srcql_client
from flight_server.server import Server
from flight_server.settings import Settings
from srcql.errors import Unauthenticated

PASSWORD = "correct horse battery"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "people").mkdir()
    return tmp_path / "people" / "users.json"


@pytest.fixture
def guarded(tmp_path, srcql, file):
    srcql("user", "add", "ada", "--role", "write", "--data-set", "D", SRCQL_USERS=str(file), typed=f"{PASSWORD}\n")
    with Server(Settings(warehouse=str(tmp_path / "warehouse"), users=str(file))) as server:
        yield server


def test_a_user_with_a_password_is_authenticated(guarded):
    rows = {"data_set_id": ["D"], "problem_id": ["p"], "test_id": ["t"], "source_code": ["f()"]}
    with srcql_client.connect(guarded.uri, user="ada", password=PASSWORD) as lakehouse:
        assert lakehouse.ingest("tests", pa.table(rows)).rows == 1
        assert lakehouse.query("SELECT test_id FROM tests").to_pylist() == [{"test_id": "t"}]


def test_a_user_with_a_token_is_authenticated_until_removed(guarded, srcql, file):
    added = srcql("user", "add", "ci", "--token", "--users", file)
    token = added.stdout.strip()
    assert (added.returncode, token.startswith("srcql_")) == (0, True)
    assert token not in file.read_text()
    with srcql_client.connect(guarded.uri, token=token) as lakehouse:
        assert lakehouse.query("SELECT 1 AS one").num_rows == 1
        assert srcql("user", "remove", "ci", "--users", file).returncode == 0
        with pytest.raises(Unauthenticated):
            lakehouse.query("SELECT 1 AS one")


def test_credentials_come_from_the_environment(guarded, srcql):
    asked = ("query", "SELECT 42 AS answer", "--format", "csv", "--server", guarded.uri)
    assert "42" in srcql(*asked, SRCQL_USER="ada", SRCQL_PASSWORD=PASSWORD).stdout
    wrong = srcql(*asked, SRCQL_USER="ada", SRCQL_PASSWORD="battery horse")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "unknown user, wrong password" in wrong.stderr
    assert "battery" not in wrong.stderr
    assert "send a user and a password" in srcql(*asked).stderr
    half = srcql(*asked, SRCQL_CLIENT_CERT="cert.pem")
    assert (half.returncode, "found only one of them" in half.stderr) == (2, True)


def test_the_list_of_users_has_no_secrets(srcql, file):
    srcql("user", "add", "ada", "--role", "write", "--data-set", "D", "--users", file, typed=PASSWORD)
    token = srcql("user", "add", "root", "--role", "admin", "--token", "--users", file).stdout.strip()
    listed = srcql("user", "list", "--users", file).stdout
    assert [line.split() for line in listed.splitlines()[2:]] == [
        ["ada", "write", "D", "password"],
        ["root", "admin", "all", "token"],
    ]
    ada, root = json.loads(file.read_text())["users"]
    assert not any(secret in listed for secret in (ada["password"], root["token"], token))


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (["add", "ada"], PASSWORD, "user ada already exists"),
        (["add", "bob"], "short", "at least 8 characters"),
        (["add", "bob"], "", "at least 8 characters"),
        (["add", "bob", "--role", "owner"], PASSWORD, "roles: read, write, admin"),
        (["add", "bob", "--role", "admin", "--data-set", "D"], PASSWORD, "the role includes all data sets"),
        (["add", "b:b"], PASSWORD, "without colons"),
        (["add", ""], PASSWORD, "1 to 100 characters"),
        (["remove", "bob"], "", "unknown user bob"),
    ],
)
def test_invalid_changes_are_reported_and_change_nothing(srcql, file, arguments, typed, words):
    srcql("user", "add", "ada", "--token", "--users", file)
    before = file.read_bytes()
    ended = srcql("user", *arguments, "--users", file, typed=typed)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert PASSWORD not in ended.stderr
    assert file.read_bytes() == before


def test_another_file_is_not_changed(srcql, tmp_path: Path):
    other = tmp_path / "other.json"
    other.write_text("[]")
    other.chmod(0o600)
    ended = srcql("user", "add", "ada", "--token", "--users", other)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"invalid users file {other}: expected a JSON object, found a list\n"
        "  hint: restore the file from a backup, or remove it and create users with srcql user add\n"
    )
    assert other.read_text() == "[]"


def test_adding_a_user_creates_no_folder(srcql, tmp_path):
    found = srcql("user", "add", "ada", "--users", tmp_path / "typo" / "users.json", typed=PASSWORD)
    assert (found.returncode, found.stderr.splitlines()) == (
        1,
        [f"the folder {tmp_path}/typo cannot be opened: no such file or directory", "  hint: check the path"],
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_data_set_is_not_granted(srcql, file, name):
    found = srcql("user", "add", "ada", "--data-set", name, "--users", file, typed=PASSWORD)
    assert (found.returncode, "expected the name of a data set, found an empty text" in found.stderr) == (2, True)
    assert not file.exists()
