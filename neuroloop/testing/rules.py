"""The check of a synapse rule."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.values import Scalars, Spikes
from neuroloop.engine.arena import Section
from neuroloop.engine.op import Units
from neuroloop.network import Input, Network, Population, Projection, pairs
from neuroloop.network.wiring import Wiring
from neuroloop.testing import checked
from neuroloop.testing.checked import Params, gives_values
from neuroloop.testing.promise import promise
from neuroloop.testing.repeatable import check_repeatable
from neuroloop.testing.rig import Rig

_DELAYS = (0, 1, 7, 64)


def check_synapse(
    module: ModuleType, params: Params | None = None, connections: Wiring | None = None
) -> None:
    """Check a synapse rule's file.

    The promises: a spike, or a value where the rule carries values, arrives after exactly its
    delay, with the synapse's first weight; no synapses at all are fine; weights that learn stay
    finite; everything depends on the arena alone and stays within it.

    Parameters
    ----------
    module
        The file.
    params
        Settings it cannot do without; an input of values that ``signal`` names is there.
    connections
        For a rule whose connections are no list of synapses: some of its form, not without any.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    promise(callable(getattr(module, "build", None)), "a kind's file defines `build`")
    rule = _Rule(module, params or {})
    if connections is not None:
        for delay in _DELAYS:
            _check_tick(rule, connections, delay)
            _check_rain(rule, connections, float(delay))
        return
    for delay in _DELAYS:
        _check_weight(rule, delay)
    rng = np.random.default_rng(0)
    s = 700
    wired = pairs(rng.integers(0, 130, s), rng.integers(0, 13, s), rng.random(s) * 0.2)
    several = rng.integers(0, 9, s).astype(float)
    for delays in (np.zeros(s), np.full(s, 3.0), *([] if rule.one_delay else [several])):
        _check_rain(rule, wired, delays)
    rule.rain(rule.rig(pairs([], [], []), 0.0))


@dataclass(frozen=True)
class _Rule:
    """A synapse rule, and the settings it is tried with."""

    module: ModuleType
    params: Params

    @property
    def values(self) -> bool:
        """Whether it carries values."""
        return gives_values(self.module)

    @property
    def one_delay(self) -> bool:
        """Whether all its synapses need the same delay."""
        return self.values or getattr(self.module, "ONE_DELAY", False)

    @property
    def signal(self) -> str:
        """Name of the input that is its third factor."""
        return str(self.params.get("signal", ""))

    def rig(self, connections: Wiring, delay: ArrayLike) -> Rig:
        """Return a rig of one projection whose arriving weights show in ``cells.c``."""
        n, m = max(connections.n_pre, 1), max(connections.n_post, 1)
        third = (Input(self.signal, m, "values"),) if self.signal else ()
        link = Projection("in", "cells", connections, delay, kind="checked", params=self.params)
        network = Network(
            (Input("in", n, "values" if self.values else "spikes"), *third),
            (Population("cells", m, "current_lif", {"current_decay": 0.0}),),
            (link,),
        )
        return checked.rig("synapse", self.module, network)

    def send(self, rig: Rig, active: NDArray[np.bool_]) -> None:
        """Let units spike in the next tick, or have the value 1 where the others have 0."""
        if self.values:
            rig.send("in", Scalars(rig.t_us, active.astype(np.float32)))
            return
        units = np.flatnonzero(active).astype(np.uint32)
        rig.send("in", Spikes(np.full(len(units), rig.t_us), units))

    def rain(self, rig: Rig) -> None:
        """Run a tick in which some of the units are active."""
        rng = np.random.default_rng(rig.index)
        self.send(rig, rng.random(_units(rig, "in")) < 0.3)
        if self.signal:
            numbers = rng.normal(size=_units(rig, self.signal))
            rig.send(self.signal, Scalars(rig.t_us, numbers.astype(np.float32)))
        rig.tick()


def _check_weight(rule: _Rule, delay: int) -> None:
    rig = rule.rig(pairs([0, 1], [0, 1], [0.25, 0.5]), float(delay))
    for k in range(delay + 3):
        rule.send(rig, np.array([False, k == 0]))
        rig.tick()
        current = rig.arena["cells.c"]
        wanted = 0.5 if k == delay else 0.0
        promise(
            current[0] == 0 and current[1] == np.float32(wanted),
            f"with a delay of {delay} ticks and a weight of 0.5 a spike, or a value of 1, arrives "
            f"in tick {delay}, in tick {k} came {current[1]}",
        )


def _check_tick(rule: _Rule, connections: Wiring, delay: int) -> None:
    rig = rule.rig(connections, float(delay))
    for k in range(delay + 3):
        rule.send(rig, np.full(connections.n_pre, k == 0))
        rig.tick()
        promise(
            bool(rig.arena["cells.c"].any()) == (k == delay),
            f"with a delay of {delay} ticks spikes, or values, arrive in tick {delay}, not in {k}",
        )


def _check_rain(rule: _Rule, connections: Wiring, delay: ArrayLike) -> None:
    rig = rule.rig(connections, delay)
    check_repeatable(rig, lambda: rule.rain(rig))
    for name, field in rig.arena.fields.items():
        if field.section is Section.PLASTIC and field.dtype == np.float32:
            promise(np.isfinite(rig.arena[name]).all(), f"what learns stays finite, not {name}")


def _units(rig: Rig, name: str) -> int:
    """Return the number of units of an input."""
    port = next(p for p in rig.program.plan.ports if p.name == name)
    return port.n if isinstance(port, Units) else port.data.n_bytes // 4
