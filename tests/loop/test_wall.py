"""The live tick goes on whatever Python does."""

import ctypes
import threading
import time

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core.message import R_T_US, RECORD_BYTES
from neuroloop.report.meter import Meter
from neuroloop.runtime.episode import End
from neuroloop.runtime.session import played

pytestmark = pytest.mark.real_time


class Times:
    """A sink that keeps the time of each tick."""

    def __init__(self):
        self.t_us = []

    def take(self, record, outcome):
        self.t_us.append(int(outcome[:RECORD_BYTES].view(np.int64)[R_T_US]))


def test_the_tick_goes_on_while_a_thread_holds_the_interpreter_for_a_second():
    times, held = Times(), []

    def hold():
        time.sleep(1.0)
        before = time.monotonic()
        ctypes.PyDLL(None).usleep(1_000_000)  # PyDLL does not let the interpreter go
        held.append(time.monotonic() - before)

    holder = threading.Thread(target=hold)

    def onlookers(loop):
        holder.start()
        return [times]

    run = runfile.load("navigate_by_hand", ["clock.kind=wall", "run.seconds=3"])
    with played(run, onlookers):
        holder.join()
    assert held[0] > 0.9
    during = [t for t in times.t_us if 1_200_000 < t < 1_800_000]
    # Python stood still; of 600 ticks in that time most were run, each at its own deadline
    assert len(during) > 300


def test_both_clocks_are_the_same_loop():
    meter = Meter()
    run = runfile.load("navigate_by_hand", ["clock.kind=wall", "run.seconds=2"])
    with played(run, lambda _: [meter]) as session:
        assert session.loop.episode.end is End.TIME
        assert session.loop.episode.path_m > 0.3
    assert meter.ticks + session.live.missed >= 1900
    assert meter.spikes > 0
