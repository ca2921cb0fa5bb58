"""The values of Arrow columns as Python objects; as text where Python has no object for a date or time."""

from datetime import date, timedelta

import pyarrow as pa

EPOCH = date(1970, 1, 1)
FIRST_DAY, LAST_DAY = (date.min - EPOCH).days, (date.max - EPOCH).days
CYCLE_YEARS, CYCLE_DAYS = 400, 146_097  # the Gregorian calendar repeats
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
DAY_SECONDS = 86_400


def values(column: pa.Array) -> list[object]:
    """Return the values of a column, with dates and times that Python lacks as DuckDB prints them.

    >>> values(pa.array([0, 105_200_797, 2**31 - 1, None], pa.date32()))
    [datetime.date(1970, 1, 1), '290000-01-01', 'infinity', None]
    """
    if "[ns" not in str(column.type):
        try:
            return list(column.to_pylist())
        except (OverflowError, ValueError):
            pass
    return [_value(scalar) for scalar in column]


def time_texts(column: pa.Array) -> pa.Array:
    """Return dates or timestamps as Arrow prints them, and as DuckDB does where Arrow cannot."""
    usual = column.cast(pa.string()).to_pylist()
    return pa.array([_far(scalar) or text for scalar, text in zip(column, usual, strict=True)], pa.string())


def _value(scalar: pa.Scalar) -> object:
    kind = scalar.type
    if not scalar.is_valid:
        return None
    if pa.types.is_map(kind):
        keys, items = scalar.values.flatten()
        return list(zip(values(keys), values(items), strict=True))
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return values(scalar.values)
    if pa.types.is_struct(kind):
        return {field.name: _value(scalar[number]) for number, field in enumerate(kind)}
    if pa.types.is_union(kind):
        return _value(scalar.value)
    if pa.types.is_temporal(kind) and str(kind).startswith(("timestamp[ns", "time64[ns")):
        return _far(scalar) or pa.array([scalar]).cast(pa.string())[0].as_py()
    return _far(scalar) or scalar.as_py()


def _far(scalar: pa.Scalar) -> str | None:
    """Return the text of an infinite date or timestamp and of one before the year 1 or after 9999, else None.

    >>> _far(pa.scalar(-2**63 + 1, pa.timestamp("us"))), _far(pa.scalar(2**58, pa.timestamp("us", "UTC")))
    ('-infinity', '11103-08-29 17:22:31.711744+00')
    """
    kind = scalar.type
    if not scalar.is_valid or not (pa.types.is_date32(kind) or pa.types.is_timestamp(kind)):
        return None
    per_day = 1 if pa.types.is_date32(kind) else DAY_SECONDS * PER_SECOND[kind.unit]
    largest = 2**31 - 1 if pa.types.is_date32(kind) else 2**63 - 1
    if abs(scalar.value) == largest:
        return "infinity" if scalar.value > 0 else "-infinity"
    days, ticks = divmod(scalar.value, per_day)
    if FIRST_DAY <= days <= LAST_DAY:
        return None
    return _day_text(days) if pa.types.is_date32(kind) else f"{_day_text(days)} {_clock_text(ticks, kind)}"


def _day_text(days: int) -> str:
    cycles, rest = divmod(days, CYCLE_DAYS)
    day = EPOCH + timedelta(rest)
    year = day.year + cycles * CYCLE_YEARS
    text = f"{year if year > 0 else 1 - year:04}-{day:%m-%d}"
    return text if year > 0 else f"{text} (BC)"


def _clock_text(ticks: int, kind: pa.TimestampType) -> str:
    seconds, fraction = divmod(ticks, PER_SECOND[kind.unit])
    digits = f".{fraction:0{len(str(PER_SECOND[kind.unit])) - 1}}".rstrip("0") if fraction else ""
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{digits}"
    return clock if kind.tz is None else f"{clock}+00"
