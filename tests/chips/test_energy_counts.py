"""Counters of a running network: read from outside, added up over runs and networks."""

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.chips.energy.counts import Counts, Deliveries, Updates, everything, read, taken_over
from neuroloop.network import dense, one_to_one, pairs

DT = 1000


def network(n=6, kind="loihi1.cuba"):
    cuba = {"du": 4095, "dv": 0, "vth": 2}
    return Network(
        inputs=(Input("in", n),),
        populations=(Population("a", n, kind, cuba), Population("b", 2, kind, cuba)),
        projections=(
            Projection("in", "a", one_to_one(n, 4.0), 1.0, kind="loihi1.synapses"),
            Projection("a", "b", pairs([0, 1, 1], [0, 0, 1], 1.0), 1.0, kind="loihi1.synapses"),
        ),
    )


def program_of(simulator):
    return simulator._loop.program


def test_counters_are_those_of_the_spikes_that_were():
    rng = np.random.default_rng(3)
    simulator = Simulator(network(), watch=["a", "b"])
    given, fired = np.zeros(6, int), {"a": [], "b": []}
    for _ in range(200):
        units = np.flatnonzero(rng.random(6) < 0.3)
        given += np.bincount(units, minlength=6)
        for name, some in simulator.step({"in": units}).items():
            fired[name].append(some)
    spikes = {name: np.concatenate(some) for name, some in fired.items()}
    found = read(program_of(simulator))
    assert len(spikes["a"]) > 50
    assert found.ticks == 200
    assert found.uncounted == frozenset()
    assert found.populations["a"].updates == 1200
    assert found.populations["b"].updates == 400
    for name, own in spikes.items():
        assert found.populations[name].sent == len(own)
        assert 0 < found.populations[name].active <= found.populations[name].updates
    assert found.projections["in-a.0"] == Deliveries(int(given.sum()), int(given.sum()))
    fan_out = np.array([1, 2, 0, 0, 0, 0])
    synops = int(fan_out[spikes["a"].astype(int)].sum())
    assert found.projections["a-b.1"].synops == synops


def test_two_readings_give_what_came_between():
    simulator = Simulator(network())
    simulator.step({"in": [0, 1]})
    simulator.run(4)
    first = read(program_of(simulator))
    simulator.step({"in": [0, 1, 2]})
    simulator.run(9)
    between = read(program_of(simulator)).since(first)
    assert between.ticks == 10
    assert between.projections["in-a.0"] == Deliveries(3, 3)
    assert between.populations["a"].updates == 60


def test_counters_outlive_a_restore_of_what_was_before():
    simulator = Simulator(network())
    before = simulator.snapshot()
    simulator.step({"in": [0]})
    simulator.restore(before)
    assert read(program_of(simulator)) == read(program_of(Simulator(network())))


def test_counts_add_up_by_name():
    one = Counts(2, {"a": Updates(4, 3, 2, 1, 0)}, {"a-b.0": Deliveries(5, 1)}, frozenset({"x"}))
    two = Counts(3, {"a": Updates(1, 1, 1, 1, 1), "b": Updates(7)}, {"a-b.0": Deliveries(1, 1)})
    total = one + two
    assert total.ticks == 5
    assert total.populations == {"a": Updates(5, 4, 3, 2, 1), "b": Updates(7)}
    assert total.projections == {"a-b.0": Deliveries(6, 2)}
    assert total.uncounted == {"x"}


def test_kinds_of_floating_point_are_named_as_uncounted_but_not_what_the_host_computes():
    link = Projection("noise", "cell", dense(np.ones((2, 3))))
    populations = (Population("noise", 3, "poisson"), Population("cell", 2, "lif"))
    simulator = Simulator(Network(populations=populations, projections=(link,)))
    found = read(program_of(simulator))
    assert found.uncounted == {"cell", "noise-cell.0"}
    assert not found.populations


def test_a_network_that_takes_over_goes_on_counting_where_kinds_are_the_same():
    old, new = Simulator(network()), Simulator(network())
    other = Simulator(network(n=8))
    old.step({"in": [0, 1, 2]})
    old.run(9)
    counted = read(program_of(old))
    begun = taken_over(program_of(old), program_of(new))
    assert begun == counted
    larger = taken_over(program_of(old), program_of(other))
    assert larger.populations["a"].updates == 8 * 10
    assert larger.populations["a"].sent == counted.populations["a"].sent


def test_a_network_of_other_kinds_that_takes_over_begins_at_0():
    old, new = Simulator(network()), Simulator(network(kind="loihi1.periodic_reset"))
    old.step({"in": [0, 1, 2]})
    old.run(9)
    begun = taken_over(program_of(old), program_of(new))
    assert begun.ticks == 10
    assert begun.populations["a"] == Updates(60)
    assert begun.projections["in-a.0"] == Deliveries(3, 3)


def test_sums_of_a_network_in_floating_point_are_one_part():
    found = everything(neurons=10, ticks=20, synops=300)
    assert found.populations["all"] == Updates(200, 200)
    assert sum(d.synops for d in found.projections.values()) == 300
    assert sum(d.taken for d in found.projections.values()) == 0


@pytest.mark.parametrize("ticks", [0, 5])
def test_reading_changes_nothing(ticks):
    simulator = Simulator(network())
    simulator.run(ticks)
    before = simulator.snapshot()
    read(program_of(simulator))
    assert simulator.snapshot() == before
