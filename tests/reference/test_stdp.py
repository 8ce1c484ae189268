"""Plasticity by the times of spikes: against its closed form, and a twin in plain Python."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.network import Input, Network, Population, Projection, all_to_all, one_to_one, pairs
from neuroloop.runtime.simulator import Simulator

PARAMS = {
    "tau_plus_ms": 17.0,
    "tau_minus_ms": 34.0,
    "a_plus": 0.02,
    "a_minus": 0.03,
    "w_min": 0.1,
    "w_max": 2.0,
}
FIRST = 0.8
"""weight that most tests begin with"""
NEVER = 1e6
"""a threshold that only the teacher reaches"""


def network(connections, n_pre, n_post, delay_ms=0.0, layout="auto", **params):
    """Return sources that reach cells by synapses that learn; ``teacher`` makes cells fire."""
    signal = (Input("reward", 1, "values"),) if "signal" in params else ()
    rule = {**PARAMS, **params}
    return Network(
        (Input("in", n_pre), Input("teacher", n_post), *signal),
        (Population("cells", n_post, "lif", {"v_threshold": NEVER}),),
        (
            Projection("in", "cells", connections, delay_ms, "", "stdp", rule, layout),
            Projection("teacher", "cells", one_to_one(n_post, 2 * NEVER)),
        ),
    )


def weight(simulator):
    return simulator.arena["in-cells.0.weight"].copy()


def run(simulator, pre, post, ticks):
    """Run ticks; ``pre`` and ``post`` map ticks to units that spike and cells that fire."""
    for k in range(ticks):
        simulator.step({"in": pre.get(k, []), "teacher": post.get(k, [])})


def at(ticks):
    """Return the units that spike in each tick, where unit i spikes in tick ``ticks[i]``."""
    return {int(k): np.flatnonzero(ticks == k) for k in np.unique(ticks)}


def window(dt_ms, w, rule):
    """Return the change of a weight by one pair, with the target's spike ``dt_ms`` later."""
    up, down = {
        "additive": (PARAMS["w_max"], PARAMS["w_max"]),
        "multiplicative": (PARAMS["w_max"] - w, w - PARAMS["w_min"]),
    }[rule]
    return np.where(
        dt_ms >= 0,
        PARAMS["a_plus"] * up * np.exp(-np.abs(dt_ms) / PARAMS["tau_plus_ms"]),
        -PARAMS["a_minus"] * down * np.exp(-np.abs(dt_ms) / PARAMS["tau_minus_ms"]),
    )


@pytest.mark.parametrize("delay", [0, 1, 7])
@pytest.mark.parametrize("rule", ["additive", "multiplicative"])
def test_window_is_the_closed_form_and_shifts_by_the_delay(rule, delay):
    dt = np.arange(-60, 61)
    n = len(dt)
    simulator = Simulator(network(one_to_one(n, FIRST), n, n, float(delay), rule=rule))

    # a pair each: the source's spike leaves ``delay`` ticks before it counts
    run(simulator, at(np.full(n, 70)), at(70 + delay + dt), 150)

    np.testing.assert_allclose(weight(simulator) - FIRST, window(dt, FIRST, rule), atol=2e-7)


def test_source_that_arrives_in_the_tick_of_the_target_is_its_cause():
    simulator = Simulator(network(one_to_one(1, FIRST), 1, 1, 3.0))

    run(simulator, {0: [0]}, {3: [0]}, 4)

    assert weight(simulator)[0] == pytest.approx(FIRST + PARAMS["a_plus"] * PARAMS["w_max"])


def test_all_pairs_add_up():
    simulator = Simulator(network(one_to_one(1, FIRST), 1, 1))
    pre, post = [2, 11, 30], [5, 11, 24, 41]

    run(simulator, {k: [0] for k in pre}, {k: [0] for k in post}, 50)

    total = sum(window(np.array(b - a), FIRST, "additive") for a in pre for b in post)
    assert weight(simulator)[0] - FIRST == pytest.approx(float(total), abs=1e-6)


@pytest.mark.parametrize(("pre", "post", "bound"), [(10, 12, "w_max"), (12, 10, "w_min")])
def test_weights_stay_within_their_bounds(pre, post, bound):
    simulator = Simulator(network(one_to_one(1, FIRST), 1, 1, a_plus=0.9, a_minus=0.9))

    run(simulator, {pre: [0]}, {post: [0]}, 20)

    assert weight(simulator)[0] == np.float32(PARAMS[bound])


