from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import body
from neuroloop.core.message import payload_bytes
from neuroloop.core.ports import Site
from neuroloop.core.values import Scalars, SourceSpec
from neuroloop.engine import row
from neuroloop.engine.op import place, slot, spiking
from neuroloop.engine.program import Plan
from neuroloop.testing.rig import Rig

ROVER = body.load("rover", Path(), "here")


class Through:
    """An encoder whose spikes go straight to a decoder: numbers in, a motion out."""

    def __init__(self, encoder, decoder, channels):
        (self._encode, of), (self._decode, into) = encoder, decoder
        spec = SourceSpec("numbers", Scalars, (channels,), 10.0, labels=("a", "b")[:channels])
        self._site = Site("code", 3, 1000, source=spec)
        self._rig = Rig(lambda to: self._plan(to, of, into, spec))
        self.spikes = 0

    def _plan(self, to, of, into, spec):
        kernel = self._encode.build(of, self._site)
        reader = self._decode.build(into, Site("code", 3, 1000, body=ROVER, units=kernel.units))
        seen = slot(to, "numbers", payload_bytes(spec))
        units = spiking(to, "units", kernel.units, kernel.capacity)
        wanted = slot(to, "wanted", 8)
        first = {
            row.N: units.n,
            row.IN: seen.data,
            row.IN_META: seen.meta,
            row.OUT: units.spikes,
            row.OUT_META: units.capacity,
        }
        second = {
            row.N: units.n,
            row.IN: units.spikes,
            row.IN_META: units.capacity,
            row.OUT: wanted.data,
            row.OUT_META: wanted.meta,
        }
        ops = [place(to, "encoder", kernel, first), place(to, "decoder", reader, second)]
        return Plan(ops, [seen, units], [units, wanted])

    def __call__(self, values, ticks):
        """Give a reading, run so many ticks; returns the last motion, empty before there is one."""
        self._rig.send("numbers", Scalars(0, np.asarray(values, np.float32)))
        for _ in range(ticks):
            self._rig.tick()
            self.spikes += len(self._rig.spikes("units"))
        return self._rig.motion("wanted")


@pytest.fixture
def through():
    def make(encoder, decoder, channels=2):
        return Through(encoder, decoder, channels)

    return make
