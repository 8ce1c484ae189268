"""The live tick: a compiled loop on its own thread that never needs the interpreter.

It takes what is due from the rings and runs the tick at its deadline.  The motion goes into a
mailbox, where the newest wins.  What entered and what left goes into one ring for everybody who
wants to know; where they are too slow it is dropped, counted, without keeping the motors waiting.
A deadline it misses by more than a tick is skipped and counted, never made up.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import kernel
from neuroloop.core.mailbox import empty_mailbox, put
from neuroloop.core.message import R_BROKEN, R_BYTES, R_LATE_NS, RECORD_WORDS
from neuroloop.core.native import (
    address_of,
    at,
    copy,
    i64,
    load_acquire,
    now_ns,
    sleep_until_ns,
    store_release,
    u8,
)
from neuroloop.core.ring import empty_ring, push
from neuroloop.core.values import UInt8s
from neuroloop.runtime.intake import gather
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.tick import step

C_STOP, C_MISSED, C_START_NS = 0, 8, 16
CONTROL_WORDS = 24
"""one word a cache line: stop asked, deadlines skipped, run time zero"""
_BACKLOG_BYTES = 1 << 24
"""what may wait for the onlookers before ticks are dropped for them, counted"""
_START_NS = 10_000_000
_PRIORITY = 50
"""of 1 to 99, below the kernel's own threads that serve devices"""


@kernel
def run(control, program, intake, outcome, out, dt_ns, spin_ns):
    """Tick until stopped, or until a state is no longer a number.

    ``intake``, ``outcome`` and ``out`` are tuples of addresses and sizes.
    ``intake`` is (feeds, number of feeds, record), ``outcome`` (outcome, room for one message),
    ``out`` (mailbox, bytes of motion, ring, capacity of the ring).
    """
    feeds, n_feeds, record = intake
    mailbox, motion_bytes, ring, capacity = out
    into, left = i64(at(record), 0, RECORD_WORDS), i64(at(outcome[0]), 0, RECORD_WORDS)
    start = load_acquire(control, C_START_NS)
    index = 0
    while load_acquire(control, C_STOP) == 0:
        deadline = start + index * dt_ns
        if deadline - spin_ns > now_ns():
            sleep_until_ns(deadline - spin_ns)
        now = now_ns()
        while now < deadline:
            now = now_ns()
        gather(feeds, n_feeds, record, index, index * dt_ns // 1000, dt_ns // 1000)
        into[R_LATE_NS] = now - deadline
        step(program, record, outcome[0])
        put(mailbox, u8(at(outcome[0]), 0, motion_bytes))
        message = i64(at(outcome[1]), 0, 1)
        message[0] = 8 + into[R_BYTES] + left[R_BYTES]
        copy(at(outcome[1]), 8, at(record), 0, into[R_BYTES])
        copy(at(outcome[1]), 8 + into[R_BYTES], at(outcome[0]), 0, left[R_BYTES])
        push(ring, capacity, u8(at(outcome[1]), 0, message[0]), message[0])
        if left[R_BROKEN]:  # its motion, which is zero, stays the newest
            break
        index += 1
        behind = (now_ns() - start) // dt_ns - index
        if behind > 0:
            store_release(control, C_MISSED, load_acquire(control, C_MISSED) + behind)
            index += behind


@kernel
def _read(control, word):
    return load_acquire(control, word)


@kernel
def _write(control, word, value):
    store_release(control, word, value)


class LiveTick:
    """The thread, and Python's side of it."""

    def __init__(self, loop: Loop, spin_us: int) -> None:
        self._loop = loop  # keeps alive what the thread works on
        self._control = np.zeros(CONTROL_WORDS, np.int64)
        room = 8 + len(loop.intake.record) + len(loop.outcome)
        self._scratch = np.zeros(room // 8, np.int64)
        self._message: UInt8s = np.zeros(room // 8, np.int64).view(np.uint8)
        self._ring = empty_ring(max(_BACKLOG_BYTES // 4, room), 4)
        self._box = empty_mailbox(loop.motion_bytes)
        self.motion: UInt8s = np.zeros(loop.motion_bytes, np.uint8)
        """the head of an outcome, up to the end of its motion"""
        intake = loop.intake
        self._arguments = (
            self._control,
            loop.program.address,
            (intake.table_address, len(intake.feeds), address_of(intake.record)),
            (address_of(loop.outcome), address_of(self._scratch)),
            (self._box.address, loop.motion_bytes, self._ring.address, self._ring.capacity),
            loop.dt_us * 1000,
            spin_us * 1000,
        )
        self._thread = threading.Thread(target=self._tick, name="tick", daemon=True)
        self.real_time = False
        """whether the thread was granted real-time priority (SCHED_FIFO)"""

    def start(self) -> None:
        """Compile, then start; run time begins a moment later."""
        if self._loop.next_index:
            raise ConfigError(
                f"a live run begins with tick 0, and this loop stands at {self._loop.next_index}: "
                "a saved state goes on under the step clock"
            )
        _write(self._control, C_STOP, 1)
        run(*self._arguments)
        _write(self._control, C_STOP, 0)
        self._start_ns = time.monotonic_ns() + _START_NS
        _write(self._control, C_START_NS, self._start_ns)
        self._thread.start()

    def _tick(self) -> None:
        """Ask for real-time priority, go on without it where it is refused, and tick."""
        with contextlib.suppress(OSError, AttributeError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
            self.real_time = True
        run(*self._arguments)

    def pause(self) -> None:
        """Let no tick begin after the one at hand."""
        _write(self._control, C_STOP, 1)

    def stop(self) -> None:
        """Let the tick at hand end, and wait for it, whatever signals come.

        The thread works on memory it knows by address alone, so nothing may leave before it has
        ended.
        """
        self.pause()
        interrupted = False
        while self._thread.is_alive():
            try:
                self._thread.join()
            except KeyboardInterrupt:
                interrupted = True
        if interrupted:
            raise KeyboardInterrupt

    @property
    def now_us(self) -> int:
        """Run time."""
        return max(0, time.monotonic_ns() - self._start_ns) // 1000

    @property
    def missed(self) -> int:
        """Deadlines that were skipped."""
        return int(_read(self._control, C_MISSED))

    @property
    def unseen(self) -> int:
        """Ticks that were run but dropped for the onlookers."""
        return self._ring.dropped

    def moved(self) -> bool:
        """Put the newest motion into ``motion``; whether it was not there before."""
        return self._box.take(self.motion)

    def ticks(self) -> Iterator[tuple[UInt8s, UInt8s]]:
        """Yield record and outcome of the ticks that were run and not yet shown."""
        while n_bytes := self._ring.pop(self._message):
            head = self._message[8 : 8 + 8 * RECORD_WORDS].view(np.int64)
            split = 8 + int(head[R_BYTES])
            yield self._message[8:split], self._message[split:n_bytes]
