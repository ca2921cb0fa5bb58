"""Packages of users that provide functions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from udfs import measure, plugins, through, using

CACHES = (through.canonicalisers, plugins.load, measure.measures, using.parse_using)


@contextmanager
def installed(folder: Path, module: str, source: str, provided: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Install a module, and packages that provide its functions: package -> name -> `module:function`."""
    (folder / f"{module}.py").write_text(source)
    for package, names in provided.items():
        metadata = folder / f"{package}-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        lines = [f"{name} = {value}" for name, value in names.items()]
        (metadata / "entry_points.txt").write_text("\n".join(["[srcql.udfs]", *lines]))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        _clear_caches()
        yield
    _clear_caches()


def _clear_caches() -> None:
    for cached in CACHES:
        cached.cache_clear()
