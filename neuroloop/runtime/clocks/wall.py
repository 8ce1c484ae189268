"""In real time: the compiled tick on its own thread, everything else in asyncio tasks beside it."""

import asyncio
import sys
import time
from typing import Annotated

from msgspec import Meta, Struct

from neuroloop.core.errors import MachineError
from neuroloop.core.ports import Site
from neuroloop.runtime.live import LiveTick
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.source import OpenSource

_PUMP_S = 1e-3
"""how often the world and the motors are served"""
_LOOK_S, _LAST_LOOK_S = 5e-3, 1.0
"""how long the onlookers may take in one go, and to catch up at the end"""
_READ_AHEAD_US = 50_000
"""recordings are read before their time; each reading waits in its ring until it is due"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[clock]`` with ``kind = "wall"``."""

    dt_us: Annotated[int, Meta(ge=100, le=1_000_000)] = 1000
    spin_us: Annotated[int, Meta(ge=0, le=1000)] = 100
    """how long before its deadline the tick stops sleeping and watches the clock"""


class WallClock:
    """Makes the ticks of live runs."""

    def __init__(self, config: Config) -> None:
        self.dt_us = config.dt_us
        self._spin_us = config.spin_us
        self.missed = 0
        self.unseen = 0
        """ticks that the onlookers missed because they were too slow"""
        self.real_time = False
        """whether the last run's tick had real-time priority"""

    def drive(self, loop: Loop) -> None:
        """Run the loop until it has ended, and stop its actuators however it ends."""
        live = LiveTick(loop, self._spin_us)
        try:
            asyncio.run(_serve(loop, live))
        finally:
            try:
                loop.stop()
            finally:
                live.stop()
                self.missed, self.unseen = live.missed, live.unseen
                self.real_time = live.real_time


async def _serve(loop: Loop, live: LiveTick) -> None:
    """Start the tick and serve everything beside it until the run is over."""
    live.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(_sensor(s, live)) for s in loop.sources]
            beside.append(tasks.create_task(_onlookers(loop, live)))
            await _body(loop, live)
            for task in beside:
                task.cancel()
    except* Exception as failures:
        raise failures.exceptions[0] from None
    live.pause()
    _show(loop, live, _LAST_LOOK_S)


async def _body(loop: Loop, live: LiveTick) -> None:
    """Keep the world at the present and the motors at the newest motion, until the run is over."""
    while not loop.ended():
        now_us = live.now_us
        loop.advance(now_us // loop.dt_us * loop.dt_us)
        if live.moved():
            loop.move(live.motion)
        loop.next_index = now_us // loop.dt_us
        await asyncio.sleep(_PUMP_S)


async def _onlookers(loop: Loop, live: LiveTick) -> None:
    """Show the ticks that were run, a few milliseconds at a time: the motors come first."""
    while True:
        _show(loop, live, _LOOK_S)
        await asyncio.sleep(_PUMP_S)


def _show(loop: Loop, live: LiveTick, seconds: float) -> None:
    end = time.monotonic() + seconds
    for record, outcome in live.ticks():
        loop.show(record, outcome)
        if time.monotonic() > end:
            break


async def _sensor(source: OpenSource, live: LiveTick) -> None:
    """Look at one sensor several times in each of its periods."""
    rate = source.spec.rate_hz
    period = min(max(0.25 / rate, _PUMP_S), 0.02) if rate else _PUMP_S
    ahead_us = _READ_AHEAD_US if source.recorded else 0
    while True:
        source.poll(live.now_us + ahead_us)
        await asyncio.sleep(period)


def build(config: Config, site: Site) -> WallClock:
    """Make the clock."""
    del site
    if not sys.platform.startswith("linux"):
        raise MachineError('the clock kind "wall" needs Linux; kind = "step" runs here')
    return WallClock(config)
