"""What Xylo's kinds and its backend refuse, and in which order spikes are added there."""

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.chips import profile
from neuroloop.chips.xylo_rules import check
from neuroloop.core.errors import ConfigError
from neuroloop.network import dense, one_to_one, pairs
from neuroloop.neurons.xylo._membrane import spend

SLOW = {"dash_syn": 15, "dash_syn2": 15, "dash_mem": 15, "threshold": 32767}


def link(source, target, weight, delay_ms=None, **more):
    delay_ms = (0.0 if source == "in" else 1.0) if delay_ms is None else delay_ms
    return Projection(source, target, weight, delay_ms, kind="xylo.synapses", **more)


def network(*links, n=1, inputs=1, hidden=SLOW, **arrays):
    return Network(
        (Input("in", inputs),),
        (
            Population("cells", n, "xylo.hidden", hidden, arrays),
            Population("out", 1, "xylo.output"),
        ),
        links,
    )


def test_order_of_additions_counts_where_a_sum_overflows_and_the_backend_sees_to_it():
    """Fifteen spikes of 16,256 from an input beside 31 of -16,256 from the neuron itself."""
    fires = {**SLOW, "threshold": 100}
    loop = link("cells", "cells", dense([[-127]]), params={"shift": 7})
    drive = link("in", "cells", dense([[127]]), params={"shift": 7})

    def current(links, backend):
        simulator = Simulator(network(*links, hidden=fires), room={"in": 40}, backend=backend)
        simulator.step({"in": [0] * 15})
        first = simulator.arena["cells.payload"][0]
        simulator.step({"in": [0] * 15})
        assert first == 31
        return int(simulator.arena["cells.i"][0])

    right = current((drive, loop), "xylo")
    # 32,767, then 31 times -16,256 cut at the other end
    assert right == -32767
    assert current((loop, drive), "xylo") == right
    assert current((drive, loop), "float") == right
    # the other order ends at the upper end
    assert current((loop, drive), "float") == 32766


def test_a_network_in_order_is_run_as_it_is():
    from pathlib import Path

    from neuroloop.backends import xylo
    from neuroloop.core.ports import Site

    library = xylo.build(xylo.Config(), Site("engine", 0, 1000, Path()))
    given = network(link("in", "cells", dense([[1]])), link("cells", "cells", dense([[1]])))
    turned = Network(given.inputs, given.populations, given.projections[::-1])

    assert library.adapt(given, 1000).network is given
    made = library.adapt(turned, 1000).network
    assert [j.source for j in made.projections] == ["in", "cells"]
    assert library.adapt(made, 1000).network is made


def test_of_an_input_fifteen_spikes_are_taken_in_a_tick():
    simulator = Simulator(network(link("in", "cells", dense([[10]]))), room={"in": 40})
    simulator.step({"in": [0] * 40})

    assert simulator.arena["cells.i"].tolist() == [150 - 1]
    assert simulator.arena["in-cells.0.counted"].tolist() == [15, 15]


def test_several_synapses_between_a_pair_add_up():
    simulator = Simulator(network(link("in", "cells", pairs([0, 0], [0, 0], [100.0, 30.0]))))
    simulator.step({"in": [0]})

    assert simulator.arena["cells.i"].tolist() == [129]
    assert simulator.arena["in-cells.0.counted"].tolist() == [2, 1]


def test_a_silenced_neuron_gives_nothing_to_its_alias():
    given = network(
        link("in", "cells", dense([[100], [0]])),
        n=2,
        hidden={**SLOW, "threshold": 50},
        alias=[1, -1],
    )
    simulator = Simulator(given, watch=["cells"])
    assert simulator.step({"in": [0]})["cells"].tolist() == [0, 1]
    simulator.edit("cells.silent", [1, 0])
    assert simulator.step({"in": [0]})["cells"].tolist() == []


