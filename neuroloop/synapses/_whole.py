"""Delivery of whole numbers along lists of synapses: what the synapse kinds of all chips share.

Weights are ``int32`` and are added in 32 bits; which weights a chip has is its kind's affair.  A
plain spike adds its synapses' weights once, a graded one as often as its payload says.  A spike of
tick t with a delay of d ticks is in the target's input of tick t + d.

Where a third or more of the pairs is connected and all delays are the same, rows are whole rows of
a matrix, else lists of targets and weights, sorted by delay.  A shift to the right is one of the
*sum* of what the spikes of a tick send with the same delay, rounded towards minus infinity; so it
goes through a scratch array.  Shifts to the left belong into the weights.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, inline, kernel
from neuroloop.core.native import i32, u16, u32
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.counted import EVENTS, SYNAPSE_WORDS, SYNOPS
from neuroloop.engine.layouts import csr, dense
from neuroloop.engine.layouts._facts import short, starts
from neuroloop.engine.layouts._fanout import fanout, used
from neuroloop.engine.row import (
    COUNT,
    H_SYNOPS,
    IN,
    IN_META,
    OUT,
    PAYLOAD,
    STATE,
    N,
    header,
    lanes,
    slot_after,
    state_i32,
    state_i64,
)

LAYOUTS = ("auto", "dense", "csr")
N_POST, RIGHT = COUNT + 1, COUNT + 2
N_SYNAPSES = COUNT + 3
_COUNTED, _SUM, _DELAY, _FANOUT, _WEIGHT, _START, _TARGET = range(7)
_MOST = (1 << 31) - 1
_DENSE = 3
"""one pair in so many connected, or more, makes rows of a matrix"""


@kernel
def add_matrix(x, spikes, payload, weight):
    """Add rows of ``int32[n_pre * n_post]`` times what each spike carries."""
    n = x.shape[0]
    for k in range(spikes[0]):
        unit = spikes[k + 1]
        times, row = payload[unit], weight[unit * n : (unit + 1) * n]
        for j in range(n):
            x[j] += row[j] * times


@kernel
def add_lists(x, spikes, payload, start, target, weight):
    """Add lists of synapses times what each spike carries."""
    for k in range(spikes[0]):
        unit = spikes[k + 1]
        times, first, last = payload[unit], start[unit], start[unit + 1]
        to, by = target[first:last], weight[first:last]
        for j in range(to.shape[0]):
            x[to[j]] += by[j] * times


@kernel
def shift(x, total, right):
    """Add a sum, shifted to the right, and clear it; both are ``int32[n_post]``."""
    for i in range(x.shape[0]):
        value = total[i]
        x[i] += value >> right
        total[i] = 0


@inline
def _input(arena, row, delay):
    """Return the target's input in so many ticks, ``int32[n_post]``."""
    slot = slot_after(arena, row[COUNT], delay)
    return i32(arena, row[OUT] + 4 * lanes(row[N_POST]) * slot, row[N_POST])


@inline
def _count(arena, row, spikes):
    """Count what these spikes add; each spike of a neuron that fired several times is one."""
    many = u32(arena, row[STATE + _FANOUT], row[N])
    events, synops = np.int64(spikes[0]), used(spikes, many)
    if row[PAYLOAD] and state_i64(arena, row, _DELAY, 1)[0]:
        payload = i32(arena, row[PAYLOAD], row[N])
        events, synops = np.int64(0), np.int64(0)
        for k in range(spikes[0]):
            events += payload[spikes[k + 1]]
            synops += payload[spikes[k + 1]] * np.int64(many[spikes[k + 1]])
    counted = state_i64(arena, row, _COUNTED, SYNAPSE_WORDS)
    counted[SYNOPS] += synops
    counted[EVENTS] += events
    header(arena)[H_SYNOPS] += synops


@entry
def deliver_matrix(arena, row):
    n, n_post = row[N], row[N_POST]
    spikes = i32(arena, row[IN], row[IN_META] + 1)
    if spikes[0] == 0:
        return
    x = _input(arena, row, state_i64(arena, row, _DELAY, 2)[1])
    total = state_i32(arena, row, _SUM, n_post) if row[RIGHT] else x
    weight = state_i32(arena, row, _WEIGHT, n * n_post)
    if row[PAYLOAD]:
        add_matrix(total, spikes, i32(arena, row[PAYLOAD], n), weight)
    else:
        dense.add(total, spikes, weight)
    if row[RIGHT]:
        shift(x, total, row[RIGHT])
    _count(arena, row, spikes)


@kernel
def _deliver_lists(arena, row, target):
    n, synapses = row[N], row[N_SYNAPSES]
    spikes = i32(arena, row[IN], row[IN_META] + 1)
    if spikes[0] == 0:
        return
    delays = state_i64(arena, row, _DELAY, 2)[1]
    delay = state_i64(arena, row, _DELAY, 2 + delays)
    starts_ = state_i64(arena, row, _START, delays * (n + 1))
    weight = state_i32(arena, row, _WEIGHT, synapses)
    for b in range(delays):
        x = _input(arena, row, delay[b + 2])
        total = state_i32(arena, row, _SUM, row[N_POST]) if row[RIGHT] else x
        start = starts_[b * (n + 1) : (b + 1) * (n + 1)]
        if row[PAYLOAD]:
            add_lists(total, spikes, i32(arena, row[PAYLOAD], n), start, target, weight)
        else:
            csr.add(total, spikes, start, target, weight)
        if row[RIGHT]:
            shift(x, total, row[RIGHT])
    _count(arena, row, spikes)


