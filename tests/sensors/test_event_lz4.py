"""LZ4 frames: unpacked as the library that made them does; damaged ones are refused."""

import numpy as np
import pytest

from sensors.event_camera import _lz4, _xxh32

WAYS = {
    "linked": {"block_linked": True},
    "not linked": {"block_linked": False},
    "content checked": {"content_checksum": True},
    "blocks checked": {"block_checksum": True},
    "of no size": {"store_size": False},
    "packed hard": {"compression_level": 9},
    "large blocks": {"block_size": 6},
}


def unpacked(frame, room=1 << 20):
    out = np.full(room + 64, 0xA5, np.uint8)
    n = _lz4.unpack(np.frombuffer(frame, np.uint8).copy(), out[:room])
    assert (out[room:] == 0xA5).all(), "written behind its room"
    return n if n < 0 else out[:n].tobytes()


def some(rng):
    """Return bytes that pack well, badly or not at all, some like records of events."""
    n = int(rng.integers(0, 3000))
    small = rng.integers(0, 1 + rng.integers(0, 256), n).astype(np.uint8).tobytes()
    records = np.zeros((n, 2), np.int64)
    records[:, 0] = np.cumsum(rng.integers(0, 9, n))
    records[:, 1] = rng.integers(0, 1 << 33, n) & 0x1_00FF_00FF
    return small * int(rng.integers(1, 40)) + records.tobytes()


@pytest.mark.parametrize("way", WAYS)
def test_what_the_library_packs_is_unpacked(way):
    frame = pytest.importorskip("lz4.frame")
    rng = np.random.default_rng(0)
    for _ in range(30):
        plain = some(rng)
        packed = frame.compress(plain, **WAYS[way])
        assert unpacked(packed) == plain
        assert unpacked(packed, len(plain)) == plain
        if plain:
            assert unpacked(packed, len(plain) - 1) == _lz4.FULL


def test_damage_is_refused_or_gives_no_more_than_there_is_room_for():
    frame = pytest.importorskip("lz4.frame")
    rng = np.random.default_rng(1)
    plain = some(rng) + bytes(5000)
    packed = frame.compress(plain, content_checksum=True)
    for _ in range(500):
        broken = bytearray(packed)
        broken[rng.integers(0, len(broken))] ^= rng.integers(1, 256)
        found = unpacked(bytes(broken), len(plain))
        # one bit says whether there is a checksum; it is checked itself
        assert found in (_lz4.BROKEN, _lz4.FULL) or found == plain
        cut = packed[: rng.integers(0, len(packed))]
        assert unpacked(cut, len(plain)) == _lz4.BROKEN


@pytest.mark.parametrize(("n", "hash_"), [(0, 0x02CC5D05), (1, 0x550D7456), (3, 0x32D153FF)])
def test_the_checksum_is_as_published(n, hash_):
    assert _xxh32.xxh32(np.frombuffer(b"abc"[:n], np.uint8).copy()) == hash_
