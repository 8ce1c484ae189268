"""A network that begins every decision anew."""

import numpy as np

from neuroloop.config import runfile
from neuroloop.runtime.session import played

RUN = """
[clock]
dt_us = 1000
[sensor.cue]
kind = "neuroloop.testing.scripted"
rate_hz = 1
values = [[0.0]]
repeat = true
[encoder.cue]
kind = "rate"
input = "cue"
scale = [1.0]
[engine]
kind = "float"
network = "net.py:build"
reset_every_ticks = {every}
[decoder.wheels]
kind = "linear"
input = "cell"
weights = [[0.0], [0.0]]
[actuator.wheels]
kind = "none"
"""
NET = """
from neuroloop.network import Input, Network, Population
def build():
    cell = Population("cell", 1, "current_lif", {"voltage_decay": 1.0, "v_threshold": 100.0,
                                                "bias": 1.0, "current_decay": 0.0})
    return Network((Input("cue", 2),), (cell,))
"""


class Voltage:
    def __init__(self, loop):
        self._v = loop.program.arena["cell.v"]
        self.seen = []

    def take(self, record, outcome):
        self.seen.append(float(self._v[0]))


def voltages(folder, every):
    (folder / "net.py").write_text(NET)
    (folder / "run.toml").write_text(RUN.format(every=every))
    found = []

    def onlookers(loop):
        loop.episode.most_us = 12_000
        found.append(Voltage(loop))
        return found

    with played(runfile.load(str(folder / "run.toml")), onlookers):
        return found[0].seen


def test_the_state_is_put_back_at_the_start_of_every_fifth_tick(tmp_path):
    np.testing.assert_array_equal(voltages(tmp_path, 5), [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2])


def test_without_it_the_state_goes_on(tmp_path):
    np.testing.assert_array_equal(voltages(tmp_path, 0), np.arange(1, 13))
