"""Synapses of Xylo: 8-bit weights, shifted, added spike by spike and cut to 16 bits each time.

In each tick a current takes the spikes that inputs have in it, then those that hidden neurons had
in the last one, both in the order of their numbers; a source that fires n times adds its weight n
times.  Of an input 15 spikes a tick are taken.  So a spike of an input acts in its tick, with a
delay of 0, and one of a hidden neuron in the next, with a delay of one tick; the chip has no other.

Projections add in the order in which the network has them: those from inputs belong before those
from populations, each in the order of their sources.  Where no sum leaves 16 bits it is all one.

Source: the public simulator of the chip (xylosim 0.1.3, core v2), whose every number this gives.
"""

from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import i32, i64, u16
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.counted import EVENTS, SYNAPSE_WORDS, SYNOPS
from neuroloop.engine.row import COUNT, H_SYNOPS, IN, IN_META, OUT, PAYLOAD, STATE, N, header
from neuroloop.engine.saturated import AHEAD, HIGH, HIGHEST, LOW, SUM, gather, gathered

SIGNAL = "graded"
ADDS = np.int32
MOST_OF_INPUT = 15
"""spikes of an input that are taken in a tick"""
LEAST, MOST = -128, 127
"""a weight"""
MOST_PAIRS = 1 << 26
"""of neurons for which rows are laid out: many more than the chip has"""
N_POST = COUNT + 1
COUNTED, FROM_INPUT, WEIGHT, FANOUT = range(STATE, STATE + 4)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Its setting."""

    shift: Annotated[int, msgspec.Meta(ge=0, le=7)] = 0
    """bits by which weights are shifted to the left"""


@kernel
def add(arena, row, unit, times):
    """Add the weights of a unit so many times."""
    n = row[N_POST]
    weight = u16(arena, row[WEIGHT] + 2 * n * unit, n).view(np.int16)
    at, slots = row[OUT], row[COUNT]
    s, low = gathered(arena, at, slots, n, SUM), gathered(arena, at, slots, n, LOW)
    gather(s, low, gathered(arena, at, slots, n, HIGH), weight, np.int32(times))
    synops = times * i32(arena, row[FANOUT], row[N])[unit]
    counted = i64(arena, row[COUNTED], SYNAPSE_WORDS)
    counted[EVENTS] += times
    counted[SYNOPS] += synops
    header(arena)[H_SYNOPS] += synops


@entry
def deliver(arena, row):
    """Add what a population fired in the last tick; a list of spikes is in order."""
    spikes = i32(arena, row[IN], row[IN_META] + 1)
    for k in range(spikes[0]):
        unit = np.int64(spikes[k + 1])
        add(arena, row, unit, i32(arena, row[PAYLOAD], row[N])[unit] if row[PAYLOAD] else 1)


@entry
def deliver_input(arena, row):
    """Add what an input fires in this tick; its list is in any order, and a unit may repeat."""
    spikes, times = i32(arena, row[IN], row[IN_META] + 1), i32(arena, row[FROM_INPUT], row[N])
    for k in range(spikes[0]):
        times[spikes[k + 1]] += 1
    for unit in range(times.shape[0] if spikes[0] else 0):
        if times[unit]:
            add(arena, row, unit, min(times[unit], MOST_OF_INPUT))
            times[unit] = 0


@entry
def put_back(arena, row):
    """Leave nothing behind in slots of later ticks."""
    for what in (LOW, HIGH):
        gathered(arena, row[OUT], row[COUNT], row[N_POST], what)[:] = 0


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay out the weights as whole rows; several between one pair become their sum."""
    _check_delay(bundle)
    if bundle.layout != "auto":
        raise ConfigError(f'layout "{bundle.layout}" is for floating-point synapses; leave it out')
    wired = bundle.connections
    _check(wired.weight)
    if bundle.n_pre * bundle.n_post > MOST_PAIRS:
        raise ConfigError(
            f"{bundle.n_pre:,} sources and {bundle.n_post:,} targets; Xylo has 1,000 hidden neurons"
        )
    weight = np.zeros((bundle.n_pre, bundle.n_post), np.int64)
    np.add.at(weight, (wired.pre, wired.post), wired.weight.astype(np.int64) << config.shift)
    if np.abs(weight).max(initial=0) > HIGHEST:
        raise ConfigError("the synapses between one pair of neurons add more than 16 bits hold")
    shifted = weight.astype(np.int16)
    fanout = np.zeros(bundle.n_pre, np.int32)
    fanout[: wired.n_pre] = np.diff(wired.start)
    return Kernel(
        deliver_input if bundle.from_input else deliver,
        learn=put_back,
        at_arrival=True,
        ahead=AHEAD,
        counts=(bundle.n_post,),
        state={
            "counted": np.zeros(SYNAPSE_WORDS, np.int64),
            "arrived": np.zeros(bundle.n_pre if bundle.from_input else 1, np.int32),
        },
        static={"weight": shifted.view(np.uint16).reshape(-1), "fanout": fanout},
    )


def _check_delay(bundle: Bundle) -> None:
    """Refuse a delay that the chip has not."""
    given, own = bundle.one_delay, 0 if bundle.from_input else 1
    if len(bundle.connections) and given != own:
        said = "several delays" if given is None else f"a delay of {given * bundle.dt_ms:g} ms"
        source = "an input acts in its own tick" if own == 0 else "a neuron acts in the next tick"
        raise ConfigError(
            f"{said}; on Xylo a spike of {source}: delay_ms = {own * bundle.dt_ms:g} is wanted"
        )


def _check(weight: NDArray[Any]) -> None:
    """Refuse what 8 bits do not hold."""
    wrong = weight[(weight < LEAST) | (weight > MOST) | (weight != np.rint(weight))]
    if wrong.size:
        worst = float(wrong[np.argmax(np.abs(wrong))])
        raise ConfigError(
            f"a weight of {worst:g}; Xylo has whole numbers from {LEAST} to {MOST}, and a shift "
            "of k multiplies them by 2**k; or let the backend quantise the network"
        )
