"""A reset of the network on Xylo: every window is the first one, ticks late included."""

import numpy as np
import pytest

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
kind = "{backend}"
network = "net.py:{build}"
reset_every_ticks = 6
[decoder.wheels]
kind = "linear"
input = "out"
weights = [[0.0], [0.0]]
[actuator.wheels]
kind = "none"
"""
NET = """
from neuroloop.network import Input, Network, Population, Projection, dense
def whole():
    def link(source, target, weight):
        return Projection(source, target, dense(weight), 1.0, kind="xylo.synapses")
    bias = {"bias": 90, "threshold": 200, "dash_syn": 2}
    return Network(
        (Input("cue", 2),),
        (Population("cell", 2, "xylo.hidden", bias), Population("out", 1, "xylo.output")),
        (link("cell", "cell", [[50, 20], [70, -30]]), link("cell", "out", [[60, 70]])),
    )
def plain():
    params = {"current_decay": 0.5, "voltage_decay": 0.75, "bias": 0.3}
    return Network(
        (Input("cue", 2),),
        (Population("cell", 2, "current_lif", params), Population("out", 1, "current_lif", params)),
        (
            Projection("cell", "cell", dense([[0.3, 0.1], [0.2, -0.2]]), 1.0),
            Projection("cell", "out", dense([[0.4, 0.5]]), 0.0),
        ),
    )
"""


class Trace:
    def __init__(self, loop):
        arena = loop.program.arena
        self._arrays = [arena[f"{name}.{array}"] for name in ("cell", "out") for array in "iv"]
        self.seen = [[] for _ in self._arrays]

    def take(self, record, outcome):
        for rows, array in zip(self.seen, self._arrays, strict=True):
            rows.append(array.copy())


@pytest.mark.parametrize(
    ("backend", "build", "late"),
    [("float", "whole", 0), ("xylo", "whole", 0), ("xylo", "plain", 1)],
)
def test_every_window_is_the_first_one(backend, build, late, tmp_path):
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "run.toml").write_text(RUN.format(backend=backend, build=build))
    found = []

    def onlookers(loop):
        loop.episode.most_us = 26_000
        found.append(Trace(loop))
        return found

    with played(runfile.load(str(tmp_path / "run.toml")), onlookers):
        for k, rows in enumerate(found[0].seen):
            own = np.array(rows)[late if k >= 2 else 0 :][:24].reshape(4, 6, -1)
            assert own.any()
            assert (own == own[0]).all()
