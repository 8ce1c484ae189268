"""What a comparison records of a run: every spike, what it carries, by the network's own time."""

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, simulate
from neuroloop.compare.comparison import compare
from neuroloop.compare.run import Conditions, run
from neuroloop.compare.trains import first_difference
from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Spikes
from neuroloop.network import one_to_one

TICKS = 300


def chain(depth=3, n=4):
    """Relays: every spike of one layer makes one of the next."""
    names = [f"layer{k}" for k in range(depth)]
    relay = {"current_decay": 0.0, "voltage_decay": 0.0, "v_threshold": 0.5}
    links = zip(["in", *names], names, strict=False)
    return Network(
        inputs=(Input("in", n),),
        populations=tuple(Population(name, n, "current_lif", relay) for name in names),
        projections=tuple(Projection(a, b, one_to_one(n, 1.0)) for a, b in links),
    )


def drawn(n=4, share=0.2, seed=1):
    tick, unit = np.nonzero(np.random.default_rng(seed).random((TICKS, n)) < share)
    return Spikes(tick.astype(np.int64) * 1000, unit.astype(np.uint32))


def given(spikes, **more):
    return Conditions(TICKS, spikes={"in": spikes}, **more)


def test_the_reference_has_the_spikes_of_simulate():
    names, spikes = ["layer0", "layer2"], drawn()
    mine = run(chain(), "float", names, given(spikes))
    theirs = simulate(chain(), ticks=TICKS, inputs={"in": spikes}, watch=names)
    for name in names:
        np.testing.assert_array_equal(mine.trains[name].tick * 1000, theirs.spikes[name].t_us)
        np.testing.assert_array_equal(mine.trains[name].unit, theirs.spikes[name].unit)
    updates = 12 * TICKS
    assert mine.counts.populations["all"].updates == updates
    assert mine.counts.projections["all"].synops == theirs.synaptic_operations


@pytest.mark.parametrize("backend", ["loihi1", "loihi1_nengo", "loihi2"])
def test_lateness_is_taken_out_and_nothing_is_cut_off(backend):
    names, spikes = [f"layer{k}" for k in range(3)], drawn()
    reference, chip = (run(chain(), b, names, given(spikes)) for b in ("float", backend))
    assert [chip.late[name] for name in names] == sorted({chip.late[name] for name in names})
    assert chip.late["layer2"] >= 3
    for name in names:
        assert first_difference(reference.trains[name], chip.trains[name]) is None
        assert chip.trains[name].ticks == TICKS
        assert len(chip.trains[name].tick) == len(spikes.unit)
    assert chip.seconds == pytest.approx((TICKS + chip.late["layer2"]) * 1e-3)


def test_a_comparison_of_relays_finds_every_spike_the_same():
    found = compare("relays", chain(), ["loihi1"], given(drawn()))
    (chip,) = found.chips
    assert chip.silent == []
    assert [one.verdict for one in chip.layers] == ["the same"] * 3
    assert [one.distance for one in chip.layers] == [0.0] * 3
    # each spike is one synaptic operation a layer, and is sent to one core
    terms = {term.name: term.count for term in chip.account.energy}
    assert terms["synaptic operations"] == 3 * len(drawn().unit)
    assert not chip.account.at_least


def test_several_spikes_of_a_neuron_in_a_tick_are_one_entry_that_counts_them():
    xylo = {"dash_mem": 3, "dash_syn": 1, "threshold": 10}
    link = Projection("in", "cells", one_to_one(4, 60.0), 0.0, kind="xylo.synapses")
    network = Network((Input("in", 4),), (Population("cells", 4, "xylo.hidden", xylo),), (link,))
    found = run(network, "float", ["cells"], given(drawn()))
    counted = simulate(network, ticks=TICKS, inputs={"in": drawn()}, probe=["cells.payload"])
    dense = np.zeros((TICKS, 4), np.int64)
    trains = found.trains["cells"]
    dense[trains.tick, trains.unit] = trains.weight
    fired = counted.probes["cells.payload"]
    assert dense.max() > 1
    np.testing.assert_array_equal(dense, fired)
    np.testing.assert_array_equal(trains.counts, fired.sum(axis=0))


def test_a_unit_that_stands_twice_in_a_tick_spikes_twice():
    twice = Spikes(np.array([5000, 5000, 5000]), np.array([1, 1, 2], np.uint32))
    found = run(chain(1), "float", ["layer0"], given(twice))
    assert found.counts.projections["all"].synops == 3
    assert found.trains["layer0"].unit.tolist() == [1, 2]


def test_spikes_after_the_end_are_not_used():
    late = Spikes(np.array([1000, TICKS * 1000, 10**9]), np.array([0, 1, 2], np.uint32))
    found = run(chain(1), "loihi1", ["layer0"], given(late))
    assert found.trains["layer0"].unit.tolist() == [0]


def test_a_unit_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="no unit 4"):
        run(chain(), "float", [], given(Spikes(np.array([0]), np.array([4], np.uint32))))


def test_a_chip_that_cannot_run_it_is_no_error_of_the_others():
    link = Projection("layer2", "layer0", one_to_one(4, 0.1), 1.0)
    ring = Network(chain().inputs, chain().populations, (*chain().projections, link))
    found = compare("ring", ring, ["dynapcnn", "loihi1"], given(drawn()))
    refused, chip = found.chips
    assert refused.refused
    assert refused.as_json() == {"refused": refused.refused}
    assert len(chip.layers) == 3
