"""Inserts a clause into the text of other clauses, without the columns of the table at hand."""

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.piece_parser import PieceParser
from srcql.clauses.reader import Reader
from srcql.clauses.shared import MISSING, STEPS
from srcql.schema import OBSERVATIONS

# How the clauses after RUNS begin; their second word distinguishes them from names.
FOLLOWING = (*(f"STEPS {words}" for words in STEPS), *(f"MISSING {words}" for words in MISSING))


def insert_runs(clauses: str, word: str) -> str:
    """Return what follows FROM in a verb with RUNS inserted at its place, before STEPS and MISSING.

    >>> insert_runs("steps WHERE (step_id > 0) STEPS LAST", "EACH")
    'steps WHERE (step_id > 0) RUNS EACH STEPS LAST'
    >>> insert_runs("Demo -- only these", "EACH").splitlines()
    ['Demo -- only these', 'RUNS EACH']
    """
    parser, depth = PieceParser.over(clauses), 0
    reader = Reader(parser, OBSERVATIONS)
    while reader.next_type:
        if not depth and _follows_runs(parser, reader):
            start = reader.span[0]
            return f"{clauses[:start]}RUNS {word} {clauses[start:]}"
        kind = parser.read_token().token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
    return f"{clauses}\nRUNS {word}"


def _follows_runs(parser: PieceParser, reader: Reader) -> bool:
    numbered = reader.at("STEPS") and parser.ahead(2)[-1].token_type is TokenType.NUMBER
    return numbered or any(reader.at(words) for words in FOLLOWING)
