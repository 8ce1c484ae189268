"""The run file of an event camera: the rover turns to the bar that wanders before it."""

import importlib.util
from pathlib import Path

import numpy as np

from neuroloop.core.message import Kind, messages
from neuroloop.runtime.episode import End

BAR = Path(__file__).parents[2] / "configs/data/bar.py"
SETTLED_US = 500_000


class Turns:
    """A sink that keeps how much faster the right wheel was to turn than the left one."""

    def __init__(self):
        self.t_us, self.turn = [], []

    def take(self, record, outcome):
        for message in messages(outcome):
            if message.kind is Kind.MOTION:
                left, right = message.floats()
                self.t_us.append(message.t_us)
                self.turn.append(float(right) - float(left))


def where_the_bar_is(t_us):
    """Return the side of the bar's centre, 1 on the very left, -1 on the very right."""
    place = importlib.util.spec_from_file_location("bar", BAR)
    bar = importlib.util.module_from_spec(place)
    place.loader.exec_module(bar)
    way = (bar.WIDTH - bar.BAR) / 2
    left = way * (1 - np.cos(2 * np.pi * t_us / 2.5e6))
    return 1 - left / way


def watched(play, *changes):
    seen = Turns()
    session, _ = play("event_camera", *changes, before=lambda loop: loop.sinks.append(seen))
    return session, np.array(seen.t_us), np.array(seen.turn)


def test_the_rover_turns_to_the_bar_until_the_recording_ends(play):
    session, t_us, turn = watched(play)
    assert session.loop.episode.end is End.SOURCES
    assert not any(session.loop.intake.lost.values())
    assert t_us[-1] > 2_900_000
    settled = t_us > SETTLED_US
    # what the wheels do follows what was seen some tenths of a second before
    side = where_the_bar_is(t_us[settled] - 250_000)
    assert np.corrcoef(side, turn[settled])[0, 1] > 0.8


def test_what_the_camera_cannot_take_is_counted(play):
    changes = "sensor.eyes.most_per_tick=2", "encoder.change.background_us=0"
    session, _, _ = watched(play, *changes)
    (eyes,) = session.loop.sources
    assert eyes.part.counts["events over capacity"] > 0
