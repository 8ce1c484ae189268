"""What a network in Xylo's kinds has to keep to, and the order in which the chip adds spikes."""

from collections.abc import Mapping, Sequence

import numpy as np

from neuroloop.chips.plain import is_hosted
from neuroloop.chips.profile import Profile
from neuroloop.core.errors import ConfigError
from neuroloop.network.connections import Connections
from neuroloop.network.graph import Network, Projection
from neuroloop.synapses.xylo.synapses import LEAST, MOST

KINDS = ("xylo.hidden", "xylo.output")
SYNAPSES = "xylo.synapses"


def places(network: Network) -> dict[str, int]:
    """Return the place of each source in the order in which the chip adds its spikes.

    Inputs come first, and what the host fires, then hidden neurons, as the network has them.
    """
    outside = [i.name for i in network.inputs]
    outside += [p.name for p in network.populations if is_hosted(p)]
    inside = [p.name for p in network.populations if not is_hosted(p)]
    return {name: k for k, name in enumerate((*outside, *inside))}


def in_chip_order(network: Network) -> Network:
    """Return a network whose projections add in the chip's order; itself where they do."""
    place = places(network)
    last: dict[tuple[str, str], int] = {}
    for j in network.projections:
        end = (j.target, j.receptor or "syn1")
        if place[j.source] < last.get(end, 0):
            ordered = sorted(network.projections, key=lambda j: place[j.source])
            return Network(network.inputs, network.populations, tuple(ordered))
        last[end] = place[j.source]
    return network


def check(network: Network, profile: Profile) -> None:
    """Refuse a network in the chip's kinds that the chip cannot hold.

    Raises
    ------
    ConfigError
        It names the populations or the projection, the value, and what would fit.
    """
    kinds = {p.name: p.kind for p in network.populations}
    _check_sizes(network, profile)
    for j in network.projections:
        _check_ends(j, kinds, profile)
        _check_several(j)
    _check_pairs(network.projections)
    _check_shifts(network, kinds)


def wide(network: Network, profile: Profile) -> list[str]:
    """Say which hidden neurons reach more than the chip's makers say that one can."""
    hidden = {p.name: p.n for p in network.populations if p.kind == "xylo.hidden"}
    reached = {name: np.zeros(n, np.int64) for name, n in hidden.items()}
    for j in network.projections:
        if j.source in hidden and j.target in hidden and isinstance(j.connections, Connections):
            pre = j.connections.pre[j.connections.weight != 0]
            reached[j.source] += np.bincount(pre, minlength=hidden[j.source])
    limit = profile.limits["fan_out"]
    return [
        f'population "{name}": a neuron has synapses to {n.max():,} hidden ones, and '
        f"{profile.title} has memory for {limit.most} from one, as its makers' overview says; "
        "nothing here checks it, fewer synapses are on the safe side"
        for name, n in reached.items()
        if n.max() > limit.most
    ]


def _check_sizes(network: Network, profile: Profile) -> None:
    outside = {i.name: i.n for i in network.inputs}
    outside |= {p.name: p.n for p in network.populations if is_hosted(p)}
    parts: dict[str, Mapping[str, int]] = {"chip_inputs": outside}
    for limit, kind in zip(("chip_hidden", "chip_outputs"), KINDS, strict=True):
        parts[limit] = {p.name: p.n for p in network.populations if p.kind == kind}
    words = {
        "chip_inputs": ("input channels", "fewer sensor channels, or several joined to one,"),
        "chip_hidden": ("hidden neurons", "smaller populations"),
        "chip_outputs": (
            "output neurons",
            "fewer of them at the network's end, or a population there that inputs reach, too, "
            "which is hidden then,",
        ),
    }
    said = []
    for limit, sizes in parts.items():
        used, most = sum(sizes.values()), profile.limits[limit].most
        if used > most:
            named = ", ".join(f'"{name}" {n:,}' for name, n in sizes.items())
            what, remedy = words[limit]
            said.append(f"{used:,} {what} ({named}), and it has {most:,}; {remedy} would fit")
    if said:
        raise ConfigError(f"the network does not fit {profile.title}: " + "; ".join(said))


def _check_ends(j: Projection, kinds: Mapping[str, str], profile: Profile) -> None:
    where = f"projection {j.name}"
    if j.kind != SYNAPSES:
        raise ConfigError(f"{where}: kind {j.kind} is not of Xylo; {SYNAPSES} is")
    if kinds.get(j.source) == "xylo.output":
        raise ConfigError(
            f'{where}: "{j.source}" is an output of the chip, which reaches nothing there; make it '
            "of kind xylo.hidden"
        )
    if kinds[j.target] == "xylo.output" and kinds.get(j.source) != "xylo.hidden":
        raise ConfigError(
            f'{where}: "{j.target}" is an output of the chip, which hidden neurons alone reach; '
            f'put a population of kind xylo.hidden between it and "{j.source}"'
        )
    synapses = profile.limits["synapses"].most
    if j.receptor == "syn2" and synapses < 2:
        raise ConfigError(
            f"{where}: a neuron of {profile.title} has one synapse, syn1, and not syn2; give all "
            "that reaches it one time constant"
        )


def _check_pairs(projections: Sequence[Projection]) -> None:
    """Refuse two weights for one pair of neurons."""
    seen: dict[tuple[str, str, str], str] = {}
    for j in projections:
        ends = (j.source, j.target, j.receptor or "syn1")
        if ends in seen:
            raise ConfigError(
                f'two projections from "{j.source}" to "{j.target}" at {ends[2]}; the chip has one '
                "weight for each pair of neurons there: join them to one (blocks)"
            )
        seen[ends] = j.name


def _check_several(j: Projection) -> None:
    """Refuse synapses between one pair of neurons whose sum is no weight."""
    wired = j.connections
    if not isinstance(wired, Connections):
        return
    pairs = wired.pre.astype(np.int64) * max(wired.n_post, 1) + wired.post
    same, place = np.unique(pairs, return_inverse=True)
    if len(same) == len(pairs):
        return
    sums = np.bincount(place, wired.weight)
    wrong = sums[(sums < LEAST) | (sums > MOST)]
    if wrong.size:
        raise ConfigError(
            f"projection {j.name}: several synapses between one pair of neurons, {wrong[0]:g} in "
            f"all; the chip has one weight for each pair, {LEAST} to {MOST}"
        )


def _check_shifts(network: Network, kinds: Mapping[str, str]) -> None:
    """Refuse several shifts where the chip has one for all."""
    found: dict[str, tuple[int, str]] = {}
    for j in network.projections:
        part = "of inputs" if kinds.get(j.source) != "xylo.hidden" else "between hidden neurons"
        if kinds[j.target] == "xylo.output":
            part = "to outputs"
        shift = int(j.params.get("shift", 0))
        known, name = found.setdefault(part, (shift, j.name))
        if shift != known:
            raise ConfigError(
                f"projection {j.name}: a shift of {shift}, and {name} has {known}; all weights "
                f"{part} have the same on the chip"
            )
