"""The same work by loops in plain Python: a thread that sleeps, and asyncio.

Both call the very tick that the live loop runs, at absolute deadlines, and skip those that have
passed by more than a tick.  The thread asks the machine for what the live tick asks for.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from neuroloop.bench.loop.stretch import Stretch
from neuroloop.config.runfile import RunFile
from neuroloop.runtime import realtime
from neuroloop.runtime.assemble import opened
from neuroloop.runtime.loop import Loop

_WARM_UP_TICKS = 100
_LEAD_NS = 10_000_000


class Beat:
    """Runs a tick at each deadline of a stretch, whoever waits for it."""

    def __init__(self, loop: Loop, seconds: float) -> None:
        self._loop = loop
        self._period_ns = loop.dt_us * 1000
        self._n = round(seconds * 1e6 / loop.dt_us)
        self._late_ns: list[int] = []
        self._out_ns: list[int] = []
        self._skipped = 0
        self.stopped = False

    def deadlines(self) -> Iterator[int]:
        """Yield what to wait for (monotonic ns); asking for the next one runs the tick."""
        clock, loop, period = time.monotonic_ns, self._loop, self._period_ns
        start = clock() + _LEAD_NS
        index = 0
        while index < self._n and not self.stopped:
            deadline = start + index * period
            yield deadline
            self._late_ns.append(clock() - deadline)
            now_us = (clock() - start) // 1000
            for source in loop.sources:
                source.poll(now_us)
            loop.next_index = index
            loop.step()
            now = clock()
            self._out_ns.append(now - deadline)
            index += 1
            behind = (now - start) // period - index
            if behind > 0:
                index += behind
                self._skipped += behind

    def found(self, granted: realtime.Granted) -> Stretch:
        """Sum up."""
        late, out = np.array(self._late_ns) / 1e3, np.array(self._out_ns) / 1e3
        return Stretch(self._loop.dt_us, late, out, self._skipped, granted)


Wait = Callable[[Beat, int], None]


def in_thread(beat: Beat, spin_ns: int) -> None:
    """Sleep until shortly before each deadline, then watch the clock, as the live tick does."""
    clock, sleep = time.monotonic_ns, time.sleep
    for deadline in beat.deadlines():
        left = deadline - spin_ns - clock()
        if left > 0:
            sleep(left / 1e9)
        while clock() < deadline:
            pass


def in_asyncio(beat: Beat, spin_ns: int) -> None:
    """Sleep in asyncio, which has other tasks to run and cannot watch the clock."""
    del spin_ns

    async def run() -> None:
        for deadline in beat.deadlines():
            await asyncio.sleep(max(deadline - time.monotonic_ns(), 0) / 1e9)

    asyncio.run(run())


def measure(run: RunFile, wait: Wait, *, spin_us: int, pin: bool) -> Stretch:
    """Run a run file of the step clock in real time, in a thread of its own."""
    dt_us = run.clock.config.dt_us
    seconds = run.run.seconds or 0.0
    with opened(run, dt_us) as loop, realtime.locked_memory():
        for _ in range(_WARM_UP_TICKS):
            loop.step()
        beat = Beat(loop, seconds)

        def work() -> realtime.Granted:
            granted = realtime.ask(realtime.PRIORITY, pin=pin)
            wait(beat, spin_us * 1000)
            return granted

        with ThreadPoolExecutor(1, "loop") as threads:
            try:
                return beat.found(threads.submit(work).result())
            finally:
                beat.stopped = True
