"""Responses as a person reads them: on one line, within a width, and nothing in them that a terminal would obey."""

import re

# Control characters, separators of lines, marks that turn the direction of writing, and what is no character.
_UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
_IN_LINE = re.compile(f"[{_UNSEEN}\t\n\r]")
_IN_TEXT = re.compile(f"[{_UNSEEN}\r]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
NO_VALUE = "NULL"


def line(text: str | None) -> str:
    r"""A value on one line; what cannot be seen is written as an escape.

    >>> print(line("a\tb\x00\x1b[31m"), line(None))
    a\tb\x00\x1b[31m NULL
    """
    return NO_VALUE if text is None else _IN_LINE.sub(_escape, text)


def block(text: str | None) -> str:
    r"""A value with its lines, in characters that XML has.

    >>> print(block("a\r\nb\x00"))
    a\r
    b\x00
    """
    return NO_VALUE if text is None else _IN_TEXT.sub(_escape, text)


def flaky(answers: list[str | None] | None) -> str:
    """What several runs answered, on one line.

    >>> flaky(["1", None])
    '1 | NULL'
    """
    return " | ".join(map(line, answers or []))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return _SHORT.get(found[0]) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def pair(before: str | None, after: str | None, width: int) -> tuple[str, str]:
    """Two values within a width, on one line each: where they are longer, the part in which they first differ.

    >>> pair("0123456789" * 9 + "x", "0123456789" * 9 + "y", 12)
    ('…0123456789x', '…0123456789y')
    """
    old, new = before or "", after or ""
    differ = (at for at, letters in enumerate(zip(old, new, strict=False)) if letters[0] != letters[1])
    shared = next(differ, min(len(old), len(new)))
    start = max(0, min(shared - width // 3, max(len(old), len(new)) - width + 1))
    return _cut(before, start, width), _cut(after, start, width)


def short(text: str | None, width: int) -> str:
    """The beginning of a value, on one line within a width.

    >>> short("0123456789", 8), short("一二三四", 6)
    ('0123456…', '一二…')
    """
    return _cut(text, 0, width)


def _cut(text: str | None, start: int, width: int) -> str:
    """What a value has from there on, as far as it fits; an ellipsis stands for what is left out."""
    from rich.cells import cell_len, chop_cells

    start = start if text is not None and start < len(text) else 0
    head = "…" if start else ""
    whole = line(text if text is None else text[start : start + width + 1])
    if cell_len(head + whole) <= width:
        return head + whole
    return head + next(iter(chop_cells(whole, max(1, width - len(head) - 1))), "") + "…"
