"""The live loop, exactly as a user runs it."""

from collections.abc import Iterator

import numpy as np

from neuroloop.bench.loop.stretch import Stretch
from neuroloop.config.runfile import RunFile
from neuroloop.core.errors import MachineError
from neuroloop.core.message import (
    R_INDEX,
    R_LATE_NS,
    R_SENT_NS,
    R_T_US,
    RECORD_BYTES,
    RECORD_WORDS,
    Kind,
    messages,
)
from neuroloop.core.values import Int64s, UInt8s
from neuroloop.runtime.episode import End
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import played


class Punctual:
    """A sink that keeps ticks as they come, and looks at them when the run is over.

    While it runs it must cost next to nothing: under stress the onlookers seldom have their turn.
    """

    def __init__(self, loop: Loop) -> None:
        names = {source.spec.name for source in loop.sources}
        self._ports = {feed.port for feed in loop.intake.feeds if feed.name in names}
        self._records: list[bytes] = []
        self._outcomes: list[bytes] = []

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Keep one tick."""
        self._records.append(record.tobytes())
        self._outcomes.append(outcome[:RECORD_BYTES].tobytes())

    def heads(self) -> Int64s:
        """Return the outcomes' headers, ``int64[ticks, RECORD_WORDS]``."""
        return np.frombuffer(b"".join(self._outcomes), np.int64).reshape(-1, RECORD_WORDS)

    def reactions_ns(self) -> Iterator[int]:
        """Yield, for each reading, the time from its stamp until its tick's motion was out.

        Readings from before the first tick waited for the run to begin, so they are left out.
        """
        heads = self.heads()
        first_us = int(heads[0, R_T_US]) if len(heads) else 0
        for kept, sent_ns in zip(self._records, heads[:, R_SENT_NS].tolist(), strict=True):
            for message in messages(np.frombuffer(kept, np.uint8)):
                reading = message.kind in {Kind.READING, Kind.SPIKES}
                if reading and message.port in self._ports and message.t_us >= first_us:
                    yield sent_ns - message.t_us * 1000


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
    heads = kept.heads()
    if facts is None or not len(heads):
        raise MachineError(f"{run.path}: no tick came through; is this machine too busy?")
    due_ns = heads[:, R_INDEX] * (1000 * dt_us)
    return Stretch(
        dt_us=dt_us,
        late_us=heads[:, R_LATE_NS] / 1e3,
        out_us=(heads[:, R_SENT_NS] - due_ns) / 1e3,
        skipped=facts.missed,
        granted=facts.granted,
        reaction_us=np.fromiter(kept.reactions_ns(), np.float64) / 1e3,
        phases=facts.phases,
        unseen=facts.ticks - len(heads),
    )