def test_spikes_of_all_potentials_are_the_thresholds_that_fit():
    v = np.arange(-40, 1 << 15, dtype=np.int32)
    rng = np.random.default_rng(0)
    for threshold in (1, 2, 3, 7, 10_923, 16_384, 32_767, *rng.integers(1, 1 << 15, 60)):
        left, times, fires = v.copy(), np.zeros_like(v), np.zeros(len(v), np.uint8)
        spend(left, np.full_like(v, threshold), times, fires, np.int32(1 << 15))
        wanted = np.maximum(v, 0) // threshold
        assert np.array_equal(times, wanted)
        assert np.array_equal(left, v - wanted * threshold)
        assert np.array_equal(fires, wanted > 0)


def test_the_lowest_potential_stays_where_its_decay_does_not_fit_into_16_bits():
    lowest = network(n=2, hidden={"dash_mem": 0}, v=[-32768, -32767])
    simulator = Simulator(lowest)
    simulator.step()
    assert simulator.arena["cells.v"].tolist() == [-32768, 0]


def test_neurons_count_what_they_do():
    simulator = Simulator(
        network(link("in", "cells", dense([[120], [0]])), n=2, hidden={**SLOW, "threshold": 50}),
        room={"in": 40},
    )
    simulator.step({"in": [0, 0]})
    active, _, cut, sent = simulator.arena["cells.counted"].tolist()
    assert (active, cut, sent) == (1, 0, 4)  # 239 is 4 thresholds and 39
    assert simulator.arena["cells.v"].tolist() == [39, 0]


def test_a_run_goes_on_from_a_snapshot_as_it_would_have():
    given = network(
        link("in", "cells", dense([[60], [90]])),
        link("cells", "cells", dense([[10, -70], [50, 5]])),
        n=2,
        hidden={"threshold": 40},
    )
    simulator = Simulator(given)
    for _ in range(5):
        simulator.step({"in": [0]})
    kept = simulator.snapshot()
    ends = []
    for _ in range(2):
        simulator.restore(kept)
        for _ in range(5):
            simulator.step({"in": [0]})
        ends.append(simulator.snapshot())
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("links", "match"),
    [
        ([link("in", "cells", dense([[1]]), 1.0)], r"in-cells: a delay of 1 ms; .*delay_ms = 0 "),
        ([link("cells", "out", dense([[1]]), 0.0)], r"cells-out: a delay of 0 ms; .*delay_ms = 1 "),
        ([link("cells", "out", dense([[1]]), 3.0)], r"cells-out: a delay of 3 ms; .*delay_ms = 1 "),
        (
            [link("in", "cells", pairs([0, 0], [0, 1], [1, 1]), [0.0, 1.0])],
            r"in-cells: several delays; .*delay_ms = 0 is wanted",
        ),
        ([link("in", "cells", dense([[1.5]]))], r"in-cells: a weight of 1\.5; .*-128 to 127"),
        ([link("in", "cells", dense([[-129]]))], r"in-cells: a weight of -129"),
        (
            [link("in", "cells", pairs([0, 0, 0], [0, 0, 0], 100.0), params={"shift": 7})],
            r"in-cells: the synapses between one pair of neurons add more than 16 bits",
        ),
        ([link("in", "cells", dense([[1]]), params={"shift": 8})], r"shift"),
        ([link("in", "cells", dense([[1]]), layout="dense")], r"layout .*leave it out"),
        ([link("in", "cells", dense([[1]]), receptor="syn3")], r'no receptor "syn3"'),
        ([link("in", "out", dense([[1]]), receptor="syn2")], r'no receptor "syn2"'),
    ],
)
def test_synapses_that_the_chip_has_not_are_refused_in_words(links, match):
    with pytest.raises(ConfigError, match=match):
        Simulator(network(*links, n=2))


