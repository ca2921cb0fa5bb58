"""Responses as printable text: escaped, on one line, within a width."""

import re

# Control characters, line separators, marks that change the direction of writing, surrogates and noncharacters.
_INVISIBLE = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
_IN_LINE = re.compile(f"[{_INVISIBLE}\t\n\r]")
_IN_TEXT = re.compile(f"[{_INVISIBLE}\r]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
NO_VALUE = "NULL"


def one_line(text: str | None) -> str:
    r"""Return a value on one line, with escapes for invisible characters.

    >>> print(one_line("a\tb\x00\x1b[31m"), one_line(None))
    a\tb\x00\x1b[31m NULL
    """
    return NO_VALUE if text is None else _IN_LINE.sub(_escape, text)


def multi_line(text: str | None) -> str:
    r"""Return a value with its line breaks and tabs, in characters that XML allows.

    >>> print(multi_line("a\r\nb\x00"))
    a\r
    b\x00
    """
    return NO_VALUE if text is None else _IN_TEXT.sub(_escape, text)


def join_responses(responses: list[str | None] | None) -> str:
    """Return the responses of several runs, on one line.

    >>> join_responses(["1", None])
    '1 | NULL'
    """
    return " | ".join(map(one_line, responses or []))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return _SHORT.get(found[0]) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def shorten_pair(before: str | None, after: str | None, width: int) -> tuple[str, str]:
    """Return two values on one line each within a width; of longer values, the part around their first difference.

    >>> shorten_pair("0123456789" * 9 + "x", "0123456789" * 9 + "y", 12)
    ('…0123456789x', '…0123456789y')
    """
    old, new = before or "", after or ""
    differing = (at for at, (left, right) in enumerate(zip(old, new, strict=False)) if left != right)
    prefix = next(differing, min(len(old), len(new)))
    start = max(0, min(prefix - width // 3, max(len(old), len(new)) - width + 1))
    return _cut(before, start, width), _cut(after, start, width)


def shorten(text: str | None, width: int) -> str:
    """Return the start of a value on one line, within a width.

    >>> shorten("0123456789", 8), shorten("一二三四", 6)
    ('0123456…', '一二…')
    """
    return _cut(text, 0, width)


def _cut(text: str | None, start: int, width: int) -> str:
    """Return the part of a value from `start` that fits; an ellipsis marks omitted text."""
    from rich.cells import cell_len, chop_cells

    start = start if text is not None and start < len(text) else 0
    head = "…" if start else ""
    line = one_line(text if text is None else text[start : start + width + 1])
    if cell_len(head + line) <= width:
        return head + line
    return head + next(iter(chop_cells(line, max(1, width - len(head) - 1))), "") + "…"
