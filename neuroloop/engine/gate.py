"""Let a row run in some ticks only: a part that lags behind the network it came from.

A chip whose hardware delays each layer by a tick runs a network the later the deeper a population
lies.  Its own time then begins ``late`` ticks after the start; a reset of the network, the end of a
window and what a decoder counts go by that time.
"""

from dataclasses import replace

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry
from neuroloop.core.native import call_on
from neuroloop.engine.op import Op
from neuroloop.engine.row import EVERY, GATED, H_STEP, LATE, OPEN, header


@entry
def through(arena, row):
    own = header(arena)[H_STEP] - 1 - row[LATE]  # the first tick is step 1
    if own >= 0 and (row[EVERY] == 0 or own % row[EVERY] < row[OPEN]):
        call_on(row[GATED], arena, row)


def gate(op: Op, late: int, every: int = 0, open_ticks: int = 0) -> Op:
    """Return a row that runs from tick ``late`` on.

    With ``every``, it runs in the first ``open_ticks`` of each so many ticks from there.
    """
    if GATED in op.words:
        raise ConfigError(f"{op.name}: more arrays than a row behind a gate holds")
    words = {GATED: op.kernel.entry, LATE: late, EVERY: every, OPEN: max(open_ticks, 0)}
    return Op(op.name, replace(op.kernel, entry=through), {**op.words, **words})
