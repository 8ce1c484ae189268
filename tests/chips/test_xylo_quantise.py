"""What a floating-point network becomes on Xylo, and what is said where that is another one."""

import math

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.chips.xylo import quantise
from neuroloop.core.errors import ConfigError
from neuroloop.network import Convolution, Pooling, dense, pairs

DT_US = 1000
# a shift has these decays to the bit: 1 - 1/2 and 1 - 1/4
EXACT = {"current_decay": 0.5, "voltage_decay": 0.75, "v_threshold": 1.0}


def chain(kind="current_lif", params=EXACT, weights=None, **more):
    """An input, a hidden population and an output."""
    rng = np.random.default_rng(5)
    w_in, w_out = weights or (rng.normal(0.1, 0.3, (20, 6)), rng.normal(0.1, 0.3, (3, 20)))
    cells = Population("cells", len(w_in), kind, params, more)
    return Network(
        (Input("in", w_in.shape[1]),),
        (cells, Population("out", len(w_out), kind, params)),
        (Projection("in", "cells", dense(w_in)), Projection("cells", "out", dense(w_out))),
    )


def test_ends_become_outputs_and_all_else_hidden_neurons():
    made = quantise(chain(), DT_US)

    assert made.chip == "xylo_audio2"
    assert {p.name: p.kind for p in made.network.populations} == {
        "cells": "xylo.hidden",
        "out": "xylo.output",
    }
    assert dict(made.late) == {"in": 0, "cells": 0, "out": 1}
    assert [(w.name, w.ticks) for w in made.wires] == [("in-cells", 0), ("cells-out", 1)]
    assert [j.delay_ms for j in made.network.projections] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("keep", "dash"), [(0.5, 1), (0.75, 2), (0.875, 3), (0.9, 3), (1.0, 15), (0.0, 0)]
)
def test_decay_of_the_potential_is_the_nearest_shift(keep, dash):
    made = quantise(chain(params={**EXACT, "voltage_decay": keep}), DT_US)
    layer = made.layers[0]

    assert layer.numbers["dash_mem"] == dash
    if 0 < keep < 1:
        assert dash == round(math.log2(-1 / math.log(keep)))
        assert layer.errors["dash_mem"] == pytest.approx(2.0**-dash / (1 - keep) - 1)


def test_a_decay_that_no_shift_has_is_said_with_the_numbers():
    made = quantise(chain("lif", {"tau_m_ms": 20.0}), DT_US)
    said = next(w for w in made.warnings if "potential" in w)

    assert said.startswith('population "cells": a tick should leave 0.9512')
    assert "15.5 ms in place of 20" in said
    assert "7.49, 15.5, 31.5 ms would be exact" in said


def test_a_decay_that_a_shift_has_is_not_warned_of():
    warnings = quantise(chain(), DT_US).warnings

    assert not any("should leave" in text for text in warnings)


def test_a_spike_moves_v_on_the_chip_as_in_the_network():
    """One spike, exact decays: v of all neurons follows within what rounding does."""
    network = chain(params={**EXACT, "v_threshold": 10.0})
    made = quantise(network, DT_US)
    scale = made.layers[0].scale
    plain, chip = Simulator(network), Simulator(made.network)
    for k in range(12):
        given = {"in": np.arange(6)} if k == 0 else {}
        plain.step(given)
        chip.step(given)
        wanted = plain.arena["cells.v"] * scale
        # a decay takes a unit more at most in a tick, and weights are rounded to whole shifts
        assert np.abs(chip.arena["cells.v"] - wanted).max() < 2 * (k + 1) + 0.01 * scale


def test_a_delta_synapse_adds_as_much_in_all():
    """Without a leak what arrived stays: the sum of the current's ticks is the weight."""
    weights = np.full((1, 1), 0.5), np.full((1, 1), 1.0)
    made = quantise(chain("integrate_and_fire", {"reset": "subtract"}, weights), DT_US)
    simulator = Simulator(made.network)
    for k in range(20):
        simulator.step({"in": [0]} if k == 0 else {})
    scale = made.layers[0].scale
    # dash 15 takes a unit off v in each tick
    assert simulator.arena["cells.v"][0] == pytest.approx(0.5 * scale, abs=25)
    assert any("acts over several ticks" in text for text in made.warnings)


def test_thresholds_weights_and_bias_have_one_scale():
    bias = np.linspace(-0.1, 0.1, 20)
    made = quantise(chain(bias=bias), DT_US)
    layer, cells = made.layers[0], made.network.populations[0]
    shift = made.network.projections[0].params["shift"]

    # strict: it fires above its threshold alone
    assert layer.numbers["threshold"] == math.floor(layer.scale) + 1
    # a bias of the current, as far as that settles: 1 / (1 - 0.5)
    np.testing.assert_array_equal(cells.arrays["bias"], np.rint(2 * bias * layer.scale))
    found = made.network.projections[0].connections.weight * 2.0**shift / layer.scale
    given = chain().projections[0].connections.weight
    # i decays before it moves v: what acts in the first tick is half of what is added
    assert np.abs(found / 2 - given).max() <= 2.0**shift / layer.scale / 4 * (1 + 1e-6)
    assert np.abs(made.network.projections[0].connections.weight).max() == 127
    assert any("settles" in text for text in made.warnings)


def test_shift_is_one_for_all_hidden_neurons_and_as_large_as_they_allow():
    network = chain(params={**EXACT, "v_threshold": 0.02})
    shifts = [j.params["shift"] for j in quantise(network, DT_US).network.projections]
    bounded = [j.params["shift"] for j in quantise(chain(), DT_US).network.projections]

    assert shifts[0] > 0
    assert all(0 <= k <= 7 for k in (*shifts, *bounded))


