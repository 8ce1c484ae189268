"""Cutting populations over Loihi's cores: everything counted again, slowly, from the definition."""

import math
from itertools import product

import numpy as np
import pytest

from neuroloop.chips import profile
from neuroloop.chips.fit import fit
from neuroloop.chips.fit.arriving import arriving
from neuroloop.chips.fit.blocks import in_blocks
from neuroloop.chips.fit.parts import in_order, limits
from neuroloop.chips.quantised import Quantised
from neuroloop.network import (
    Convolution,
    Input,
    Network,
    Pooling,
    Population,
    Projection,
    pairs,
)

LOIHI = profile.load("loihi1")
CELL = {"du": 100, "dv": 10, "vth": 50}


def cells(name, n, **more):
    return Population(name, n, "loihi1.cuba", CELL | more)


def lists(rng, source, target, synapses, delay=1.0, **params):
    (a, n), (b, m) = source, target
    pre, post = rng.integers(0, n, synapses), rng.integers(0, m, synapses)
    weight = rng.integers(-120, 120, synapses).astype(float)
    wired = pairs(pre, post, weight)
    delays = delay if np.isscalar(delay) else rng.integers(1, delay[0], synapses).astype(float)
    return Projection(a, b, wired, delays, kind="loihi1.synapses", params=params)


# --- the definition, one synapse at a time -------------------------------------------------------


def slow_bits(synapses, width):
    """Memory of one axon: blocks of 64 synapses, each with a head of 10 bits, in words of 64."""
    total = 0
    while synapses:
        held = min(synapses, 64)
        total += 64 * math.ceil((held * width + 10) / 64)
        synapses -= held
    return total


def slow_index(targets):
    wanted = math.ceil(math.log2(targets)) if targets > 1 else 0
    return min(n for n in (0, 6, 7, 8, 9, 10, 11, 12) if n >= wanted)


def slow_width(bits, longest_delay):
    kept = min(n for n in (1, 2, 3, 4, 5, 6, 8, 9) if n >= bits)
    return kept + (longest_delay - 1).bit_length()


def slow_lists(a, network, part):
    """Axons, bits, synapses of each part, and (source, unit) -> parts, from the projections."""
    place, sizes = {}, {}
    for i in np.argsort(part, kind="stable"):
        place[int(i)] = sizes.get(int(part[i]), 0)
        sizes[int(part[i])] = place[int(i)] + 1
    axons = {}
    dense = {k: g.dense for g in a.lists.groups for k in g.projections}
    for k, is_dense in dense.items():
        j = network.projections[k]
        delay = np.max(j.delay_ms) if len(j.connections) else 1
        form = (int(j.params.get("bits", 8)), int(delay), j.params.get("exponent", 0))
        c = j.connections
        for pre, post, weight in zip(c.pre, c.post, c.weight, strict=True):
            if weight:
                key = (int(part[post]), j.source, int(pre), form, is_dense)
                axons.setdefault(key, []).append(place[int(post)])
    count = {p: [0, 0, 0] for p in sizes}
    heard = {}
    for (p, source, unit, form, is_dense), held in axons.items():
        width = slow_width(form[0], form[1])
        if is_dense:
            bits = slow_bits(max(max(held) - min(held) + 1, len(held)), width)
        else:
            bits = slow_bits(len(held), width + slow_index(sizes[p]))
        count[p] = [count[p][0] + 1, count[p][1] + bits, count[p][2] + len(held)]
        heard.setdefault((source, unit), []).append(p)
    return count, heard


def random_network(rng, most_synapses=4000):
    n, m = (int(k) for k in rng.integers(2, 300, 2))
    a, b, stimulus = ("a", n), ("b", m), ("in", int(rng.integers(1, 200)))
    bits, delay = int(rng.integers(1, 10)), [int(rng.integers(2, 60))]
    count = rng.integers(1, most_synapses, 4)
    projections = (
        lists(rng, stimulus, a, count[0], bits=bits),
        lists(rng, a, b, count[1], delay),
        lists(rng, b, b, count[2], 2.0, exponent=1),
        lists(rng, a, b, count[3], 1.0),
    )
    return Network((Input(*stimulus),), (cells(*a), cells(*b)), projections)


