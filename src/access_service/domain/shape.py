"""What JSON holds, counted before anything parses it: every byte is looked at once, whatever the bytes are.

There is no expression that could begin again and no position that is come back to: bytes are counted, replaced and
parted by functions that go through them from left to right, a fixed number of times.
"""

from itertools import accumulate

_STEP = [0] * 256
for _open, _close in (b"[]", b"{}"):
    _STEP[_open], _STEP[_close] = 1, -1
_NO_BRACKETS = bytes(code for code in range(256) if not _STEP[code])


def is_within(body: bytes, *, marks: int, depth: int) -> bool:
    """Are there at most so many strings, brackets that open and commas, and none nested deeper than `depth`?

    What is no JSON may be either; what a parser would get through before it found out is counted.
    """
    # An escaped backslash escapes nothing; after that each quotation mark left begins or ends a string.
    parts = body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"', 2 * marks + 2)
    bare = b"".join(parts[::2])
    opening = bare.count(b"[") + bare.count(b"{")
    if len(parts) // 2 + opening + bare.count(b",") > marks:
        return False
    if opening <= depth:
        return True
    brackets = bare.translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) <= depth
