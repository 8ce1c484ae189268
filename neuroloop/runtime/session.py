"""One run from start to end: build, drive, stop, close, whatever happens in between."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from neuroloop.config.runfile import RunFile
from neuroloop.core.ports import Sink, Site
from neuroloop.engine.arena import Assembler
from neuroloop.engine.program import Plan, Program
from neuroloop.runtime.assemble import opened
from neuroloop.runtime.episode import Stop
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.loop import Loop

if TYPE_CHECKING:
    from neuroloop.runtime.live.facts import LiveFacts

Onlookers = Callable[[Loop], Sequence[Sink]]
Companions = Callable[[Loop], Sequence[AbstractContextManager[object]]]
"""what works beside a run and reaches into it: a keyboard, a socket"""


class Clock(Protocol):
    """What makes ticks; nothing else in the loop may."""

    @property
    def dt_us(self) -> int:
        """Length of a tick."""
        ...

    @property
    def facts(self) -> "LiveFacts | None":
        """What the last run has to say of its deadlines; None where there are none."""
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
    live: "LiveFacts | None" = None
    """of a run by the wall clock"""
    started: str = ""
    """when run time was 0 in UTC, ISO 8601"""
    sinks: Sequence[Sink] = field(default_factory=tuple)


@contextmanager
def played(
    run: RunFile, onlookers: Onlookers = lambda _: (), companions: Companions = lambda _: ()
) -> Iterator[Session]:
    """Run a run file to its end and yield what is left of it, its parts still open.

    ``companions`` are entered before the first tick and left after the last.

    Ctrl-C and SIGTERM end the run as a goal does: the wheels are stopped and all is closed.
    """
    site = Site("clock", run.run.seed, 0, run.folder)
    clock: Clock = run.clock.module.build(run.clock.config, site)
    with _signals() as stop, _compiled_beside() as compiled, opened(run, clock.dt_us) as loop:
        compiled.result()
        loop.episode.stop = stop
        session = Session(run, loop, sinks=onlookers(loop))
        loop.sinks.extend(session.sinks)
        start = time.perf_counter()
        session.started = datetime.now(UTC).isoformat(timespec="microseconds")
        try:
            with ExitStack() as beside:
                for companion in companions(loop):
                    beside.enter_context(companion)
                clock.drive(loop)
        finally:
            session.wall_s = time.perf_counter() - start
            session.live = clock.facts
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


@contextmanager
def _compiled_beside() -> Iterator[Future[None]]:
    """Compile the tick, or read it from disk, while processes start and devices open."""
    with ThreadPoolExecutor(1, "compile") as pool:
        yield pool.submit(_compile_tick)


def _compile_tick() -> None:
    """Tick an empty loop once, so that the first tick of a real one does not wait for compiling."""
    nothing = Feed("nothing", 0, 0)
    Loop(1000, Program(Plan((), ()), Assembler()), Intake([nothing]), nothing).step()
