"""Imports of optional packages."""

from collections.abc import Iterator
from contextlib import contextmanager

from srcql.errors import StoreError


@contextmanager
def extra(name: str, feature: str) -> Iterator[None]:
    """Raise StoreError for a package that an import in the block misses; the extra `name` installs it.

    >>> with extra("server", "a server"):
    ...     import a_package_that_is_not_there
    Traceback (most recent call last):
    ...
    srcql.errors.StoreError: a server needs the package a_package_that_is_not_there, which is not installed
      hint: pip install 'srcql[server]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        hint = f"pip install 'srcql[{name}]'"
        raise StoreError(f"{feature} needs the package {error.name}, which is not installed", hint=hint) from None
