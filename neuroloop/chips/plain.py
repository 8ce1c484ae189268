r"""The form that neurons of different kinds share, from which a chip's whole numbers are made.

.. math::
   u_t = k_u u_{t-1} + g\, x_t + b_u, \qquad v_t = k_v v_{t-1} + u_t + b_v

v is counted from the potential at rest.  A neuron fires where v reaches its threshold or passes it,
and v is then put back to 0 or lowered by the threshold.  A delta synapse is one with
:math:`k_u = 0`.  With exponential synapses, whose current is that of the tick's start, the input of
a tick moves v one tick later: its x is that of the tick before, `Cell.extra_ticks`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core import ports
from neuroloop.core.errors import ConfigError
from neuroloop.engine import settings
from neuroloop.network.graph import Network, Population, Projection
from neuroloop.neurons import current_lif, integrate_and_fire, lif, lif_exp

HOSTED = ("poisson", "spike_list")
"""kinds without an input: the host makes their spikes and sends them to the chip"""
_NEAREST = {
    "adex": "lif",
    "leaky_integrator": "integrate_and_fire, read by its rate",
    "lif_adaptive": "lif",
    "lif_alpha": "lif_exp with one tau_exc_ms = tau_inh_ms",
    "lif_cond": "lif_exp with one tau_exc_ms = tau_inh_ms",
    "poisson_counts": "poisson",
}
_SYNAPSES = ("static", "convolution", "pooling")


@dataclass(frozen=True)
class Receptor:
    """An input of a neuron."""

    keep: float
    """what is left of its current after a tick, 0 for delta synapses"""
    gain: float
    """what a weight of 1 moves v by at once, in the unit of the potential"""


@dataclass(frozen=True, eq=False)
class Cell:
    """Neurons in the shared form; potentials are above rest, in the kind's own unit."""

    kind: str
    n: int
    receptors: Mapping[str, Receptor]
    """in the kind's order; the first is where a projection goes that names none"""
    v_keep: float
    threshold: float
    strict: bool
    """whether it fires at ``v > threshold`` only, not at ``>=``"""
    bias_u: NDArray[np.float64]
    """``float64[n]``: what the current gains in a tick, in the unit of the potential"""
    bias_v: NDArray[np.float64]
    """``float64[n]``: what v gains in a tick"""
    v: NDArray[np.float64]
    """``float64[n]``: v at the start"""
    refractory: int = 0
    """ticks after a spike in which v is held; a current goes on"""
    subtract: bool = False
    """whether a spike lowers v by the threshold and does not put it to 0"""
    extra_ticks: int = 0
    """by which input moves v later than in the tick it enters"""

    @property
    def u_keep(self) -> float:
        """Of the one current; ConfigError where the receptors have different ones."""
        first, *others = self.receptors.values()
        if any(other.keep != first.keep for other in others):
            keeps = ", ".join(f"{name} {r.keep:.4g}" for name, r in self.receptors.items())
            raise ConfigError(
                f"its receptors have currents of their own (left after a tick: {keeps}), and the "
                "chip has one; give tau_exc_ms and tau_inh_ms the same value"
            )
        return first.keep

    def gain(self, receptor: str) -> float:
        """Return what a weight of 1 at a receptor moves v by; empty is the first one."""
        return self.receptors[receptor or next(iter(self.receptors))].gain


def is_hosted(population: Population) -> bool:
    """Whether the host makes a population's spikes, as it does those of an input."""
    return population.kind in HOSTED


def of(population: Population, dt_ms: float, where: str) -> Cell:
    """Return a population's neurons in the shared form.

    Parameters
    ----------
    population
        Of kind ``lif``, ``current_lif``, ``integrate_and_fire`` or ``lif_exp``.
    dt_ms
        Length of a tick.
    where
        What an error begins with, as in ``population "motor"``.

    Raises
    ------
    ConfigError
        Where it is of another kind, is reset elsewhere than to its rest, or fires at rest.
    """
    if population.kind not in _MAKERS:
        raise ConfigError(
            f"{where}: kind {population.kind} has no form on a chip; {_instead(population.kind)}"
        )
    module, make = _MAKERS[population.kind]
    config = settings.config(module, population.kind, population.params, where)
    unknown = sorted(set(population.arrays) - {"bias", "v"})
    if unknown:
        raise ConfigError(
            f'{where}: the array "{unknown[0]}" cannot be given to a chip; "bias" and "v" can'
        )
    cell: Cell = make(config, population, dt_ms, where)
    if not cell.threshold > 0:
        raise ConfigError(
            f"{where}: its threshold is {cell.threshold:g} above rest; on a chip a threshold is "
            "positive"
        )
    return cell


def check_synapses(network: Network) -> None:
    """Refuse synapses that have no form on a chip.

    Raises
    ------
    ConfigError
        It names the projection, its kind and what would fit.
    """
    for i in network.inputs:
        if i.values:
            raise ConfigError(
                f'input "{i.name}" carries values, and a chip takes spikes; an encoder ("rate") '
                "turns one into the other"
            )
    for j in network.projections:
        if j.kind not in _SYNAPSES:
            raise ConfigError(f"projection {j.name}: {_refusal(j)}")


