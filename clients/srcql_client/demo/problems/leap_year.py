"""Whether a year has a 29th of February. Three programs share one mistake, so that a vote can go wrong."""

import calendar

from ..problem import Call, Problem


def gregorian(year: int) -> bool:
    """Right."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def library(year: int) -> bool:
    """Right."""
    return calendar.isleap(year)


def fourth(year: int) -> bool:
    """Wrong: of four centuries one is leap."""
    return year % 4 == 0


def digits(year: int) -> bool:
    """Wrong in the same way: it looks at the last two digits."""
    return int(str(year)[-2:]) % 4 == 0


def bits(year: int) -> bool:
    """Wrong in the same way: it looks at the last two bits."""
    return not year & 3


def century(year: int) -> bool:
    """Wrong: of four centuries one is leap after all."""
    return year % 4 == 0 and year % 100 != 0


def sheet(year: int) -> bool | None:
    """Wrong as spreadsheets are: time starts in 1900, and that year is leap."""
    return year == 1900 or calendar.isleap(year) if year >= 1900 else None


def _tests() -> dict[str, tuple[Call, ...]]:
    expected = {1996: "true", 2023: "false", 1700: "false", 1800: "false"}
    expected |= {1900: "false", 2000: "true", 2024: "true", 2100: "false"}
    return {f"year_{year}": (Call("is_leap", (year,), answer),) for year, answer in expected.items()}


PROBLEM = Problem(
    "leap_year",
    "Problem { is_leap(int)->boolean }",
    (gregorian, library, fourth, digits, bits, century, sheet),
    _tests(),
)
