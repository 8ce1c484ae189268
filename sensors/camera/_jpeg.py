"""What a JPEG says of itself before anybody decodes it (ITU-T T.81, annex B)."""

MOST_PIXELS = 1 << 26
_FRAMES = {0xC0, 0xC1, 0xC2}
"""markers of what cameras send: baseline, extended and progressive"""
_ALONE = {0x01, *range(0xD0, 0xD8)}
"""markers without a length"""


def size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a JPEG that is all there and can be decoded, None of others.

    A decoder fills what is missing at the end with grey and says nothing, and believes any size.
    """
    if data[:2] != b"\xff\xd8" or data.rfind(b"\xff\xd9", -64) < 0:
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES:
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            width = int.from_bytes(data[at + 7 : at + 9], "big")
            return (width, height) if 0 < width * height <= MOST_PIXELS else None
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
