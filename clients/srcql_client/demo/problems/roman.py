"""Problem: the value of a Roman numeral."""

import random

from ..problem import Call, Problem

VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def look_ahead(numeral: str) -> int:
    """Correct: subtracts a numeral that precedes a greater one."""
    values = [VALUES[letter] for letter in numeral]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


def backwards(numeral: str) -> int:
    """Correct: the same, from the end."""
    total, greatest = 0, 0
    for letter in reversed(numeral):
        value = VALUES[letter]
        total += value if value >= greatest else -value
        greatest = max(greatest, value)
    return total


def spell_out(numeral: str) -> int:
    """Correct: replaces pairs by additive numerals first."""
    for pair, longer in (("IV", "IIII"), ("IX", "VIIII"), ("XL", "XXXX"), ("XC", "LXXXX"), ("CD", "CCCC")):
        numeral = numeral.replace(pair, longer)
    return sum(VALUES[letter] for letter in numeral.replace("CM", "DCCCC"))


def only_adds(numeral: str) -> int:
    """Wrong: IV is 6."""
    return sum(VALUES[letter] for letter in numeral)


def knows_one_less(numeral: str) -> int:
    """Wrong: handles IV and IX, but not XL and CM."""
    return only_adds(numeral) - 2 * (numeral.count("IV") + numeral.count("IX"))


def forgot_a_letter(numeral: str) -> int:
    """Raises KeyError for D."""
    values = {letter: value for letter, value in VALUES.items() if letter != "D"}
    total = 0
    for letter, after in zip(numeral, [*numeral[1:], "I"], strict=True):
        total += values[letter] if values[letter] >= values[after] else -values[letter]
    return total


def _numeral(number: int) -> str:
    letters = (
        *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
        *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
    )
    numeral = ""
    for value, letter in letters:
        numeral += letter * (number // value)
        number %= value
    return numeral


def _tests() -> dict[str, tuple[Call, ...]]:
    rng = random.Random(2)
    numbers = [4, 9, 40, 1994, *sorted(rng.randrange(1, 3000) for _ in range(8))]
    return {f"number_{number:04}": (Call("value", (_numeral(number),)),) for number in numbers}


PROBLEM = Problem(
    "roman",
    "Problem { value(string)->int }",
    (look_ahead, backwards, spell_out, only_adds, knows_one_less, forgot_a_letter),
    _tests(),
)
