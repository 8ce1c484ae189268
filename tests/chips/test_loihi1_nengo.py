"""Loihi 1 as NengoLoihi's emulator reads it: every number of random networks, beside a twin.

The twin is written from the rules in Python's own whole numbers, one neuron at a time.
"""

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, Simulator, simulate
from neuroloop.core.errors import ConfigError
from neuroloop.network import pairs

TICKS = 100
OVERFLOWS, SATURATED, SENT = 1, 2, 3
TOP = 2**23 - 1


def trunc(x):
    return (abs(x) >> 12) * (1 if x >= 0 else -1)


def wrap(x, bits):
    """Two's complement of so many bits and a sign."""
    return (x + 2**bits) % 2 ** (bits + 1) - 2**bits


def twin(sizes, params, biases, links, events):
    """Run populations "a" and "b"; return u, v, spikes and counts of each, tick by tick."""
    q = {name: [[0] * sizes[name] for _ in range(TICKS + 70)] for name in params}
    state = {name: [[0, 0, 0] for _ in range(sizes[name])] for name in params}
    seen = {name: ([], [], [], [0, 0, 0, 0]) for name in params}
    for t in range(TICKS):
        fired = {"in": events[t]}
        for name, p in params.items():
            us, vs, spikes, counted = seen[name]
            fired[name] = []
            for i, cell in enumerate(state[name]):
                step(cell, q[name][t][i], biases[name][i], p, counted)
                if cell[1] > p["vth"]:
                    cell[1], cell[2] = 0, p["refractory"]
                    fired[name].append(i)
                cell[2] = max(cell[2] - 1, 0)
            counted[SENT] += len(fired[name])
            us.append([u for u, _, _ in state[name]])
            vs.append([v for _, v, _ in state[name]])
            spikes.append(fired[name])
        for source, target, exponent, synapses in links:
            for pre, post, weight, delay in synapses:
                if pre in fired[source]:
                    q[target][t + delay][post] += int(weight * 2.0 ** (6 + exponent))
    return seen


def step(cell, q, bias, p, counted):
    """Advance one neuron's current and potential."""
    u, v, count = cell
    counted[0] += bool(q or u or v)
    total = trunc(u * (4096 - 1 - p["du"])) + wrap(q, 21)
    cell[0] = wrap(total, 23)
    drive = wrap(cell[0] + bias, 23)
    counted[OVERFLOWS] += (wrap(q, 21) != q) + (cell[0] != total) + (drive != cell[0] + bias)
    moved = trunc(v * (4096 - p["dv"])) + drive
    cell[1] = min(max(moved, p["vmin"]), p["vmax"]) if count == 0 else 0
    counted[SATURATED] += count == 0 and cell[1] != moved


def ours(sizes, params, biases, links, events):
    network = Network(
        (Input("in", sizes["in"]),),
        tuple(
            Population(name, sizes[name], "loihi1.nengo", p, {"bias": biases[name]})
            for name, p in params.items()
        ),
        tuple(
            Projection(
                *(
                    source,
                    target,
                    pairs(*zip(*[s[:2] for s in synapses], strict=True), [s[2] for s in synapses]),
                ),
                np.array([s[3] for s in synapses], float),
                kind="loihi1.nengo",
                params={"exponent": exponent},
            )
            for source, target, exponent, synapses in links
        ),
    )
    times = np.repeat(np.arange(float(TICKS)), [len(units) for units in events])
    drive = (times, np.array([unit for units in events for unit in units], int))
    probe = [f"{name}.{x}" for name in params for x in ("u", "v", "counted")]
    return simulate(network, ticks=TICKS, inputs={"in": drive}, watch=list(params), probe=probe)


