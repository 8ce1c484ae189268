"""Inputs that carry values, from Python and in a run file."""

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, Simulator, simulate
from neuroloop.core.errors import ConfigError
from neuroloop.network import dense, one_to_one


def _network(weight=None, delay_ms=0.0):
    """Three numbers onto three neurons whose current shows what arrived."""
    links = one_to_one(3, 2.0) if weight is None else dense(weight)
    return Network(
        (Input("x", 3, "values"),),
        (Population("cells", 3, "current_lif", {"current_decay": 0.0, "v_threshold": 1e9}),),
        (Projection("x", "cells", links, delay_ms, kind="value"),),
    )


def test_values_hold_until_they_are_given_anew():
    simulator = Simulator(_network())
    seen = []
    for given in ({"x": [1.0, 0.0, -1.0]}, None, {"x": [0.0, 3.0, 0.0]}):
        simulator.step(given)
        seen.append(simulator.arena["cells.c"].tolist())

    assert seen == [[2, 0, -2], [2, 0, -2], [0, 6, 0]]


def test_values_arrive_after_their_delay():
    simulator = Simulator(_network(delay_ms=2.0))
    seen = []
    for k in range(4):
        simulator.step({"x": [1.0 + k, 0.0, 0.0]})
        seen.append(float(simulator.arena["cells.c"][0]))

    assert seen == [0, 0, 2, 4]


def test_a_matrix_of_weights_is_a_product():
    rng = np.random.default_rng(1)
    weight, x = rng.normal(size=(3, 3)), rng.normal(size=3)
    simulator = Simulator(_network(weight))
    simulator.step({"x": x})

    np.testing.assert_allclose(simulator.arena["cells.c"], weight @ x, rtol=1e-5, atol=1e-6)


def test_a_series_enters_row_by_row():
    series = np.arange(15, dtype=np.float32).reshape(5, 3)
    result = simulate(_network(), ticks=5, inputs={"x": series}, probe=["cells.c"])

    np.testing.assert_array_equal(result.probes["cells.c"], 2 * series)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([1.0, 2.0], r"values of shape \(2,\), not \(3,\)"),
        ([1.0, np.nan, 0.0], "value 1 is nan"),
        ([1.0, 2.0, np.inf], "value 2 is inf"),
    ],
)
def test_what_is_no_value_is_refused(given, words):
    with pytest.raises(ConfigError, match=words):
        Simulator(_network()).step({"x": given})


def test_spikes_for_values_are_refused_and_the_other_way_round():
    with pytest.raises(ConfigError, match="takes values, not spikes"):
        simulate(_network(), ticks=2, inputs={"x": ([0.0], [1])})
    relay = Network(
        (Input("in", 1),), (Population("cell", 1),), (Projection("in", "cell", one_to_one(1)),)
    )
    with pytest.raises(ConfigError, match="takes spikes"):
        simulate(relay, ticks=2, inputs={"in": np.ones(1)})
    with pytest.raises(ConfigError, match='"in" gives spikes, and kind value carries values'):
        Simulator(
            Network(
                relay.inputs,
                relay.populations,
                (Projection("in", "cell", one_to_one(1), kind="value"),),
            )
        )


def test_too_few_rows_are_refused():
    with pytest.raises(ConfigError, match="2 rows of values for 5 ticks"):
        simulate(_network(), ticks=5, inputs={"x": np.zeros((2, 3))})


@pytest.mark.parametrize("ticks", [-1, 2.5])
def test_a_run_of_no_number_of_ticks_is_refused(ticks):
    with pytest.raises(ConfigError, match="a whole number from 0 on is wanted"):
        Simulator(_network()).run(ticks)
