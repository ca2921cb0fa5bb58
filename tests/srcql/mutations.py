"""Mutated statements: those of the spec files and of the language page, with a few tokens changed."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

from tests.srcql.spec import NAMES, blocks

PAGE = Path(__file__).parents[2] / "docs" / "language.md"
TOKEN = re.compile(r"\s+|\w+|'[^']*'|\"[^\"]*\"|.", re.DOTALL)
ODD = (
    *("'", '"', "`", "(", ")", "((", "))", "[", "]", "{", "}", ",", ";", ".", "*", "?", "$1", "$x", ":x", "=>", "::"),
    *("--", "/*", "*/", "\\", "\0", "\r\n", "\t", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}", "\N{BYTE ORDER MARK}"),
    *("é", "e\N{COMBINING ACUTE ACCENT}", "\N{LATIN SMALL LETTER LONG S}", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}"),
    *("\N{GRINNING FACE}", "\N{RIGHT-TO-LEFT OVERRIDE}", "\uffff", "\N{ARABIC-INDIC DIGIT THREE}", "$$", "E'\\x'"),
    *("0", "-1", "1.5", ".5", "1e999999999", "0x1F", "1_000", "99999999999999999999", "NaN", "NULL", "TRUE", "''"),
    *('""', "__x", "AT", "AT (VERSION => 1)", "AT (TIMESTAMP => '0001-01-01')", "EXPLAIN", "DESCRIBE", "WITH", "USING"),
    *("LIMIT 0", "ORDER BY ALL", "GROUP BY ALL", "BY", "UNION", "PIVOT", "LATERAL", "COLUMNS(*)", "OVER ()"),
)
CLAUSES = (
    *("WHERE step_id > 0", "WHERE run_id = ?", "BY run_id", "BY git_commit_hash, environment_id", "MISSING DROP TESTS"),
    *("USING EXACT EXCEPTIONS ANY", "USING DIGITS 3 UNORDERED", "USING TYPED IGNORE '$[*].a'", "USING TOLERANCE 0.1"),
    *("RUNS EACH", "RUNS STABLE", "RUNS ALL", "STEPS LAST", "STEPS 0, 7", "STEPS EXCEPT CREATE", "WITH SPECIFIED"),
    *("MISSING DROP IMPLEMENTATIONS", "MISSING IGNORE", "MIN SIZE 2", "WEIGHT DISTINCT CODE", "PER CLUSTER"),
    *("MAJORITY", "QUORUM 0.9", "EXCEPTIONS ABSTAIN", "TIE CLUSTER", "TIE LEAST", "ROWS TEST", "AT MOST 3"),
    *("WITH CODE WITH TESTS", "ORDER BY problem_id DESC", "LIMIT 1", "OFFSET 1", "UNION ALL CLUSTER FROM Demo"),
    *("AT (TIMESTAMP => '2099-01-01')", "PER TEST", "AGAINST SPECIFIED NULL DEFINED", "AGAINST ORACLE (MAJORITY)"),
    *("AGAINST RUN r1", "ON PASSES", "ON METRIC execution_time_ms", "NOISE r2", "CHANGED ONLY", "WITHIN CODE"),
)


def valid() -> list[str]:
    """Return the statements to mutate."""
    names = [name for name in NAMES if name != "cube"]
    statements = [block.statements[0] for name in names for block in blocks(name) if not block.message]
    return statements + re.findall(r"```sql\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def mutated(seed: int) -> Iterator[str]:
    """Yield mutated statements without end, the same for the same seed."""
    chance, texts = random.Random(seed), valid()
    alike = _alike({token for text in texts for token in TOKEN.findall(text)})
    while True:
        tokens = TOKEN.findall(chance.choice(texts))
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            tokens = [token for token in _changed(tokens, alike, texts, chance) if token] or [" "]
        yield "".join(tokens)


def _alike(tokens: set[str]) -> dict[str, list[str]]:
    """Return the tokens of each sort."""
    found: dict[str, list[str]] = {}
    for token in sorted(tokens):
        found.setdefault(_sort(token), []).append(token)
    return found


def _sort(token: str) -> str:
    for sort, matches in (("space", str.isspace), ("number", str.isdigit), ("KEYWORD", str.isupper)):
        if matches(token):
            return sort
    return "name" if token[0].isalnum() else token[0] if token[0] in "'\"" else "sign"


def _changed(tokens: list[str], alike: dict[str, list[str]], texts: list[str], chance: random.Random) -> list[str]:
    places = [place for place, token in enumerate(tokens) if not token.isspace()] or [0]
    at, other = chance.choice(places), chance.choice(places)
    before, token, after = tokens[:at], tokens[at], tokens[at + 1 :]
    letter = chance.randrange(len(token))
    match chance.choices(range(13), weights=(3, 2, 3, 6, 2, 3, 2, 2, 1, 1, 8, 8, 1))[0]:
        case 0:
            return before + after
        case 1:
            return [*before, token, " ", token, *after]
        case 2:
            tokens = list(tokens)
            tokens[at], tokens[other] = tokens[other], tokens[at]
            return tokens
        case 3:
            return [*before, chance.choice(alike.get(_sort(token), [token])), *after]
        case 4:
            return [*before, token, " ", chance.choice(alike["KEYWORD"] + alike["name"]), " ", *after]
        case 5:
            return [*before, token, " ", chance.choice(ODD), " ", *after]
        case 6:
            return [*before, token[:letter], chance.choice("xX_'\" (),.0é\0"), token[letter + 1 :], *after]
        case 7:
            return [*before, token[:letter], token[letter + 1 :], *after]
        case 8:
            return [*before, token[: letter + 1]]
        case 9:
            return [token[letter:], *after]
        case 10:
            return [*before, token, " ", chance.choice(CLAUSES), " ", *after]
        case 11:
            return [*before, chance.choice(("/* é */", "\r\n", "-- '\n", "\t")), token.swapcase(), " ", *after]
        case _:
            rest = TOKEN.findall(chance.choice(texts))
            return [*before, " ", *rest[chance.randrange(len(rest)) :]]
