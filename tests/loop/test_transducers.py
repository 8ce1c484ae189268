"""An encoder that works at its sensor: its spikes enter when they are due, wherever it lives."""

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core.errors import PartError
from neuroloop.core.message import EVENT, Kind, messages
from neuroloop.report.meter import Meter
from neuroloop.report.summary import summary
from neuroloop.runtime.session import played
from neuroloop.runtime.snapshot import snapshot

pytestmark = pytest.mark.real_time

RUN = """
[run]
seconds = {seconds}
[clock]
kind = "{clock}"
[sensor.signal]
kind = "neuroloop.testing.scripted"
rate_hz = 100
values = {values}
process = {process}
latency_ms = 15.0
[encoder.signal]
kind = "./burst.py"
input = "signal"
{settings}
[engine]
kind = "float"
network = "net.py:build"
[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.02, 0.0], [0.0, 0.02]]
[actuator.wheels]
kind = "none"
"""
NET = """
from neuroloop.network import Input, Network, Population, Projection, one_to_one

def build():
    there = one_to_one(2, weight=1.5)
    return Network(
        (Input("signal", 2),),
        (Population("motor", 2, "lif"),),
        (Projection("signal", "motor", there),),
    )
"""
# as many spikes as the value says, spread over the period before the reading
BURST = """
import numpy as np
from msgspec import Struct
from neuroloop.core.values import Spikes

class Config(Struct, frozen=True, forbid_unknown_fields=True):
    input: str
    capacity: int = 8
    spacing_us: int = 1000
    fail_at: int = -1

class Burst:
    units, latency_us = 2, 10_000

    def __init__(self, config):
        self.capacity, self._fail_at, self._seen = config.capacity, config.fail_at, 0
        self._spacing_us = config.spacing_us

    @property
    def counts(self):
        return {"readings": self._seen}

    def transduce(self, reading):
        self._seen += 1
        if self._seen == self._fail_at:
            raise ValueError("no more")
        n = int(reading.values[0])
        t_us = reading.t_us - np.arange(n)[::-1] * self._spacing_us
        return Spikes(t_us.astype(np.int64), np.arange(n, dtype=np.uint32) % 2)

    def snapshot(self):
        return self._seen.to_bytes(8, "little")

    def restore(self, state):
        self._seen = int.from_bytes(state, "little")

def build(config, site):
    assert site.source.shape == (1,)
    return Burst(config)
"""
VALUES = [[3.0], [0.0], [5.0], [1.0]] * 8


class Entered:
    """A sink that keeps the spikes that entered, with the tick each entered in."""

    def __init__(self):
        self.spikes = []

    def take(self, record, outcome):
        del outcome
        tick = int(record.view(np.int64)[1])
        for message in messages(record):
            if message.kind is Kind.SPIKES:
                events = message.payload.view(EVENT)
                self.spikes += [(tick, int(e["t_us"]), int(e["unit"])) for e in events]


def _run_file(folder, *, clock="step", process="false", seconds=0.4, settings=""):
    (folder / "burst.py").write_text(BURST)
    (folder / "net.py").write_text(NET)
    values = {"clock": clock, "process": process, "seconds": seconds, "settings": settings}
    (folder / "run.toml").write_text(RUN.format(values=VALUES, **values))
    return runfile.load(str(folder / "run.toml"))


def _due():
    """Return what is to enter: each spike in the tick that holds stamp + 15 ms + 10 ms."""
    found = []
    for k, (n,) in enumerate(VALUES):
        stamps = [10_000 * k - 1000 * j for j in range(int(n))][::-1]
        found += [((t + 25_000) // 1000, t, i % 2) for i, t in enumerate(stamps)]
    return sorted(found)


def test_spikes_enter_in_the_tick_that_they_are_due_in(tmp_path):
    entered = Entered()
    with played(_run_file(tmp_path), lambda _: [entered]) as session:
        assert session.loop.intake.late["encoder.signal"] == 0

    assert entered.spikes == _due()


@pytest.mark.parametrize("process", ["false", "true"])
def test_a_live_run_gets_the_same_spikes(tmp_path, process):
    for _ in range(3):  # a machine that stands still for longer than the latency makes some late
        entered = Entered()
        run = _run_file(tmp_path, clock="wall", process=process, seconds=0.6)
        with played(run, lambda _, entered=entered: [entered]) as session:
            late, unseen = session.loop.intake.late["encoder.signal"], session.live.unseen
            counts = session.loop.sources[0].counts
        if not late and not unseen:
            break

    assert sorted(entered.spikes) == _due()
    assert counts == {"signal: readings": len(VALUES)}


def test_more_than_a_tick_has_room_for_are_dropped_and_counted(tmp_path):
    entered = Entered()

    run = _run_file(tmp_path, settings="capacity = 2\nspacing_us = 0")
    with played(run, lambda _: [entered]) as session:
        lost = session.loop.intake.lost["encoder.signal"]

    wanted = [int(n) for (n,) in VALUES]
    assert len(entered.spikes) == sum(min(n, 2) for n in wanted)
    assert lost == sum(max(n - 2, 0) for n in wanted)


def test_what_is_counted_stands_in_the_summary(tmp_path):
    meter = Meter()

    with played(_run_file(tmp_path), lambda _: [meter]) as session:
        text = summary(session, meter).text()

    assert f"signal: readings {len(VALUES)}" in text


def test_a_state_holds_that_of_the_encoder(tmp_path):
    with played(_run_file(tmp_path), lambda _: []) as session:
        state = snapshot(session.loop)

    assert int.from_bytes(state["encoder.signal"], "little") == len(VALUES)


def test_one_that_fails_is_named(tmp_path):
    run = _run_file(tmp_path, settings="fail_at = 3")

    failed = r'encoder "signal" failed: ValueError: no more .*burst\.py'
    with pytest.raises(PartError, match=failed), played(run, lambda _: []):
        pass
