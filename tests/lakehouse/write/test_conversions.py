"""What a stored column accepts: what loses nothing is done, everything else is rejected, at every depth."""

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.engine import Engine
from lakehouse.warehouse import Warehouse
from lakehouse.write.conversions import Mismatch, convert
from lakehouse.write.stored_types import stored_type
from srcql.errors import InvalidData
from tests.lakehouse.conftest import observations

INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
FLOATS = [pa.float16(), pa.float32(), pa.float64()]
DECIMALS = [pa.decimal32(6, 2), pa.decimal64(15, 0), pa.decimal128(10, 2), pa.decimal128(38, 30), pa.decimal256(60, 3)]
NUMBERS = [*INTEGERS, *FLOATS, *DECIMALS]
TIMES = [pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "Asia/Kolkata")]
OTHERS = [
    pa.bool_(),
    pa.date32(),
    pa.date64(),
    pa.time32("s"),
    pa.time64("us"),
    pa.time64("ns"),
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.binary(),
    pa.binary_view(),
    pa.binary(3),
]
WHOLE = st.one_of(st.integers(-300, 300), st.integers(-(2**63), 2**64 - 1), st.sampled_from([2**53 + 1, 2**24 + 1]))
REAL = st.one_of(st.floats(), st.sampled_from([0.1, 0.5, -0.0, 1e300, 2.0**63, 2.0**60, 1.999]), WHOLE.map(float))
DIGITS = st.decimals(-(10**15), 10**15, places=3) | st.sampled_from(
    [Decimal("0.1"), Decimal("0.5"), Decimal(2**53 + 1)]
)
MOMENTS = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)) | st.dates(date(1700, 1, 1), date(2200, 1, 1)).map(
    lambda day: datetime(day.year, day.month, day.day)
)


def values_of(kind: pa.DataType) -> st.SearchStrategy[Any]:
    """Values that a column of this type may hold."""
    if pa.types.is_integer(kind):
        return WHOLE
    if pa.types.is_floating(kind):
        return REAL
    if pa.types.is_decimal(kind):
        return DIGITS
    if pa.types.is_boolean(kind):
        return st.booleans()
    if pa.types.is_timestamp(kind):
        return MOMENTS
    if pa.types.is_date(kind):
        return MOMENTS.map(datetime.date)
    if pa.types.is_time(kind):
        return MOMENTS.map(datetime.time)
    if pa.types.is_fixed_size_binary(kind):
        return st.binary(min_size=kind.byte_width, max_size=kind.byte_width)
    return st.binary(max_size=4) if "binary" in str(kind) else st.text(max_size=4)


LEAVES = st.sampled_from([*NUMBERS, *TIMES, *OTHERS])


def deeper(types: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.DataType]:
    names = st.lists(st.sampled_from(["a", "A", "b"]), min_size=1, max_size=2, unique_by=str.lower)
    return st.one_of(
        st.builds(pa.list_, types),
        st.builds(pa.large_list_view, types),
        st.builds(lambda item: pa.list_(item, 2), types),
        st.builds(lambda item, names: pa.struct([(name, item) for name in names]), types, names),
        st.builds(pa.map_, st.sampled_from([pa.string(), pa.int8(), pa.date32()]), types),
    )


TYPES = st.one_of(LEAVES, deeper(LEAVES), deeper(deeper(LEAVES)))


