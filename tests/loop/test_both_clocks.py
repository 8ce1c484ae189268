"""What is simulated is what runs live: the same inputs give the same spikes under both clocks."""

import math

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core.message import EXACT_BYTES, R_BYTES, R_INDEX, RECORD_BYTES
from neuroloop.core.native import address_of
from neuroloop.runtime.session import played
from neuroloop.runtime.tick import step

pytestmark = pytest.mark.real_time

RUN = """
[clock]
kind = "{clock}"
[sensor.signal]
kind = "neuroloop.testing.scripted"
rate_hz = 100
values = {values}
[encoder.signal]
kind = "rate"
input = "signal"
scale = [1.0]
max_rate_hz = 400
[engine]
kind = "float"
network = "net.py:build"
[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.02, 0.0, 0.02, 0.0], [0.0, 0.02, 0.0, 0.02]]
[actuator.wheels]
kind = "none"
"""
NET = """
import numpy as np
from neuroloop.network import Input, Network, Population, Projection, all_to_all

def build():
    there = all_to_all(2, 4, weight=1.5)
    return Network(
        (Input("signal", 2),),
        (Population("motor", 4, "lif"),),
        (Projection("signal", "motor", there, delay_ms=2.0),),
    )
"""


@pytest.fixture
def recorded(tmp_path):
    def make(clock):
        swing = [[math.sin(k / 10)] for k in range(200)]
        (tmp_path / "run.toml").write_text(RUN.format(clock=clock, values=swing))
        (tmp_path / "net.py").write_text(NET)
        return runfile.load(str(tmp_path / "run.toml"), ["run.seconds=0.5"])

    return make


class Kept:
    """A sink that keeps every tick."""

    def __init__(self):
        self.ticks = []

    def take(self, record, outcome):
        n_record, n_outcome = (int(a.view(np.int64)[R_BYTES]) for a in (record, outcome))
        self.ticks.append((record[:n_record].copy(), outcome[:n_outcome].copy()))


def _spikes_and_motion(run):
    kept = Kept()
    with played(run, lambda _: [kept]) as session:
        lost = session.live.missed + session.live.unseen if session.live else 0
        return [
            (o[:EXACT_BYTES].tobytes(), o[RECORD_BYTES:].tobytes()) for _, o in kept.ticks
        ], lost


def test_a_recording_gives_the_same_spikes_under_both_clocks(recorded):
    stepped, _ = _spikes_and_motion(recorded("step"))
    for _ in range(5):  # a deadline that was missed is a tick that did not run
        live, lost = _spikes_and_motion(recorded("wall"))
        if not lost:
            break
    assert not lost, f"{lost} ticks missed in the last of five runs"
    assert sum(len(messages) for _, messages in stepped) > 50 * len(stepped)
    # the end is noticed within a few milliseconds, not in a tick of its own
    n = min(len(live), len(stepped))
    assert n >= 500
    assert live[:n] == stepped[:n]


def test_what_entered_a_live_run_gives_the_same_again():
    kept = Kept()
    run = runfile.load("navigate_by_hand", ["clock.kind=wall", "run.seconds=2"])
    with played(run, lambda _: [kept]) as session:
        assert session.live.unseen == 0
        program = session.loop.live.again(session.run).program
        outcome = program.outcome_buffer()
        room = np.zeros(len(session.loop.intake.record) // 8, np.int64).view(np.uint8)
        moved = 0
        for record, seen in kept.ticks:
            room[: len(record)] = record
            step(program.address, address_of(room), address_of(outcome))
            index = int(seen.view(np.int64)[R_INDEX])
            n_bytes = int(outcome.view(np.int64)[R_BYTES])
            assert n_bytes == len(seen), index
            assert np.array_equal(outcome[:EXACT_BYTES], seen[:EXACT_BYTES]), index
            assert np.array_equal(outcome[RECORD_BYTES:n_bytes], seen[RECORD_BYTES:]), index
            moved += bool(seen[RECORD_BYTES:].any())
    assert moved > 1000