@pytest.mark.parametrize(
    ("params", "arrays", "match"),
    [
        ({"threshold": 0}, {}, "threshold"),
        ({"threshold": -5}, {}, "threshold"),
        ({"dash_mem": 16}, {}, "dash_mem"),
        ({"bias": 40_000}, {}, "bias"),
        ({}, {"threshold": [5, 0]}, r'"cells": threshold is 0 of one neuron; .*from 1 to 32767'),
        ({}, {"dash_syn2": [1.5, 2]}, r"dash_syn2 is 1\.5"),
        ({}, {"bias": [1, 2, 3]}, r"bias has shape \(3,\), not \(2,\)"),
        ({}, {"alias": [0, -1]}, r"alias is 0 of neuron 0; it names another neuron"),
        ({}, {"alias": [2, -1]}, r"alias is 2 of neuron 0"),
        ({}, {"alias": [1]}, r"alias has shape \(1,\)"),
    ],
)
def test_numbers_beyond_the_format_are_refused_in_words(params, arrays, match):
    with pytest.raises(ConfigError, match=match):
        Simulator(network(n=2, hidden=params, **arrays))


def test_far_more_neurons_than_any_chip_has_are_refused_in_words():
    loop = link("cells", "cells", pairs([0], [1], 1.0))
    with pytest.raises(ConfigError, match=r"cells-cells: 20,000 sources .*1,000 hidden neurons"):
        Simulator(network(loop, n=20_000))


def both(*links, hidden=2, inputs=1, outputs=1):
    return Network(
        (Input("in", inputs),),
        (
            Population("cells", hidden, "xylo.hidden"),
            Population("out", outputs, "xylo.output"),
            Population("more", 1, "xylo.hidden"),
        ),
        links,
    )


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (both(inputs=17), r'Xylo Audio 2: 17 input channels \("in" 17\), and it has 16; fewer'),
        (both(hidden=1000), r'1,001 hidden neurons \("cells" 1,000, "more" 1\), and it has 1,000'),
        (both(outputs=9), r'9 output neurons \("out" 9\), and it has 8'),
        (
            both(link("out", "more", one_to_one(1))),
            r'"out" is an output of the chip, which reaches',
        ),
        (both(link("in", "out", one_to_one(1))), r"out.*hidden neurons alone reach; put a popul"),
        (
            both(link("in", "cells", one_to_one(1)), link("in", "cells", one_to_one(1))),
            r'two projections from "in" to "cells" at syn1; .*join them',
        ),
        (
            both(link("in", "cells", pairs([0, 0], [0, 0], 100.0))),
            r"in-cells: several synapses between one pair of neurons, 200 in all",
        ),
        (
            both(
                link("in", "cells", one_to_one(1)),
                link("in", "more", one_to_one(1), params={"shift": 2}),
            ),
            r"in-more: a shift of 2, and in-cells has 0; all weights of inputs",
        ),
    ],
)
def test_a_network_that_the_chip_cannot_hold_is_refused_in_words(given, match):
    with pytest.raises(ConfigError, match=match):
        Simulator(given, backend="xylo")


def test_the_imu_has_other_limits():
    imu = profile.load("xylo_imu")
    check(both(outputs=16), imu)
    with pytest.raises(ConfigError, match=r"Xylo IMU: 497 hidden neurons"):
        check(both(hidden=496), imu)
    with pytest.raises(ConfigError, match=r"one synapse, syn1, and not syn2"):
        check(both(link("in", "cells", one_to_one(1), receptor="syn2")), imu)


def test_hand_wired_navigation_fits_the_chip(config_network):
    simulator = Simulator(config_network, backend="xylo", watch=["motor"])
    rng = np.random.default_rng(0)
    fired = 0
    for _ in range(200):
        units = np.flatnonzero(rng.random(12) < 0.2)
        fired += len(simulator.step({"sectors": units, "heading": [0]})["motor"])
    assert fired
    assert simulator.late["motor"] == 1
    assert simulator.notes


@pytest.fixture
def config_network():
    import importlib.util
    from pathlib import Path

    path = Path(__file__).parents[2] / "configs" / "nets.py"
    spec = importlib.util.spec_from_file_location("nets", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.navigate()
