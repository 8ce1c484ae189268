"""Loihi 1 as Lava reads it: every current, potential and spike of random networks, beside a twin.

The twin is written from the chip's rules in Python's own whole numbers, one neuron and one synapse
at a time.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, simulate
from neuroloop.network import pairs

TICKS = 90
ACTIVE, OVERFLOWS, SATURATED, SENT = range(4)
TOP = 2**23


@dataclass
class Cells:
    name: str
    n: int
    kind: str
    params: dict
    mantissa: list


@dataclass
class Link:
    source: str
    target: str
    pre: list
    post: list
    weight: list
    delay: list
    exponent: int = 0
    bits: int = 8
    sign: str = "auto"


@dataclass
class Seen:
    """What a population did, tick by tick."""

    u: list = field(default_factory=list)
    v: list = field(default_factory=list)
    spikes: list = field(default_factory=list)
    counted: list = field(default_factory=lambda: [0, 0, 0, 0])


def trunc(x, bits):
    return (abs(x) >> bits) * (1 if x >= 0 else -1)


def in_32_bits(x):
    return (x + 2**31) % 2**32 - 2**31


def chip_weights(weights, bits, sign):
    if sign == "auto":
        sign = "mixed"
        if max(weights) <= 0:
            sign = "inhibitory"
        if min(weights) >= 0:
            sign = "excitatory"
    m, s = int(sign == "mixed"), -1 if sign == "inhibitory" else 1
    t = max(8 - bits + m, 0)
    return [s * ((s * w >> t) << t) for w in (s * max(-256 * m, min(255, s * w)) for w in weights)]


def twin(n_inputs, cells, links, events):
    """Run a network; ``events[t]`` are the units of the input "in" that spike.

    Returns what each population did, and the weights and spikes that each projection added.
    """
    waiting = {c.name: [[0] * c.n for _ in range(TICKS + 65)] for c in cells}
    rest = {c.name: ([0] * c.n, [0] * c.n, [0] * c.n) for c in cells}
    seen = {c.name: Seen() for c in cells}
    added = [[0, 0] for _ in links]
    kept = [chip_weights(j.weight, j.bits, j.sign) if j.weight else [] for j in links]
    for t in range(TICKS):
        fired = {"in": dict.fromkeys(events[t], 1)}
        for c in cells:
            fired[c.name] = neurons(c, t, rest[c.name], waiting[c.name][t], seen[c.name])
        for j, weight, counted in zip(links, kept, added, strict=True):
            sums = {}
            counted[0] += sum(pre in fired[j.source] for pre in j.pre)
            counted[1] += len(fired[j.source])
            for pre, post, w, d in zip(j.pre, j.post, weight, j.delay, strict=True):
                if pre in fired[j.source]:
                    key = (post, d)
                    sums[key] = sums.get(key, 0) + w * fired[j.source][pre]
            for (post, d), a in sums.items():
                shifted = a << j.exponent if j.exponent > 0 else a >> -j.exponent
                waiting[j.target][t + d][post] += shifted
    return seen, added


def neurons(c, t, rest, arrived, seen):
    """Advance a population by one tick; return what those that fire carry."""
    u, v, wait = rest
    p = c.params
    fired = {}
    if "interval" in p and (t + 1) % p["interval"] == p["offset"] % p["interval"]:
        u[:], v[:] = [0] * c.n, [0] * c.n
    for i in range(c.n):
        seen.counted[ACTIVE] += bool(u[i] or v[i] or arrived[i])
        driven = in_32_bits(arrived[i] << 6)
        total = in_32_bits(trunc(u[i] * (4096 - (p["du"] + 1)), 12) + driven)
        u[i] = total
        if total > TOP:
            u[i] = total - 2 * TOP
        elif total <= -TOP:
            u[i] = total + 2 * TOP
        seen.counted[OVERFLOWS] += u[i] != total or driven >> 6 != arrived[i]
        if wait[i]:
            wait[i] -= 1
            continue
        moved = trunc(v[i] * (4096 - p["dv"]), 12) + u[i] + (c.mantissa[i] << p["bias_exp"])
        v[i] = max(1 - TOP, min(TOP - 1, moved))
        seen.counted[SATURATED] += v[i] != moved
        sign = (v[i] > p.get("vth", p.get("vth_hi")) << 6) - (v[i] < p.get("vth_lo", -(10**9)) << 6)
        if sign:
            v[i], wait[i], fired[i] = 0, p.get("refractory", 0), sign
    seen.counted[SENT] += len(fired)
    seen.u.append(list(u))
    seen.v.append(list(v))
    seen.spikes.append(fired)
    return fired


def ours(n_inputs, cells, links, events):
    network = Network(
        (Input("in", n_inputs),),
        tuple(Population(c.name, c.n, c.kind, c.params, {"bias_mant": c.mantissa}) for c in cells),
        tuple(
            Projection(
                *(j.source, j.target, pairs(j.pre, j.post, j.weight), np.array(j.delay, float)),
                kind="loihi1.synapses",
                params={"exponent": j.exponent, "bits": j.bits, "sign": j.sign},
            )
            for j in links
        ),
    )
    times = np.repeat(np.arange(float(TICKS)), [len(units) for units in events])
    drive = (times, np.array([unit for units in events for unit in units], int))
    names = [c.name for c in cells]
    probe = [f"{n}.{x}" for n in names for x in ("u", "v", "counted")]
    probe += [f"{j.source}-{j.target}.{k}.counted" for k, j in enumerate(links)]
    probe += [f"{c.name}.payload" for c in cells if c.kind == "loihi1.ternary"]
    return simulate(network, ticks=TICKS, inputs={"in": drive}, watch=names, probe=probe)


def assert_equal(case):
    (wanted, added), found = twin(*case), ours(*case)
    for k, j in enumerate(case[2]):
        assert found.probes[f"{j.source}-{j.target}.{k}.counted"][-1].tolist() == added[k]
    for name, seen in wanted.items():
        np.testing.assert_array_equal(found.probes[f"{name}.u"], seen.u)
        np.testing.assert_array_equal(found.probes[f"{name}.v"], seen.v)
        np.testing.assert_array_equal(found.probes[f"{name}.counted"][-1], seen.counted)
        tick, unit = found.spikes[name].t_us // 1000, found.spikes[name].unit
        payload = found.probes.get(f"{name}.payload")
        carried = np.ones(len(tick), int) if payload is None else payload[tick, unit]
        came = list(zip(tick, unit, carried, strict=True))
        assert came == [(t, i, k) for t, s in enumerate(seen.spikes) for i, k in s.items()]
    return wanted


def drawn_link(rng, source, target, sizes):
    """Draw synapses: sparse or dense, of one sign or both, with one delay or many."""
    n, m = sizes[source], sizes[target]
    low, high = [(-256, 256), (0, 256), (-255, 1)][rng.choice(3, p=[0.6, 0.3, 0.1])]
    connected = rng.random((n, m)) < rng.choice([0.05, 0.2, 0.6, 1.0])
    connected[0, 0] = True
    pre, post = np.nonzero(connected)
    weight = rng.integers(low, high, len(pre))
    weight[0] = low or high - 1
    longest = rng.choice([1, 3, 64])
    delay = rng.integers(1, longest + 1, len(pre))
    exponent, bits = int(rng.integers(-7, 8)), int(rng.integers(1, 10))
    own = {(-256, 256): "mixed", (0, 256): "excitatory", (-255, 1): "inhibitory"}[low, high]
    lists = (x.tolist() for x in (pre, post, weight, delay))
    sign = own if weight.max() <= 0 or rng.random() < 0.5 else "auto"
    return Link(source, target, *lists, exponent, bits, sign)


def drawn_cells(rng, name, kind):
    n = int(rng.integers(1, 30))
    params = {
        "du": int(rng.choice([0, 300, 2047, 4095])),
        "dv": int(rng.choice([0, 128, 1000, 4095])),
        "bias_exp": int(rng.integers(0, 8)),
    }
    vth = int(rng.choice([0, 40, 900, 20_000, 131_071]))
    if kind == "loihi1.ternary":
        params |= {"vth_hi": vth, "vth_lo": -vth // 2}
    else:
        params |= {"vth": vth, "refractory": int(rng.choice([0, 1, 5]))}
    if kind == "loihi1.periodic_reset":
        params |= {"interval": int(rng.integers(1, 30)), "offset": int(rng.integers(0, 60))}
    biases = rng.integers(-4096, 4096, n) * (rng.random(n) < 0.3)
    return Cells(name, n, kind, params, biases.tolist())


def drawn(seed):
    rng = np.random.default_rng(seed)
    kinds = ["loihi1.cuba", "loihi1.ternary", "loihi1.periodic_reset"]
    cells = [drawn_cells(rng, name, str(rng.choice(kinds, p=[0.6, 0.2, 0.2]))) for name in "ab"]
    sizes = {"in": int(rng.integers(1, 40)), **{c.name: c.n for c in cells}}
    ways = [("in", "a"), ("in", "a"), ("in", "b"), ("a", "b"), ("b", "a"), ("a", "a")]
    links = [drawn_link(rng, *way, sizes) for way in ways]
    events = [np.flatnonzero(rng.random(sizes["in"]) < 0.15).tolist() for _ in range(TICKS)]
    return sizes["in"], cells, links, events


@pytest.mark.parametrize("seed", range(24))
def test_random_network_is_equal_to_its_twin(seed):
    assert_equal(drawn(seed))


def test_random_networks_meet_every_case():
    seen = [s for seed in range(24) for s in twin(*drawn(seed))[0].values()]
    counted = np.array([s.counted for s in seen])

    assert (counted.sum(axis=0) > 100).all()
    assert any(-1 in fired.values() for s in seen for fired in s.spikes)


def one_neuron(weights, exponent=0, **params):
    """Return a case in which units of the input, one tick each, drive a neuron."""
    n = len(weights)
    p = {"du": 4095, "dv": 0, "vth": 131_071, "bias_exp": 0, **params}
    link = Link("in", "a", list(range(n)), [0] * n, weights, [1] * n, exponent)
    events = [[t % n] for t in range(TICKS)]
    return n, [Cells("a", 1, "loihi1.cuba", p, [0])], [link], events


def test_sum_is_shifted_down_and_not_each_weight():
    case = one_neuron([3, 3, 3], exponent=-1)
    case[3][0] = [0, 1, 2]

    assert assert_equal(case)["a"].u[1] == [4 << 6]


def test_negative_sum_is_rounded_towards_minus_infinity():
    assert assert_equal(one_neuron([-3], exponent=-1))["a"].u[1] == [-2 << 6]


@pytest.mark.parametrize("sign", [1, -1])
def test_current_wraps_and_the_far_ends_stay_as_the_chip_has_them(sign):
    # an input of 2**17 is 2**23 in the current: +2**23 stays, -2**23 wraps to it
    seen = assert_equal(one_neuron([sign * 128, sign], exponent=7, du=0))["a"]
    eight = one_neuron([sign * 128] * 8, exponent=7, dv=4095)
    eight[3][:] = [list(range(8))] * TICKS
    wrapped = assert_equal(eight)["a"]

    assert seen.counted[OVERFLOWS] > 0
    assert wrapped.u[1] == [TOP]
    assert wrapped.counted[OVERFLOWS] == (0 if sign > 0 else TICKS - 1)


def test_inputs_so_large_that_one_turn_is_not_enough_are_as_in_the_peer():
    n = 40
    case = one_neuron([255] * n, exponent=7, du=7)
    case[3][:] = [list(range(n)) if t % 9 == 0 else [] for t in range(TICKS)]

    assert max(abs(u) for (u,) in assert_equal(case)["a"].u) > TOP


def test_input_beyond_32_bits_wraps_as_they_do():
    n = 3000
    case = one_neuron([255] * n, exponent=7, du=100)
    case[3][:] = [list(range(n)) if t % 9 == 0 else [] for t in range(TICKS)]

    assert_equal(case)


def test_an_input_that_32_bits_bring_back_to_0_is_counted():
    n = 4096  # 2**14 each, 2**26 together, and 2**32 in the unit of the current
    case = one_neuron([128] * n, exponent=7, du=4095)
    case[3][:] = [list(range(n)) if t == 0 else [] for t in range(TICKS)]
    seen = assert_equal(case)["a"]

    assert not any(u for (u,) in seen.u)
    assert seen.counted[OVERFLOWS] == 1


def test_potential_saturates_on_both_sides():
    for weight in (255, -255):
        case = one_neuron([weight], exponent=7, du=0)
        assert assert_equal(case)["a"].counted[SATURATED] > 0


def test_threshold_is_strict():
    assert not assert_equal(one_neuron([10], vth=10, dv=4095))["a"].counted[SENT]
    assert assert_equal(one_neuron([11], vth=10, dv=4095))["a"].counted[SENT]


def test_refractory_neuron_rests_while_its_current_goes_on():
    seen = assert_equal(one_neuron([50], vth=10, refractory=3, du=1000))["a"]
    fired = [t for t, spikes in enumerate(seen.spikes) if spikes]

    assert set(np.diff(fired)) == {4}
    assert all(u != [0] for u in seen.u[1:])
