"""Packages that only some uses need, and the word to whom they are missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from srcql.errors import StoreError


@contextmanager
def extra(name: str, what: str) -> Iterator[None]:
    """Imports inside the block, which the extra `name` of the distribution brings; StoreError when it is missing.

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
        raise StoreError(f"{what} needs the package {error.name}, which is not installed", hint=hint) from None
