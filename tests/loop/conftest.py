from contextlib import ExitStack

import pytest

from neuroloop.config import runfile
from neuroloop.report.meter import Meter
from neuroloop.runtime.session import played
from sims import bullet


@pytest.fixture(params=["plane", "bullet"])
def plant(request):
    reason = bullet.unavailable() if request.param == "bullet" else None
    if reason:
        pytest.skip(reason)
    return request.param


@pytest.fixture
def play():
    """Run a run file in this process; returns its session, open until the test ends, and meter."""
    stack = ExitStack()

    def _play(name="navigate_by_hand", *changes, ticks=None, before=None):
        meter = Meter()

        def onlookers(loop):
            if ticks:
                loop.episode.most_us = ticks * loop.dt_us
            if before:
                before(loop)
            return [meter]

        session = stack.enter_context(played(runfile.load(str(name), changes), onlookers))
        return session, meter

    with stack:
        yield _play
