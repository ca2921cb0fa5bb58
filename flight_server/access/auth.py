"""Who asks, and what that one may do."""

from dataclasses import dataclass

from srcql.errors import Forbidden

READ, WRITE, ADMIN = ROLES = ("read", "write", "admin")  # each may what those before it may


@dataclass(frozen=True)
class Identity:
    """Somebody who was let in, and the data sets that are granted to them; None: all, also those yet to come.

    >>> Identity("ada", "read", frozenset({"HumanEval"})).may(WRITE)
    False
    """

    name: str
    role: str
    data_sets: frozenset[str] | None

    def may(self, role: str) -> bool:
        """Whether this one's role is that role, or more."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def check(self, role: str, what: str) -> None:
        """Raise Forbidden unless `what` may be done, for which that role is needed."""
        if not self.may(role):
            raise Forbidden(f"{self.name} may not {what}", hint=f"this needs the role {role}; theirs is {self.role}")


ANYBODY = Identity("", ADMIN, None)  # where no users are set up
