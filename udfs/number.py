"""Numbers as exact decimal values. Digits stay texts, so there is no limit to their number or to the exponent's value.

The canonical text is an optional `-`, the digits without leading and trailing zeros, `e`, and the exponent; zero is
`0`. DIGITS n rounds half to even to n significant digits. TYPED appends `f` to a literal with a point or an exponent,
whatever its value.
"""

import re

MAX_EXPONENT_DIGITS = 600
NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?")


def number(literal: str, digits: int | None = None, typed: bool = False) -> str:
    """Return the canonical text of a JSON number; raise ValueError for an exponent of more than 600 digits.

    >>> [number(literal) for literal in ("150", "1.5e2", "-0.0", "0.001", "1E+3")]
    ['15e1', '15e1', '0', '1e-3', '1e3']
    >>> number("9.99", digits=2), number("-0.0", typed=True), number("126", digits=2, typed=True)
    ('1e1', '0f', '13e1')
    """
    match = NUMBER.fullmatch(literal)
    assert match
    sign, whole, fraction, exponent_sign, exponent = match.groups("")
    mark = "f" if typed and (fraction or exponent) else ""
    exponent = exponent.lstrip("0")
    if len(exponent) > MAX_EXPONENT_DIGITS:
        raise ValueError(f"expected an exponent of at most {MAX_EXPONENT_DIGITS} digits, found {len(exponent)} digits")
    all_digits = (whole + fraction).lstrip("0")
    kept = round_digits(all_digits, digits) if digits and len(all_digits) > digits else all_digits
    significant = kept.rstrip("0")
    if not significant:
        return "0" + mark
    power = int(exponent_sign + (exponent or "0")) - len(fraction) + len(kept) - len(significant)
    return f"{sign}{significant}e{power}{mark}"


def round_digits(number: str, digits: int) -> str:
    """Return an integer rounded half to even to `digits`; it has more digits, and the first is not zero.

    >>> [round_digits(*arguments) for arguments in (("250", 1), ("251", 1), ("35", 1), ("9996", 3))]
    ['200', '300', '40', '10000']
    """
    kept, cut = number[:digits], number[digits:]
    if cut.rstrip("0") > "5" or (cut.rstrip("0") == "5" and kept[-1] in "13579"):
        head = kept.rstrip("9")
        nines = len(kept) - len(head)
        kept = (head[:-1] + str(int(head[-1]) + 1) if head else "1") + "0" * nines
    return kept + "0" * len(cut)
