r"""Pair-based spike-timing-dependent plasticity: all pairs, by a trace a source and one a target.

.. math:: \tau_+ \dot x_i = -x_i \qquad \tau_- \dot y_j = -y_j

A spike of source i *arrives* after the projection's delay.  The order within a tick is

1. traces decay;
2. for each spike that arrives: the target's input gets the weight as it is, then the weight is
   depressed, :math:`w \leftarrow w - A_-(w)\, y_j`, then :math:`x_i \leftarrow x_i + 1`;
3. populations update and fire;
4. for each target that fires: :math:`w \leftarrow w + A_+(w)\, x_i`, and :math:`y_j \leftarrow y_j
   + 1`;

and w is kept within ``w_min`` and ``w_max`` at every change.  So a spike that arrives in the tick
in which its target fires counts as the cause: it is potentiated in full and not depressed.  This
is what Brian 2 does with ``on_pre='v += w; x += 1; w = clip(w - A_minus*y, ...)'`` and
``on_post='y += 1; w = clip(w + A_plus*x, ...)'`` for the same times of arriving and firing; there
a spike that arrives moves v only after the threshold of its step was looked at.

With the rule ``additive`` :math:`A_\pm` are constants, ``a_plus * w_max`` and ``a_minus * w_max``;
with ``multiplicative`` they are ``a_plus * (w_max - w)`` and ``a_minus * (w - w_min)``.

With a ``signal``, the name of an input of values that has one number, the changes go into an
eligibility trace :math:`\tau_e \dot e = -e` a synapse, without bounds, and at the end of each tick
:math:`w \leftarrow w + r e`, within bounds, where r is the signal.  A reward is given by r not 0 in
one tick: a signal that stays acts in every tick.  Only ticks with r not 0 visit all synapses.

Sources: S. Song, K. D. Miller, L. F. Abbott, Nature Neuroscience 3 (2000) 919 (additive); J. Rubin,
D. D. Lee, H. Sompolinsky, Physical Review Letters 86 (2001) 364 (multiplicative); E. M. Izhikevich,
Cerebral Cortex 17 (2007) 2443 (signal); A. Morrison, M. Diesmann, W. Gerstner, Biological
Cybernetics 98 (2008) 459 (traces).
"""

import math
from typing import Literal

import numpy as np
from msgspec import Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.kernel import entry, inline, kernel
from neuroloop.core.native import f32, i32, i64, u8, u32
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.layouts._facts import multapses, one_delay, starts
from neuroloop.engine.layouts._touch import touch
from neuroloop.engine.row import (
    BLOCK,
    COUNT,
    H_STEP,
    H_SYNOPS,
    IN,
    IN_META,
    OUT,
    POST,
    STATE,
    TOUCHED,
    N,
    header,
    lanes,
    params,
    slot_after,
    state_f32,
)
from neuroloop.engine.row import SIGNAL as REWARD