def test_a_spike_delivers_the_weight_of_the_tick_it_arrives_in():
    rule = Projection("in", "cells", one_to_one(1, FIRST), 2.0, "", "stdp", PARAMS)
    teacher = Projection("teacher", "cells", one_to_one(1, 2 * NEVER))
    cells = Population("cells", 1, "lif", {"v_threshold": NEVER, "tau_m_ms": 1e-3})
    simulator = Simulator(Network((Input("in", 1), Input("teacher", 1)), (cells,), (rule, teacher)))
    came = []
    for k in range(6):
        simulator.step({"in": [0] if k in (0, 3) else [], "teacher": [0] if k == 1 else []})
        came.append(float(simulator.arena["cells.v"][0]))

    # the target fired a tick before the first arrival, which comes as it was and is then depressed
    low = FIRST + float(window(np.array(-1), FIRST, "additive"))
    np.testing.assert_allclose(came, [0, 0, FIRST, 0, 0, low], rtol=1e-6)


@dataclass
class Twin:
    """The rule as Brian 2 states it, one synapse after the other; ``on_pre`` before ``on_post``."""

    pre: np.ndarray
    post: np.ndarray
    w: np.ndarray
    rule: str
    tau_e_ms: float = 0.0

    def __post_init__(self):
        self.x, self.y = np.zeros(self.pre.max() + 1), np.zeros(self.post.max() + 1)
        self.e = np.zeros(len(self.w))

    def _change(self, s, amount):
        if self.tau_e_ms:
            self.e[s] += amount
        else:
            self.w[s] = min(max(self.w[s] + amount, PARAMS["w_min"]), PARAMS["w_max"])

    def step(self, arrived, fired, reward=0.0, dt_ms=1.0):
        additive = self.rule == "additive"
        low, high = PARAMS["w_min"], PARAMS["w_max"]
        self.x *= math.exp(-dt_ms / PARAMS["tau_plus_ms"])
        self.y *= math.exp(-dt_ms / PARAMS["tau_minus_ms"])
        if self.tau_e_ms:
            self.e *= math.exp(-dt_ms / self.tau_e_ms)
        for i in arrived:
            for s in np.flatnonzero(self.pre == i):
                size = high if additive else self.w[s] - low
                self._change(s, -PARAMS["a_minus"] * size * self.y[self.post[s]])
            self.x[i] += 1
        for j in fired:
            for s in np.flatnonzero(self.post == j):
                size = high if additive else high - self.w[s]
                self._change(s, PARAMS["a_plus"] * size * self.x[self.pre[s]])
            self.y[j] += 1
        if reward:
            self.w = np.clip(self.w + reward * self.e, low, high)


def _wired(layout, rng):
    n_pre, n_post = 9, 6
    if layout == "dense":
        return all_to_all(n_pre, n_post, rng.uniform(0.2, 1.9, n_pre * n_post)), n_pre, n_post
    pre, post = rng.integers(0, n_pre, 30), rng.integers(0, n_post, 30)
    pre[0], post[0] = n_pre - 1, n_post - 1
    return pairs(pre, post, rng.uniform(0.2, 1.9, 30)), n_pre, n_post


@pytest.mark.parametrize("layout", ["csr", "dense"])
@pytest.mark.parametrize("rule", ["additive", "multiplicative"])
@pytest.mark.parametrize("delay", [0, 1, 4])
@pytest.mark.parametrize("rewarded", [False, True])
def test_random_trains_do_what_the_twin_does(layout, rule, delay, rewarded):
    rng = np.random.default_rng(delay)
    wired, n_pre, n_post = _wired(layout, rng)
    extra = {"signal": "reward", "tau_eligibility_ms": 30.0} if rewarded else {}
    simulator = Simulator(network(wired, n_pre, n_post, float(delay), layout, rule=rule, **extra))
    twin = Twin(
        *(wired.pre, wired.post, wired.weight.astype(float), rule), 30.0 if rewarded else 0.0
    )
    trains = rng.random((400, n_pre)) < 0.1
    reward = 0.0
    for k in range(400):
        fired = np.flatnonzero(rng.random(n_post) < 0.1)
        given = {"in": np.flatnonzero(trains[k]), "teacher": fired}
        if rewarded and rng.random() < 0.2:
            reward = float(rng.choice([0.0, 0.1, -0.05]))
            given["reward"] = [reward]
        simulator.step(given)
        arrived = np.flatnonzero(trains[k - delay]) if k >= delay else []
        twin.step(arrived, fired, reward)
        np.testing.assert_allclose(weight(simulator), twin.w, rtol=1e-5, atol=1e-5)
    assert np.ptp(twin.w - wired.weight) > 0.1


