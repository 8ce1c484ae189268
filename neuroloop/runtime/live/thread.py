"""The thread of the live tick, and Python's side of it."""

import secrets
import threading
import time
from collections.abc import Iterator

import numpy as np

from neuroloop.core.command import COMMAND_WORDS
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.mailbox import empty_mailbox
from neuroloop.core.message import R_BYTES, RECORD_BYTES
from neuroloop.core.native import address_of
from neuroloop.core.ring import HEADER_BYTES, Ring, empty_ring
from neuroloop.core.values import Int64s, UInt8s
from neuroloop.engine.arena import Arena, Section
from neuroloop.engine.program import Program
from neuroloop.runtime import realtime
from neuroloop.runtime.live.control import (
    BINS,
    C_COPY,
    C_INDEX,
    C_MISSED,
    C_SKIPPED,
    C_STAGE,
    C_START_NS,
    C_STOP,
    C_SWAP,
    CONTROL_WORDS,
    COPY_WORDS,
    J_BYTES,
    J_FROM,
    J_INDEX,
    J_TO,
    MISS_WORDS,
    MISSES_KEPT,
    PHASES,
    read,
    write,
)
from neuroloop.runtime.live.facts import Miss
from neuroloop.runtime.live.run import (
    D_CHANNELS,
    D_MAILBOX,
    D_OWNER,
    D_VALUES,
    DIRECT_WORDS,
    run,
)
from neuroloop.runtime.live.stage import Stage, Swap, motion_offsets
from neuroloop.runtime.loop import Loop

_BACKLOG_BYTES = 1 << 24
"""what may wait for the onlookers before ticks are dropped for them, counted"""
_PARTS_TICKS = 256
"""what may wait for the parts in plain Python: an older tick is of no use to them"""
_LEAD_NS = 50_000_000
"""until run time 0, in which all that runs beside the tick begins"""
_NAP_S = 2e-4