@st.composite
def arrays(draw: st.DrawFn, kind: pa.DataType) -> pa.Array:
    """Up to three rows of a type, null among them."""
    if pa.types.is_struct(kind):
        size = draw(st.integers(0, 3))
        parts = [draw(arrays(field.type)) for field in kind]
        parts = [pa.concat_arrays([part, pa.nulls(3, part.type)]).slice(0, size) for part in parts]
        mask = pa.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), pa.bool_())
        return pa.StructArray.from_arrays(parts, fields=list(kind), mask=mask)
    if pa.types.is_map(kind):
        items = draw(arrays(kind.item_type))
        keys = pa.array([date(2030, 1, at + 1) if kind.key_type == pa.date32() else at for at in range(len(items))])
        return pa.MapArray.from_arrays([0, len(items)], keys.cast(kind.key_type), items)
    if pa.types.is_fixed_size_list(kind):
        items = draw(arrays(kind.value_type))
        return pa.FixedSizeListArray.from_arrays(items.slice(0, len(items) // 2 * 2), type=kind)
    if pa.types.is_nested(kind):
        items = draw(arrays(kind.value_type))
        if pa.types.is_large_list_view(kind):
            return pa.LargeListViewArray.from_arrays(
                pa.array([0, None], pa.int64()), pa.array([len(items), 0], pa.int64()), items, type=kind
            )
        return pa.ListArray.from_arrays([0, None, len(items)], items, type=kind)
    rows = draw(st.lists(st.none() | values_of(kind), max_size=3))
    kept = [row for row in rows if fits(row, kind)]
    return array_of(kept, kind)


def array_of(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(kind):
        return pa.array(values, pa.decimal256(76, kind.scale)).cast(kind)
    return pa.array(values, kind)


def fits(value: Any, kind: pa.DataType) -> bool:
    try:
        (stored,) = array_of([value], kind).to_pylist()
    except (pa.ArrowInvalid, OverflowError, ValueError):
        return False
    return pa.types.is_temporal(kind) or same(value, stored) or pa.types.is_floating(kind)


def same(sent: Any, stored: Any) -> bool:
    """Whether two values mean the same: numbers by their exact value, times by the moment, never across kinds."""
    if isinstance(sent, list):
        return isinstance(stored, list) and len(sent) == len(stored) and all(map(same, sent, stored))
    if isinstance(sent, tuple):
        return all(map(same, sent, stored))
    if isinstance(sent, dict):
        return sent.keys() == stored.keys() and all(same(sent[name], stored[name]) for name in sent)
    numbers = [isinstance(each, int | float | Decimal) and not isinstance(each, bool) for each in (sent, stored)]
    if all(numbers):
        return sent == stored or (math.isnan(sent) and math.isnan(stored))
    if type(sent) is date and isinstance(stored, datetime):
        return stored == datetime(sent.year, sent.month, sent.day)
    kinds = {datetime if isinstance(each, datetime) else type(each) for each in (sent, stored)}  # pandas has its own
    return len(kinds) == 1 and bool(sent == stored)


@given(st.data())
@settings(max_examples=150, derandomize=True, deadline=None)
def test_a_value_is_stored_as_sent_or_rejected(data: st.DataObject) -> None:
    sent = data.draw(TYPES.flatmap(arrays))
    try:
        target = stored_type(data.draw(st.just(sent.type) | TYPES))
        stored = convert(sent, target)
    except Mismatch:
        return
    stored.validate(full=True)
    assert stored.type == target
    assert same(sent.to_pylist(), stored.to_pylist()), (sent, stored)


def representable(value: Any, kind: pa.DataType) -> bool:
    """Whether a number has an equal in the type, computed without Arrow."""
    if value is None:
        return True
    if not math.isfinite(value):
        return pa.types.is_floating(kind)
    if pa.types.is_integer(kind):
        return bool(value == int(value)) and -(2 ** (kind.bit_width - 1)) <= value < 2 ** (kind.bit_width - 1)
    if pa.types.is_decimal(kind):
        scaled = Fraction(value) * 10**kind.scale
        return scaled.denominator == 1 and abs(scaled) < 10**kind.precision
    number = float(value)
    narrow = pa.types.is_float32(kind)
    return bool(number == value) and not (narrow and (abs(number) > 2**127 or float(np.float32(number)) != number))


@given(st.data(), st.sampled_from(NUMBERS), st.sampled_from([kind for kind in NUMBERS if kind.bit_width < 256]))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_numbers_are_stored_where_an_equal_number_exists(
    data: st.DataObject, sent: pa.DataType, of: pa.DataType
) -> None:
    array, target = data.draw(arrays(sent)), stored_type(of)
    if all(representable(value, target) for value in array.to_pylist()):
        assert same(array.to_pylist(), convert(array, target).to_pylist())
    else:
        with pytest.raises(Mismatch):
            convert(array, target)


NOON = datetime(2030, 1, 1, 12)
PAIRS = [  # (first batch, second batch, whether it is stored)
    ([{"os": "a"}], [{"os": "a", "cpu": 8}], False),
    ([{"os": "a", "cpu": 8}], [{"os": "a"}], False),
    ([{"os": "a"}], [{"OS": "a"}], False),
    ([{"os": "a", "cpu": 8}], [{"cpu": 9, "os": "b"}], True),
    ([{"os": {"name": "a"}}], [{"os": {"name": "b", "version": 1}}], False),
    ([[True]], [[5]], False),
    ([["x"]], [[5]], False),
    ([[date(2030, 1, 1)]], [[NOON]], False),
    ([date(2030, 1, 1)], [NOON], False),
    ([NOON], [date(2030, 1, 1)], True),
    ([NOON], [NOON.replace(tzinfo=UTC)], False),
    ([NOON.replace(tzinfo=UTC)], [NOON], False),
    ([[1]], [[1.5]], False),
    ([[1]], [[2.0]], True),
    ([[1]], [[None]], True),
    ([[1.5]], [[2]], True),
    ([[1.5]], [[2**53 + 1]], False),
    ([Decimal("1.10")], [1.999], False),
    ([Decimal("1.10")], [1.5], True),
    ([Decimal("1.10")], [5], True),
    ([Decimal("1.10")], [Decimal("1.105")], False),
    ([0.5], [Decimal("0.1")], False),
    ([0.5], [Decimal("0.25")], True),
    ([b"ab"], ["ab"], False),
    (["ab"], [b"ab"], False),
    ([timedelta(0).days], [True], False),
    ([True], [1], False),
]


@pytest.mark.parametrize(("first", "second", "stored"), PAIRS, ids=[f"{a} then {b}" for a, b, _ in PAIRS])
def test_later_batches_keep_the_values(
    warehouse: Warehouse, engine: Engine, first: list[Any], second: list[Any], stored: bool
) -> None:
    def send(run: str, sent: list[Any]) -> None:
        rows = observations(("p", "i", "t", 0, "1"), run_id=run).append_column("extra", pa.array(sent))
        warehouse.ingest("observations", rows, evolve=True)

    send("first", first)
    if not stored:
        with pytest.raises(InvalidData, match=r"^observations\.extra"):
            send("second", second)
    else:
        send("second", second)
    found = engine.query("SELECT extra FROM observations ORDER BY run_id").read_all()["extra"].to_pylist()
    assert len(found) == 1 + stored
    assert all(map(same, [*first, *second][: len(found)], found))


def test_errors_lead_to_the_part_and_the_row(warehouse: Warehouse) -> None:
    rows = observations(("p", "i", "t", 0, "1"), ("p", "j", "t", 0, "1"))
    good = [{"machine": {"cpus": [1, 2]}}, {"machine": {"cpus": []}}]
    warehouse.ingest("observations", rows.append_column("extra", pa.array(good)), evolve=True)
    bad = [{"machine": {"cpus": [1.0]}}, {"machine": {"cpus": [None, 1.5]}}]
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("observations", rows.append_column("extra", pa.array(bad)))
    assert str(error.value) == (
        "observations.extra.machine.cpus.element, row 1: expected a whole number that fits int64, found 1.5"
    )


def test_uuids_are_stored_inside_lists() -> None:
    uuids = pa.ListArray.from_arrays([0, 1], pa.array([UUID(int=7).bytes], pa.uuid()))
    assert convert(uuids, stored_type(uuids.type)).to_pylist() == [[UUID(int=7)]]


def test_times_of_a_day_keep_their_microseconds() -> None:
    sent = pa.array([time(23, 59, 59, 999999)], pa.time64("ns"))
    assert convert(sent, stored_type(sent.type)).to_pylist() == [time(23, 59, 59, 999999)]
