"""DYNAP-CNN and Speck: each layer takes a core, and cores differ in their memories.

Source: sinabs 3.1, how it counts the memory of a layer and assigns layers to cores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neuroloop.chips.fit.found import THE_NETWORK, WORDS, CoreUse, Fit, LayerUse, Misfit, Use
from neuroloop.chips.fit.matching import match
from neuroloop.chips.fit.placed import Placed, Route
from neuroloop.chips.plain import is_hosted
from neuroloop.chips.profile import Profile
from neuroloop.chips.quantised import Quantised
from neuroloop.network import Convolution, Pooling
from neuroloop.network.graph import Network, Population

MEMORIES = ("kernel_words", "neuron_words", "bias_words")
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Layer:
    """A population as a core sees it."""

    population: Population
    shape: Shape
    """maps, rows and columns of its neurons"""
    kernels: Sequence[Shape]
    """channels, rows and columns of what arrives"""
    has_bias: bool
    synapses: int

    def words(self, maps: int | None = None) -> dict[str, int]:
        """Return the memory that it takes, with so many maps."""
        _, rows, columns = self.shape
        n = self.shape[0] if maps is None else maps
        kernel = sum(c << (_log2(h * w) + _log2(n)) for c, h, w in self.kernels)
        neuron = n << (_log2(rows) + _log2(columns))
        return dict(zip(MEMORIES, (kernel, neuron, n if self.has_bias else 0), strict=True))


def fit(quantised: Quantised, profile: Profile, dt_us: int, rate_hz: float) -> Fit:
    """Assign layers to cores; see `neuroloop.chips.fit.fit`."""
    layers = [
        _layer(p, quantised.network) for p in quantised.network.populations if not is_hosted(p)
    ]
    sizes = [
        {name: _memory(profile, name, core) for name in MEMORIES}
        for core in range(profile.cores.most)
    ]
    possible = [_possible(layer, sizes) for layer in layers]
    found = match(possible)
    misfits = [*_rules(quantised.network, profile)]
    misfits += [
        _too_large(x, sizes) for x, cores in zip(layers, possible, strict=True) if not cores
    ]
    misfits += [
        _crowded([layers[k].population.name for k in who], cores, profile)
        for who, cores in found.crowded
        if cores
    ]
    used = [(x, core) for x, core in zip(layers, found.taken, strict=True) if core is not None]
    n_used = len(layers) if misfits else len(used)
    return Fit(
        *(profile.name, profile.title, dt_us, rate_hz),
        [_layer_use(x, core, sizes) for x, core in zip(layers, found.taken, strict=True)],
        [_core_use(x, core, sizes[core]) for x, core in sorted(used, key=lambda pair: pair[1])],
        [Use("chip_cores", n_used, profile.cores.most)],
        misfits,
        (f"how long {profile.title} takes for an event is not known",),
        tuple(quantised.warnings),
        placed=None if misfits else _placed(used, quantised.network),
        late=quantised.late,
    )


def _log2(n: int) -> int:
    """Return the least power of two that is not below ``n``, as its exponent."""
    return (n - 1).bit_length()


def _memory(profile: Profile, name: str, core: int) -> int:
    limit = profile.limits[name]
    return limit.each[core] if limit.each else limit.most


def _layer(p: Population, network: Network) -> Layer:
    shape, kernels, synapses = _shape(p.name, network), [], 0
    for j in network.projections:
        if j.target != p.name:
            continue
        synapses += len(j.connections)
        if isinstance(j.connections, Convolution):
            _, channels, *size = np.shape(j.connections.kernel)
            kernels.append((channels, *size))
        elif isinstance(j.connections, Pooling):
            kernels.append((j.connections.input_shape[0], *j.connections.window))
        else:
            kernels.append(_shape(j.source, network))
    return Layer(p, shape, kernels, _has_bias(p), synapses)


def _shape(name: str, network: Network) -> Shape:
    """Return the maps of an input or population; each unit is one where nothing says more."""
    for j in network.projections:
        if j.target == name and isinstance(j.connections, Convolution | Pooling):
            return j.connections.output_shape
    for j in network.projections:
        if j.source == name and isinstance(j.connections, Convolution | Pooling):
            return j.connections.input_shape
    return network.size(name), 1, 1


def _has_bias(p: Population) -> bool:
    given = p.arrays.get("bias", p.params.get("bias", 0))
    return bool(np.any(np.asarray(given)))


def _possible(layer: Layer, sizes: Sequence[Mapping[str, int]]) -> list[int]:
    """Return the cores that hold a layer, the smallest first."""
    words = layer.words()
    good = [k for k, size in enumerate(sizes) if all(words[m] <= size[m] for m in MEMORIES)]
    return sorted(good, key=lambda k: sum(sizes[k].values()))


def _too_large(layer: Layer, sizes: Sequence[Mapping[str, int]]) -> Misfit:
    """Say why no core holds a layer."""
    words, name = layer.words(), layer.population.name
    largest = {m: max(size[m] for size in sizes) for m in MEMORIES}
    worst = max(MEMORIES, key=lambda m: words[m] / largest[m])
    if words[worst] > largest[worst]:
        why = f"{words[worst]:,} words of {WORDS[worst]}; the largest core has {largest[worst]:,}"
        most = largest[worst]
    else:
        # each memory alone is large enough somewhere, but not all on one core
        worst = "neuron_words"
        most = max(size[worst] for size in sizes if size["kernel_words"] >= words["kernel_words"])
        why = (
            f"{words['kernel_words']:,} words of kernel memory and {words[worst]:,} of neuron"
            f" memory; cores with so many for kernels have {most:,} for neurons"
        )
    return Misfit(name, Use(worst, words[worst], most), why, list(_smaller(layer, sizes)))


def _smaller(layer: Layer, sizes: Sequence[Mapping[str, int]]) -> Iterator[str]:
    """Yield what would make a layer fit."""
    maps, rows, columns = layer.shape

    def holds(words: Mapping[str, int]) -> bool:
        return any(all(words[m] <= size[m] for m in MEMORIES) for size in sizes)

    fewer = next((n for n in range(maps - 1, 0, -1) if holds(layer.words(n))), None)
    if fewer is not None:
        what = "neurons" if rows == columns == 1 else "maps"
        yield f"{fewer:,} {what} instead of {maps:,}"
        yield f"or {-(-maps // fewer)} populations of up to {fewer:,} {what}, each on a core"
    for pool in (2, 4, 8):
        kernels = [
            (c, -(-h // pool), -(-w // pool)) if (rows, columns) == (1, 1) else (c, h, w)
            for c, h, w in layer.kernels
        ]
        shape = (maps, max(rows // pool, 1), max(columns // pool, 1))
        smaller = Layer(layer.population, shape, kernels, layer.has_bias, layer.synapses)
        if holds(smaller.words()):
            yield f"or its input pooled by {pool} x {pool} before it"
            return


def _crowded(names: Sequence[str], cores: Sequence[int], profile: Profile) -> Misfit:
    if len(cores) == profile.cores.most:
        why = f"{len(names)} layers and {len(cores)} cores; a layer takes a core"
        use = Use("chip_cores", len(names), len(cores))
        return Misfit(THE_NETWORK, use, why, [f"use {len(names) - len(cores)} layers less"])
    where = ", ".join(str(core) for core in cores)
    why = f"no core is left that is large enough: {', '.join(names)} all need one of cores {where}"
    return Misfit(
        names[0],
        Use("chip_cores", len(names), len(cores)),
        why,
        [f"make {len(names) - len(cores)} of them smaller: fewer maps, or a smaller kernel"],
    )


def _rules(network: Network, profile: Profile) -> Iterator[Misfit]:
    """Yield what a layer cannot be, whatever its size."""
    most = profile.limit("destinations")
    for part in network.spiking:
        targets = {j.target for j in network.projections if j.source == part.name}
        if most is not None and len(targets) > most and isinstance(part, Population):
            yield Misfit(
                part.name,
                Use("destinations", len(targets), most),
                f"reaches {len(targets)} layers ({', '.join(sorted(targets))}); a core sends its"
                f" spikes to {most} at most",
                ["put a layer in between that hands them on"],
            )
    for j in network.projections:
        if isinstance(j.connections, Convolution):
            *_, rows, columns = np.shape(j.connections.kernel)
            if rows != columns:
                yield Misfit(
                    f"projection {j.name}",
                    None,
                    f"a kernel of {rows} x {columns}; the chip has square ones",
                    [f"fill it up with zeros to {max(rows, columns)} x {max(rows, columns)}"],
                )


def _layer_use(x: Layer, core: int | None, sizes: Sequence[Mapping[str, int]]) -> LayerUse:
    words = x.words()
    size = sizes[core] if core is not None else {m: max(s[m] for s in sizes) for m in MEMORIES}
    tightest = max(MEMORIES, key=lambda m: words[m] / size[m])
    cores = [] if core is None else [core]
    how = "no core" if core is None else "one core"
    p = x.population
    return LayerUse(p.name, p.kind, p.n, cores, how, x.synapses, None, None, words, tightest)


def _core_use(x: Layer, core: int, size: Mapping[str, int]) -> CoreUse:
    uses = [Use(m, n, size[m]) for m, n in x.words().items()]
    return CoreUse(core, None, ((x.population.name, x.population.n),), uses)


def _placed(used: Sequence[tuple[Layer, int]], network: Network) -> Placed:
    core_of = {x.population.name: np.full(x.population.n, core, np.int32) for x, core in used}
    return Placed(core_of, None, [Route(1.0)] * len(network.projections))
