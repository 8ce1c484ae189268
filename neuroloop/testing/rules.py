"""The check of a synapse rule."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Scalars, Spikes
from neuroloop.engine.arena import Section
from neuroloop.engine.op import Units
from neuroloop.network import Input, Network, Population, Projection, pairs
from neuroloop.network.wiring import Wiring
from neuroloop.testing import checked
from neuroloop.testing.checked import Params, adds_whole, gives_graded, gives_values
from neuroloop.testing.promise import ContractError, promise
from neuroloop.testing.repeatable import check_repeatable
from neuroloop.testing.rig import Rig
from neuroloop.testing.whole import relay

_DELAYS = (0, 1, 7, 64)
_ONE = pairs([0], [0], 1.0)


def check_synapse(
    module: ModuleType, params: Params | None = None, connections: Wiring | None = None
) -> None:
    """Check a synapse rule's file.

    The promises: a spike, or a value where the rule carries values, arrives after exactly its
    delay, with the synapse's first weight; a graded one adds it as often as it carries; a delay it
    cannot have is refused in words; no synapses at all are fine; weights that learn stay finite;
    everything depends on the arena alone and stays within it.

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
    taken = [delay for delay in _DELAYS if rule.takes(connections or _ONE, float(delay))]
    promise(taken, f"it takes one of these delays: {_DELAYS}")
    if connections is not None:
        for delay in taken:
            _check_tick(rule, connections, delay)
            _check_rain(rule, connections, float(delay))
        return
    for delay in taken:
        _check_weight(rule, delay)
        if rule.graded:
            _check_payload(rule, delay)
    rng = np.random.default_rng(0)
    s = 700
    wired = pairs(rng.integers(0, 130, s), rng.integers(0, 13, s), rule.weights(rng, s))
    several = rng.integers(taken[0], 9, s).astype(float)
    for delays in (np.full(s, float(taken[0])), np.full(s, taken[0] + 3.0), several):
        if rule.takes(wired, delays):
            _check_rain(rule, wired, delays)
    rule.rain(rule.rig(pairs([], [], []), float(taken[0])))


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
    def graded(self) -> bool:
        """Whether it carries graded spikes."""
        return gives_graded(self.module)

    @property
    def whole(self) -> bool:
        """Whether it adds whole numbers."""
        return adds_whole(self.module)

    def weights(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Return ``n`` weights that any chip holds, or small ones."""
        return rng.integers(-50, 100, n).astype(float) if self.whole else rng.random(n) * 0.2

    @property
    def signal(self) -> str:
        """Name of the input that is its third factor."""
        return str(self.params.get("signal", ""))

    def rig(self, connections: Wiring, delay: ArrayLike) -> Rig:
        """Return a rig of one projection whose arriving weights show in ``cells.c``."""
        n, m = max(connections.n_pre, 1), max(connections.n_post, 1)
        third = (Input(self.signal, m, "values"),) if self.signal else ()
        link = Projection("in", "cells", connections, delay, kind="checked", params=self.params)
        source = Input("in", n, "values" if self.values else "spikes")
        return checked.rig(
            "synapse", self.module, Network((source, *third), (self.cells(m),), (link,))
        )

    def cells(self, n: int, name: str = "cells") -> Population:
        """Return neurons that show in an array what arrives in each tick."""
        if self.whole:
            return Population(name, n, relay.__name__)
        return Population(name, n, "current_lif", {"current_decay": 0.0})

    def arrived(self, rig: Rig) -> NDArray[Any]:
        """Return what arrived in the last tick."""
        return rig.arena["cells.payload" if self.whole else "cells.c"]

    def takes(self, connections: Wiring, delay: ArrayLike) -> bool:
        """Whether it takes these delays; one that it refuses it names in words."""
        try:
            self.rig(connections, delay)
        except ConfigError as error:
            _check_refusal(error)
            return False
        return True

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
    said = f"with a delay of {delay} ticks and a weight of"
    weights = [2.0, 4.0] if rule.whole else [0.25, 0.5]
    came = np.array([_arrivals(rule, delay, weights, unit) for unit in (0, 1)])
    for unit, weight in enumerate(weights):
        due = came[unit, delay, unit]
        promise(
            due != 0 if rule.whole else due == np.float32(weight),
            f"{said} {weight} a spike, or a value of 1, arrives in tick {delay}, there came {due}",
        )
        came[unit, delay, unit] = 0
        late = np.flatnonzero(came[unit].any(axis=1))
        promise(not len(late), f"{said} {weight} nothing else arrives, in ticks {late} it did")
        weights[unit] = due
    # whole numbers may be scaled, all alike
    promise(weights[1] == 2 * weights[0], f"{said}s 2 and 4 the second adds twice the first")


def _arrivals(rule: _Rule, delay: int, weights: list[float], unit: int) -> NDArray[Any]:
    """Return what arrives at two targets, ``[ticks, 2]``, when one of two sources is active."""
    rig = rule.rig(pairs([0, 1], [0, 1], weights), float(delay))
    came = []
    for k in range(delay + 3):
        rule.send(rig, (np.arange(2) == unit) & (k == 0))
        rig.tick()
        came.append(rule.arrived(rig).copy())
    return np.array(came)


def _check_payload(rule: _Rule, delay: int) -> None:
    """Let spikes carry what the same synapse added for a plain one."""
    rig, ticks = _relayed(rule, delay)
    sent = 0
    for k in range(ticks + 1):
        rule.send(rig, np.array([k == 0]))
        rig.tick()
        sent = int(rig.arena["between.payload"][0]) or sent
    came = int(rule.arrived(rig)[0])
    promise(sent and came == sent**2, f"a spike that carries {sent} adds {sent} times the weight")


def _relayed(rule: _Rule, delay: int) -> tuple[Rig, int]:
    """Return a rig of two such synapses one after the other, and their delays in all."""
    one = pairs([0], [0], 3.0)
    # from a population a rule may take other delays than from an input
    for later in (delay, *_DELAYS):
        ways = (("in", "between", float(delay)), ("between", "cells", float(later)))
        links = (Projection(a, b, one, d, kind="checked", params=rule.params) for a, b, d in ways)
        cells = (rule.cells(1, "between"), rule.cells(1))
        network = Network((Input("in", 1),), cells, tuple(links))
        try:
            return checked.rig("synapse", rule.module, network), delay + later
        except ConfigError as error:
            _check_refusal(error)
    raise ContractError(f"from a population it takes one of these delays: {_DELAYS}")


def _check_refusal(error: ConfigError) -> None:
    promise("delay" in str(error), f"a delay is refused in words, not so: {error}")


def _check_tick(rule: _Rule, connections: Wiring, delay: int) -> None:
    rig = rule.rig(connections, float(delay))
    for k in range(delay + 3):
        rule.send(rig, np.full(connections.n_pre, k == 0))
        rig.tick()
        promise(
            bool(rule.arrived(rig).any()) == (k == delay),
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
