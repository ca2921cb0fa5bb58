"""Import the export of LASSO's code index, a response of Solr: each document is a row of code_implementations.

| document | lakehouse |
|---|---|
| `id` | implementation_id, `<id>_original_0`: the unchanged unit under its first adapter |
| `abstractionId` | problem_id; one row for each value |
| `content` | source_code, and its hash |
| `m_static_loc_td`, `m_static_complexity_td` | lines_of_code, cyclomatic_complexity |
| `lang`, `lastModified` | language, created_at |

The file holds a response, several responses (the pages of one search), an array of documents, or JSON lines.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO

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
    """Yield the source code of an export, gzipped or not, as one part.

    Raises InvalidData if the file does not exist; reading the rows raises it for a file that is not an export.
    """
    if not path.is_file():
        raise InvalidData(f"expected the JSON of a Solr export, found no file at {path}")
    table = "code_implementations"
    yield Part(path, table, content_id(path, table, data_set), SolrExport(path, data_set))


@dataclass(frozen=True)
class SolrExport:
    r"""One export; each iteration reads its rows as record batches.

    >>> list(SolrExport(Path("README.md"), "demo"))
    Traceback (most recent call last):
    ...
    srcql.errors.InvalidData: README.md: expected the JSON of a Solr export, found '# SRCQL' at character 0
      hint: request wt=json from Solr
    """

    path: Path
    data_set: str

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        with _open(self.path) as text:
            rows = self._rows(JsonStream(text))
            while batch := list(islice(rows, ROWS_AT_ONCE)):
                yield pa.RecordBatch.from_pylist(batch, SCHEMA)

    def _rows(self, stream: JsonStream) -> Iterator[dict[str, object]]:
        ids: set[str | None] = set()
        search = _Search(stream)
        for position, fields in enumerate(search):
            unit = Document(position, fields)
            id_ = unit.text("id")
            if id_ in ids:
                raise unit.error("a unique id", f"{id_} again", "sort the search by id if you export it in pages")
            ids.add(id_)
            yield from _rows(unit, self.data_set)
        if len(ids) < max(search.found, 1):
            hint = f"request rows={search.found} from Solr, or put all pages into one file" if ids else None
            raise InvalidData(f"expected {search.found or 'some'} documents, found {len(ids)}", hint=hint)


def _rows(unit: Document, data_set: str) -> Iterator[dict[str, object]]:
    """Yield a row for each problem of the unit."""
    id_, problems = unit.text("id"), unit.texts("abstractionId")
    if not id_ or not problems:
        raise unit.missing("abstractionId" if id_ else "id")
    source = unit.text("content")
    row: dict[str, object] = {
        "data_set_id": data_set,
        "implementation_id": f"{id_}_original_0",
        "source_code": source,
        "code_hash": code_hash(source) if source else None,
        "created_at": unit.time("lastModified"),
        "lines_of_code": unit.integer("m_static_loc_td"),
        "cyclomatic_complexity": unit.integer("m_static_complexity_td"),
        "language": unit.text("lang"),
    }
    yield from (row | {"problem_id": problem_id} for problem_id in problems)


class _Search:
    """The documents of a search, in order; after the iteration, `found` is its numFound, 0 if it has none."""

    def __init__(self, stream: JsonStream) -> None:
        self._stream = stream
        self.found = 0

    def __iter__(self) -> Iterator[object]:
        while character := self._stream.peek():
            if character == "[":
                yield from self._array()
            elif character == "{":
                yield from self._object()
            else:
                raise self._stream.error("the JSON of a Solr export", hint="request wt=json from Solr")

    def _array(self) -> Iterator[object]:
        return (self._stream.value() for _ in self._stream.elements())

    def _object(self) -> Iterator[object]:
        """Yield the documents of a response; an object that is not a response is a document itself."""
        others: dict[str, object] = {}
        is_response = False
        for name in self._stream.members():
            if name == "response" and self._stream.peek() == "{":
                is_response = True
                yield from self._response()
            else:
                others[name] = self._stream.value()
        if not is_response:
            yield others

    def _response(self) -> Iterator[object]:
        for name in self._stream.members():
            if name == "docs" and self._stream.peek() == "[":
                yield from self._array()
            elif name == "numFound":
                value = self._stream.value()
                self.found = max(self.found, int(value) if isinstance(value, float) and value.is_integer() else 0)
            else:
                self._stream.value()


@contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    """Open a file, gzipped or not, as text; errors in the block name the file."""
    try:
        with path.open("rb") as file:
            is_gzipped = file.peek(2)[:2] == b"\x1f\x8b"
            content = gzip.GzipFile(fileobj=file) if is_gzipped else file
            with TextIOWrapper(content, encoding="utf-8-sig") as text:
                yield text
    except InvalidData as error:
        raise InvalidData(f"{path.name}: {error.message}", hint=error.hint) from None
    except UnicodeDecodeError:
        raise InvalidData(f"{path.name}: expected UTF-8, found other bytes", hint="request wt=json from Solr") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InvalidData(f"{path.name}: expected a gzip file, found a truncated or damaged one") from None