def _refusal(j: Projection) -> str:
    if j.kind == "stdp":
        return (
            "kind stdp learns, and weights on a chip are fixed; train the network first and take "
            'kind "static" with the weights it has learnt'
        )
    if j.kind == "value":
        return (
            "kind value carries values, and a chip takes spikes; let the source fire and take kind "
            '"static"'
        )
    known = ", ".join(_SYNAPSES)
    return f"kind {j.kind} has no form on a chip; {known} have one"


def _instead(kind: str) -> str:
    known = ", ".join(sorted(_MAKERS))
    near = _NEAREST.get(kind)
    return f"what comes nearest is {near} (known: {known})" if near else f"known: {known}"


def _lif(config: lif.Config, p: Population, dt_ms: float, where: str) -> Cell:
    _check_reset(config.v_reset, config.v_rest, "v_rest", where)
    keep = math.exp(-dt_ms / config.tau_m_ms)
    return Cell(
        p.kind,
        p.n,
        {"input": Receptor(0.0, 1.0)},
        keep,
        config.v_threshold - config.v_rest,
        strict=False,
        bias_u=np.zeros(p.n),
        bias_v=_each(p, "bias", config.bias, where) * (1.0 - keep),
        v=_each(p, "v", config.v_rest, where) - config.v_rest,
        refractory=round(config.refractory_ms / dt_ms),
        subtract=config.reset == "subtract",
    )


def _current_lif(config: current_lif.Config, p: Population, dt_ms: float, where: str) -> Cell:
    del dt_ms  # a tick is a step of the recurrence, whatever its length
    return Cell(
        p.kind,
        p.n,
        {"input": Receptor(config.current_decay, 1.0)},
        config.voltage_decay,
        config.v_threshold,
        strict=True,
        bias_u=_each(p, "bias", config.bias, where),
        bias_v=np.zeros(p.n),
        v=_each(p, "v", 0.0, where),
    )


def _integrate_and_fire(
    config: integrate_and_fire.Config, p: Population, dt_ms: float, where: str
) -> Cell:
    # v starts where a spike puts it, and rests wherever it is
    return Cell(
        p.kind,
        p.n,
        {"input": Receptor(0.0, 1.0)},
        1.0,
        config.v_threshold - config.v_reset,
        strict=False,
        bias_u=np.zeros(p.n),
        bias_v=_each(p, "bias", config.bias, where) * dt_ms,
        v=_each(p, "v", config.v_reset, where) - config.v_reset,
        refractory=round(config.refractory_ms / dt_ms),
        subtract=config.reset == "subtract",
    )


def _lif_exp(config: lif_exp.Config, p: Population, dt_ms: float, where: str) -> Cell:
    _check_reset(config.v_reset_mv, config.v_rest_mv, "v_rest_mv", where)
    # the kind itself works out what a current moves v by in a tick
    kernel = lif_exp.build(config, ports.Cell(p.n, dt_ms, np.random.default_rng(0)))
    keep, from_exc, from_inh, from_bias = (float(k) for k in kernel.params[:4])
    receptors = {
        "exc": Receptor(math.exp(-dt_ms / config.tau_exc_ms), from_exc),
        "inh": Receptor(math.exp(-dt_ms / config.tau_inh_ms), from_inh),
    }
    return Cell(
        p.kind,
        p.n,
        receptors,
        keep,
        config.v_threshold_mv - config.v_rest_mv,
        strict=False,
        bias_u=np.zeros(p.n),
        bias_v=_each(p, "bias", config.bias_pa, where) * from_bias,
        v=_each(p, "v", config.v_rest_mv, where) - config.v_rest_mv,
        refractory=round(config.refractory_ms / dt_ms),
        extra_ticks=1,
    )


def _check_reset(reset: float, rest: float, name: str, where: str) -> None:
    if reset != rest:
        raise ConfigError(
            f"{where}: a spike puts v to {reset:g}, and it rests at {rest:g}; on a chip v rests "
            f"where a spike puts it: give {name.replace('rest', 'reset')} the value of {name}"
        )


def _each(p: Population, name: str, default: float, where: str) -> NDArray[np.float64]:
    """Return a number a neuron: the population's array, or the kind's parameter."""
    given: ArrayLike = p.arrays.get(name, default)
    try:
        numbers = np.asarray(given, np.float64)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{where}: {name} is not numbers: {error}") from error
    if numbers.ndim and numbers.shape != (p.n,):
        raise ConfigError(f"{where}: {name} has shape {numbers.shape}, not ({p.n},)")
    if not np.isfinite(numbers).all():
        raise ConfigError(f"{where}: {name} holds a number that is not finite")
    return np.broadcast_to(numbers, (p.n,)).copy()


_MAKERS: Mapping[str, tuple[ModuleType, Callable[..., Cell]]] = {
    "lif": (lif, _lif),
    "current_lif": (current_lif, _current_lif),
    "integrate_and_fire": (integrate_and_fire, _integrate_and_fire),
    "lif_exp": (lif_exp, _lif_exp),
}
