"""Problem: is a year a leap year? Three implementations share one mistake, so that a majority vote can fail."""

import calendar

from ..problem import Call, Problem


def gregorian(year: int) -> bool:
    """Correct."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def library(year: int) -> bool:
    """Correct."""
    return calendar.isleap(year)


def fourth(year: int) -> bool:
    """Wrong: ignores the rule for centuries."""
    return year % 4 == 0


def digits(year: int) -> bool:
    """Wrong in the same way: tests the last two digits."""
    return int(str(year)[-2:]) % 4 == 0


def bits(year: int) -> bool:
    """Wrong in the same way: tests the last two bits."""
    return not year & 3


def century(year: int) -> bool:
    """Wrong: one of four centuries is a leap year."""
    return year % 4 == 0 and year % 100 != 0


def sheet(year: int) -> bool | None:
    """Wrong as a spreadsheet: dates start in 1900, and 1900 is a leap year."""
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