class Tail:
    """The reader's end of a ring of ticks."""

    def __init__(self, ring: Ring, room: int) -> None:
        self.ring = ring
        self._message: UInt8s = np.zeros(room // 8 + 1, np.int64).view(np.uint8)

    def ticks(self) -> Iterator[tuple[UInt8s, UInt8s]]:
        """Yield record and outcome of the ticks that were run and not yet read."""
        while n_bytes := self.ring.pop(self._message):
            split = 8 + int(self._message[8 : 8 + RECORD_BYTES].view(np.int64)[R_BYTES])
            yield self._message[8:split], self._message[split:n_bytes]


class LiveTick:
    """One live run of a loop's tick.

    ``room`` is the most that one tick of any network of this run tells its onlookers.
    """

    def __init__(self, loop: Loop, stage: Stage, *, spin_us: int, room: int, pin: bool) -> None:
        self._loop, self._pin = loop, pin  # keeps alive what the thread works on
        self._stages = {stage.number: stage}
        self._control: Int64s = np.zeros(CONTROL_WORDS, np.int64)
        self._misses = np.zeros((MISSES_KEPT, MISS_WORDS), np.int64)
        self.late: Int64s = np.zeros(BINS, np.int64)
        self._box = empty_mailbox(loop.motion_bytes)
        self.motion: UInt8s = np.zeros(loop.motion_bytes, np.uint8)
        """the head of an outcome, up to the end of its motion"""
        self.onlookers = Tail(empty_ring(max(_BACKLOG_BYTES // 4, room), 4), room)
        few = min(_PARTS_TICKS, max(_BACKLOG_BYTES // room, 4))
        self.parts = Tail(empty_ring(room, few), room) if loop.python_parts else None
        for tail in (self.onlookers, self.parts):
            if tail is not None:  # the tick must not be the first to touch its pages
                tail.ring.memory[HEADER_BYTES:] = 0
        self._direct = _direct(loop)
        self._command = np.zeros(COMMAND_WORDS, np.int64)
        intake, ring = loop.intake, self.onlookers.ring
        second = (self.parts.ring.address, self.parts.ring.capacity) if self.parts else (0, 0)
        self._arguments = (
            self._control,
            stage.address,
            (intake.table_address, len(intake.feeds), address_of(intake.record)),
            (self._box.address, loop.motion_bytes, ring.address, ring.capacity, *second),
            (address_of(self._direct), len(self._direct), address_of(self._command)),
            (self._misses, self.late),
            loop.dt_us * 1000,
            spin_us * 1000,
        )
        self._thread = threading.Thread(target=self._tick, name="tick", daemon=True)
        self._asked = threading.Lock()
        self.granted = realtime.Granted(fifo=False, locked=False, core=None, refused=())
        self.first = loop.next_index
        self._start_ns = 0

    def compile(self) -> None:
        """Compile the tick, or read it from disk, before anything may move."""
        write(self._control, C_STOP, 1)
        direct = (0, 0, 0)
        run(*self._arguments[:4], direct, *self._arguments[5:])
        write(self._control, C_STOP, 0)

    def begin(self, index: int) -> int:
        """Let run time go on from tick ``index``, now; returns its zero on the monotonic clock."""
        dt_ns = self._loop.dt_us * 1000
        self._start_ns = time.monotonic_ns() + _LEAD_NS - index * dt_ns
        write(self._control, C_START_NS, self._start_ns)
        return self._start_ns

    def start(self) -> None:
        """Let the ticks begin with the next deadline."""
        dt_ns = self._loop.dt_us * 1000
        behind = time.monotonic_ns() - self._start_ns
        self.first = max(self._loop.next_index, -(-behind // dt_ns))
        write(self._control, C_INDEX, self.first)
        self._thread.start()

    def _tick(self) -> None:
        """Ask for what the machine grants, go on without what it refuses, and tick."""
        self.granted = realtime.ask(realtime.PRIORITY, pin=self._pin)
        run(*self._arguments)

    def pause(self) -> None:
        """Let no tick begin after the one at hand."""
        write(self._control, C_STOP, 1)

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
    def running(self) -> bool:
        """Whether ticks are run."""
        return self._thread.is_alive()

    @property
    def index(self) -> int:
        """Number of the next tick."""
        return int(read(self._control, C_INDEX))

    @property
    def missed(self) -> int:
        """Deadlines that were skipped."""
        return int(read(self._control, C_SKIPPED))

    @property
    def programs(self) -> dict[int, Program]:
        """Every network that ran or may run, by its number."""
        return {number: stage.program for number, stage in self._stages.items()}

    @property
    def stage(self) -> Stage:
        """The network that runs."""
        return self._stages[int(read(self._control, C_STAGE))]

    def misses(self) -> list[Miss]:
        """Return the newest ticks after which deadlines were skipped, oldest first."""
        n = int(read(self._control, C_MISSED))
        found = []
        for k in range(max(0, n - MISSES_KEPT), n):
            index, skipped, phase, *times = self._misses[k % MISSES_KEPT].tolist()
            found.append(Miss(index, skipped, PHASES[phase], *(t / 1e3 for t in times)))
        return found

    def moved(self) -> bool:
        """Put the newest motion into ``motion``; whether it was not there before."""
        return self._box.take(self.motion)

    def may_degrade_to(self, swap: Swap) -> None:
        """Let the tick itself take a cheaper network where it is too slow."""
        self._stages[swap.stage.number] = swap.stage
        self.stage.degrade_to(swap)

    def swap(self, swap: Swap) -> None:
        """Let another network run from the next tick on, and wait until it does."""
        self._stages[swap.stage.number] = swap.stage
        with self._asked:
            self._ask(C_SWAP, swap.address, "swap")

    def copied(self, arena: Arena) -> tuple[UInt8s, int]:
        """Copy all that changes in an arena between two ticks.

        Returns the copy, and the number of the tick that comes after it.
        """
        n_bytes = arena.end(Section.PLASTIC)
        copy: UInt8s = np.empty(n_bytes, np.uint8)
        copy[:] = 0  # its pages are there before the tick writes to them
        job = np.zeros(COPY_WORDS, np.int64)
        job[J_FROM], job[J_TO], job[J_BYTES] = arena.address, address_of(copy), n_bytes
        with self._asked:
            self._ask(C_COPY, address_of(job), "copy")
        return copy, int(job[J_INDEX])

    def _ask(self, word: int, address: int, what: str) -> None:
        if not self.running:
            raise ConfigError(f"no {what}: the run is over")
        write(self._control, word, address)
        # memory of a request must outlive it, so there is no giving up while the tick runs
        while read(self._control, word):
            if not self.running:
                raise MachineError(f"no {what}: the run ended before")
            time.sleep(_NAP_S)


def _direct(loop: Loop) -> Int64s:
    """Return the bodies that the tick commands itself."""
    rows = []
    for actuator, at in zip(loop.actuators, motion_offsets(loop.program), strict=True):
        box = getattr(actuator, "mailbox", None)
        if box is not None:
            row = [0] * DIRECT_WORDS
            row[D_MAILBOX], row[D_VALUES] = box.address, at
            row[D_CHANNELS], row[D_OWNER] = len(actuator.body.channels), secrets.randbits(62) | 1
            rows.append(row)
    return np.array(rows, np.int64).reshape(len(rows), DIRECT_WORDS)
