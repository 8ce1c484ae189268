"""Latency of each sensor at the start of a live run: declared, or measured and then frozen.

A reading stamped t enters the tick that holds t + latency, so a latency of its age plus a tick lets
every reading of that age enter its own tick, and no later one than needed.  Of several rounds the
one with the very oldest reading is left out: a machine that stands still for once while all starts
would make every reading late for as long as the run goes on.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from neuroloop.core.ring import drop_all
from neuroloop.runtime.host.wire import BODY
from neuroloop.runtime.intake import F_LATENCY_US
from neuroloop.runtime.live.crew import Crew
from neuroloop.runtime.live.facts import Latency
from neuroloop.runtime.live.live import Live
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.source import OpenSource
from neuroloop.runtime.warden import silent_for_us
from neuroloop.safety.watch import SILENT_US

_FIRST, _ROUNDS, _ENOUGH = 2, 4, 3
"""readings of each sensor first, which are late, because code is read and memory touched; then
rounds, and readings of a round"""
_FIRST_S, _MOST_S = 1.0, 0.5
"""the longest that is waited for the first ones, and in a round"""
_NAP_S = 5e-3
_STEP_US = 100


def settle(loop: Loop, live: Live, crew: Crew) -> None:
    """Wait until every sensor's latency is known, freeze them, and drop what came meanwhile."""
    unknown = [s for s in loop.sources if not (s.declared or s.recorded)]
    if unknown:
        _wait(loop, live, unknown, _FIRST, _FIRST_S)
        rounds = []
        for _ in range(_ROUNDS):
            for host in live.hosts:
                host.forget()
            crew.ages_us.clear()
            _wait(loop, live, unknown, _ENOUGH, _MOST_S)
            rounds.append(_ages(live, crew, unknown))
        for source, ages_us in zip(unknown, zip(*rounds, strict=True), strict=True):
            _freeze(loop, live, source, latency_us(sorted(ages_us)[-2], loop.dt_us))
    for host in live.hosts:
        for source in loop.sources:
            if source.spec.name in host.specs:
                host.due_after(source.spec.name, source.feed.latency_us)
    measured = {s.spec.name for s in unknown}
    live.latencies = {
        s.spec.name: Latency(s.feed.latency_us, s.spec.name in measured)
        for s in loop.sources
        if not s.recorded
    }


def latency_us(age_us: int, dt_us: int) -> int:
    """Return the latency of a sensor whose readings are at most ``age_us`` old on arrival."""
    return -(-(max(age_us, 0) + dt_us) // _STEP_US) * _STEP_US


def _wait(loop: Loop, live: Live, unknown: Sequence[OpenSource], more: int, seconds: float) -> None:
    """Wait for more readings; a sensor that gives none, or seldom, is waited for no longer."""
    end = time.monotonic() + seconds
    before = _counts(live)
    enough = {s.spec.name: before.get(s.spec.name, s.readings) + more for s in unknown}
    live_ones = [s for s in loop.sources if not s.recorded]
    fed = {feed.name for s in live_ones for feed in s.feeds} | {BODY}
    waiting = [feed.ring for feed in loop.intake.feeds if feed.name in fed]
    while time.monotonic() < end and not loop.episode.stop.asked:
        counts = _counts(live)
        known = all(counts.get(s.spec.name, s.readings) >= enough[s.spec.name] for s in unknown)
        for ring in waiting:
            drop_all(ring.address, ring.capacity)
        if known:
            return
        time.sleep(_NAP_S)


def _counts(live: Live) -> dict[str, int]:
    return {name: n for host in live.hosts for name, (n, _) in host.ages().items()}


def _ages(live: Live, crew: Crew, unknown: Sequence[OpenSource]) -> list[int]:
    hosted = {name: age for host in live.hosts for name, (_, age) in host.ages().items()}
    return [hosted.get(s.spec.name, crew.ages_us.get(s.spec.name, 0)) for s in unknown]


def _freeze(loop: Loop, live: Live, source: OpenSource, us: int) -> None:
    """Let readings enter after ``us``, and let the guard know that they are so old by then."""
    name = source.spec.name
    due = [(source.feed, us), *((one.feed, us + one.latency_us) for one in source.transducing)]
    for feed, feed_us in due:
        feed.latency_us = feed_us
        loop.intake.table[loop.intake.feeds.index(feed), F_LATENCY_US] = feed_us
    source.spec = live.specs[name] = replace(source.spec, latency_us=us)
    names = [op.name for op in loop.program.plan.ops]
    if (row := f"guard.sees.{name}") in names and live.run is not None:
        timing = next(t for part, t in live.run.sensors if part.name == name)
        loop.program.rows[names.index(row), SILENT_US] = silent_for_us(timing, source.spec)