@entry
def deliver_lists(arena, row):
    _deliver_lists(arena, row, u32(arena, row[STATE + _TARGET], row[N_SYNAPSES]))


@entry
def deliver_short_lists(arena, row):
    _deliver_lists(arena, row, u16(arena, row[STATE + _TARGET], row[N_SYNAPSES]))


def build(
    bundle: Bundle, weight: NDArray[np.int32], right: int = 0, *, counts: bool = False
) -> Kernel:
    """Lay synapses out.

    Parameters
    ----------
    bundle
        The synapses; its connections are `neuroloop.network.Connections`.
    weight
        ``int32[s]``, in their order, with any shift to the left.
    right
        Bits by which the sum of a tick is shifted to the right.
    counts
        Whether a graded source says how often a neuron fired, so that each of these is counted.

    Raises
    ------
    ConfigError
        Where the sum at a neuron could leave 32 bits, or the layout is none of these.
    """
    if bundle.layout not in LAYOUTS:
        raise ConfigError(
            f'layout "{bundle.layout}" is for floating-point weights; {" and ".join(LAYOUTS[1:])}'
            " hold whole numbers"
        )
    _check_sums(bundle, weight)
    pairs = max(bundle.n_pre * bundle.n_post, 1)
    share = f"{len(weight)} of {pairs} pairs connected"
    if bundle.layout == "dense" and bundle.one_delay is None:
        raise ConfigError('layout "dense" has one delay for all synapses; these have several')
    many = _DENSE * len(weight) >= pairs and bundle.one_delay is not None
    if bundle.layout == "dense" or (bundle.layout == "auto" and many):
        return _matrix(bundle, weight, right, counts, f"rows of a matrix: {share}")
    return _lists(bundle, weight, right, counts, f"lists of synapses: {share}")


def _check_sums(bundle: Bundle, weight: NDArray[np.int32]) -> None:
    """Refuse weights whose sum at a neuron does not fit, should all sources spike at once."""
    if not len(weight):
        return
    sums = np.bincount(bundle.connections.post, weights=np.abs(weight.astype(np.float64)))
    worst = int(np.argmax(sums))
    if sums[worst] > _MOST:
        raise ConfigError(
            f"up to {sums[worst]:.0f} arrives at neuron {worst} in a tick, and a sum has 32 bits,"
            f" so at most {_MOST}; lower the exponent or split the projection's source"
        )


def _matrix(
    bundle: Bundle, weight: NDArray[np.int32], right: int, counts: bool, note: str
) -> Kernel:
    matrix = np.zeros((bundle.n_pre, bundle.n_post), np.int32)
    np.add.at(matrix, (bundle.connections.pre, bundle.connections.post), weight)
    static: dict[str, NDArray[Any]] = {
        "delay": np.array([counts, bundle.one_delay], np.int64),
        "fanout": fanout(bundle),
        "weight": matrix.reshape(-1),
    }
    state = _state(bundle, right)
    return Kernel(
        deliver_matrix, counts=(bundle.n_post, right), state=state, static=static, note=note
    )


def _lists(
    bundle: Bundle, weight: NDArray[np.int32], right: int, counts: bool, note: str
) -> Kernel:
    target, n_pre = bundle.connections.post, bundle.n_pre
    one = bundle.one_delay
    if one is not None:
        delay, start = np.array([one]), starts(bundle)
    else:
        delay, place = np.unique(bundle.delay, return_inverse=True)
        order = np.argsort(place, kind="stable")  # within a delay by source, then target
        target, weight = target[order], weight[order]
        rows = place[order].astype(np.int64) * (n_pre + 1) + bundle.connections.pre[order]
        start = np.searchsorted(rows, np.arange(len(delay) * (n_pre + 1)))
    static: dict[str, NDArray[Any]] = {
        "delay": np.array([counts, len(delay), *delay], np.int64),
        "fanout": fanout(bundle),
        "weight": weight,
        "start": start.astype(np.int64),
        "target": target.astype(np.uint16) if short(bundle) else target,
    }
    return Kernel(
        deliver_short_lists if short(bundle) else deliver_lists,
        counts=(bundle.n_post, right, len(weight)),
        state=_state(bundle, right),
        static=static,
        note=note,
    )


def _state(bundle: Bundle, right: int) -> dict[str, NDArray[Any]]:
    """Return the counters, and room for the sum of a tick where it is shifted."""
    room = bundle.n_post if right else 0
    return {"counted": np.zeros(SYNAPSE_WORDS, np.int64), "sum": np.zeros(room, np.int32)}
