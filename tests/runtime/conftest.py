import threading
import time

import pytest

from neuroloop.config import runfile
from neuroloop.runtime.session import played

MUTE = """
import numpy as np
from msgspec import Struct
from neuroloop.core.values import Scalars, SourceSpec

class Config(Struct):
    speaks: bool = True

class Ears:
    def __init__(self, speaks):
        self.spec = SourceSpec("ears", Scalars, (1,), 100.0, repeats=True)
        self.speaks, self.next_us = speaks, 0

    def read(self, until_us):
        found = []
        while self.next_us < until_us:
            if self.speaks:
                found.append(Scalars(self.next_us, np.zeros(1, np.float32)))
            self.next_us += 10_000
        return found

def build(config, site):
    return Ears(config.speaks)
"""
NETS = """
from neuroloop.network import Input, Network, Population, Projection, all_to_all

def build():
    return Network(
        (Input("ears", 2),),
        (Population("motor", 2, "lif"),),
        (Projection("ears", "motor", all_to_all(2, 2, 0.1)),),
    )
"""
RUN = """
[sensor.ears]
kind = "./ears.py"
[encoder.ears]
kind = "rate"
input = "ears"
scale = [1.0]
[engine]
kind = "float"
network = "nets.py:build"
[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.01, 0.0], [0.0, 0.01]]
[actuator.wheels]
kind = "none"
body = "rover"
"""


@pytest.fixture
def robot(tmp_path):
    """A run file of a robot with one sensor, which may be mute, and nothing in the way."""
    (tmp_path / "ears.py").write_text(MUTE)
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "robot.toml").write_text(RUN)

    def make(*changes):
        return runfile.load(str(tmp_path / "robot.toml"), changes)

    return make


@pytest.fixture
def started(robot):
    """Run it in a thread, as fast as it goes, until the test is over; returns the loop."""
    ends = []

    def start(*changes, companions=lambda loop: ()):
        there, ready, failed = [], threading.Event(), []

        def beside(loop):
            there.append(loop)
            return companions(loop)

        def go():
            try:
                with played(robot(*changes), lambda loop: [_Ready(ready)], beside):
                    pass
            except Exception as error:
                failed.append(error)
                ready.set()

        thread = threading.Thread(target=go)
        thread.start()
        ready.wait()
        if failed:
            raise failed[0]
        ends.append((there[0], thread))
        return there[0]

    yield start
    for loop, thread in ends:
        loop.episode.stop.asked = True
        thread.join()


class _Ready:
    """A sink that says when ticks are run, and leaves the others some time."""

    def __init__(self, event):
        self._event = event

    def take(self, record, outcome):
        self._event.set()
        time.sleep(1e-4)