TOUCHES = True
"""it can flag whom a spike reaches, for targets that visit no others"""
ONE_DELAY = True
"""it refuses synapses of several delays"""
LEARNS_FROM = "spikes"
"""what its target has to give"""
SIGNAL_SIZE = 1
"""numbers of its signal"""
N_POST, N_SYNAPSES, DELAY = COUNT + 1, COUNT + 2, COUNT + 3
PRE, POST_TRACE, SENT, ELIGIBILITY, SCALE, WEIGHT, START, TARGET, INTO, SYNAPSE, SOURCE = range(11)
"""the arrays, in the order of the row"""
DECAY_PLUS, DECAY_MINUS, DECAY_E, UP, UP_W, DOWN, DOWN_W, W_MIN, W_MAX, LOW, HIGH = range(11)
"""the parameters; a change is ``(UP + UP_W * w) * x`` or ``(DOWN + DOWN_W * w) * y``, and what it
changes, a weight or an eligibility, stays between LOW and HIGH"""
NOTHING = np.float32(1e-20)
"""a trace below this is 0: the smallest numbers of float32 are slow"""
UNBOUND = 1e30
LAYOUTS = ("auto", "csr", "dense")


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; weights begin as the projection gives them."""

    rule: Literal["additive", "multiplicative"] = "additive"
    tau_plus_ms: Positive = 20.0
    tau_minus_ms: Positive = 20.0
    a_plus: NotNegative = 0.01
    """potentiation by one pair of no distance, as a part of ``w_max`` or of what is left to it"""
    a_minus: NotNegative = 0.0105
    """depression by one pair of no distance, as a part of ``w_max`` or of w above ``w_min``"""
    w_min: float = 0.0
    w_max: float = 1.0
    signal: str = ""
    """an input of values with one number, the reward; empty changes weights at once"""
    tau_eligibility_ms: Positive = 1000.0
    """with a signal only"""


@inline
def bounded(value, low, high):
    """Return the nearest value within bounds."""
    return min(max(value, low), high)


@kernel
def fade(trace, decay):
    """Let a trace decay by one tick."""
    for i in range(trace.shape[0]):
        left = trace[i] * decay
        trace[i] = left if left > NOTHING else np.float32(0)


@kernel
def arrive(spikes, start, target, weight, changed, x, pre, post, gain, p):
    """Deliver the rows of the spikes, then depress them; returns the number of synapses."""
    down, down_w, low, high = p[DOWN] * gain, p[DOWN_W] * gain, p[LOW], p[HIGH]
    used = 0
    for k in range(1, spikes[0] + 1):
        first, last = start[spikes[k]], start[spikes[k] + 1]
        to, w, c = target[first:last], weight[first:last], changed[first:last]
        for j in range(to.shape[0]):
            i, before = to[j], w[j]
            x[i] += before
            c[j] = bounded(c[j] - (down + down_w * before) * post[i], low, high)
        pre[spikes[k]] += np.float32(1)
        used += last - first
    return used


@kernel
def arrive_dense(spikes, weight, changed, x, pre, post, gain, p):
    """Do the same where a row has every target."""
    down, down_w, low, high = p[DOWN] * gain, p[DOWN_W] * gain, p[LOW], p[HIGH]
    n = x.shape[0]
    for k in range(1, spikes[0] + 1):
        first = np.int64(spikes[k]) * n
        w, c = weight[first : first + n], changed[first : first + n]
        for j in range(n):
            before, was, trace = w[j], c[j], post[j]
            x[j] += before
            c[j] = bounded(was - (down + down_w * before) * trace, low, high)
        pre[spikes[k]] += np.float32(1)
    return spikes[0] * n


@kernel
def potentiate(spikes, into, synapse, source, weight, changed, pre, post, gain, p):
    """Potentiate all synapses of the targets that fired."""
    up, up_w, low, high = p[UP] * gain, p[UP_W] * gain, p[LOW], p[HIGH]
    for k in range(1, spikes[0] + 1):
        first, last = into[spikes[k]], into[spikes[k] + 1]
        s, i = synapse[first:last], source[first:last]
        for j in range(s.shape[0]):
            place = s[j]
            rise = (up + up_w * weight[place]) * pre[i[j]]
            changed[place] = bounded(changed[place] + rise, low, high)
        post[spikes[k]] += np.float32(1)


@kernel
def potentiate_dense(spikes, weight, changed, pre, post, gain, p):
    """Do the same where a row has every target."""
    up, up_w, low, high = p[UP] * gain, p[UP_W] * gain, p[LOW], p[HIGH]
    n = post.shape[0]
    for k in range(1, spikes[0] + 1):
        place = np.int64(spikes[k])
        for i in range(pre.shape[0]):
            rise = (up + up_w * weight[place]) * pre[i]
            changed[place] = bounded(changed[place] + rise, low, high)
            place += n
        post[spikes[k]] += np.float32(1)


@kernel
def reward(weight, eligibility, by, p):
    """Move all weights along their eligibility."""
    low, high = p[W_MIN], p[W_MAX]
    for s in range(weight.shape[0]):
        weight[s] = bounded(weight[s] + by * eligibility[s], low, high)


@kernel
def fade_eligibility(eligibility, scale, decay):
    """Let all eligibility decay by one tick: it is what is kept, times ``scale[0]``."""
    scale[0] *= decay
    if scale[0] < np.float32(1e-6):
        for s in range(eligibility.shape[0]):
            eligibility[s] *= scale[0]
        scale[0] = 1


@inline
def arrived(arena, row):
    """Return the list of the spikes that arrive in this tick."""
    if row[DELAY] == 0:
        return i32(arena, row[IN], row[IN_META] + 1)
    length = row[IN_META] + 1
    place = header(arena)[H_STEP] % row[DELAY]
    return i32(arena, row[STATE + SENT] + 4 * length * place, length)


@inline
def changing(arena, row):
    """Return what changes at a pair of spikes: the weights, or with a signal the eligibility."""
    kept = row[STATE + ELIGIBILITY] if row[REWARD] else row[STATE + WEIGHT]
    return f32(arena, kept, row[N_SYNAPSES])


@kernel
def begin(arena, row):
    """Let everything decay; returns the factor from a change to what is kept of it."""
    p, scale = params(arena, row), state_f32(arena, row, SCALE, 1)
    fade(state_f32(arena, row, PRE, row[N]), p[DECAY_PLUS])
    fade(state_f32(arena, row, POST_TRACE, row[N_POST]), p[DECAY_MINUS])
    if row[REWARD]:
        kept = state_f32(arena, row, ELIGIBILITY, row[N_SYNAPSES])
        fade_eligibility(kept, scale, p[DECAY_E])
    return np.float32(1) / scale[0]


@kernel
def finish(arena, row):
    """Reward, where there is one, and keep the spikes of this tick until they arrive."""
    weight, scale = state_f32(arena, row, WEIGHT, row[N_SYNAPSES]), state_f32(arena, row, SCALE, 1)
    if row[REWARD]:
        now = f32(arena, row[REWARD], 1)[0]
        if now != np.float32(0):
            reward(weight, changing(arena, row), now * scale[0], params(arena, row))
    if row[DELAY]:
        spikes, sent = i32(arena, row[IN], row[IN_META] + 1), arrived(arena, row)
        sent[: spikes[0] + 1] = spikes[: spikes[0] + 1]


@entry
def deliver(arena, row):
    n, width, synapses = row[N], lanes(row[N_POST]), row[N_SYNAPSES]
    gain, spikes = begin(arena, row), arrived(arena, row)
    start, target = i64(arena, row[STATE + START], n + 1), u32(arena, row[STATE + TARGET], synapses)
    slot = slot_after(arena, row[COUNT], 0)
    x = f32(arena, row[OUT] + 4 * width * slot, width)
    header(arena)[H_SYNOPS] += arrive(
        *(spikes, start, target, state_f32(arena, row, WEIGHT, synapses), changing(arena, row), x),
        *(state_f32(arena, row, PRE, n), state_f32(arena, row, POST_TRACE, row[N_POST]), gain),
        params(arena, row),
    )
    if row[TOUCHED]:
        blocks = width // BLOCK
        touch(u8(arena, row[TOUCHED] + blocks * slot, blocks), spikes, start, target)


@entry
def learn(arena, row):
    n_post, synapses = row[N_POST], row[N_SYNAPSES]
    gain = np.float32(1) / state_f32(arena, row, SCALE, 1)[0]
    potentiate(
        *(i32(arena, row[POST], n_post + 1), i64(arena, row[STATE + INTO], n_post + 1)),
        u32(arena, row[STATE + SYNAPSE], synapses),
        u32(arena, row[STATE + SOURCE], synapses),
        *(state_f32(arena, row, WEIGHT, synapses), changing(arena, row)),
        *(state_f32(arena, row, PRE, row[N]), state_f32(arena, row, POST_TRACE, n_post), gain),
        params(arena, row),
    )
    finish(arena, row)


@entry
def deliver_dense(arena, row):
    n_post, slot = row[N_POST], slot_after(arena, row[COUNT], 0)
    gain, spikes = begin(arena, row), arrived(arena, row)
    x = f32(arena, row[OUT] + 4 * lanes(n_post) * slot, n_post)
    weight = state_f32(arena, row, WEIGHT, row[N_SYNAPSES])
    pre, post = state_f32(arena, row, PRE, row[N]), state_f32(arena, row, POST_TRACE, n_post)
    header(arena)[H_SYNOPS] += arrive_dense(
        *(spikes, weight, changing(arena, row), x, pre, post, gain, params(arena, row))
    )


@entry
def learn_dense(arena, row):
    spikes, weight = i32(arena, row[POST], row[N_POST] + 1), row[N_SYNAPSES]
    gain = np.float32(1) / state_f32(arena, row, SCALE, 1)[0]
    pre, post = state_f32(arena, row, PRE, row[N]), state_f32(arena, row, POST_TRACE, row[N_POST])
    potentiate_dense(
        *(spikes, state_f32(arena, row, WEIGHT, weight), changing(arena, row)),
        *(pre, post, gain, params(arena, row)),
    )
    finish(arena, row)


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay out the synapses."""
    wired, delay = bundle.connections, one_delay(bundle)
    if delay is None:
        raise ConfigError(
            "synapses that learn by stdp need one delay for all; make a projection for each delay"
        )
    if len(wired) >= 1 << 32:
        raise ConfigError("synapses that learn by stdp are fewer than 2**32 a projection")
    _check_weights(config, wired.weight)
    synapses, capacity = len(wired), bundle.capacity or bundle.n_pre
    dense, note = _whole(bundle)
    return Kernel(
        deliver_dense if dense else deliver,
        learn=learn_dense if dense else learn,
        at_arrival=delay > 0,
        params=_numbers(config, bundle.dt_ms),
        counts=(bundle.n_post, synapses, delay),
        state={
            "pre": np.zeros(bundle.n_pre, np.float32),
            "post": np.zeros(bundle.n_post, np.float32),
            "sent": np.zeros((delay, capacity + 1), np.int32),
            "eligibility": np.zeros(synapses if config.signal else 0, np.float32),
            "scale": np.ones(1, np.float32),
        },
        dynamic=("sent",),
        plastic={"weight": np.array(wired.weight)},
        static={} if dense else _index(bundle),
        note=note,
    )


