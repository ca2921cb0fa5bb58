"""Every type of Arrow as a new column: stored as sent or rejected, and the table works on."""

import decimal
import json
import uuid
from datetime import date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from tests.flight_server.rpc import observations, put, query

NOON = datetime(2030, 1, 1, 12, 0, 0, 5)
DEEP = 15
TEXTS = pa.array(["x"])


def nested(value, depth):
    return nested([value], depth - 1) if depth else pa.array([value])


def ints_of(type):
    return pa.array([7], type)


def raw(numbers, type):
    return pa.array(numbers, pa.int64()).view(type)


def unscaled(number, type):
    return pa.Array.from_buffers(type, 1, [None, pa.py_buffer(number.to_bytes(16, "little"))])


STORED = {
    **{str(type): ints_of(type) for type in (pa.int8(), pa.int16(), pa.int32(), pa.int64())},
    **{str(type): ints_of(type) for type in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())},
    **{str(type): pa.array([1.5], type) for type in (pa.float16(), pa.float32(), pa.float64())},
    "bool": pa.array([True]),
    "decimal32": pa.array([decimal.Decimal("1.5")], pa.decimal32(5, 2)),
    "decimal64": pa.array([decimal.Decimal("1.5")], pa.decimal64(12, 2)),
    "decimal128": pa.array([decimal.Decimal("1.5")], pa.decimal128(38, 37)),
    "decimal256": pa.array([decimal.Decimal("1.5")], pa.decimal256(38, 2)),
    "decimal of hundreds": unscaled(1, pa.decimal128(5, -2)),
    "decimal of small parts": unscaled(12, pa.decimal128(2, 5)),
    "date32": pa.array([date(1, 1, 1)]),
    "date64": pa.array([date(9999, 12, 31)], pa.date64()),
    **{f"time32 {unit}": pa.array([time(12)], pa.time32(unit)) for unit in ("s", "ms")},
    **{f"time64 {unit}": pa.array([time(12, 0, 0, 5)], pa.time64(unit)) for unit in ("us", "ns")},
    **{f"timestamp {unit}": pa.array([NOON.replace(microsecond=0)], pa.timestamp(unit)) for unit in ("s", "ms")},
    **{f"timestamp {unit}": pa.array([NOON], pa.timestamp(unit)) for unit in ("us", "ns")},
    "timestamp in UTC": pa.array([NOON], pa.timestamp("us", "UTC")),
    "timestamp in Berlin": pa.array([NOON], pa.timestamp("us", "Europe/Berlin")),
    "timestamp at an offset": pa.array([NOON], pa.timestamp("us", "+02:00")),
    "string": TEXTS,
    "large string": pa.array(["x"], pa.large_string()),
    "string view": pa.array(["a text that is longer than a view"], pa.string_view()),
    "text with NUL": pa.array(["a\0b"]),
    "binary": pa.array([b"\xff"]),
    "large binary": pa.array([b"\xff"], pa.large_binary()),
    "binary view": pa.array([b"bytes that are longer than a view"], pa.binary_view()),
    "fixed binary": pa.array([b"abcd"], pa.binary(4)),
    "fixed binary of nothing": pa.array([b""], pa.binary(0)),
    "uuid": pa.array([uuid.UUID(int=7).bytes], pa.uuid()),
    "json": pa.array(['{"a": 1}'], pa.json_()),
    "dictionary of text": TEXTS.dictionary_encode(),
    "dictionary of views": pa.DictionaryArray.from_arrays(pa.array([0]), pa.array(["x"], pa.string_view())),
    "dictionary of numbers": pa.array([1.5]).dictionary_encode(),
    "dictionary of lists": pa.DictionaryArray.from_arrays(pa.array([0]), pa.array([[1]])),
    "dictionary of null": pa.DictionaryArray.from_arrays(pa.array([0]), pa.array([None], pa.string())),
    "runs of text": pa.RunEndEncodedArray.from_arrays([1], TEXTS),
    "runs of numbers": pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int16()), pa.array([1.5])),
    "list": pa.array([[1, None]]),
    "empty list": pa.array([[]], pa.list_(pa.string())),
    "null list": pa.array([None], pa.list_(pa.string())),
    "large list": pa.array([["x"]], pa.large_list(pa.large_string())),
    "fixed list": pa.array([[1, 2]], pa.list_(pa.int16(), 2)),
    "list view": pa.array([[1, 2]], pa.list_view(pa.int64())),
    "large list view": pa.array([[1, 2]], pa.large_list_view(pa.int64())),
    "list of dictionary": pa.array([["x"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
    "list of views": pa.array([["x"]], pa.list_(pa.string_view())),
    "list of uuid": pa.ListArray.from_arrays([0, 1], pa.array([bytes(16)], pa.uuid())),
    "list of half": pa.array([[1.5]], pa.list_(pa.float16())),
    "deep list": nested(1, DEEP),
    "struct": pa.array([{"Content-Type": "x", "when": NOON, "deep": {"a": [True]}}]),
    "null struct": pa.array([None], pa.struct([("a", pa.int64())])),
    "struct with odd names": pa.array([{"a b": 1, "'": 2, '"': 3, "ä": 4, "select": 5, "element": 6}]),
    "map": pa.array([[("k", 1), ("l", None)]], pa.map_(pa.string(), pa.int64())),
    "empty map": pa.array([[]], pa.map_(pa.string(), pa.int64())),
    "map of dates": pa.array([[(date(2030, 1, 1), ["x"])]], pa.map_(pa.date32(), pa.list_(pa.string()))),
    "map of numbers": pa.array([[(7, {"a": 1})]], pa.map_(pa.int8(), pa.struct([("a", pa.int8())]))),
}
REJECTED = {
    "null": (pa.nulls(1), "expected a type that Iceberg supports, found null"),
    "list of null": (pa.array([[None]]), ".element: expected a type that Iceberg supports, found null"),
    "empty struct": (pa.array([{}], pa.struct([])), "expected a struct with fields, found a struct without fields"),
    "names by case": (pa.array([{"A": 1, "a": 2}]), "expected a struct with different names"),
    "empty name": (pa.array([{"": 1}]), "found the field ''"),
    "dotted name": (pa.array([{"a.b": 1}]), "found the field 'a.b'"),
    "control character": (pa.array([{"a\0b": 1}]), "found the field 'a\\x00b'"),
    "long name": (pa.array([{"x" * 256: 1}]), "expected a struct with usable names"),
    "name twice": (
        pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]),
        "expected a struct with different names",
    ),
    "too deep": (nested(1, DEEP + 1), "expected at most 16 levels of lists, structs and maps"),
    "far too deep": (nested(1, 60), "expected at most 16 levels of lists, structs and maps"),
    "long decimal": (pa.array([1]).cast(pa.decimal256(50, 2)), "expected a decimal of at most 38 digits"),
    "huge decimal": (unscaled(1, pa.decimal128(5, -40)), "a decimal of at most 38 digits"),
    "tiny decimal": (unscaled(1, pa.decimal128(2, 40)), "a decimal of at most 38 digits"),
    **{
        f"duration {unit}": (pa.array([timedelta(seconds=1)], pa.duration(unit)), f"found duration[{unit}]")
        for unit in ("s", "ms", "us", "ns")
    },
    "interval": (pa.array([pa.MonthDayNano([1, 2, 3])]), "found month_day_nano_interval"),
    "list of intervals": (pa.array([[pa.MonthDayNano([1, 2, 3])]]), "found month_day_nano_interval"),
    "sparse union": (pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [TEXTS]), "found sparse_union"),
    "dense union": (
        pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [TEXTS]),
        "found dense_union",
    ),
    "bool8": (pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1], pa.int8())), "arrow.bool8"),
    "tensor": (
        pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.int8(), [1]), pa.array([[1]], pa.list_(pa.int8(), 1))),
        "arrow.fixed_shape_tensor",
    ),
    "map of floats": (pa.array([[(1.5, 1)]], pa.map_(pa.float64(), pa.int64())), "expected map keys of text"),
    "map of lists": (pa.array([[([1], 1)]], pa.map_(pa.list_(pa.int64()), pa.int64())), "expected map keys of text"),
    "a key twice": (
        pa.array([[("k", 1), ("k", 2)]], pa.map_(pa.string(), pa.int64())),
        ".key, row 0: expected different keys in a map, found a key twice",
    ),
    "nanoseconds": (raw([1], pa.timestamp("ns")), "expected a timestamp that fits timestamp[us]"),
    "nanosecond of a day": (raw([1], pa.time64("ns")), "expected a time that fits time64[us]"),
    "large unsigned": (pa.array([2**63], pa.uint64()), "expected a whole number that fits int64"),
    "year 10000": (raw([253402300800], pa.timestamp("s")), "expected a timestamp in the years 1 to 9999"),
    "year 0": (raw([-62135596801], pa.timestamp("s")), "expected a timestamp in the years 1 to 9999"),
    "infinite time": (raw([2**63 - 1], pa.timestamp("us")), "expected a timestamp in the years 1 to 9999"),
    "time beyond range": (raw([2**62], pa.timestamp("s", "UTC")), "a timestamp that fits timestamp[us, tz=UTC]"),
    "date beyond range": (
        pa.array([2**30], pa.int32()).view(pa.date32()),
        "expected a date in the years 1 to 9999, found",
    ),
    "list of far times": (pa.array([[253402300800]]).cast(pa.list_(pa.timestamp("s"))), "in the years 1 to 9999"),
    "negative time": (raw([-5], pa.time64("us")), "not valid Arrow data"),
}


