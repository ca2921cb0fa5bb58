"""Imports of packages that an extra installs, and the errors when such an import fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions

from srcql.errors import StoreError

GENERIC = ("udfs", "lakehouse", "flight_server")  # ours, under names that another distribution may also use
OURS = ("srcql", "srcql_client", *GENERIC)


@contextmanager
def extra(name: str, feature: str) -> Iterator[None]:
    """Import inside this block what the extra `name` installs; raise StoreError when an import fails.

    >>> with extra("server", "a server"):
    ...     import a_package_that_is_not_there
    Traceback (most recent call last):
    ...
    srcql.errors.StoreError: a server needs the package a_package_that_is_not_there, which is not installed
      hint: pip install 'srcql[server]'
    """
    try:
        yield
    except ImportError as error:
        for package, owner in _other_owners():
            problem = f"{feature} needs srcql's package {package}, but the distribution {owner} also installs {package}"
            raise StoreError(problem, hint=f"install srcql in an environment without {owner}") from error
        raise StoreError(f"{feature} needs {_need(error)}", hint=f"pip install 'srcql[{name}]'") from None


def _need(error: ImportError) -> str:
    """Return the package that is missing, or of which another version is installed."""
    package = (error.name or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and error.name == package:
        return f"the package {package}, which is not installed"
    if not package or package in OURS:
        raise error
    return f"another version of the package {package}: {error}"


def _other_owners() -> Iterator[tuple[str, str]]:
    """Return the packages of ours that another distribution installs too, each with that distribution."""
    owners = packages_distributions()
    return ((package, owner) for package in GENERIC for owner in owners.get(package, ()) if owner != "srcql")
