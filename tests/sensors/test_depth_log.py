"""Folders of depth pictures: their times, what their numbers mean, and files that are damaged."""

import struct
import zlib

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Depth
from sensors import depth_log
from sensors.depth_log import _picture

MM = np.array([[0, 1000, 2000], [50, 20_000, 65_535]], np.uint16)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(numbers, kinds=None, depth=16, colour=0, interlaced=0):
    """Write a PNG file by the definition, each row with a filter of its own."""
    height, width = numbers.shape
    raw = np.frombuffer(numbers.astype(">u2").tobytes(), np.uint8).reshape(height, -1)
    rows = b""
    for y in range(height):
        kind = 0 if kinds is None else kinds[y % len(kinds)]
        row = []
        for x in range(raw.shape[1]):
            a = int(raw[y, x - 2]) if x >= 2 else 0
            b = int(raw[y - 1, x]) if y else 0
            c = int(raw[y - 1, x - 2]) if y and x >= 2 else 0
            nearest = min((abs(a + b - c - n), k, n) for k, n in enumerate((a, b, c)))[2]
            guess = (0, a, b, (a + b) // 2, nearest)[kind] if kind < 5 else 0
            row.append((int(raw[y, x]) - guess) % 256)
        rows += bytes([kind, *row])
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    body = zlib.compress(rows)
    parts = (chunk(b"IDAT", body[:7]), chunk(b"IDAT", body[7:]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(parts) + chunk(b"IEND", b"")


@pytest.fixture
def folder(tmp_path):
    """Write pictures and open their folder."""

    def make(files, **settings):
        (tmp_path / "depth").mkdir()
        for name, content in files.items():
            path = tmp_path / "depth" / name
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                np.save(path, content)
        return depth_log.build(
            depth_log.Config("depth", **settings), Site("depth", 0, 1000, tmp_path)
        )

    return make


def test_pictures_come_at_the_times_of_their_names(folder):
    files = {"100.50.png": png(2 * MM), "100.25.png": png(MM), "101.npy": MM, "notes.txt": b"x"}
    with folder(files) as camera:
        (first,) = camera.read(1)
        rest = camera.read(10**9)
        assert camera.ended
    assert isinstance(first, Depth)
    assert [p.t_us for p in (first, *rest)] == [0, 250_000, 750_000]
    nan, inf = np.nan, np.inf
    np.testing.assert_array_equal(first.metres, np.float32([[nan, 1, 2], [nan, inf, inf]]))
    assert rest[0].metres[0, 1] == 2.0
    assert camera.spec.shape == (2, 3)
    assert camera.spec.bearing_rad[0] > 0 > camera.spec.bearing_rad[-1]


@pytest.mark.parametrize("kinds", [(0,), (1,), (2,), (3,), (4,), (4, 3, 2, 1, 0)])
def test_every_filter_of_a_row_is_undone(tmp_path, kinds):
    numbers = np.random.default_rng(2).integers(0, 65_536, (9, 13)).astype(np.uint16)
    (tmp_path / "x.png").write_bytes(png(numbers, kinds))
    np.testing.assert_array_equal(_picture.read_picture(tmp_path / "x.png"), numbers)


def test_units_zero_and_stride(folder):
    floats = np.array([[0.0, np.nan, 0.5], [0.0, 0.0, 0.0], [np.inf, -1.0, 2.0]])
    settings = {"unit_m": 2.0, "zero": "nothing_within_range", "stride": 2, "rate_hz": 4.0}
    with folder({"b.npy": floats, "a.npy": floats}, **settings) as camera:
        first, second = camera.read(10**9)
    np.testing.assert_array_equal(first.metres, [[np.inf, 1.0], [np.inf, 4.0]])
    assert (first.t_us, second.t_us) == (0, 250_000)
    assert camera.spec.rate_hz == 4.0


def test_a_snapshot_goes_back(folder):
    with folder({f"{k}.png": png(MM) for k in range(4)}) as camera:
        camera.read(1)
        place = camera.snapshot()
        first = [p.t_us for p in camera.read(2_000_001)]
        camera.restore(place)
        assert [p.t_us for p in camera.read(2_000_001)] == first == [1_000_000, 2_000_000]


def bomb():
    header = struct.pack(">IIBBBBB", 2, 2, 16, 0, 0, 0, 0)
    body = zlib.compress(bytes(10**7))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body)


BROKEN = {
    "empty": b"",
    "text": b"hello",
    "cut": png(MM)[:60],
    "no header": b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""),
    "damaged": png(MM)[:50] + b"\xff" * 20,
    "8 bits": png(MM, depth=8),
    "colour": png(MM, colour=2),
    "interlaced": png(MM, interlaced=1),
    "unknown filter": png(MM, kinds=(7,)),
    "other size": png(np.ones((3, 3))),
    "no pixels": png(np.ones((1, 0))),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_picture_that_cannot_be_read_is_skipped_and_counted(folder, content):
    files = {"0.png": png(MM), "1.png": content, "2.png": png(MM)}
    with folder(files) as camera:
        assert [p.t_us for p in camera.read(10**9)] == [0, 2_000_000]
    assert sum(camera.counts.values()) == 1


def test_no_more_is_unpacked_than_the_header_says(tmp_path):
    (tmp_path / "x.png").write_bytes(bomb())
    assert _picture.read_picture(tmp_path / "x.png").shape == (2, 2)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "holds no .png or .npy file"),
        ({"a.png": png(MM)}, "its name is not its time in seconds; set `rate_hz`"),
        ({"0.png": b"hello"}, "is no PNG file"),
        ({"0.npy": b"hello"}, "is no array of numbers"),
        ({"0.npy": np.zeros(3)}, "two dimensions"),
        ({"0.npy": np.zeros((2, 2), bool)}, "numbers are wanted"),
        ({"0.npy": np.array([[object()]])}, "is no array of numbers"),
    ],
)
def test_what_is_no_folder_of_pictures_is_refused(folder, files, words):
    with pytest.raises(ConfigError, match=words), folder(files):
        pass


def test_a_folder_that_is_not_there_is_told(tmp_path):
    config = depth_log.Config("nope")
    with (
        pytest.raises(ConfigError, match="cannot be read: No such file"),
        depth_log.build(config, Site("depth", 0, 1000, tmp_path)),
    ):
        pass
