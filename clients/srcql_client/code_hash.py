"""The hash that identifies source code: git's blob hash of the normalized text."""

import hashlib


def code_hash(source: str) -> str:
    r"""Return git's SHA-1 of a source text, without carriage returns, trailing white space and final blank lines.

    >>> code_hash("def f():\r\n    return 1  \n\n") == code_hash("def f():\n    return 1")
    True
    >>> code_hash("def f():\n    return 1")
    'a3b94fb0e1c4e562c45c89a18a6ea0def993ce60'
    """
    lines = [line.rstrip() for line in source.replace("\r\n", "\n").split("\n")]
    text = "\n".join(lines).rstrip("\n").encode()
    return hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest()
