"""A live tick of 1 kHz for a second: how late it really is."""

import sys
from array import array
from collections.abc import Iterator

import numpy as np

from neuroloop.core.message import R_LATE_NS
from neuroloop.core.ports import Site
from neuroloop.core.values import UInt8s
from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.engine.arena import Assembler
from neuroloop.engine.program import Plan, Program
from neuroloop.runtime.clocks import wall
from neuroloop.runtime.episode import Episode
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.loop import Loop

_DT_US = 1000
_SECONDS = 1
_LATE_US = 500.0


class _Lateness:
    """Keeps how late each tick was."""

    def __init__(self) -> None:
        self.ns = array("q")

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Look at one tick."""
        del outcome
        self.ns.append(int(record.view(np.int64)[R_LATE_NS]))


def findings() -> Iterator[Finding]:
    """Run a loop with nothing in it under the clock of live runs."""
    if not sys.platform.startswith("linux"):
        yield note("1 kHz tick", "live runs need Linux; simulation runs here")
        return
    edits, lateness = Feed("edits", -1, 64), _Lateness()
    loop = Loop(
        dt_us=_DT_US,
        program=Program(Plan((), ()), Assembler()),
        intake=Intake([edits]),
        edits=edits,
        sinks=[lateness],
        episode=Episode(most_us=_SECONDS * 1_000_000),
    )
    clock = wall.build(wall.Config(dt_us=_DT_US), Site("clock", 0, _DT_US))
    clock.drive(loop)
    missed = clock.facts.missed if clock.facts else 0
    yield _judge(np.frombuffer(lateness.ns, np.int64) / 1e3, missed)


def _judge(late_us: "np.ndarray[tuple[int], np.dtype[np.float64]]", missed: int) -> Finding:
    if not len(late_us):
        return note("1 kHz tick", "no tick came through", "close other programs and try again")
    p50, p99, most = (float(x) for x in np.percentile(late_us, [50, 99, 100]))
    detail = f"late p50 {p50:.1f}  p99 {p99:.1f}  max {most:.1f} us, {missed} deadlines missed"
    numbers = {"p50_us": p50, "p99_us": p99, "max_us": most, "missed": missed}
    if p99 < _LATE_US and not missed:
        return ok("1 kHz tick", detail, **numbers)
    remedy = "close other programs, allow SCHED_FIFO, or run at a longer clock.dt_us"
    return note("1 kHz tick", detail, remedy, **numbers)
