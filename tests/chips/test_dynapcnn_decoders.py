"""Decoders that count spikes count one that fired several times as often as it fired."""

from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import body, runfile
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.decode import delta, linear, population
from neuroloop.engine import row
from neuroloop.engine.op import place, slot, spiking
from neuroloop.engine.program import Plan
from neuroloop.engine.unroll import unrolled
from neuroloop.runtime.session import played
from neuroloop.testing.rig import Rig

RUN = """
[run]
seconds = 0.5
[clock]
kind = "step"
dt_us = 10000
[plant]
kind = "plane"
world = "./field.toml"
body = "rover"
[engine]
kind = "float"
network = "nets.py:build"
network_options = { kind = "KIND" }
[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.0001, 0.0], [0.0, 0.0002]]
[actuator.wheels]
kind = "plant"
"""
FIELD = """
name = "field"
room = [[-50, -50], [50, -50], [50, 50], [-50, 50]]
start = [0.0, 0.0, 0.0]
goal = [2.0, 2.5]
"""
NETS = """
from neuroloop.network import Network, Population

def build(kind):
    params = {"threshold": 10} if kind == "dynapcnn.iaf" else {}
    arrays = {"bias": [30, 70]} if kind == "dynapcnn.iaf" else {}
    return Network((), (Population("motor", 2, kind, params, arrays),))
"""


@pytest.fixture
def run_file(tmp_path):
    def write(kind):
        (tmp_path / "nets.py").write_text(NETS)
        (tmp_path / "field.toml").write_text(FIELD)
        path = tmp_path / "counts.toml"
        path.write_text(RUN.replace("KIND", kind))
        return runfile.load(str(path), ())

    return write


def test_rate_of_a_run_is_that_of_all_spikes(run_file):
    with played(run_file("dynapcnn.iaf")) as session:
        arena = session.loop.program.arena

        # 3 and 7 spikes in each tick of 10 ms
        assert arena["decoder.wheels.rate"].tolist() == [300.0, 700.0]
        assert arena["motor.counted"][3] == 50 * 10


def test_spikes_that_carry_no_counts_are_refused(run_file):
    with (
        pytest.raises(ConfigError, match=r"decoder\.wheels.*numbers that are no counts"),
        played(run_file("loihi2.sigma_delta")),
    ):
        pass


class Reader:
    """A compiled decoder behind a population of counts, written by hand."""

    def __init__(self, decode, config, n):
        site = Site("code", 0, 1000, body=body.load("rover", Path(), "here"), units=n)
        self._rig = Rig(lambda to: self._plan(to, decode.build(config, site), n))
        self.arena = self._rig.arena

    def _plan(self, to, kernel, n):
        units = spiking(to, "cells", n)
        counts = to.field("cells.payload", np.int32, (n,))
        op, plain = unrolled(to, units, counts, "decoder.code")
        wanted = slot(to, "wanted", 8)
        words = {
            row.N: n,
            row.IN: plain.spikes,
            row.IN_META: plain.capacity,
            row.OUT: wanted.data,
            row.OUT_META: wanted.meta,
        }
        return Plan([op, place(to, "decoder", kernel, words)], [], [wanted])

    def tick(self, counts):
        fired = np.flatnonzero(counts)
        self.arena["cells.payload"][:] = counts
        self.arena["cells.spikes"][: 1 + len(fired)] = [len(fired), *fired]
        self._rig.tick()
        return self._rig.motion("wanted")


def test_every_decoder_that_counts_counts_them_all():
    rates = Reader(linear, linear.Config("cells", [[1.0, 0.0], [0.0, 1.0]]), 4)
    steps = Reader(delta, delta.Config("cells", [0.5], [-9.0], [9.0]), 4)
    mean = Reader(population, population.Config("cells", window_ticks=1), 4)

    assert rates.tick([3, 1, 0, 5]).tolist() == [2000.0, 2500.0]
    assert steps.tick([3, 1, 0, 5]).tolist() == [1.5, -2.0]
    assert mean.tick([3, 1, 1, 0]).tolist() == pytest.approx([0.375, 0.25])


def test_counts_beyond_the_room_are_counted_as_lost():
    reader = Reader(linear, linear.Config("cells", [[1.0, 0.0], [0.0, 1.0]]), 2)
    reader.tick([2000, 100])

    assert reader.arena["decoder.code.spikes"][0] == 2048
    assert reader.arena.header[row.H_STATUS] == 52
