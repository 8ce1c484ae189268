"""Ticks of next to nothing: forty operations on 16 neurons each, and a million quiet neurons."""

import time
from dataclasses import dataclass

import numpy as np

from neuroloop.bench.engine import timing
from neuroloop.core.errors import ConfigError
from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulator import Simulator

LIMIT_US = 2.5
_PARTS, _NEURONS = 20, 16
_MILLION = 1_000_000
_REACHED = 1_000


@dataclass(frozen=True)
class SmallTick:
    """Twenty populations of 16 neurons and twenty projections, one tick a call from Python."""

    p50_us: float
    p99_us: float
    limit_us: float
    inside_us: float
    """the tick itself, many in one call"""


@dataclass(frozen=True)
class QuietMillion:
    """A million neurons, of which a tick visits only those that something reached."""

    neurons: int
    reached: int
    """in a tick, each by one spike"""
    p50_us: float
    """a call of `Simulator.step` with the units that spike"""
    full_us: float
    """the same where a tick visits all of them"""


def measure(calls: int) -> SmallTick:
    """Call ``calls`` ticks one by one."""
    cells = tuple(Population(f"p{k}", _NEURONS) for k in range(_PARTS))
    links = tuple(
        Projection(f"p{k}", f"p{(k + 1) % _PARTS}", one_to_one(_NEURONS, 1e-3), 1.0)
        for k in range(_PARTS)
    )
    simulator = Simulator(Network(populations=cells, projections=links))
    step, clock = simulator.step, time.perf_counter_ns
    spent = np.empty(calls, np.int64)
    for _ in range(200):
        step()
    for k in range(calls):
        start = clock()
        step()
        spent[k] = clock() - start
    p50, p99 = np.percentile(spent, [50, 99]) / 1e3
    inside = timing.again(simulator, 2_000, 3).percentile_us(50)
    return SmallTick(float(p50), float(p99), LIMIT_US, inside)


def quiet(ticks: int) -> QuietMillion | None:
    """Step a million neurons, others of them reached in each tick; None where none can be left out.

    One after the other, by events and in full: side by side they would take each other's cache.
    """
    try:
        events = _step_quiet("events", ticks)
    except ConfigError:
        return None
    return QuietMillion(_MILLION, _REACHED, events, _step_quiet("full", ticks))


def _step_quiet(update: str, ticks: int) -> float:
    """Return the median of a call in microseconds."""
    simulator = Simulator(_million(update))
    rng = np.random.default_rng(1)
    spent = np.empty(ticks, np.int64)
    simulator.step()  # the first tick visits everybody
    for k in range(ticks):
        units = np.sort(rng.choice(_MILLION, _REACHED, replace=False))
        start = time.perf_counter_ns()
        simulator.step({"in": units})
        spent[k] = time.perf_counter_ns() - start
    return float(np.median(spent)) / 1e3


def _million(update: str) -> Network:
    cells = Population("cells", _MILLION, "lif", update=update)  # type: ignore[arg-type]
    links = Projection("in", "cells", one_to_one(_MILLION, 0.3))
    return Network((Input("in", _MILLION),), (cells,), (links,))
