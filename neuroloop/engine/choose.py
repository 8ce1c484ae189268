"""Which layout a projection gets: the one asked for, or the one expected to be fastest.

The choice depends on the synapses and on constants of the machine, never on a clock: a network
built twice has the same layouts, and so the same bits.
"""

import importlib
import pkgutil
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine import layouts, memory
from neuroloop.engine.speed import RATE_HZ, Speed, load

AUTO = "auto"


@dataclass(frozen=True)
class Candidate:
    """What one layout would be for the synapses of a projection."""

    name: str
    refusal: str
    """why it cannot hold them; empty where it can"""
    n_bytes: int = 0
    """what it would take"""
    cost_ns: float = 0.0
    """what a tick is expected to cost"""


@cache
def known() -> dict[str, ModuleType]:
    """Return the layouts there are, by name: the files of the folder."""
    names = sorted(m.name for m in pkgutil.iter_modules(layouts.__path__))
    return {
        name: importlib.import_module(f"{layouts.__name__}.{name}")
        for name in names
        if not name.startswith("_")
    }


def plan(bundle: Bundle, rate_hz: float = RATE_HZ, speed: Speed | None = None) -> list[Candidate]:
    """Return what every layout would be, the cheapest first, those that cannot be used last.

    Nothing is built.

    Parameters
    ----------
    bundle
        The synapses.
    rate_hz
        At which each source is taken to fire.
    speed
        Of the machine; what `neuroloop.engine.speed.load` finds, where none is given.
    """
    machine = load() if speed is None else speed
    spikes = bundle.n_pre * rate_hz * bundle.dt_ms / 1e3
    found = [_candidate(name, bundle, machine, spikes) for name in known()]
    return sorted(found, key=lambda c: (bool(c.refusal), c.cost_ns, c.name))


def build(bundle: Bundle) -> Kernel:
    """Lay a projection out in the layout it asks for, or in the cheapest at 10 Hz a source.

    Raises
    ------
    ConfigError
        Where the layout does not exist, or cannot hold these synapses.
    MachineError
        Where it would not fit into the memory that is free.
    """
    name = bundle.layout
    if name != AUTO:
        layout = _asked(bundle)
        memory.check({f"synapses in layout {name}": layout.n_bytes(bundle)})
        asked: Kernel = layout.build(bundle)
        return replace(asked, note=f"{name}: asked for")
    found = plan(bundle)
    memory.check({f"synapses in layout {found[0].name}": found[0].n_bytes})
    kernel: Kernel = known()[found[0].name].build(bundle)
    return replace(kernel, note=_note(found))


def _candidate(name: str, bundle: Bundle, speed: Speed, spikes: float) -> Candidate:
    layout = known()[name]
    refusal = layout.refuses(bundle)
    if refusal:
        return Candidate(name, refusal)
    return Candidate(name, "", layout.n_bytes(bundle), layout.cost_ns(bundle, speed, spikes))


def _asked(bundle: Bundle) -> ModuleType:
    name = bundle.layout
    if name not in known():
        raise ConfigError(f'no layout "{name}"{nearest(name, [AUTO, *known()])}')
    refusal = known()[name].refuses(bundle)
    if refusal:
        able = [n for n, layout in known().items() if not layout.refuses(bundle)]
        raise ConfigError(
            f'layout "{name}" cannot hold these synapses: {refusal}; {", ".join(able)} can'
        )
    return known()[name]


def _note(found: list[Candidate]) -> str:
    """Say what was taken, what the others would have cost and why some were not looked at."""
    first, *able = [c for c in found if not c.refusal]
    text = f"{first.name}: {first.cost_ns / 1e3:.3g} us a tick expected at {RATE_HZ:g} Hz"
    if able:
        text += "; " + ", ".join(f"{c.name} {c.cost_ns / 1e3:.3g}" for c in able)
    refused = [f"{c.name}: {c.refusal}" for c in found if c.refusal]
    return f"{text} ({'; '.join(refused)})" if refused else text
