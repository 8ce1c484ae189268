"""What of a network does not fit on Loihi, and what would make it fit, tried and with numbers."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

import numpy as np

from neuroloop.chips.fit._synapse_memory import AXONS, BITS, OUTS
from neuroloop.chips.fit.arriving import Arriving
from neuroloop.chips.fit.formats import Format
from neuroloop.chips.fit.found import THE_NETWORK, WORDS, Misfit, Use
from neuroloop.chips.fit.parts import ENDS, Parts
from neuroloop.chips.fit.plan import Plan, cut_all, pack, tables
from neuroloop.chips.profile import Profile
from neuroloop.engine.delays import delay_ticks

_FEWER_BITS = (6, 4, 2)
_SHOWN = 3
"""populations that are named"""


def misfits(
    plan: Plan, profile: Profile, dt_us: int, say: Callable[[str], None]
) -> Iterator[Misfit]:
    """Yield what does not fit."""
    yield from _delays(plan, profile, dt_us)
    for a, p in zip(plan.found, plan.parts, strict=True):
        if a.maps and a.shape is None:
            shapes = " and ".join(f"{m.source} gives {m.shape}" for m in a.maps)
            yield Misfit(
                a.population.name,
                None,
                f"its convolutions differ in the shape of what they give: {shapes}",
                ["give it maps of one shape, or a population for each"],
            )
        yield from _too_much_for_a_core(a, p, plan)
        yield from _tables(a, profile)
    yield from _cores(plan, profile, say)


def _delays(plan: Plan, profile: Profile, dt_us: int) -> Iterator[Misfit]:
    most = profile.limit("delay_ticks")
    if most is None:
        return
    for j in plan.network.projections:
        ticks = delay_ticks(j, dt_us)
        longest = int(ticks[0] if ticks.strides == (0,) else ticks.max()) if len(ticks) else 0
        if longest > most:
            yield Misfit(
                f"projection {j.name}",
                Use("delay_ticks", longest, most),
                f"a delay of {longest} ticks; {most} are the most",
                [
                    f"delays of at most {most * dt_us / 1e3:g} ms",
                    f"ticks of {-(-longest * dt_us // most) / 1e3:g} ms, in which it is {most}",
                ],
            )


def _too_much_for_a_core(a: Arriving, p: Parts, plan: Plan) -> Iterator[Misfit]:
    """Yield the limits that one neuron passes alone: no cut helps there."""
    for k, end in enumerate(ENDS):
        over = np.flatnonzero(p.uses[:, k] > plan.most[k])
        if not len(over):
            continue
        part = int(over[np.argmax(p.uses[over, k])])
        neurons = np.flatnonzero(p.of == part)
        used, most = int(p.uses[part, k]), int(plan.most[k])
        who = f"neuron {neurons[0]}" if len(neurons) == 1 else f"a part of {len(neurons)} neurons"
        shown = _amount(end, used), _amount(end, most)
        yield Misfit(
            a.population.name,
            Use(end, used, most),
            f"{who} alone needs {shown[0]} of {WORDS[end]}; a core has {shown[1]}",
            _fewer(a, k, used, most),
        )


def _fewer(a: Arriving, k: int, used: int, most: int) -> Sequence[str]:
    """Say what makes one neuron smaller."""
    relays = -(-used // most)
    if k == AXONS:
        return [
            f"let it hear {most:,} sources at most",
            f"or put {relays} neurons in between, each of which hears {-(-used // relays):,} of"
            " them and sends on their sum",
        ]
    if k == BITS:
        bits = max((f.bits for f in a.formats), default=0)
        few = max(bits * most // used, 1)
        return [
            f"keep {100 * most // used} % of its synapses",
            *([f"or weights of {few} bits instead of {bits}"] if few < bits else []),
        ]
    return ["let fewer populations, or parts of them, hear it"]


def _tables(a: Arriving, profile: Profile) -> Iterator[Misfit]:
    """Yield where one population alone needs more formats than a core can hold."""
    *_, formats = tables(a)
    most = profile.limit("synapse_formats")
    if most is not None and len(formats) > most:
        yield Misfit(
            a.population.name,
            Use("synapse_formats", len(formats), most),
            f"its projections have {len(formats)} formats of synapses; a core holds {most}",
            [f"give projections the same bits, exponent and longest delay: {most} formats at most"],
        )


def _cores(plan: Plan, profile: Profile, say: Callable[[str], None]) -> Iterator[Misfit]:
    """Yield where the network needs more cores than there are."""
    used, most = len(plan.cores), profile.cores.most
    if used <= most:
        return
    cuts = [(a, p) for a, p in zip(plan.found, plan.parts, strict=True) if p.n > 1]
    # finer targets are why a population has too many output axons: others come first
    cuts.sort(key=lambda cut: (cut[1].ended_by == "axons_out", -cut[1].n))
    small = used - sum(p.n for _, p in cuts)
    why = f"{used:,} cores, {used - most:,} more than {profile.title} has"
    if not cuts:
        why += f": each of {len(plan.found):,} populations fills one"
    remedies = [_cause(a, p, plan) for a, p in cuts[:_SHOWN]]
    if len(cuts) > _SHOWN:
        rest = sum(p.n for _, p in cuts[_SHOWN:])
        remedies.append(f"{len(cuts) - _SHOWN} more populations take {rest:,} cores")
    if cuts and small > most:
        remedies.append(f"those that are not cut take {small:,} cores")
    limits = {p.ended_by for _, p in cuts}
    remedies += [*_tried(plan, profile, limits, say), *_shared(cuts)]
    yield Misfit(
        THE_NETWORK,
        Use("chip_cores", used, most),
        why,
        [*remedies, f"{-(-used // most)} chips have enough cores"],
    )


def _cause(a: Arriving, p: Parts, plan: Plan) -> str:
    """Say why a population is on many cores, and what it would take to be on fewer."""
    k = ENDS.index(p.ended_by)
    name, most, cores = a.population.name, int(plan.most[k]), f"{p.n:,} cores"
    if k == AXONS:
        heard = sum(g.n for g in a.lists.groups)
        heard += sum(int(np.prod(m.form.input_shape[1:])) for m in a.maps)
        fewest = -(-a.population.n // int(plan.most[0]))
        return (
            f"{name} hears {heard:,} sources, a core {most:,}: {cores}, and {fewest:,} for its"
            f" neurons alone; let it hear {most:,} sources at most, or number neurons that hear"
            " the same ones side by side"
        )
    if k == BITS:
        used, room = _amount(p.ended_by, int(p.uses[:, k].sum())), _amount(p.ended_by, most)
        return f"{name} has {used} of synapses, a core {room}: {cores}"
    if k == OUTS:
        sent = int(p.uses[:, k].sum()) / a.population.n
        return (
            f"a neuron of {name} is heard on {sent:.3g} cores, and a core has {most:,} output"
            f" axons: {cores}; targets on fewer cores, or fewer targets, make it fewer"
        )
    return f"{name} has {a.population.n:,} neurons, a core {most:,}: {cores}"


def _tried(
    plan: Plan, profile: Profile, limits: Collection[str], say: Callable[[str], None]
) -> Iterator[str]:
    """Yield what other formats of synapses come to."""
    if "synapse_bits" not in limits:
        return
    formats = set().union(*(a.formats for a in plan.found))
    if any(f.delay_bits for f in formats):
        say("trying it without delays")
        cores = _cores_with(plan, profile, Format.without_delays)
        yield f"with the shortest delays: {cores:,} cores{_verdict(cores, profile)}"
    widest = max((f.bits for f in formats), default=0)
    for bits in (n for n in _FEWER_BITS if n < widest):
        say(f"trying weights of {bits} bits")
        cores = _cores_with(plan, profile, partial(Format.with_bits, bits=bits))
        yield f"with weights of {bits} bits: {cores:,} cores{_verdict(cores, profile)}"
        if cores <= profile.cores.most:
            return


def _cores_with(plan: Plan, profile: Profile, change: Callable[[Format], Format]) -> int:
    found = [a.changed(change) for a in plan.found]
    parts = cut_all(found, plan.sizes, plan.most, lambda _: None)
    return len(pack(found, parts, profile, plan.most))


def _verdict(cores: int, profile: Profile) -> str:
    return ", which fit" if cores <= profile.cores.most else ", still too many"


def _shared(cuts: Sequence[tuple[Arriving, Parts]]) -> Iterator[str]:
    """Yield what weights that are shared would save."""
    lists = [a for a, p in cuts if p.ended_by in ("axons_in", "synapse_bits") and not a.maps]
    if lists:
        a = max(lists, key=lambda own: len(own.lists.axon))
        yield (
            f"if {a.population.name} is a map, a Convolution in place of its"
            f" {len(a.lists.axon):,} synapses keeps its kernel once a core, and places side by"
            " side hear the same sources"
        )


def _amount(end: str, n: int) -> str:
    return f"{n / 8192:,.1f} KB" if end == "synapse_bits" else f"{n:,}"
