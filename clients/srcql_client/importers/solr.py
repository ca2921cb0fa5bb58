"""The export of LASSO's code index, a response of Solr: a document for each code unit, read as code_implementations.

| document | here |
|---|---|
| `id` | implementation_id, `<id>_original_0`: the unchanged unit under its first adapter |
| `abstractionId` | problem_id, a row for each |
| `content` | source_code, and its hash |
| `m_static_loc_td`, `m_static_complexity_td` | lines_of_code, cyclomatic_complexity |
| `lang`, `lastModified` | language, created_at |

Besides a response, an array of documents and documents one after the other (JSON lines) are read. Several responses in
one file are the pages of one search.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from srcql.errors import InvalidData

from ..code_hash import code_hash
from . import Part, content_id
from .json_stream import JsonStream
from .solr_document import Document

ROWS_AT_ONCE = 1_000

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("data_set_id", "problem_id", "implementation_id")),
        ("source_code", pa.string()),
        ("code_hash", pa.string()),
        ("created_at", pa.timestamp("us")),
        ("lines_of_code", pa.int32()),
        ("cyclomatic_complexity", pa.int32()),
        ("language", pa.string()),
    ]
)


def read(path: Path, data_set: str) -> Iterator[Part]:
    """The sources of an export, gzipped or not, as one part of one data set.

    Raises InvalidData where there is no file; reading the rows raises it for a file that is no export.
    """
    if not path.is_file():
        raise InvalidData(f"expected the JSON of a Solr export, found no file at {path}")
    table = "code_implementations"
    yield Part(path, table, content_id(path, table, data_set), SolrExport(path, data_set))


@dataclass(frozen=True)
class SolrExport:
    r"""One export; iterating it gives its rows as record batches, anew each time.

    >>> list(SolrExport(Path("README.md"), "demo"))
    Traceback (most recent call last):
    ...
    srcql.errors.InvalidData: README.md: expected the JSON of a Solr export, found '# SRCQL' at character 0
      hint: ask Solr for wt=json
    """

    path: Path
    data_set: str

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        with _opened(self.path) as text:
            rows = self._rows(JsonStream(text))
            while batch := list(islice(rows, ROWS_AT_ONCE)):
                yield pa.RecordBatch.from_pylist(batch, SCHEMA)

    def _rows(self, stream: JsonStream) -> Iterator[dict[str, Any]]:
        ids: set[str | None] = set()
        search = _Search(stream)
        for place, fields in enumerate(search):
            unit = Document(place, fields)
            id_ = unit.text("id")
            if id_ in ids:
                raise unit.wrong("an id of its own", f"{id_} again", "sort a search that comes in pages by id")
            ids.add(id_)
            yield from _rows(unit, self.data_set)
        if len(ids) < max(search.found, 1):
            hint = f"ask Solr for rows={search.found}, or put all its pages into one file" if ids else None
            raise InvalidData(f"expected {search.found or 'some'} documents, found {len(ids)}", hint=hint)


def _rows(unit: Document, data_set: str) -> Iterator[dict[str, Any]]:
    """A row for each problem that the unit was found for."""
    id_, problems = unit.text("id"), unit.texts("abstractionId")
    if not id_ or not problems:
        raise unit.lacks("abstractionId" if id_ else "id")
    source = unit.text("content")
    row = {
        "data_set_id": data_set,
        "implementation_id": f"{id_}_original_0",
        "source_code": source,
        "code_hash": code_hash(source) if source else None,
        "created_at": unit.time("lastModified"),
        "lines_of_code": unit.whole("m_static_loc_td"),
        "cyclomatic_complexity": unit.whole("m_static_complexity_td"),
        "language": unit.text("lang"),
    }
    yield from (row | {"problem_id": problem_id} for problem_id in problems)


class _Search:
    """What a search found, in its order; afterwards `found` is the number that it said, 0 where it said none."""

    def __init__(self, stream: JsonStream) -> None:
        self._stream = stream
        self.found = 0

    def __iter__(self) -> Iterator[Any]:
        while sign := self._stream.peek():
            if sign == "[":
                yield from self._array()
            elif sign == "{":
                yield from self._object()
            else:
                raise self._stream.wrong("the JSON of a Solr export", hint="ask Solr for wt=json")

    def _array(self) -> Iterator[Any]:
        return (self._stream.value() for _ in self._stream.elements())

    def _object(self) -> Iterator[Any]:
        """The documents of a response; an object that is none is a document itself."""
        others: dict[str, Any] = {}
        is_response = False
        for name in self._stream.members():
            if name == "response" and self._stream.peek() == "{":
                is_response = True
                yield from self._response()
            else:
                others[name] = self._stream.value()
        if not is_response:
            yield others

    def _response(self) -> Iterator[Any]:
        for name in self._stream.members():
            if name == "docs" and self._stream.peek() == "[":
                yield from self._array()
            elif name == "numFound":
                value = self._stream.value()
                self.found = max(self.found, int(value) if isinstance(value, float) and value.is_integer() else 0)
            else:
                self._stream.value()


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """The text of a file, unpacked; errors inside the block are told with the name of the file."""
    try:
        with path.open("rb") as file:
            is_packed = file.peek(2)[:2] == b"\x1f\x8b"
            unpacked = gzip.GzipFile(fileobj=file) if is_packed else file
            with TextIOWrapper(unpacked, encoding="utf-8-sig") as text:
                yield text
    except InvalidData as error:
        raise InvalidData(f"{path.name}: {error.message}", hint=error.hint) from None
    except UnicodeDecodeError:
        raise InvalidData(f"{path.name}: expected UTF-8, found other bytes", hint="ask Solr for wt=json") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InvalidData(f"{path.name}: expected a gzip file, found one that is cut off or damaged") from None
