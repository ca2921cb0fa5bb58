"""Tokens that sqlglot's tokenizer reads otherwise than DuckDB."""

import duckdb
import pytest

from srcql.compiler import compile, transpile
from srcql.errors import InvalidQuery
from srcql.tokens import tokenize


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("x IN ($1,$2)", ["x", "IN", "(", "$", "1", ",", "$", "2", ")"]),
        ("($1,$2),($1,$2)", ["(", "$", "1", ",", "$", "2", ")", ",", "(", "$", "1", ",", "$", "2", ")"]),
        ("=$a,$b||$c", ["=", "$", "a", ",", "$", "b", "||", "$", "c"]),
        ("$1::INT+$2", ["$", "1", "::", "INT", "+", "$", "2"]),
        ("LIMIT$1", ["LIMIT$1"]),
        ("FROM cluster BY x", ["FROM", "cluster", "BY", "x"]),
        ("$$ $1,$2 $$ $t$ $1$ $t$", [" $1,$2 ", " $1$ "]),
        ("'a''$1\u200b\x10\x1d' \"$1\"\"\ufeff\"", ["a'$1\u200b\x10\x1d", '$1"\ufeff']),
        ("\ufeffSELECT\u200b1\u2060-- $1,$2", ["SELECT", "1"]),
    ],
)
def test_tokens_are_those_of_duckdb_with_their_places(text: str, tokens: list[str]) -> None:
    found = tokenize(text)
    assert [token.text for token in found] == tokens
    assert all(token.text[:1] in text[token.start : token.end + 1] for token in found)


PLACES = ["IN ($1,$2)", "IN($1,$2)", "IN (SELECT $1 UNION SELECT $2)", "IN (VALUES($1),($2))", "=$1 OR test_id=$2"]


@pytest.mark.parametrize("condition", PLACES)
def test_a_verb_with_parameters_that_nothing_separates(condition: str) -> None:
    compiled = compile(f"CLUSTER FROM D WHERE test_id {condition}")
    assert compiled.verbs == 1
    assert condition in compiled.sql


@pytest.mark.parametrize("text", ["SELECT 7 LIMIT?", "SELECT (SELECT 7)LIMIT?OFFSET 0", "SELECT 7 WHERE 1=?AND true"])
def test_numbers_of_parameters_do_not_join_words(text: str) -> None:
    empty = " (SELECT data_set_id FROM (CLUSTER FROM (FROM o))) "
    compiled = compile(
        f"WITH o AS (FROM (VALUES ('D', 'p', 'i', 't', 0, '1')) AS r (data_set_id, problem_id,"
        f" implementation_id, test_id, step_id, output)), e AS {empty} {text}"
    )
    with duckdb.connect() as connection:
        statement = connection.extract_statements(compiled.sql)[0]
    assert statement.named_parameters == {"1"}


def test_a_text_that_does_not_end_cannot_be_translated() -> None:
    with pytest.raises(InvalidQuery, match="a quotation or comment has no end"):
        transpile("SELECT 'a")
