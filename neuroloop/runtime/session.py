"""One run from start to end: build, drive, stop, close, whatever happens in between."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from neuroloop.config.runfile import RunFile
from neuroloop.core.ports import Sink, Site
from neuroloop.engine.arena import Assembler
from neuroloop.engine.program import Plan, Program
from neuroloop.runtime.assemble import opened
from neuroloop.runtime.episode import Stop
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.loop import Loop

Onlookers = Callable[[Loop], Sequence[Sink]]


class Clock(Protocol):
    """What makes ticks; nothing else in the loop may."""

    @property
    def dt_us(self) -> int:
        """Length of a tick."""
        ...

    @property
    def missed(self) -> int:
        """Deadlines of the last run that were skipped."""
        ...

    @property
    def unseen(self) -> int:
        """Ticks of the last run that were dropped for the onlookers."""
        ...

    @property
    def real_time(self) -> bool:
        """Whether the tick of the last run had real-time priority."""
        ...

    def drive(self, loop: Loop) -> None:
        """Run the loop until it has ended, and stop its actuators however it ends."""
        ...


@dataclass
class Session:
    """A run that is going on or has ended."""

    run: RunFile
    loop: Loop
    wall_s: float = 0.0
    missed: int = 0
    unseen: int = 0
    """ticks that were run but that the onlookers were too slow for"""
    real_time: bool = False
    """whether a live tick was granted real-time priority"""
    sinks: Sequence[Sink] = field(default_factory=tuple)


@contextmanager
def played(run: RunFile, onlookers: Onlookers = lambda _: ()) -> Iterator[Session]:
    """Run a run file to its end and yield what is left of it, its parts still open.

    Ctrl-C and SIGTERM end the run as a goal does: the wheels are stopped and all is closed.
    """
    site = Site("clock", run.run.seed, 0, run.folder)
    clock: Clock = run.clock.module.build(run.clock.config, site)
    with _signals() as stop, opened(run, clock.dt_us) as loop:
        _compile_tick()
        loop.episode.stop = stop
        session = Session(run, loop, sinks=onlookers(loop))
        loop.sinks.extend(session.sinks)
        start = time.perf_counter()
        try:
            clock.drive(loop)
        finally:
            session.wall_s = time.perf_counter() - start
            session.missed, session.unseen = clock.missed, clock.unseen
            session.real_time = clock.real_time
        yield session


@contextmanager
def _signals() -> Iterator[Stop]:
    """Let the first signal end the run in order, and a second one at once.

    The first must not raise: it may come while a part is half open or a kernel half compiled.
    """
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        del number, frame
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    asking = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {s: signal.signal(s, ask) for s in asking}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _compile_tick() -> None:
    """Tick an empty loop once, so that the first tick of a real one does not wait for compiling."""
    nothing = Feed("nothing", 0, 0)
    Loop(1000, Program(Plan((), ()), Assembler()), Intake([nothing]), nothing).step()
