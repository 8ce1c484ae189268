"""Direction of motion by spikes: drifting patterns, and a film whose motion is known."""

import importlib.util
import math
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

import neuroloop
from neuroloop.bench.motion.score import DIRECTIONS, measure, votes_of
from neuroloop.bench.motion.stimulus import Config, build
from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.report.trace import Trace
from neuroloop.runtime.session import played

CONFIGS = Path(neuroloop.__file__).parents[1] / "configs"


def test_it_tells_the_direction_of_gratings_and_bars():
    results = measure([24.0, 100.0], ["sensor.camera.seconds=1.0"], lambda _: None)
    assert len(results) == 16
    assert [r.answer for r in results] == [r.direction for r in results]


def test_what_flickers_in_place_moves_nowhere(tmp_path):
    (tmp_path / "flicker.py").write_text(
        "import numpy as np\n"
        "from msgspec import Struct\n"
        "from neuroloop.core.values import Frame, SourceSpec\n"
        "class Config(Struct):\n"
        "    pass\n"
        "class Flicker:\n"
        "    spec = SourceSpec('camera', Frame, (48, 64), 60.0)\n"
        "    k = 0\n"
        "    ended = False\n"
        "    def read(self, until_us):\n"
        "        frames = []\n"
        "        while self.k * 16667 < until_us and self.k < 120:\n"
        "            grey = np.full((48, 64), 180 if self.k // 6 % 2 else 80, np.uint8)\n"
        "            frames.append(Frame(self.k * 16667, grey))\n"
        "            self.k += 1\n"
        "        self.ended = self.k == 120\n"
        "        return frames\n"
        "def build(config, site):\n"
        "    return Flicker()\n"
    )
    trace = _watch(f'sensor.camera={{ kind = "{tmp_path / "flicker.py"}" }}')
    assert len(trace.spikes()["receptors"][1]) > 1000
    assert len(votes_of(trace)[1]) == 0


def _watch(*changes):
    traces = []

    def look(loop):
        traces.append(Trace(loop))
        return traces

    with played(runfile.load("motion", changes), look):
        return traces[0]


def test_it_tells_which_way_somebody_walks():
    """The film says by a formula where the post is: positive bearings are left."""
    spec = importlib.util.spec_from_file_location("walker", CONFIGS / "data" / "walker.py")
    walker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(walker)
    t_s, group = votes_of(_watch())
    right = total = 0
    for k in range(2, 4 * walker.SECONDS - 1):
        first, last = 0.25 * k, 0.25 * (k + 1)
        turned = walker.bearing_rad(last) - walker.bearing_rad(first)
        if abs(turned) < math.radians(3.0):  # it stands still, or turns round
            continue
        votes = np.bincount(group[(first <= t_s) & (t_s < last)], minlength=4)
        total += 1
        right += votes.any() and DIRECTIONS[votes.argmax()] == ("left" if turned > 0 else "right")
    assert total > 15
    assert right >= 0.9 * total


def test_in_a_real_film_it_agrees_with_optical_flow(real_film):
    """What moves is what Farnebäck's dense flow says moves; its mean tells the direction."""
    width, height, window_s = 160, 120, 0.25
    size = [f"{n}={v}" for n, v in (("width", width), ("height", height))]
    places = ("sensor.camera", "engine.network_options")
    changes = [f"{place}.{one}" for place in places for one in size]
    t_s, group = votes_of(_watch(f'sensor.camera.path="{real_film}"', *changes))
    right = answered = 0
    for begin_s, end_s, way in _flow_of(real_film, (width, height), window_s):
        votes = np.bincount(group[(begin_s <= t_s) & (t_s < end_s)], minlength=4)
        answered += votes.any()
        right += votes.any() and votes.argmax() == way
    assert answered >= 12
    assert right >= 0.8 * answered


def _flow_of(film, size, window_s):
    """Yield when events of a window come in which something moves, and its direction's number."""
    capture = cv2.VideoCapture(str(film))
    rate_hz = capture.get(cv2.CAP_PROP_FPS)
    frames = []
    while (read := capture.read())[0]:
        grey = cv2.cvtColor(read[1], cv2.COLOR_BGR2GRAY)
        frames.append(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    capture.release()
    step = round(window_s * rate_hz)
    for k in range(len(frames) // step):
        part = frames[k * step : (k + 1) * step + 1]
        flows = [
            rate_hz * cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 3, 9, 3, 5, 1.1, 0)
            for a, b in pairwise(part)
        ]
        flow = np.concatenate([f.reshape(-1, 2) for f in flows])
        moving = flow[np.hypot(*flow.T) > 8.0]
        if len(moving) > 50:
            right, down = moving.mean(axis=0)
            # what changes between two frames is known at the second, and told in the time after it
            begin_s, end_s = ((k + n) * step / rate_hz + 1 / rate_hz for n in (0, 1))
            yield begin_s, end_s, int(np.argmax([-right, right, -down, down]))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("shape", ["grating", "bar"])
def test_a_stimulus_moves_as_it_says(direction, shape):
    """A picture one pixel of way later is the same picture, one pixel farther."""
    config = Config(direction, speed=60.0, shape=shape, rate_hz=60.0, seconds=0.5)
    frames = [f.grey.astype(int) for f in build(config, Site("camera", 0, 1000)).read(10**9)]
    assert len(frames) == 30
    axis, step = {"left": (1, -1), "right": (1, 1), "up": (0, -1), "down": (0, 1)}[direction]
    moved = np.roll(frames[20], step, axis)
    inner = np.s_[2:-2, 2:-2]
    assert np.abs(moved[inner] - frames[21][inner]).max() <= 1
    assert np.abs(frames[20][inner] - frames[21][inner]).max() > 5


def test_a_network_without_votes_is_refused():
    with pytest.raises(ConfigError, match='"motion" of four equal groups'):
        measure(
            [50.0],
            ["engine.network=edges_net.py:edges", "engine.network_options.threshold=2.0"],
            lambda _: None,
        )