@pytest.fixture
def client(server):
    with flight.connect(server.uri) as connected:
        yield connected


def add(client, run, **columns):
    """Send one row with new columns."""
    rows = observations(run=run).slice(0, 1)
    for name, array in columns.items():
        rows = rows.append_column(name, array)
    command = json.dumps({"table": "observations", "evolve": True}).encode()
    return json.loads(put(client, flight.FlightDescriptor.for_command(command), rows))["rows"]


def comparable(value):
    """The value as the engine sends it: UUIDs as text."""
    return json.loads(json.dumps(value, default=str))


def test_values_are_stored_as_sent(client):
    columns = {f"new {name}": array for name, array in STORED.items()}
    for run in ("first", "second"):
        assert add(client, run, **columns) == 1
    assert add(client, "without") == 1
    without, *stored = query(client, "FROM observations ORDER BY run_id = 'without' DESC, run_id").to_pylist()
    assert {name: without[name] for name in columns} == dict.fromkeys(columns)
    for row in stored:
        for name, array in columns.items():
            (sent,) = array.to_pylist()
            assert row[name] == sent or comparable(row[name]) == comparable(sent), name


def test_other_types_and_values_are_rejected(client):
    add(client, "first")
    before = query(client, "FROM observations LIMIT 0").column_names
    for name, (array, message) in REJECTED.items():
        with pytest.raises(pa.ArrowInvalid) as error:
            add(client, "second", extra=array)
        assert message in str(error.value), name
    assert query(client, "FROM observations LIMIT 0").column_names == before
    assert add(client, "second", extra=TEXTS) == 1
    assert query(client, "SELECT extra FROM observations ORDER BY run_id").to_pydict() == {"extra": [None, "x"]}
