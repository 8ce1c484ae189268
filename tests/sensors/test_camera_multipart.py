"""The body that never ends: parts come out whole, however the bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.camera import _jpeg
from sensors.camera._multipart import MOST_BYTES, BadBodyError, Multipart

JPEGS = [b"\xff\xd8" + bytes([k]) * (5 * k + 1) + b"\xff\xd9" for k in range(1, 6)]


def body(*, lengths, boundary=b"--frame", end=b"\r\n"):
    text = b""
    for jpeg in JPEGS:
        length = b"Content-Length: %d" % len(jpeg) + end if lengths else b""
        text += boundary + end + b"Content-Type: image/jpeg" + end + length + end + jpeg + end
    return text


def fed(parser, pieces):
    return [part for piece in pieces for part in parser.feed(piece)]


def cut(text, places):
    edges = [0, *sorted(p % (len(text) + 1) for p in places), len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10_000), max_size=30), st.booleans())
def test_parts_with_lengths_come_whole_however_they_are_cut(places, crlf):
    text = body(lengths=True, end=b"\r\n" if crlf else b"\n")
    assert fed(Multipart(b"frame"), cut(text, places)) == JPEGS


def test_each_part_is_complete_with_its_last_byte():
    for lengths in (True, False):
        parser = Multipart(b"--frame")
        text = body(lengths=lengths)
        end = text.index(JPEGS[0]) + len(JPEGS[0])
        assert parser.feed(text[: end - 1]) == []
        assert parser.feed(text[end - 1 : end]) == JPEGS[:1]


def test_without_lengths_the_boundary_ends_a_part():
    assert fed(Multipart(b"frame"), [body(lengths=False) + b"--frame\r\n"]) == [
        jpeg + b"\r\n" for jpeg in JPEGS
    ]


def test_a_wrong_length_costs_its_own_part_alone():
    text = body(lengths=True).replace(b"Content-Length: 10\r\n", b"Content-Length: 5\r\n")
    parts = fed(Multipart(b"frame"), [text])
    assert parts[0] == JPEGS[0][:5]
    assert parts[1:] == JPEGS[1:]


def test_what_is_no_part_is_passed_over():
    assert fed(Multipart(b"frame"), [b"noise" * 10_000, body(lengths=True)]) == JPEGS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=400), max_size=20))
def test_rubbish_neither_raises_anything_else_nor_is_kept(pieces):
    parser = Multipart(b"frame")
    try:
        fed(parser, [*pieces, b"--frame\r\n\r\n", *pieces])
    except BadBodyError:
        return
    assert len(parser._came) <= 8100


@pytest.mark.parametrize("head", [b"Content-Length: 99999999999\r\n\r\n", b"X: " + b"y" * 20_000])
def test_a_head_that_no_camera_sends_is_refused(head):
    with pytest.raises(BadBodyError, match=r"99,999,999,999 bytes|does not end"):
        Multipart(b"frame").feed(b"--frame\r\n" + head)


def test_a_part_without_an_end_is_refused_before_it_fills_the_memory():
    parser = Multipart(b"frame")
    pieces = [b"--frame\r\n\r\n", *[bytes(1 << 20)] * (2 * MOST_BYTES >> 20)]
    with pytest.raises(BadBodyError, match="more than"):
        fed(parser, pieces)


def jpeg(width, height, *, end=b"\xff\xd9", before=b"\xff\xe0\x00\x04ab"):
    frame = b"\xff\xc0\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return b"\xff\xd8" + before + frame + bytes(20) + end


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (jpeg(640, 480), (640, 480)),
        (jpeg(640, 480, before=b"\xff\xff\xe1\x00\x06abcd"), (640, 480)),
        (jpeg(640, 480, end=b""), None),
        (jpeg(0, 480), None),
        (jpeg(65_535, 65_535), None),
        (b"\xff\xd8\xff\xd9", None),
        (b"\xff\xd8" + b"\xff\xe0\x00\x00" * 50 + b"\xff\xd9", None),
        (b"", None),
        (b"GIF89a" + bytes(50) + b"\xff\xd9", None),
    ],
)
def test_a_jpeg_says_its_size_or_is_refused(data, size):
    assert _jpeg.size(data) == size


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_rubbish_has_no_size_or_a_small_one(data):
    found = _jpeg.size(b"\xff\xd8" + data + b"\xff\xd9")
    assert found is None or 0 < found[0] * found[1] <= _jpeg.MOST_PIXELS
