"""Numbers as exact decimal values: digits are texts throughout, so that none are too many and no exponent too large.

A number is an optional `-`, its digits without leading and trailing zeros, `e`, its exponent; zero is `0`. DIGITS n
rounds half to even to n significant digits. TYPED appends `f` to a literal with point or exponent, whatever its value.
"""

import re

LONGEST_EXPONENT = 600
NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?")


def number(literal: str, digits: int | None = None, typed: bool = False) -> str:
    """The canonical text of a JSON number; raises ValueError for an exponent of more than 600 digits.

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
    if len(exponent) > LONGEST_EXPONENT:
        raise ValueError(f"the exponent of a number has more than {LONGEST_EXPONENT} digits")
    written = (whole + fraction).lstrip("0")
    kept = rounded(written, digits) if digits and len(written) > digits else written
    significant = kept.rstrip("0")
    if not significant:
        return "0" + mark
    power = int(exponent_sign + (exponent or "0")) - len(fraction) + len(kept) - len(significant)
    return f"{sign}{significant}e{power}{mark}"


def rounded(written: str, digits: int) -> str:
    """More digits than that, the first of them no zero: what they are rounded half to even, as an integer.

    >>> rounded("250", 1), rounded("251", 1), rounded("35", 1), rounded("9996", 3)
    ('200', '300', '40', '10000')
    """
    kept, cut = written[:digits], written[digits:]
    if cut.rstrip("0") > "5" or (cut.rstrip("0") == "5" and kept[-1] in "13579"):
        head = kept.rstrip("9")
        nines = len(kept) - len(head)
        kept = (head[:-1] + str(int(head[-1]) + 1) if head else "1") + "0" * nines
    return kept + "0" * len(cut)