def _numbers(config: Config, dt_ms: float) -> list[float]:
    additive = config.rule == "additive"
    taus = config.tau_plus_ms, config.tau_minus_ms, config.tau_eligibility_ms
    return [
        *(math.exp(-dt_ms / tau) for tau in taus),
        *(config.a_plus * config.w_max, 0.0 if additive else -config.a_plus),
        config.a_minus * (config.w_max if additive else -config.w_min),
        0.0 if additive else config.a_minus,
        *(config.w_min, config.w_max),
        *((-UNBOUND, UNBOUND) if config.signal else (config.w_min, config.w_max)),
    ]


def _check_weights(config: Config, weight: np.ndarray) -> None:
    if config.w_min >= config.w_max:
        raise ConfigError(f"w_min {config.w_min:g} is not below w_max {config.w_max:g}")
    low, high = np.float32(config.w_min), np.float32(config.w_max)
    if len(weight) and not (low <= weight.min() and weight.max() <= high):
        raise ConfigError(
            f"weights run from {weight.min():g} to {weight.max():g}, out of the bounds w_min "
            f"{config.w_min:g} and w_max {config.w_max:g}"
        )


def _whole(bundle: Bundle) -> tuple[bool, str]:
    """Return whether whole rows are laid out, and why."""
    wired, layout = bundle.connections, bundle.layout
    if layout not in LAYOUTS:
        raise ConfigError(
            f'no layout "{layout}" for weights that learn, only {", ".join(LAYOUTS)}'
            f"{nearest(layout, LAYOUTS)}"
        )
    whole = len(wired) == bundle.n_pre * bundle.n_post > 0 and not multapses(bundle)
    if layout == "dense" and not whole:
        raise ConfigError('layout "dense" holds weights that learn for every pair, or none')
    if layout == "dense" and bundle.touches:
        raise ConfigError(
            'layout "dense" cannot hold these synapses: every spike reaches every neuron'
        )
    if layout != "auto":
        return layout == "dense", f"{layout}: asked for"
    dense = whole and not bundle.touches
    return dense, "dense: all to all" if dense else "csr: the weights learn"


def _index(bundle: Bundle) -> dict[str, np.ndarray]:
    """Return the rows, and for each target the synapses that lead to it, and their sources."""
    wired = bundle.connections
    order = np.argsort(wired.post, kind="stable").astype(np.uint32)
    counts = np.bincount(wired.post, minlength=bundle.n_post)
    return {
        "start": starts(bundle),
        "target": wired.post,
        "into": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "synapse": order,
        "source": wired.pre[order],
    }
