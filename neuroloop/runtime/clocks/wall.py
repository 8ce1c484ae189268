"""In real time: the compiled tick on its own thread, everything else in asyncio tasks beside it."""

import asyncio
import sys
import threading
import time
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.errors import MachineError
from neuroloop.core.message import R_BYTES
from neuroloop.core.native import address_of
from neuroloop.core.ports import Site
from neuroloop.core.ring import empty_ring
from neuroloop.runtime import live
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.source import OpenSource

_PUMP_S = 1e-3
"""how often the world and the motors are served"""
_BACKLOG = 4096
"""ticks that may wait for the onlookers before some are dropped, counted"""


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
        """ticks that the onlookers missed"""

    def drive(self, loop: Loop) -> None:
        """Run the loop until it has ended."""
        asyncio.run(self._drive(loop))

    async def _drive(self, loop: Loop) -> None:
        control = np.zeros(live.CONTROL_WORDS, np.int64)
        room = len(loop.intake.record) + len(loop.outcome) + 8
        ring = empty_ring(min(room, 1 << 14), _BACKLOG)
        scratch = np.zeros(room // 8, np.int64)
        arguments = (
            control,
            loop.program.address,
            (
                loop.intake.table_address,
                len(loop.intake.feeds),
                address_of(loop.intake.record),
            ),
            (address_of(loop.outcome), address_of(scratch)),
            (ring.address, ring.capacity),
            self.dt_us * 1000,
            self._spin_us * 1000,
        )
        live.write_word(control, live.C_STOP, 1)
        live.run(*arguments)  # compiles; stops before the first tick
        live.write_word(control, live.C_STOP, 0)
        start_ns = time.monotonic_ns() + 10_000_000
        control[live.C_START_NS] = start_ns
        thread = threading.Thread(target=live.run, args=arguments, name="tick", daemon=True)
        thread.start()
        message = np.zeros(room // 8, np.int64).view(np.uint8)

        def now_us() -> int:
            return max(0, time.monotonic_ns() - start_ns) // 1000

        async def world() -> None:
            while not loop.ended():
                if loop.plant is not None:
                    loop.plant.advance(now_us() // self.dt_us * self.dt_us)
                n_bytes = ring.pop(message)
                while n_bytes:
                    loop.next_index = self._serve(loop, message[:n_bytes]) + 1
                    n_bytes = ring.pop(message)
                await asyncio.sleep(_PUMP_S)

        async def sensor(source: OpenSource) -> None:
            rate = source.spec.rate_hz
            period = min(max(0.25 / rate, _PUMP_S), 0.02) if rate else _PUMP_S
            while True:
                source.poll(now_us())
                await asyncio.sleep(period)

        try:
            async with asyncio.TaskGroup() as tasks:
                sensors = [tasks.create_task(sensor(s)) for s in loop.sources]
                await world()
                for task in sensors:
                    task.cancel()
        except* Exception as group:
            raise group.exceptions[0] from None
        finally:
            live.write_word(control, live.C_STOP, 1)
            thread.join()
            loop.stop()
            self.missed = int(live.read_word(control, live.C_MISSED))
            self.unseen = ring.dropped

    def _serve(self, loop: Loop, message: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> int:
        """Hand one tick on; returns its index."""
        split = 8 + int(message[8:16].view(np.int64)[R_BYTES])
        record, outcome = message[8:split], message[split:]
        loop.act(record, outcome)
        return int(record[:16].view(np.int64)[1])


def build(config: Config, site: Site) -> WallClock:
    """Make the clock."""
    del site
    if not sys.platform.startswith("linux"):
        raise MachineError('the clock kind "wall" needs Linux; kind = "step" runs here')
    return WallClock(config)
