"""AGAINST: reads the reference of CHECK, RANK and DIFF.

AGAINST SPECIFIED [NULL DEFINED] | ORACLE [([USING …] own clauses of ORACLE)] [LEAVE ONE OUT]
    | IMPLEMENTATION id | RUN id
"""

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.cube import Cube
from srcql.clauses.equality import Equality
from srcql.clauses.reader import Reader
from srcql.clauses.reading import build, read_in_any_order
from srcql.clauses.shared import SharedClauses
from srcql.lowering.against import Against
from srcql.lowering.voting import VotingRules
from srcql.verbs.oracle import RULES, Oracle

KINDS = ("SPECIFIED", "ORACLE", "IMPLEMENTATION", "RUN")


def against(reader: Reader) -> Against:
    """Read AGAINST and its reference."""
    start = reader.span[0]
    reader.take("AGAINST")
    kind = reader.expect(KINDS)
    if kind == "SPECIFIED":
        null_defined = reader.take("NULL DEFINED")
        return Against(kind, (start, reader.end), null_defined=null_defined)
    if kind == "ORACLE":
        rules, using = _rules(reader)
        leave_one_out = reader.take("LEAVE ONE OUT")
        return Against(kind, (start, reader.end), rules=rules, using=using, leave_one_out=leave_one_out)
    name = reader.name("an implementation" if kind == "IMPLEMENTATION" else "a run")
    return Against(kind, (start, reader.end), name)


def _rules(reader: Reader) -> tuple[VotingRules, Equality | None]:
    if not reader.sign(TokenType.L_PAREN):
        return VotingRules(), None
    grammar = {"USING": Oracle.shared["USING"], **RULES}
    read = read_in_any_order(reader, grammar)
    if not reader.sign(TokenType.R_PAREN):
        words = ", ".join(words.replace("|", ", ") for words in grammar)
        raise reader.expected(") after the clauses of ORACLE", f"clauses, each at most once: {words}")
    return build(VotingRules, read, RULES), build(SharedClauses, read, ("USING",)).using


def check_reference(reader: Reader, cube: Cube, reference: Against) -> None:
    """Reject a reference that contradicts the shared clauses."""
    if reference.kind == "RUN" and "run_id" in cube.by:
        raise reader.error("BY run_id leaves no two runs to compare", reference.span)
    if reference.kind == "ORACLE":
        _check_oracle(reader, cube, reference)


def _check_oracle(reader: Reader, cube: Cube, reference: Against) -> None:
    if cube.using.tolerance and reference.using is None:
        hint = "use AGAINST ORACLE (USING DIGITS 6): it votes by classes, and TOLERANCE compares its outcome"
        raise reader.error("ORACLE needs its own USING: TOLERANCE makes no classes", reference.span, hint)
    if cube.runs == "STABLE" and reference.using not in (None, cube.using):
        raise reader.error("RUNS STABLE and ORACLE need the same USING", reference.span)
    clusters = {"PER": reference.rules.per, "TIE": reference.rules.tie}
    clause = next((words for words, word in clusters.items() if word == "CLUSTER"), None)
    if reference.leave_one_out and clause:
        hint = "use PER STEP with TIE NULL or TIE LEAST"
        raise reader.error(f"LEAVE ONE OUT takes no {clause} CLUSTER", reference.span, hint)