def small_limits(rng):
    most = limits(LOIHI).copy()
    most[0] = rng.integers(2, 200)
    most[1] = rng.integers(20, 400)
    most[2] = rng.integers(2_000, 40_000)
    return most


@pytest.mark.parametrize("seed", range(12))
def test_parts_hold_what_they_are_said_to(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    most = small_limits(rng)
    for a in arriving(network, 1000, 1, lambda _: None):
        outs = rng.integers(0, 3, a.population.n)
        parts = in_order(a, outs, most)
        count, heard = slow_lists(a, network, parts.of)
        assert (np.diff(parts.of) >= 0).all()
        for p in range(parts.n):
            assert parts.uses[p, 0] == (parts.of == p).sum()
            assert parts.uses[p, 1:3].tolist() == count[p][:2]
            assert parts.synapses[p] == count[p][2]
            assert parts.uses[p, 3] == outs[parts.of == p].sum()
        reached = sorted(
            (r.source, int(u), int(p))
            for r in parts.reaches
            for u, p in zip(r.unit, r.part, strict=True)
        )
        assert reached == sorted((s, u, p) for (s, u), own in heard.items() for p in own)


@pytest.mark.parametrize("seed", range(8))
def test_parts_are_within_limits_and_none_could_be_larger(seed):
    rng = np.random.default_rng(100 + seed)
    network = random_network(rng)
    most = small_limits(rng)
    most[2] = 1 << 40  # so that the bits of an index do not matter
    for a in arriving(network, 1000, 1, lambda _: None):
        outs = rng.integers(0, 3, a.population.n)
        most[3] = 3 * rng.integers(5, 60)
        parts = in_order(a, outs, most)
        over = parts.uses > most[:4]
        assert not over[parts.uses[:, 0] > 1].any()
        for p in range(parts.n - 1):
            wider = parts.of.copy()
            wider[np.flatnonzero(parts.of == p + 1)[0]] = p
            count, _ = slow_lists(a, network, wider)
            own = wider == p
            grown = [own.sum(), count[p][0], count[p][1], outs[own].sum()]
            assert (np.array(grown) > most[:4]).any()


@pytest.mark.parametrize(
    ("synapses", "width", "bits"),
    # by hand: 1 x 18 + 10 = 28 -> 64; 64 x 18 + 10 = 1162 -> 1216; a second block of one: + 64
    [(1, 18, 64), (3, 18, 64), (4, 18, 128), (64, 18, 1216), (65, 18, 1280), (1024, 8, 9216)],
)
def test_the_memory_of_an_axon(synapses, width, bits):
    from neuroloop.chips.fit._synapse_memory import axon_bits

    assert axon_bits(synapses, width) == slow_bits(synapses, width) == bits


# --- convolutions --------------------------------------------------------------------------------


def slow_block(form, n_maps, rows, columns, width):
    """Places heard by a block of outputs, and the memory of the weights that differ."""
    if isinstance(form, Convolution):
        down, across = form.weight.shape[2:]
        covered, steps, before = form.covered, form.steps, form.before
        channels, each = form.input_shape[0], n_maps
    else:
        down, across = form.window
        covered, steps, before = form.input_shape[1:], form.steps, (0, 0)
        channels, each = n_maps, 1
    ways, places, synapses = set(), [], 0
    for y, x in product(range(covered[0]), range(covered[1])):
        reached = [
            (o, y + before[0] - o * steps[0], q, x + before[1] - q * steps[1])
            for o in range(*rows)
            for q in range(*columns)
        ]
        reached = [r for r in reached if 0 <= r[1] < down and 0 <= r[3] < across]
        if not reached:
            continue
        places.append((y, x))
        synapses += len(reached) * channels * each
        corner = min(r[0] for r in reached), min(r[2] for r in reached)
        ways.add(frozenset((o - corner[0], i, q - corner[1], j) for o, i, q, j in reached))
    wide = columns[1] - columns[0]
    last = max(
        (max(o for o, *_ in way) * wide + max(q for *_, q, _ in way) + 1) * n_maps for way in ways
    )
    index = slow_index(last)
    bits = sum(slow_bits(len(way) * channels * each, width + index) for way in ways)
    return places, bits, synapses


FORMS = [
    Convolution((2, 12, 10), np.ones((6, 2, 3, 3)), 1, 1),
    Convolution((3, 13, 11), np.ones((4, 3, 5, 4)), 2, (2, 1)),
    Convolution((1, 16, 16), np.ones((8, 1, 2, 2)), 3),
    Convolution((2, 14, 14), np.ones((5, 2, 3, 3)), padding="same"),
    Convolution((2, 17, 15), np.ones((4, 2, 3, 3)), 1, 1, 2),
    Pooling((6, 12, 15), 2),
    Pooling((4, 13, 13), (3, 2), (2, 2)),
]


@pytest.mark.parametrize("form", FORMS, ids=repr)
@pytest.mark.parametrize("neurons", [17, 60, 1024])
def test_blocks_of_a_convolution(form, neurons):
    bits, delay = 6, 3
    n, m = form.n_pre, form.n_post
    params = {"bits": bits}
    network = Network(
        (Input("in", n),),
        (cells("map", m),),
        (Projection("in", "map", form, float(delay), kind="loihi1.convolution", params=params),),
    )
    (a,) = arriving(network, 1000, 1, lambda _: None)
    most = limits(LOIHI).copy()
    most[0] = neurons
    parts = in_blocks(a, np.zeros(m, np.int64), most)
    maps, height, width = form.output_shape
    shaped = parts.of.reshape(maps, height, width)
    assert parts.uses[:, 0].max() <= neurons
    (reach,) = parts.reaches
    total = 0
    for p in range(parts.n):
        c, y, x = np.nonzero(shaped == p)
        rows, columns = (int(y.min()), int(y.max()) + 1), (int(x.min()), int(x.max()) + 1)
        n_maps = int(c.max() - c.min()) + 1
        assert len(c) == n_maps * (rows[1] - rows[0]) * (columns[1] - columns[0])
        places, memory, synapses = slow_block(form, n_maps, rows, columns, slow_width(bits, delay))
        assert parts.uses[p, 1:3].tolist() == [len(places), memory]
        assert parts.synapses[p] == synapses
        channels, _, across = form.input_shape
        every = range(channels)
        if isinstance(form, Pooling):
            every = range(int(c.min()), int(c.max()) + 1)
        size = form.input_shape[1] * across
        wanted = {k * size + py * across + px for k in every for py, px in places}
        assert set(reach.unit[reach.part == p].tolist()) == wanted
        total += synapses
    assert total == len(form)


def test_blocks_hear_fewer_inputs_than_rows_of_maps():
    """64 x 64 x 4 neurons: 16 cores of 16 x 16 x 4 hear 18 x 18 places each."""
    form = Convolution((1, 64, 64), np.ones((4, 1, 3, 3)), padding="same")
    network = Network(
        (Input("in", 4096),),
        (cells("map", 16_384),),
        (Projection("in", "map", form, 1.0, kind="loihi1.convolution"),),
    )
    found = fit(Quantised("loihi1", network, {}), LOIHI)
    (layer,) = found.layers
    assert (len(layer.cores), layer.split) == (16, "blocks of 16 x 16 x 4")
    assert layer.uses["axons_in"] == (4 * 17**2) + (8 * 17 * 18) + (4 * 18**2)


# --- several populations, and the way of their spikes ---------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_cores_and_routes_are_those_of_the_synapses(seed):
    rng = np.random.default_rng(200 + seed)
    sizes = {"in": 300, "a": int(rng.integers(900, 2500)), "b": int(rng.integers(900, 2500))}
    network = Network(
        (Input("in", 300),),
        (cells("a", sizes["a"]), cells("b", sizes["b"], vth=60), cells("c", 5)),
        (
            lists(rng, ("in", 300), ("a", sizes["a"]), 2000),
            lists(rng, ("a", sizes["a"]), ("b", sizes["b"]), 5000, bits=4),
            lists(rng, ("b", sizes["b"]), ("b", sizes["b"]), 3000, [9]),
            lists(rng, ("b", sizes["b"]), ("a", sizes["a"]), 100),
            lists(rng, ("a", sizes["a"]), ("c", 5), 500),
        ),
    )
    found = fit(Quantised("loihi1", network, {}), LOIHI)
    assert found.fits, found.line()
    placed = found.placed
    # what is left of one population and of the next shares a core
    neurons = sum(p.n for p in network.populations)
    assert -(-neurons // 1024) <= len(found.cores) <= -(-sizes["a"] // 1024) - (-sizes["b"] // 1024)
    position = {core.number: core.tile for core in found.cores}
    on_tile = list(position.values())
    assert all(0 <= x < 8 and 0 <= y < 4 and on_tile.count((x, y)) <= 4 for x, y in on_tile)
    out = dict.fromkeys(position, 0)
    for k, j in enumerate(network.projections):
        c = j.connections
        ways = {
            (int(pre), int(placed.core_of[j.target][post]))
            for pre, post, weight in zip(c.pre, c.post, c.weight, strict=True)
            if weight
        }
        n = network.size(j.source)
        steps = 0
        for pre, core in ways:
            start = (0, 0)
            if j.source != "in":
                home = int(placed.core_of[j.source][pre])
                start = position[home]
                out[home] += 1
            steps += abs(start[0] - position[core][0]) + abs(start[1] - position[core][1])
        assert placed.fan_cores(k) == pytest.approx(len(ways) / n)
        assert placed.hops(k) == pytest.approx(steps / n)
    for core in found.cores:
        used = {use.what: use.used for use in core.uses}
        assert used["axons_out"] == out[core.number]
        assert used["neurons"] == sum(n for _, n in core.parts)
        assert all(use.used <= use.most for use in core.uses)


def test_the_same_network_lies_in_the_same_way():
    one, other = (random_network(np.random.default_rng(5)) for _ in range(2))
    a, b = (fit(Quantised("loihi1", net, {}), LOIHI) for net in (one, other))
    assert a.cores == b.cores
    assert a.placed.routes == b.placed.routes
    assert (a.placed.position == b.placed.position).all()


def test_many_output_axons_cut_a_population():
    """A neuron that 30 cores hear takes 30 output axons: 136 such neurons fill a core's 4,096."""
    rng = np.random.default_rng(0)
    targets = [cells(f"t{k}", 1000) for k in range(30)]
    wires = [lists(rng, ("a", 500), (p.name, 1000), 20_000) for p in targets]
    network = Network((), (cells("a", 500), *targets), tuple(wires))
    found = fit(Quantised("loihi1", network, {}), LOIHI)
    assert found.fits
    assert found.layers[0].uses["axons_out"] == 500 * 30
    assert len(found.layers[0].cores) == 4
    assert all(use.used <= use.most for core in found.cores for use in core.uses)


def test_tables_of_a_core_are_kept_within():
    """17 small populations of 17 thresholds: a core has room for 16."""
    populations = tuple(cells(f"p{k}", 3, vth=k + 1) for k in range(17))
    found = fit(Quantised("loihi1", Network((), populations), {}), LOIHI)
    assert [len(core.parts) for core in found.cores] == [16, 1]


def test_projections_that_share_axons_take_one_way():
    rng = np.random.default_rng(1)
    same = lists(rng, ("in", 40), ("a", 10), 300)
    network = Network((Input("in", 40),), (cells("a", 10),), (same, same))
    found = fit(Quantised("loihi1", network, {}), LOIHI)
    assert found.layers[0].uses["axons_in"] == len(set(same.connections.pre.tolist()))
    assert found.placed.fan_cores(0) > 0
    assert found.placed.fan_cores(1) == found.placed.hops(1) == 0


def test_cores_that_talk_lie_beside_each_other():
    """Eight pairs of populations: both of a pair fill a core each, and share a tile."""
    rng = np.random.default_rng(2)
    n = 1000
    populations = [cells(f"{side}{k}", n) for side in "ab" for k in range(8)]
    wires = [lists(rng, (f"a{k}", n), (f"b{k}", n), 4000) for k in range(8)]
    found = fit(Quantised("loihi1", Network((), tuple(populations), tuple(wires)), {}), LOIHI)
    assert [found.placed.hops(k) for k in range(8)] == [0.0] * 8
