import numpy as np
import pytest

from neuroloop.core.message import Kind, messages, payload_bytes, spikes_of
from neuroloop.core.native import address_of
from neuroloop.core.ports import Site
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.op import place, slot, spiking
from neuroloop.engine.program import Plan, Program
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.tick import tick


class Alone:
    """An encoder with nothing round it: readings in, the units that spike in a tick out."""

    def __init__(self, module, config, spec, dt_us, seed):
        to = Assembler()
        self.kernel = module.build(config, Site("coder", seed, dt_us, source=spec))
        seen = slot(to, "sensor", payload_bytes(spec))
        units = spiking(to, "coder", self.kernel.units, self.kernel.capacity)
        words = {
            row.N: units.n,
            row.IN: seen.data,
            row.IN_META: seen.meta,
            row.OUT: units.spikes,
            row.OUT_META: units.capacity,
        }
        op = place(to, "encoder.coder", self.kernel, words)
        self.program = Program(Plan([op], [seen, units], [units]), to)
        self.feed = Feed("sensor", 0, payload_bytes(spec))
        self.intake = Intake([self.feed])
        self.outcome = self.program.outcome_buffer()
        self.dt_us, self.index = dt_us, 0

    def __call__(self, reading=None):
        """Run one tick; returns the units that spiked, one entry a spike."""
        if reading is not None:
            self.feed.reading(reading)
        addresses = (self.intake.table_address, 1, address_of(self.intake.record))
        at = (self.index, self.index * self.dt_us, self.dt_us)
        tick(self.program.address, *addresses, address_of(self.outcome), *at)
        self.index += 1
        (spikes,) = (m for m in messages(self.outcome) if m.kind is Kind.SPIKES)
        return spikes_of(spikes).unit.astype(np.int64)


@pytest.fixture
def alone():
    """Build an encoder from its module, config and the spec of what it reads."""

    def make(module, config, spec, dt_us=1000, seed=0):
        return Alone(module, config, spec, dt_us, seed)

    return make
