"""Put the neurons of a network back to their first state every so many ticks.

A network that was trained on separate decisions begins each of them anew.  What is put back is what
the kinds call ``dynamic``, and what waits at their inputs; parameters, weights, traces and random
numbers go on.
"""

from collections.abc import Sequence

from neuroloop.core.kernel import entry
from neuroloop.core.native import copy
from neuroloop.core.ports import Kernel
from neuroloop.engine.arena import Assembler, Field, Section
from neuroloop.engine.gate import gate
from neuroloop.engine.op import Op, Word, place
from neuroloop.engine.row import IN, OUT, N


@entry
def put_back(arena, row):
    copy(arena, row[OUT], arena, row[IN], row[N])


def resets(to: Assembler, fields: Sequence[Field], every_ticks: int, late: int = 0) -> list[Op]:
    """Return one row a field, to run before all others.

    The first time comes in tick ``late``.
    """
    ops = []
    for field in fields:
        first = to.array(f"{field.name}.first", to.value(field), Section.STATIC)
        words: dict[int, Word] = {N: field.n_bytes, IN: first, OUT: field}
        op = place(to, f"{field.name}.reset", Kernel(put_back), words)
        ops.append(gate(op, late, every_ticks, 1))
    return ops
