"""AGAINST: the reference that responses are compared with.

AGAINST SPECIFIED [NULL DEFINED] | ORACLE [([USING …] own clauses of ORACLE)] [LEAVE ONE OUT]
    | IMPLEMENTATION id | RUN id
"""

from dataclasses import dataclass, field

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.cube import Cube
from srcql.clauses.equality import Equality, using_before
from srcql.clauses.reader import Name, Reader, Span
from srcql.clauses.reading import read_clauses
from srcql.lowering import voting
from srcql.lowering.voting import VotingRules
from srcql.sql import literal

KINDS = ("SPECIFIED", "ORACLE", "IMPLEMENTATION", "RUN")


@dataclass(frozen=True)
class Against:
    """The reference; `using` and `rules` are those of ORACLE: without `using` it votes by the equality of the verb."""

    kind: str
    span: Span
    name: Name | None = None
    null_defined: bool = False
    using: Equality | None = None
    rules: VotingRules = field(default_factory=VotingRules)
    leave_one_out: bool = False

    @property
    def owner(self) -> str | None:
        """The column of a trace that an expectation is for; None if it is for every implementation."""
        return "implementation_id" if self.kind == "RUN" else "__who" if self.leave_one_out else None

    @property
    def undefined(self) -> tuple[str, ...]:
        """The kinds of a response that expect nothing."""
        null = self.kind == "SPECIFIED" and not self.null_defined
        return ("NA", "UNDEFINED", "REF", *(["NULL"] if null else []))

    @property
    def unchecked(self) -> str:
        """The condition that an implementation is not checked, as SQL over `t`, a row of the traces."""
        return f"t.__entry = {literal(self.name.text)}" if self.kind == "IMPLEMENTATION" and self.name else "false"

    @property
    def extra_key(self) -> list[str]:
        """The columns that only the oracle reads."""
        return ["response_key"] if self.using and self.using.stored == "response_key" else []


def against(reader: Reader) -> Against:
    """Read AGAINST and its reference."""
    start = reader.span[0]
    reader.take("AGAINST")
    kind = reader.expect(KINDS)
    if kind == "SPECIFIED":
        null_defined = reader.take("NULL DEFINED")
        return Against(kind, (start, reader.end), null_defined=null_defined)
    if kind == "ORACLE":
        equality, rules = _clauses_of_oracle(reader)
        leave_one_out = reader.take("LEAVE ONE OUT")
        return Against(kind, (start, reader.end), using=equality, rules=rules, leave_one_out=leave_one_out)
    name = reader.name("an implementation" if kind == "IMPLEMENTATION" else "a run")
    return Against(kind, (start, reader.end), name)


def _clauses_of_oracle(reader: Reader) -> tuple[Equality | None, VotingRules]:
    if not reader.sign(TokenType.L_PAREN):
        return None, VotingRules()
    grammar = {"USING": using_before("EXCEPTIONS VOTE", "EXCEPTIONS ABSTAIN"), **voting.CLAUSES}
    read = read_clauses(reader, grammar, grammar)
    if not reader.sign(TokenType.R_PAREN):
        what = ", ".join(words.replace("|", ", ") for words in grammar)
        raise reader.expected(") after the clauses of ORACLE", f"in this order: {what}")
    return read.get("USING"), VotingRules.of(read)


def check(reader: Reader, cube: Cube, clause: Against) -> None:
    """Raise an error for a reference that contradicts the shared clauses."""
    if clause.kind == "RUN" and "run_id" in cube.by:
        raise reader.error("BY run_id leaves no two runs to compare", clause.span)
    if clause.kind == "ORACLE":
        _check_oracle(reader, cube, clause)


def _check_oracle(reader: Reader, cube: Cube, clause: Against) -> None:
    if cube.using.tolerance and clause.using is None:
        hint = "AGAINST ORACLE (USING DIGITS 6) votes by classes, and its outcome is compared by TOLERANCE"
        raise reader.error("ORACLE needs an equality of its own: TOLERANCE makes no classes", clause.span, hint)
    if cube.runs == "STABLE" and clause.using not in (None, cube.using):
        raise reader.error("RUNS STABLE compares runs by one equality, and ORACLE has another", clause.span)
    clusters = "PER" if clause.rules.per_cluster else "TIE" if clause.rules.tie == "CLUSTER" else None
    if clause.leave_one_out and clusters:
        hint = "PER STEP, with TIE NULL or TIE LEAST"
        raise reader.error(f"LEAVE ONE OUT takes no {clusters} CLUSTER", clause.span, hint)
