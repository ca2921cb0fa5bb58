"""The request of `srcql diff`: what to compare, and which kinds of steps fail.

>>> print(Request("commit", "c1", "c2", "Demo USING EXACT", against="specified").diff_statement)
DIFF COMMIT 'c1' TO 'c2' FROM Demo USING EXACT
AGAINST specified
>>> print(Request("commit", "c1", "c2", "Demo USING EXACT").flaky_statement)
FLAKY FROM Demo USING EXACT
WITHIN COMMIT
"""

from dataclasses import dataclass

from srcql.sql import literal

_WITHIN = {"commit": "COMMIT", "run": "CODE", "environment": "CODE"}


@dataclass(frozen=True)
class Request:
    """A comparison of `before` with `after` on an axis: commit, run or environment; `source` follows FROM."""

    axis: str
    before: str
    after: str
    source: str = "*"
    against: str | None = None
    noise: str | None = None
    fail_on: tuple[str, ...] = ()

    @property
    def failing_kinds(self) -> tuple[str, ...]:
        """The kinds of steps that a report shows as failures; without `fail_on`, the kind that `against` suggests."""
        return self.fail_on or ("regression" if self.against else "changed",)

    @property
    def checks_flaky(self) -> bool:
        """Whether runs of the same code are compared, too."""
        return "flaky" in self.fail_on

    @property
    def diff_statement(self) -> str:
        """The DIFF statement; clauses after `source` start a new line, because `source` may end in a comment."""
        clauses = [f"AGAINST {self.against}"] if self.against else []
        clauses += [f"NOISE {literal(self.noise)}"] if self.noise is not None else []
        return "\n".join([self.bare_statement, *clauses])

    @property
    def bare_statement(self) -> str:
        """The DIFF statement that ends with `source`."""
        return f"DIFF {self.axis.upper()} {literal(self.before)} TO {literal(self.after)} FROM {self.source}"

    @property
    def flaky_statement(self) -> str:
        """The FLAKY statement, which finds steps at which runs of the same code disagree."""
        return f"FLAKY FROM {self.source}\nWITHIN {_WITHIN[self.axis]}"
