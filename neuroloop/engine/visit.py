"""Whether a tick visits all neurons of a population, or those that something reached."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Bundle
from neuroloop.core.values import Int32s
from neuroloop.engine import choose
from neuroloop.engine.row import LINE
from neuroloop.engine.speed import RATE_HZ
from neuroloop.network.graph import Population, Projection

LEAST = 20_000
"""neurons; a full update of fewer costs a few microseconds"""
MOST = 1 / 800
"""lines reached a neuron and tick; one costs about 200 neurons of a full update, more where neurons
fire or do not rest at 0, and sources may fire faster than is taken"""

Arriving = tuple[Projection, Int32s, ModuleType]
"""a projection, its delays in ticks and its kind"""


@dataclass(frozen=True)
class Visit:
    """What was decided."""

    events: bool
    note: str = ""
    """for the user: why"""


def decide(
    p: Population, module: ModuleType, arriving: Sequence[Arriving], dt_ms: float, where: str
) -> Visit:
    """Decide for a population whose incoming projections are ``arriving``.

    ``auto`` takes events where few neurons are reached a tick if every source fires at `RATE_HZ`.

    Raises
    ------
    ConfigError
        Where events are asked for, and the kind or a projection cannot do it.
    """
    able = getattr(module, "EVENTS", False)
    if p.update == "full" or (p.update == "auto" and (not able or p.n < LEAST)):
        return Visit(events=False)
    mute = [j for j, _, kind in arriving if not getattr(kind, "TOUCHES", False)]
    if p.update == "events":
        if not able:
            raise ConfigError(
                f'{where}: kind {p.kind} cannot be updated by "events", only in "full"'
            )
        if mute:
            raise ConfigError(
                f'{where}: to be updated by "events" it has to know whom a spike reaches, and '
                f'projection {mute[0].name} (kind {mute[0].kind}) does not say; take "full"'
            )
        return Visit(events=True, note="events: asked for")
    if mute:
        return Visit(False, f"full: projection {mute[0].name} does not say whom it reaches")
    if any(_refused(j, delay) for j, delay, _ in arriving):
        return Visit(False, "full: the layout of a projection does not say whom it reaches")
    if np.any(p.params.get("bias", 0.0)) or np.any(p.arrays.get("bias", 0.0)):
        return Visit(False, "full: a bias drives every neuron")
    events = sum(len(j.connections) for j, _, _ in arriving) * RATE_HZ * dt_ms / 1e3
    lines = -(-p.n // LINE)
    reached = lines * -math.expm1(-events / lines)
    said = f"{reached:.3g} of {lines} lines of neurons reached a tick at {RATE_HZ:g} Hz a source"
    return Visit(True, f"events: {said}") if reached < MOST * p.n else Visit(False, f"full: {said}")


def _refused(j: Projection, delay: Int32s) -> bool:
    """Whether a layout that was asked for cannot say whom a spike reaches."""
    layout = choose.known().get(j.layout)
    wired = j.connections
    bundle = Bundle(wired, wired.n_pre, wired.n_post, delay, touches=True)
    return layout is not None and bool(layout.refuses(bundle))
