"""Functions of a user's own, found as installed packages offer them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from udfs import measure, through, using

CACHES = (through.canonicalisers, through.loaded, measure.measures, using.parse_using)


@contextmanager
def installed(folder: Path, module: str, source: str, offered: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """A module, and for each package the names by which it offers objects: `module:function`."""
    (folder / f"{module}.py").write_text(source)
    for package, names in offered.items():
        metadata = folder / f"{package}-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        lines = [f"{name} = {value}" for name, value in names.items()]
        (metadata / "entry_points.txt").write_text("\n".join(["[srcql.udfs]", *lines]))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        _forget()
        yield
    _forget()


def _forget() -> None:
    for kept in CACHES:
        kept.cache_clear()