def test_first_potentials_are_kept():
    made = quantise(chain(v=np.linspace(0, 0.5, 20)), DT_US)

    wanted = np.rint(np.linspace(0, 0.5, 20) * made.layers[0].scale)
    np.testing.assert_array_equal(made.network.populations[0].arrays["v"], wanted)


def test_receptors_of_two_time_constants_are_two_synapses_and_of_one_are_joined():
    def network(tau_inh_ms):
        params = {"tau_exc_ms": 5.0, "tau_inh_ms": tau_inh_ms}
        loop = Projection("cells", "cells", dense(np.full((2, 2), 5.0)), 1.0)
        return Network(
            (Input("in", 2),),
            (Population("cells", 2, "lif_exp", params),),
            (
                Projection("in", "cells", dense(np.full((2, 2), 300.0)), receptor="exc"),
                Projection("in", "cells", dense(np.full((2, 2), -100.0)), receptor="inh"),
                loop,
            ),
        )

    two, one = (quantise(network(tau), DT_US).network for tau in (10.0, 5.0))
    assert [j.receptor for j in two.projections] == ["syn1", "syn2", "syn1"]
    # one weight for each pair of neurons: 300 - 100
    assert [j.receptor for j in one.projections] == ["syn1", "syn1"]
    with pytest.raises(ConfigError, match=r'"cells": its receptors have currents of their own'):
        quantise(network(10.0), DT_US, "imu")


def test_projections_come_in_the_order_in_which_the_chip_adds():
    loop = Projection("cells", "cells", dense(np.full((4, 4), 0.1)), 1.0)
    link = Projection("in", "cells", dense(np.full((4, 2), 0.1)))
    network = Network(
        (Input("in", 2),), (Population("cells", 4, "current_lif", EXACT),), (loop, link)
    )

    made = quantise(network, DT_US).network
    assert [j.source for j in made.projections] == ["in", "cells"]


def test_what_arrives_early_is_said():
    network = chain()
    skip = Projection("in", "out", dense(np.full((3, 6), 0.1)))
    slow = Projection("cells", "cells", dense(np.full((20, 20), 0.01)), 4.0)
    made = quantise(
        Network(network.inputs, network.populations, (*network.projections, skip, slow)), DT_US
    )

    said = " ".join(made.warnings)
    assert "projection in-out: its spikes act 1 tick earlier" in said
    assert "projection cells-cells: its spikes act 3 ticks earlier" in said
    assert 'population "out": it is at the end of the network and yet a hidden one' in said


def test_reset_and_refractory_time_that_the_chip_has_not_are_said():
    said = " ".join(quantise(chain("lif", {"refractory_ms": 3.0}), DT_US).warnings)
    subtract = " ".join(quantise(chain("lif", {"reset": "subtract"}), DT_US).warnings)

    assert "a spike lowers v by the threshold, where the network puts it to rest" in said
    assert "refractory time of 3 ticks is left out" in said
    assert "lowers v" not in subtract


def test_weights_that_all_become_0_are_refused_with_a_remedy():
    tiny = np.full((1, 1), 1e-6)
    network = chain(weights=(tiny, np.ones((1, 1))))

    with pytest.raises(
        ConfigError, match=r'in-cells: all of its weights are 0 .* threshold of "cells" .* fit'
    ):
        quantise(network, DT_US)


def test_weights_that_mostly_become_0_are_said():
    uneven = np.full((20, 6), 1e-4)
    uneven[0, 0] = 1.0
    made = quantise(chain(weights=(uneven, np.ones((3, 20)))), DT_US)

    assert made.wires[0].zeros == 119
    assert any("119 of 120 weights became 0" in text for text in made.warnings)


def test_a_threshold_far_below_the_weights_is_said():
    made = quantise(chain(params={**EXACT, "v_threshold": 1e-4}), DT_US)

    assert made.layers[0].errors["threshold"] > 0.05
    assert any("too high" in text for text in made.warnings)


def test_more_synapses_than_the_makers_name_are_said():
    network = chain()
    loop = Projection("cells", "cells", dense(np.full((70, 70), 0.01)), 1.0)

    def said(variant):
        cells = Population("cells", 70, "current_lif", EXACT)
        link = Projection("in", "cells", dense(np.ones((70, 6))))
        made = quantise(Network(network.inputs, (cells,), (link, loop)), DT_US, variant)
        return [text for text in made.warnings if "synapses to 70 hidden ones" in text]

    assert "memory for 64" in said("audio2")[0]
    assert not said("imu")


def test_poolings_become_lists_and_convolutions_are_refused():
    def network(wiring):
        cells = Population("cells", wiring.n_post, "lif")
        return Network((Input("in", 16),), (cells,), (Projection("in", "cells", wiring),))

    made = quantise(network(Pooling((1, 4, 4), 2)), DT_US).network
    assert len(made.projections[0].connections) == 16
    with pytest.raises(ConfigError, match=r"in-cells: Xylo has no convolution.*list"):
        quantise(network(Convolution((1, 4, 4), np.ones((1, 1, 2, 2)))), DT_US)


@pytest.mark.parametrize(
    ("kind", "params", "match"),
    [
        ("adex", {}, r'"cells": kind adex has no form on a chip'),
        ("lif", {"v_threshold": -1.0}, r'"cells": its threshold is -1 above rest'),
    ],
)
def test_what_has_no_form_is_refused_by_name(kind, params, match):
    cells = Population("cells", 2, kind, params)
    link = Projection("in", "cells", pairs([0], [0], 1.0))
    with pytest.raises(ConfigError, match=match):
        quantise(Network((Input("in", 1),), (cells,), (link,)), DT_US)