@pytest.mark.parametrize("reward", [0.0, 0.5, -0.5])
def test_reward_scales_the_change_and_turns_it_with_its_sign(reward):
    simulator = Simulator(
        network(one_to_one(1, FIRST), 1, 1, signal="reward", tau_eligibility_ms=200.0)
    )
    run(simulator, {3: [0]}, {5: [0]}, 25)
    assert weight(simulator)[0] == np.float32(FIRST)

    simulator.step({"reward": [reward]})
    simulator.step({"reward": [0.0]})

    faded = math.exp(-20 / 200.0)  # from tick 5 to tick 25
    change = float(window(np.array(2), FIRST, "additive")) * faded * reward
    assert weight(simulator)[0] - FIRST == pytest.approx(change, abs=1e-7)


def test_eligibility_is_right_after_its_scale_began_anew():
    simulator = Simulator(
        network(one_to_one(2, FIRST), 2, 2, signal="reward", tau_eligibility_ms=5.0)
    )
    run(simulator, {3: [0], 203: [1]}, {5: [0], 205: [1]}, 207)

    simulator.step({"reward": [1.0]})

    change = float(window(np.array(2), FIRST, "additive")) * math.exp(-2 / 5.0)
    np.testing.assert_allclose(weight(simulator) - FIRST, [0, change], atol=1e-6)


@pytest.mark.parametrize("layout", ["csr", "dense"])
def test_a_run_goes_on_to_the_bit_from_a_snapshot(layout):
    rng = np.random.default_rng(3)
    wired, n_pre, n_post = _wired(layout, rng)
    simulator = Simulator(
        network(wired, n_pre, n_post, 3.0, layout, signal="reward", tau_eligibility_ms=30.0)
    )
    trains = rng.random((120, n_pre + n_post)) < 0.1

    def steps(first, last):
        for k in range(first, last):
            units = np.flatnonzero(trains[k, :n_pre]), np.flatnonzero(trains[k, n_pre:])
            simulator.step({"in": units[0], "teacher": units[1], "reward": [math.sin(k)]})
        return weight(simulator).tobytes()

    steps(0, 60)
    middle = simulator.snapshot()
    once = steps(60, 120)
    simulator.restore(middle)

    assert steps(60, 120) == once


def test_first_weights_out_of_bounds_are_refused():
    with pytest.raises(ConfigError, match=r"weights run from 3 to 3.*w_min 0\.1 and w_max 2"):
        Simulator(network(one_to_one(2, 3.0), 2, 2))


def test_several_delays_are_refused():
    with pytest.raises(ConfigError, match="one delay for all"):
        Simulator(network(one_to_one(2, FIRST), 2, 2, np.array([1.0, 2.0])))


def test_a_layout_that_cannot_learn_is_refused():
    with pytest.raises(ConfigError, match=r'no layout "bits" for weights that learn'):
        Simulator(network(one_to_one(2, FIRST), 2, 2, layout="bits"))
    with pytest.raises(ConfigError, match="for every pair"):
        Simulator(network(one_to_one(2, FIRST), 2, 2, layout="dense"))


def test_a_signal_of_several_numbers_is_refused():
    good = network(one_to_one(2, FIRST), 2, 2, signal="reward")
    inputs = (*good.inputs[:2], Input("reward", 3, "values"))

    with pytest.raises(ConfigError, match='"reward" has 3 numbers, not 1'):
        Simulator(Network(inputs, good.populations, good.projections))


def test_a_target_that_never_spikes_is_refused():
    link = Projection("in", "cells", one_to_one(2, FIRST), 1.0, kind="stdp")
    cells = Population("cells", 2, "leaky_integrator")

    with pytest.raises(ConfigError, match='learns from spikes of "cells", which gives values'):
        Simulator(Network((Input("in", 2),), (cells,), (link,)))
