"""In real time: the compiled tick on its own thread, everything else in asyncio tasks beside it."""

import asyncio
import sys
from typing import Annotated

from msgspec import Meta, Struct

from neuroloop.core.errors import MachineError
from neuroloop.core.ports import Site
from neuroloop.runtime.live import LiveTick
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.source import OpenSource

_PUMP_S = 1e-3
"""how often the world and the motors are served"""
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

    def drive(self, loop: Loop) -> None:
        """Run the loop until it has ended."""
        live = LiveTick(loop, self._spin_us)
        try:
            asyncio.run(_serve(loop, live))
        finally:
            live.stop()
            loop.stop()
            self.missed, self.unseen = live.missed, live.unseen


async def _serve(loop: Loop, live: LiveTick) -> None:
    """Start the tick and serve everything beside it until the run is over."""
    live.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            sensors = [tasks.create_task(_sensor(s, live)) for s in loop.sources]
            await _world(loop, live)
            for sensor in sensors:
                sensor.cancel()
    except* Exception as failures:
        raise failures.exceptions[0] from None


async def _world(loop: Loop, live: LiveTick) -> None:
    """Keep the plant at the present and hand on what the ticks put out."""
    while not loop.ended():
        if loop.plant is not None:
            loop.plant.advance(live.now_us // loop.dt_us * loop.dt_us)
        if live.moved():
            loop.move(live.motion)
        for index, record, outcome in live.ticks():
            loop.show(record, outcome)
            loop.next_index = index + 1
        await asyncio.sleep(_PUMP_S)


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
