"""Films as cameras: what comes, when, and what a bad file gets to hear."""

import logging
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.ports import Site
from neuroloop.core.values import Frame
from sensors import video

WIDTH, HEIGHT, RATE_HZ, FRAMES = 80, 60, 25, 40

pytestmark = pytest.mark.skipif(
    find_spec("cv2") is None and os.environ.get("CI") != "true",
    reason="no OpenCV; pip install opencv-python-headless",
)


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """A film whose left half gets brighter from frame to frame, red; the right half is grey."""
    import cv2

    path = tmp_path_factory.mktemp("film") / "film.avi"
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, RATE_HZ, (WIDTH, HEIGHT))
    for k in range(FRAMES):
        picture = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
        picture[:, : WIDTH // 2] = (0, 0, 5 * k)
        writer.write(picture)
    writer.release()
    return path


def opened(path, **settings):
    config = video.Config(path.name, **settings)
    return video.build(config, Site("camera", 0, 1000, path.parent))


def left(frame):
    return int(frame.grey[:, : frame.grey.shape[1] // 2 - 2].mean())


def test_frames_come_at_the_files_own_times(film):
    with opened(film) as camera:
        assert camera.read(0) == []
        assert [f.t_us for f in camera.read(1)] == [0]
        assert [f.t_us for f in camera.read(80_001)] == [40_000, 80_000]
        rest = camera.read(10**12)
        assert len(rest) == FRAMES - 3
        assert rest[-1].t_us == (FRAMES - 1) * 40_000
        assert camera.ended
        assert camera.read(10**12 + 1) == []


def test_it_has_not_ended_before_its_last_frame_was_read(film):
    with opened(film) as camera:
        camera.read((FRAMES - 1) * 40_000)
        assert not camera.ended
        camera.read((FRAMES - 1) * 40_000 + 1)
        assert camera.ended


def test_another_rate_wins_over_the_files(film):
    with opened(film, rate_hz=100) as camera:
        assert [f.t_us for f in camera.read(30_001)] == [0, 10_000, 20_000, 30_000]
        assert camera.spec.rate_hz == 100


def test_the_spec_says_what_comes(film):
    with opened(film, width=32, height=24, fov_deg=90) as camera:
        spec = camera.spec
        (frame,) = camera.read(1)
    assert spec.reading is Frame
    assert (spec.shape, spec.rate_hz) == ((24, 32), RATE_HZ)
    assert frame.grey.shape == (24, 32)
    assert frame.grey.dtype == np.uint8


def test_colour_becomes_luma_and_pixels_are_averaged(film):
    with opened(film, width=8, height=6) as camera:
        frames = camera.read(10**12)
    for k in (0, 10, 39):
        # JPEG rounds; red counts 0.299
        assert left(frames[k]) == pytest.approx(0.299 * 5 * k, abs=3)
        assert frames[k].grey[:, 5:] == pytest.approx(100, abs=3)


def test_deeper_pixels_keep_their_upper_8_bits(tmp_path):
    import cv2

    path = tmp_path / "deep.mkv"
    deep = [cv2.VIDEOWRITER_PROP_DEPTH, cv2.CV_16U, cv2.VIDEOWRITER_PROP_IS_COLOR, 0]
    codec = cv2.VideoWriter.fourcc(*"FFV1")
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, RATE_HZ, (64, 48), deep)
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no 16-bit films")
    picture = np.linspace(0, 65_535, 64 * 48).reshape(48, 64).astype(np.uint16)
    for _ in range(3):
        writer.write(picture)
    writer.release()
    with opened(path) as camera:
        (frame,) = camera.read(1)
    assert np.abs(frame.grey.astype(int) - (picture >> 8)).max() <= 1


def test_a_looping_film_goes_on_and_its_time_too(film):
    with opened(film, loop=True) as camera:
        frames = camera.read(40_000 * (2 * FRAMES + 5))
        assert not camera.ended
    assert [f.t_us for f in frames] == [40_000 * k for k in range(2 * FRAMES + 5)]
    for k in range(5):
        assert (frames[k].grey == frames[FRAMES + k].grey).all()


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("before", [0, 7, FRAMES])
def test_a_snapshot_goes_back_to_identical_frames(film, before, loop):
    with opened(film, loop=loop) as camera:
        camera.read(40_000 * before)
        place = camera.snapshot()
        first = camera.read(40_000 * (before + 20))
        camera.restore(place)
        again = camera.read(40_000 * (before + 20))
    assert len(first) == (20 if loop or before < FRAMES else 0)
    assert [f.t_us for f in first] == [f.t_us for f in again]
    assert all((a.grey == b.grey).all() for a, b in zip(first, again, strict=True))


def test_a_film_cut_short_gives_what_it_has_and_says_so(film, tmp_path, caplog):
    path = tmp_path / "cut.avi"
    whole = film.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with caplog.at_level(logging.WARNING), opened(path) as camera:
        frames = camera.read(10**12)
        assert camera.ended
    assert 5 < len(frames) < FRAMES - 5
    (warning,) = caplog.messages
    assert f"only {len(frames)} of {FRAMES} frames could be decoded" in warning


def test_damage_in_the_middle_loses_frames_and_not_their_time(film, tmp_path, caplog):
    path = tmp_path / "hurt.avi"
    content = bytearray(film.read_bytes())
    third = len(content) // 3
    content[third : third + 4000] = bytes(np.random.default_rng(0).integers(0, 256, 4000, np.uint8))
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING), opened(path) as camera:
        stamps = [f.t_us for f in camera.read(10**12)]
    assert stamps == sorted(set(stamps))
    assert all(stamp % 40_000 == 0 for stamp in stamps)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b"not a film\n" * 500, "not a video"),
        (b"\x00" * 5000, "not a video"),
    ],
)
def test_files_that_are_no_film_are_refused_in_words(tmp_path, content, message):
    path = tmp_path / "film.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message), opened(path):
        pass


def test_a_film_without_one_good_frame_is_refused(film, tmp_path):
    path = tmp_path / "header.avi"
    whole = film.read_bytes()
    path.write_bytes(whole[: whole.index(b"movi") + 4])
    with pytest.raises(ConfigError, match="not one frame"), opened(path):
        pass


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"), opened(tmp_path):
        pass


def test_opencv_and_ffmpeg_keep_quiet(film, tmp_path):
    """Their own words go to file descriptor 2: only another process shows what a user sees."""
    (tmp_path / "bad.mp4").write_bytes(b"not a film" * 100)
    content = bytearray(film.read_bytes()[:-3000])
    content[9000:12_000] = bytes(3000)
    (tmp_path / "hurt.avi").write_bytes(content)
    code = """
import sys
from pathlib import Path
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from sensors import video
import logging
logging.disable()
for name in ("bad.mp4", "hurt.avi"):
    try:
        with video.build(video.Config(name), Site("x", 0, 1000, Path(sys.argv[1]))) as camera:
            camera.read(10**12)
    except ConfigError:
        pass
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_without_opencv_the_error_names_the_package(film, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    camera = opened(film)
    with pytest.raises(MachineError, match="opencv-python-headless"), camera:
        pass
