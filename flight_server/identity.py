"""Users as the server sees them: their role and the data sets granted to them."""

from dataclasses import dataclass

from srcql.errors import Forbidden

READ, WRITE, ADMIN = ROLES = ("read", "write", "admin")  # each role includes the roles before it


@dataclass(frozen=True)
class Identity:
    """An authenticated user; `data_sets` None grants all data sets, also future ones.

    >>> Identity("ada", "read", frozenset({"HumanEval"})).has_role(WRITE)
    False
    """

    name: str
    role: str
    data_sets: frozenset[str] | None

    def has_role(self, role: str) -> bool:
        """Return whether the user's role includes `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def require(self, role: str, action: str) -> None:
        """Raise Forbidden unless the user's role includes the role that `action` needs."""
        if not self.has_role(role):
            hint = f"this needs the role {role}; ask an administrator to change the role of {self.name}"
            raise Forbidden(f"user {self.name} with the role {self.role} cannot {action}", hint=hint)


ANONYMOUS = Identity("", ADMIN, None)  # every caller of a server without a users file