def assert_equal(case):
    wanted, found = twin(*case), ours(*case)
    for name, (u, v, spikes, counted) in wanted.items():
        np.testing.assert_array_equal(found.probes[f"{name}.u"], u)
        np.testing.assert_array_equal(found.probes[f"{name}.v"], v)
        np.testing.assert_array_equal(found.probes[f"{name}.counted"][-1], counted)
        came = list(zip(found.spikes[name].t_us // 1000, found.spikes[name].unit, strict=True))
        assert came == [(t, i) for t, fired in enumerate(spikes) for i in fired]
    return wanted


def drawn(seed):
    rng = np.random.default_rng([7, seed])
    sizes = {name: int(rng.integers(1, 30)) for name in ("in", "a", "b")}
    params = {
        name: {
            "du": int(rng.choice([0, 300, 2047, 4095])),
            "dv": int(rng.choice([0, 128, 1000, 4095])),
            "vth": int(rng.choice([0, 3000, 60_001, 2_000_000, 131_071 * 64])),
            "vmin": int(rng.choice([0, -255, 1 - 2**23])),
            "vmax": int(rng.choice([TOP, 2**19 - 1])),
            "refractory": int(rng.choice([0, 1, 2, 6])),
        }
        for name in "ab"
    }
    biases = {n: (rng.integers(-4095, 4096, sizes[n]) << rng.integers(0, 8)).tolist() for n in "ab"}
    links = []
    for source, target in [("in", "a"), ("in", "b"), ("a", "b"), ("b", "a"), ("a", "a")]:
        connected = rng.random((sizes[source], sizes[target])) < rng.choice([0.1, 0.5, 1.0])
        connected[0, 0] = True
        pre, post = np.nonzero(connected)
        weight = rng.integers(-256, 256, len(pre))
        delay = rng.integers(1, rng.choice([1, 64]) + 1, len(pre))
        synapses = zip(pre.tolist(), post.tolist(), weight.tolist(), delay.tolist(), strict=True)
        links.append((source, target, int(rng.integers(-6, 8)), list(synapses)))
    events = [np.flatnonzero(rng.random(sizes["in"]) < 0.15).tolist() for _ in range(TICKS)]
    return sizes, params, biases, links, events


@pytest.mark.parametrize("seed", range(16))
def test_random_network_is_equal_to_its_twin(seed):
    assert_equal(drawn(seed))


def test_random_networks_meet_every_case():
    counted = np.array([s[3] for seed in range(16) for s in twin(*drawn(seed)).values()])

    assert (counted.sum(axis=0) > 100).all()


def one_neuron(weight, exponent=0, ways=1, **params):
    """Return a case in which one unit drives one neuron in every tick, by one way or several."""
    p = {"du": 4095, "dv": 0, "vth": 131_071 * 64, "vmin": 0, "vmax": TOP, "refractory": 0}
    sizes = {"in": 1, "a": 1}
    links = [("in", "a", exponent, [(0, 0, weight, 1)])] * ways
    return sizes, {"a": p | params}, {"a": [0]}, links, [[0]] * TICKS


def test_count_of_one_adds_no_dead_tick():
    def gaps(refractory):
        spikes = assert_equal(one_neuron(10, vth=100, refractory=refractory))["a"][2]
        return set(np.diff([t for t, fired in enumerate(spikes) if fired]).tolist())

    assert (gaps(0), gaps(1), gaps(2), gaps(5)) == ({1}, {1}, {2}, {5})


def test_potential_does_not_fall_below_vmin():
    assert assert_equal(one_neuron(-10))["a"][1][-1] == [0]
    assert assert_equal(one_neuron(-10, vmin=-255))["a"][1][-1] == [-255]


def test_input_and_current_wrap_and_the_potential_saturates():
    wrapped = assert_equal(one_neuron(255, exponent=7, ways=2))["a"]
    saturated = assert_equal(one_neuron(255, exponent=7, du=0))["a"]

    assert wrapped[0][1] == [2 * 255 * 2**13 - 2**22]
    assert saturated[3][OVERFLOWS] > 0
    assert saturated[3][SATURATED] > 0


def test_weights_are_scaled_one_by_one():
    assert assert_equal(one_neuron(3, exponent=-6))["a"][0][1] == [3]


def refused(params=None, arrays=None, weight=1.0, delay=1.0, exponent=0):
    network = Network(
        (Input("in", 1),),
        (Population("a", 1, "loihi1.nengo", params or {}, arrays or {}),),
        (
            Projection(
                *("in", "a", pairs([0], [0], weight), delay),
                kind="loihi1.nengo",
                params={"exponent": exponent},
            ),
        ),
    )
    with pytest.raises(ConfigError) as found:
        Simulator(network)
    return str(found.value)


def test_what_the_chip_does_not_have_is_refused_in_words():
    assert "exponent of -7 adds 1.5; an exponent from -6 on" in refused(weight=3.0, exponent=-7)
    assert "a weight of 0.5; Loihi 1 has whole numbers" in refused(weight=0.5)
    assert "a weight of 256; mixed weights are -256 to 255" in refused(weight=256.0)
    assert "a delay of 0: on Loihi" in refused(delay=0.0)
    assert "vmin is 3 and vmax 2; the least comes first" in refused({"vmin": 3, "vmax": 2})
    assert "bias of neuron 0 is 524161; whole" in refused(arrays={"bias": [4095 * 128 + 1]})
