"""Loihi: populations cut over cores, cores on a mesh, and what each of them holds."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.fit import advice, routes, tick
from neuroloop.chips.fit.arriving import arriving
from neuroloop.chips.fit.found import WORDS, CoreUse, Fit, LayerUse, Use
from neuroloop.chips.fit.parts import ENDS, limits
from neuroloop.chips.fit.placed import Placed
from neuroloop.chips.fit.plan import Plan, cut_all, pack
from neuroloop.chips.plain import is_hosted
from neuroloop.chips.profile import Profile
from neuroloop.chips.quantised import Quantised

Say = Callable[[str], None]


def fit(quantised: Quantised, profile: Profile, dt_us: int, rate_hz: float, say: Say) -> Fit:
    """Cut, pack and place a network; see `neuroloop.chips.fit.fit`."""
    network = quantised.network
    most = limits(profile)
    found = [
        a for a in arriving(network, dt_us, profile.layer_ticks, say) if not is_hosted(a.population)
    ]
    sizes = {part.name: part.n for part in network.spiking}
    parts = cut_all(found, sizes, most, say)
    plan = Plan(network, found, parts, pack(found, parts, profile, most), most)
    misfits = list(advice.misfits(plan, profile, dt_us, say))
    spikes = rate_hz * dt_us * 1e-6
    placed = None
    if not misfits:
        say("placing cores on the chip")
        placed = routes.placed(found, parts, plan.cores, network, profile)
    return Fit(
        profile.name,
        profile.title,
        dt_us,
        rate_hz,
        _layers(plan, profile),
        _cores(plan, profile, placed),
        chip_uses(plan, profile),
        misfits,
        tuple(_unknown(profile)),
        tuple(quantised.warnings),
        tick=None if placed is None else tick.expected(plan, placed, profile, spikes),
        placed=placed,
        late=quantised.late,
    )


def chip_uses(plan: Plan, profile: Profile) -> list[Use]:
    """Return what of the whole chip is used."""
    neurons = sum(a.population.n for a in plan.found)
    synapses = int(sum(p.synapses.sum() for p in plan.parts))
    used = {"chip_neurons": neurons, "chip_synapses": synapses}
    known = [
        Use(name, n, profile.limit(name)) for name, n in used.items() if name in profile.limits
    ]
    return [Use("chip_cores", len(plan.cores), profile.cores.most), *known]


def _layers(plan: Plan, profile: Profile) -> list[LayerUse]:
    where: dict[int, list[int]] = {}
    for number, core in enumerate(plan.cores):
        for k, _ in core.members:
            where.setdefault(k, []).append(number)
    fan_out = _fan_out(plan)
    layers = []
    for k, (a, p) in enumerate(zip(plan.found, plan.parts, strict=True)):
        name = a.population.name
        cores = sorted(set(where[k]))
        rows = np.diff(a.lists.start)
        fan_in = int(rows.max(initial=0)) if not a.maps else None
        uses = _shown(dict(zip(ENDS, (int(n) for n in p.uses.sum(axis=0)), strict=True)), profile)
        known = [profile.limit(end) is not None for end in ENDS]
        full = (p.uses / plan.most[:4]).max(axis=0) * known
        layers.append(
            LayerUse(
                *(name, a.population.kind, a.population.n, cores, p.how, int(p.synapses.sum())),
                *(fan_in, fan_out.get(name), uses, ENDS[int(full.argmax())]),
            )
        )
    return layers


def _fan_out(plan: Plan) -> Mapping[str, int | None]:
    """Return the most synapses of one neuron of each source; None where a convolution has some."""
    counts: dict[str, NDArray[np.int64]] = {}
    shared: set[str] = set()
    for a in plan.found:
        shared |= {m.source for m in a.maps}
        total = np.bincount(a.lists.axon) if len(a.lists.axon) else np.zeros(1, np.int64)
        for g in a.lists.groups:
            own = total[g.first : g.first + g.n]
            held = counts.setdefault(g.source, np.zeros(g.n, np.int64))
            held[: len(own)] += own
    most = {name: int(held.max(initial=0)) for name, held in counts.items()}
    return {
        part.name: None if part.name in shared else most.get(part.name, 0)
        for part in plan.network.spiking
    }


def _cores(plan: Plan, profile: Profile, placed: Placed | None) -> list[CoreUse]:
    names = [a.population.name for a in plan.found]
    cores = []
    for number, core in enumerate(plan.cores):
        held: dict[str, int] = {}
        for k, part in core.members:
            held[names[k]] = held.get(names[k], 0) + int(plan.parts[k].uses[part, 0])
        tile = None
        if placed is not None and placed.position is not None:
            column, row = placed.position[number]
            tile = int(column), int(row)
        used = dict(zip(ENDS, (int(n) for n in core.uses), strict=True)) | core.kinds
        uses = [Use(name, n, profile.limit(name)) for name, n in _shown(used, profile).items()]
        cores.append(CoreUse(number, tile, tuple(held.items()), uses))
    return cores


def _shown(used: Mapping[str, int], profile: Profile) -> dict[str, int]:
    """Leave out what another chip's memory would hold: only axons are the same on all."""
    always = ("axons_in", "axons_out")
    return {name: n for name, n in used.items() if name in profile.limits or name in always}


def _unknown(profile: Profile) -> list[str]:
    """Say what could not be checked."""
    missing = ", ".join(WORDS[name] for name in ENDS if name not in profile.limits)
    said = f"how much a core of {profile.title} has of {missing} is not public, and not checked"
    return [said] if missing else []
