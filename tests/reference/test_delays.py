"""Delays are exact to the tick, and a delay of 0 is the same tick."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.network import Input, Network, Population, Projection, one_to_one, pairs
from neuroloop.runtime.simulate import Simulator, simulate

RELAY = {"v_threshold": 0.5, "tau_m_ms": 1.0}


def _relay(name, n=1):
    return Population(name, n, "lif", RELAY)


def _arrivals(delay_ms, ticks=400, dt_us=1000, sent_ms=(0.0, 3.0)):
    link = Projection("in", "cell", one_to_one(1), delay_ms)
    network = Network((Input("in", 1),), (_relay("cell"),), (link,))
    inputs = {"in": (np.array(sent_ms), np.zeros(len(sent_ms), int))}
    return simulate(network, ticks=ticks, dt_us=dt_us, inputs=inputs, watch=["cell"])


@pytest.mark.parametrize("delay", [0, 1, 2, 3, 7, 8, 63, 64, 127, 255])
def test_spike_arrives_after_exactly_its_delay(delay):
    result = _arrivals(float(delay))

    assert (result.spikes["cell"].t_us // 1000).tolist() == [delay, delay + 3]


def test_delay_is_time_not_ticks():
    result = _arrivals(1.5, dt_us=100)

    assert result.spikes["cell"].t_us.tolist() == [1500, 4500]


def test_each_synapse_may_have_a_delay_of_its_own():
    delays = np.array([64, 0, 7, 63, 1, 0, 30, 64], float)
    n = len(delays)
    link = Projection("in", "cells", one_to_one(n), delays)
    network = Network((Input("in", n),), (_relay("cells", n),), (link,))
    inputs = {"in": (np.full(n, 2.0), np.arange(n))}

    spikes = simulate(network, ticks=80, inputs=inputs, watch=["cells"]).spikes["cells"]

    got = dict(zip(spikes.unit.tolist(), (spikes.t_us // 1000).tolist(), strict=True))
    assert got == {k: 2 + int(delay) for k, delay in enumerate(delays)}


def test_delays_of_several_projections_onto_one_population_do_not_disturb_each_other():
    links = [Projection("in", "cell", one_to_one(1), float(d)) for d in (0, 5, 64)]
    network = Network((Input("in", 1),), (_relay("cell"),), tuple(links))

    result = simulate(network, ticks=100, inputs={"in": ([1.0], [0])}, watch=["cell"])

    assert (result.spikes["cell"].t_us // 1000).tolist() == [1, 6, 65]


def test_spikes_that_arrive_together_add_up():
    half = Projection("in", "cell", pairs([0, 1], [0, 0], 0.25), [4.0, 2.0])
    network = Network((Input("in", 2),), (_relay("cell"),), (half,))

    result = simulate(network, ticks=9, inputs={"in": ([0.0, 2.0], [0, 1])}, watch=["cell"])

    assert (result.spikes["cell"].t_us // 1000).tolist() == [4]


CHAIN = ["a", "b", "c", "d"]


def _chain(order):
    names = ["in", *CHAIN]
    links = [Projection(s, t, one_to_one(1)) for s, t in zip(names, CHAIN, strict=False)]
    return Network((Input("in", 1),), tuple(_relay(n) for n in order), tuple(links[::-1]))


@pytest.mark.parametrize("order", [CHAIN, CHAIN[::-1], ["c", "a", "d", "b"]])
def test_delay_0_passes_a_whole_chain_in_one_tick_in_whatever_order_it_is_listed(order):
    result = simulate(_chain(order), ticks=5, inputs={"in": ([2.0], [0])}, watch=CHAIN)

    assert [result.spikes[name].t_us.tolist() for name in CHAIN] == [[2000]] * 4


def test_ring_with_a_delay_of_0_is_refused_and_named():
    links = [Projection(s, t, one_to_one(1)) for s, t in ("ab", "bc", "ca")]

    with pytest.raises(ConfigError, match=r"[abc] -> [abc] -> [abc] -> [abc] form a ring"):
        Simulator(Network((), tuple(_relay(n) for n in "abc"), tuple(links)))


def test_population_onto_itself_needs_a_tick():
    with pytest.raises(ConfigError, match="a -> a form a ring"):
        Simulator(Network((), (_relay("a"),), (Projection("a", "a", one_to_one(1)),)))


def test_ring_with_one_delay_goes_round():
    links = (Projection("a", "b", one_to_one(1)), Projection("b", "a", one_to_one(1), 3.0))
    start = Projection("in", "a", one_to_one(1))
    network = Network((Input("in", 1),), (_relay("a"), _relay("b")), (start, *links))

    result = simulate(network, ticks=10, inputs={"in": ([0.0], [0])}, watch=["b"])

    assert (result.spikes["b"].t_us // 1000).tolist() == [0, 3, 6, 9]


@pytest.mark.parametrize("delay_ms", [0.5, 1.0001, [1.0, 0.1]])
def test_delay_off_the_grid_of_ticks_is_refused(delay_ms):
    link = Projection("in", "cells", one_to_one(2), delay_ms)
    network = Network((Input("in", 2),), (_relay("cells", 2),), (link,))

    with pytest.raises(ConfigError, match=r"in-cells: a delay of .* not a whole number of ticks"):
        Simulator(network)


@pytest.mark.parametrize("delay_ms", [-1.0, np.nan, np.inf])
def test_impossible_delay_is_refused(delay_ms):
    link = Projection("in", "cells", one_to_one(2), delay_ms)

    with pytest.raises(ConfigError, match="negative or not a number"):
        Network((Input("in", 2),), (_relay("cells", 2),), (link,))


def test_delay_longer_than_a_ring_is_refused():
    with pytest.raises(ConfigError, match="longer than 65,535 ticks"):
        _arrivals(65_536.0)


def test_number_of_delays_must_be_that_of_synapses():
    link = Projection("in", "cells", one_to_one(2), [1.0, 2.0, 3.0])

    with pytest.raises(ConfigError, match="delays for 2 synapses"):
        Network((Input("in", 2),), (_relay("cells", 2),), (link,))


def test_ticks_that_a_live_clock_skips_lose_no_spike():
    link = Projection("in", "cell", one_to_one(1), 3.0)
    network = Network((Input("in", 1),), (_relay("cell"),), (link,))
    simulator = Simulator(network, watch=["cell"])

    simulator.step({"in": [0]})
    simulator._loop.next_index += 5
    fired = [len(simulator.step()["cell"]) for _ in range(12)]

    assert fired == [0, 0, 1] + [0] * 9
