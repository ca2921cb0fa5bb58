"""AGAINST: the reference that responses are compared with.

AGAINST SPECIFIED [NULL DEFINED] | ORACLE [([USING …] own clauses of ORACLE)] [LEAVE ONE OUT]
    | IMPLEMENTATION id | RUN id
"""

from dataclasses import dataclass, field

from srcql.clauses.equality import Equality
from srcql.clauses.reader import Name, Span
from srcql.lowering.voting import VotingRules
from srcql.sql import literal


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
