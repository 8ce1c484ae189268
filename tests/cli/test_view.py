"""`neuroloop view`: what is drawn of each type of reading, and what a wrong word gets to hear."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Depth, Frame, Ranges, Scalars, Sound, SourceSpec
from neuroloop.testing.camera_server import CameraServer, wandering_bar
from neuroloop.view import terminal
from neuroloop.view.dots import Dots
from neuroloop.view.scene import Fired, Scene
from neuroloop.view.subject import subject

pytestmark = pytest.mark.real_time

SENSOR = """
import numpy as np
from msgspec import Struct
from neuroloop.core.values import *

class Config(Struct, forbid_unknown_fields=True):
    kind_of: str = "Scalars"

class Source:
    def __init__(self, kind_of):
        self._kind, self._t_us = kind_of, 0
        shape, more = {
            "Scalars": ((2,), {"labels": ("left", "right")}),
            "Ranges": ((5,), {"high": 4.0}),
            "Sound": ((160, 1), {}),
            "Depth": ((6, 8), {}),
            "Spikes": ((12,), {}),
        }[kind_of]
        self.spec = SourceSpec("it", globals()[kind_of], shape, 100.0, **more)

    def read(self, until_us):
        found = []
        while self._t_us < until_us:
            found.append(self._reading(self._t_us))
            self._t_us += 10_000
        return found

    def _reading(self, t):
        if self._kind == "Scalars":
            return Scalars(t, np.float32([t % 70_000, -1]))
        if self._kind == "Ranges":
            bearing = np.float32([1, 0.5, 0, -0.5, -1])
            return Ranges(t, np.float32([1, np.nan, np.inf, 0.5, 4]), bearing)
        if self._kind == "Sound":
            wave = np.sin(np.arange(160) / 5)[:, None].astype(np.float32)
            return Sound(t, 0.5 * wave, 16_000.0)
        if self._kind == "Depth":
            return Depth(t, np.arange(48).reshape(6, 8).astype(np.float32))
        return Spikes(np.array([t]), np.array([t // 10_000 % 12], np.uint32))

def build(config, site):
    return Source(config.kind_of)
"""
camera_needed = pytest.mark.skipif(
    find_spec("cv2") is None and os.environ.get("CI") != "true",
    reason="no OpenCV; pip install opencv-python-headless",
)


@pytest.fixture
def sensor(tmp_path, monkeypatch):
    """The name of a sensor's file of a user's, in the folder of the user."""
    (tmp_path / "mine.py").write_text(SENSOR)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return "./mine.py"


# --- what is drawn ---


def printed(scene, *, coloured=False, columns=60, rows=30):
    color = "truecolor" if coloured else None
    console = Console(
        width=columns, height=rows, color_system=color, force_terminal=coloured, record=True
    )
    with console.capture() as capture:
        console.print(terminal.drawn(scene, columns, rows, coloured=coloured))
    return capture.get()


def scene(spec, readings=(), fired=(), now_us=1_000_000, notes=()):
    return Scene(spec, now_us, 1_000_000, tuple(readings), 30.0, tuple(fired), tuple(notes))


def pixels(name, units):
    unit = np.array([units[0]] * 3 + list(units[1:]), np.int64)
    return Fired(name, 2 * 8, np.full(len(unit), 990_000, np.int64), unit, (2, 4))


def test_a_picture_has_its_greys_and_its_events():
    grey = np.array([[0, 80, 160, 255]] * 2, np.uint8)
    spec = SourceSpec("eye", Frame, (2, 4), 30.0)
    plain = printed(scene(spec, [Frame(0, grey)]), columns=4)
    assert " ▒▓█" in plain or " ░▓█" in plain
    # pixel 1 got brighter, pixel 2 darker (8 pixels, so OFF units begin at 8)
    events = printed(scene(spec, [Frame(0, grey)], [pixels("change", (1, 10))]), columns=4)
    assert re.search(r"^.\+-.", events, re.MULTILINE)


def test_colours_are_those_of_pixels_and_events():
    grey = np.array([[200, 200, 200, 200]] * 2, np.uint8)
    spec = SourceSpec("eye", Frame, (2, 4), 30.0)
    text = printed(scene(spec, [Frame(0, grey)], [pixels("change", (1, 10))]), coloured=True)
    assert "38;2;120;120;120" in text  # six tenths of 200
    assert "38;2;60;220;90" in text
    assert "38;2;235;60;60" in text


def test_an_event_glows_for_a_moment_only():
    fired = pixels("change", (1, 10))
    on, off = fired.changes(980_000)
    assert (on[0, 1], off[0, 2]) == (3, 1)
    on, off = fired.changes(995_000)
    assert on.sum() == off.sum() == 0


def test_a_raster_puts_late_to_the_right_and_high_units_up():
    spec = SourceSpec("ear", Sound, (160, 1), 100.0)
    t_us = np.array([10, 999_990], np.int64)
    fired = Fired("cochlea", 64, t_us, np.array([0, 63]))
    lines = printed(scene(spec, fired=[fired])).splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("cochlea: 64 units"))
    raster = lines[at + 1 : at + 11]
    assert raster[0].rstrip()[-1] == "⠈"  # the last and highest
    assert raster[-1][0] == "⡀"  # the first and lowest
    assert all(set(line) <= {"⠀", " "} for line in raster[1:-1])


def test_bars_are_higher_the_nearer_something_is():
    spec = SourceSpec("lidar", Ranges, (4,), 10.0, high=4.0)
    bearing = np.float32([1, 0.3, -0.3, -1])
    metres = np.float32([0.1, 3.9, np.nan, np.inf])
    lines = printed(scene(spec, [Ranges(0, metres, bearing)])).splitlines()
    assert "nearest 0.10 m; from 57 to -57 degrees" in lines[1]
    columns = ["".join(column) for column in zip(*(line[:4] for line in lines[2:7]), strict=True)]
    assert columns[0][-4:] == "████"
    assert columns[1].strip() in ("▁", "▂")
    assert columns[2].strip() == "?"
    assert columns[3].strip() == ""


def test_numbers_are_named_with_their_span():
    spec = SourceSpec("wheels", Scalars, (2,), 10.0, labels=("left", "right"))
    rows = [Scalars(k * 100_000, np.float32([k, np.nan])) for k in range(10)]
    text = printed(scene(spec, rows))
    assert "left: 9   (0 ... 9)" in text
    assert "right: nan" in text


def test_sound_is_as_wide_as_it_is_loud():
    spec = SourceSpec("ear", Sound, (100, 1), 100.0)
    wave = np.float32(np.sin(np.arange(8000) / 3))[:, None] * np.float32(0.25)
    text = printed(scene(spec, [Sound(500_000, wave, 16_000.0)]))
    assert "loudest 0.25 of 1" in text
    filled = [line for line in text.splitlines() if "⣿" in line]
    assert len(filled) == 5
    assert all(line[:29].strip("⠀ ") == "" for line in filled)  # nothing in the first half


def test_silence_nothing_and_odd_sizes_are_drawn_too():
    for spec, readings in [
        (SourceSpec("ear", Sound, (9, 1), 1.0), [Sound(0, np.zeros((0, 1), np.float32), 8000.0)]),
        (SourceSpec("eye", Frame, (1, 1), 1.0), [Frame(0, np.zeros((1, 1), np.uint8))]),
        (SourceSpec("eye", Frame, (1, 900), 1.0), [Frame(0, np.zeros((1, 900), np.uint8))]),
        (SourceSpec("eye", Frame, (900, 1), 1.0), [Frame(0, np.zeros((900, 1), np.uint8))]),
        (SourceSpec("far", Depth, (2, 2), 1.0), [Depth(0, np.full((2, 2), np.nan, np.float32))]),
        (SourceSpec("it", Scalars, (1,), 1.0), []),
    ]:
        text = printed(scene(spec, readings))
        assert spec.name in text
    assert "nothing came yet" in text


def test_dots_beyond_the_canvas_are_left_out():
    dots = Dots(2, 1)
    dots.mark(np.array([0, 3, 4, -1]), np.array([0, 3, 0, 0]))
    assert dots.lines() == ["⡀⠈"]


# --- the verb ---


@pytest.mark.parametrize(
    ("kind_of", "words"),
    [
        ("Scalars", "left:"),
        ("Ranges", "nearest 0.50 m"),
        ("Sound", "loudest 0.5 of 1"),
        ("Depth", "Depth 8x6"),
        ("Spikes", "it: 12 units"),
    ],
)
def test_any_sensor_can_be_looked_at(command, sensor, kind_of, words):
    code, out, err = command("view", sensor, "--set", f"kind_of={kind_of}", "--seconds", 0.2)
    assert (code, err) == (0, "")
    assert words in out
    assert re.search(r"it: \w+ [0-9x]+, \d", out)


@pytest.mark.parametrize("kind_of", ["Scalars", "Ranges", "Sound", "Depth", "Spikes"])
def test_and_drawn(command, sensor, tmp_path, kind_of):
    pytest.importorskip("matplotlib")
    place = tmp_path / "new" / "it.png"
    options = ("--set", f"kind_of={kind_of}", "--seconds", 0.1, "--png", place)
    code, out, _ = command("view", sensor, *options)
    assert code == 0
    assert str(place) in out
    assert place.read_bytes().startswith(b"\x89PNG")


@camera_needed
def test_a_camera_of_a_run_file_is_seen_with_its_events(command, tmp_path):
    pytest.importorskip("matplotlib")
    with CameraServer(lambda t: wandering_bar(4 * t, 160, 120), 50) as server:
        change = ("--set", f"sensor.camera.source={server.url}")
        code, out, _ = command("view", "live_camera", *change, "--seconds", 1.5)
        assert code == 0
        assert re.search(r"camera: Frame 64x48, \d.*; change: [\d,]+ spikes a second", out)
        assert "change: 0 spikes" not in out
        place = tmp_path / "eye.png"
        code, _, _ = command(
            "view", "live_camera:camera", *change, "--png", place, "--seconds", 0.5
        )
        assert place.read_bytes().startswith(b"\x89PNG")


def test_encoders_of_the_tick_are_named_and_not_run(command, tmp_path, sensor):
    (tmp_path / "run.toml").write_text(
        '[engine]\nkind = "float"\nnetwork = "x"\n[sensor.it]\nkind = "./mine.py"\n'
        '[encoder.rate]\nkind = "rate"\ninput = "it"\nscale = [1.0, 1.0]\n'
    )
    code, out, _ = command("view", "./run.toml", "--seconds", 0.1)
    assert code == 0
    assert 'encoder "rate" (rate) works in the tick of a run' in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ("kamera",),
            2,
            'neither a kind of sensor nor a run file: "kamera" (did you mean "camera"',
        ),
        (("live_camera:eye",), 2, 'no sensor "eye" (known: camera)'),
        (("live_kamera:eye",), 2, 'no run file "live_kamera"'),
        (("camera", "--set", "sources=1"), 2, 'no such setting (did you mean "source"'),
        (("camera", "--set", "width=0"), 2, "`width`"),
        (("camera", "--set", "source=200"), 4, "/dev/video200: no such device"),
        (("navigate",), 2, "sees a simulated world"),
        (("plant.lidar",), 2, "sees a simulated world"),
        (("./none.py",), 2, "no file"),
        (("camera", "--png", "x.bmp"), 2, "must end in .png"),
    ],
)
def test_what_cannot_be_looked_at_is_refused_in_words(command, words, code, message):
    if "source=200" in words and find_spec("cv2") is None:
        pytest.skip("no OpenCV")
    got, out, err = command("view", *words)
    assert (got, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


def test_a_sensor_that_raises_is_blamed(command, tmp_path, monkeypatch):
    (tmp_path / "bad.py").write_text(SENSOR.replace("found = []", "raise RuntimeError('worn out')"))
    monkeypatch.chdir(tmp_path)
    code, _, err = command("view", "./bad.py", "--seconds", 0.2)
    assert code == 3
    assert 'sensor "bad" failed: RuntimeError: worn out' in err


def test_a_name_means_a_kind_or_a_run_file(sensor):
    assert subject("camera").sensor.kind == "camera"
    assert subject("camera", ["source=3"]).sensor.config.source == 3
    found = subject("watch_video")
    assert (found.sensor.name, [e.name for e in found.encoders]) == ("camera", ["change"])
    assert subject("./mine.py").sensor.name == "mine"
    Path("blind.toml").write_text('[engine]\nkind = "float"\nnetwork = "x"\n')
    with pytest.raises(ConfigError, match="has no sensor"):
        subject("./blind.toml")
