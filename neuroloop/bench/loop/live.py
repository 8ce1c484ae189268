"""The live loop, exactly as a user runs it."""

from array import array

import numpy as np

from neuroloop.bench.loop.stretch import Stretch
from neuroloop.config.runfile import RunFile
from neuroloop.core.errors import MachineError
from neuroloop.core.message import (
    KIND,
    MESSAGE_WORDS,
    PORT,
    R_BYTES,
    R_DT_US,
    R_INDEX,
    R_LATE_NS,
    R_SENT_NS,
    R_T_US,
    READING,
    RECORD_WORDS,
    SIZE,
    SPIKES,
    T_US,
)
from neuroloop.core.values import UInt8s
from neuroloop.runtime.episode import End
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import played


class Punctual:
    """A sink that keeps when each tick began, when its motion was out, and what had entered.

    Readings from before the first tick waited for the run to begin, so they are left out.
    """

    def __init__(self, loop: Loop) -> None:
        names = {source.spec.name for source in loop.sources}
        self._ports = {feed.port for feed in loop.intake.feeds if feed.name in names}
        self.late_ns, self.out_ns, self.reaction_ns = array("q"), array("q"), array("q")
        self._first_us: int | None = None

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Look at one tick."""
        words = record.view(np.int64)
        head = words[:RECORD_WORDS].tolist()
        if self._first_us is None:
            self._first_us = head[R_T_US]
        sent_ns = int(outcome[: 8 * RECORD_WORDS].view(np.int64)[R_SENT_NS])
        self.late_ns.append(head[R_LATE_NS])
        self.out_ns.append(sent_ns - head[R_INDEX] * head[R_DT_US] * 1000)
        at, end = RECORD_WORDS, head[R_BYTES] // 8
        while at < end:
            message = words[at : at + MESSAGE_WORDS].tolist()
            reading = message[PORT] in self._ports and message[KIND] in {READING, SPIKES}
            if reading and message[T_US] >= self._first_us:
                self.reaction_ns.append(sent_ns - message[T_US] * 1000)
            at += message[SIZE] // 8


def measure(run: RunFile) -> Stretch:
    """Run a run file by the wall clock to its end.

    Raises
    ------
    KeyboardInterrupt
        Where somebody stopped it.
    MachineError
        Where not one tick came through.
    """
    seen: list[Punctual] = []

    def look(loop: Loop) -> list[Punctual]:
        seen.append(Punctual(loop))
        return seen

    with played(run, look) as session:
        facts, dt_us = session.live, session.loop.dt_us
    if session.loop.episode.end is End.STOPPED:
        raise KeyboardInterrupt
    (kept,) = seen
    if facts is None or not kept.late_ns:
        raise MachineError(f"{run.path}: no tick came through; is this machine too busy?")
    return Stretch(
        dt_us=dt_us,
        late_us=_microseconds(kept.late_ns),
        out_us=_microseconds(kept.out_ns),
        skipped=facts.missed,
        granted=facts.granted,
        reaction_us=_microseconds(kept.reaction_ns),
        phases=facts.phases,
        unseen=facts.unseen,
    )


def _microseconds(times_ns: "array[int]") -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array(times_ns, np.float64) / 1e3
