"""The same seed gives the same bits; a snapshot continues to the bit; edits enter at a tick."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.engine.arena import Section
from neuroloop.network import (
    Input,
    Network,
    Population,
    Projection,
    fixed_probability,
    one_to_one,
)
from neuroloop.runtime.simulate import Simulator


def mixed(n=40):
    """Return a network of every kind that comes along, with rings, delays and chance."""
    return Network(
        (Input("in", n),),
        (
            Population("noise", n, "poisson", {"rate_hz": 60.0}),
            Population("one", n, "lif", {"refractory_ms": 2.0}),
            Population("two", n, "lif_exp"),
            Population("three", n, "current_lif"),
        ),
        (
            Projection("in", "one", one_to_one(n, 0.6)),
            Projection("noise", "one", fixed_probability(n, n, 0.2, 0.2, seed=1)),
            Projection("one", "two", fixed_probability(n, n, 0.2, 200.0, seed=2)),
            Projection("one", "two", one_to_one(n, -90.0), 5.0, "inh"),
            Projection("two", "three", one_to_one(n, 0.8), np.arange(n, dtype=float)),
            Projection("three", "one", fixed_probability(n, n, 0.1, -0.1, seed=3), 1.0),
        ),
    )


def drive(simulator, ticks):
    """Step under an input that depends on the tick alone; returns all that fired."""
    fired = []
    for _ in range(ticks):
        units = np.flatnonzero(np.random.default_rng(simulator.index).random(40) < 0.2)
        fired += [units.tobytes() for units in simulator.step({"in": units}).values()]
    return fired


def make(seed=7, **options):
    return Simulator(mixed(), seed=seed, watch=["noise", "one", "two", "three"], **options)


def digest():
    simulator = make()
    fired = drive(simulator, 150)
    whole = b"".join(fired) + simulator.arena.memory.tobytes()
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


def test_everything_in_the_mixed_network_fires():
    simulator = make()
    counts = dict.fromkeys(("noise", "one", "two", "three"), 0)
    for k in range(150):
        for name, units in simulator.step({"in": [k % 40, (7 * k) % 40]}).items():
            counts[name] += len(units)

    assert min(counts.values()) > 10


def test_same_seed_has_the_same_bits_twice_in_one_process():
    assert digest() == digest()


def test_same_seed_has_the_same_bits_in_two_processes():
    runs = [
        subprocess.run(
            [
                sys.executable,
                "-c",
                f"import runpy; print(runpy.run_path({__file__!r})['digest']())",
            ],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": str(k), "PATH": "/usr/bin", "HOME": "/nonexistent"},
        ).stdout.strip()
        for k in range(2)
    ]

    assert runs == [digest()] * 2


def test_other_seed_has_other_bits():
    one, other = make(seed=1), make(seed=2)

    assert drive(one, 50) != drive(other, 50)


def test_snapshot_in_the_middle_continues_to_the_bit():
    simulator = make()
    drive(simulator, 60)
    middle = simulator.snapshot()
    first = drive(simulator, 90)
    end = simulator.arena.memory.tobytes()

    simulator.restore(middle)
    second = drive(simulator, 90)

    assert second == first
    assert simulator.arena.memory.tobytes() == end


def test_snapshot_continues_in_another_simulator_of_the_same_network():
    simulator, other = make(), make(seed=99)
    drive(simulator, 60)
    other.restore(simulator.snapshot())

    assert drive(other, 60) == drive(simulator, 60)
    assert other.arena.memory.tobytes() == simulator.arena.memory.tobytes()


def test_a_whole_run_is_not_changed_by_looking_at_it():
    simulator, looked_at = make(), make()
    for _ in range(30):
        drive(simulator, 1)
        drive(looked_at, 1)
        looked_at.snapshot()

    assert simulator.arena.memory.tobytes() == looked_at.arena.memory.tobytes()


@pytest.mark.parametrize("section", list(Section))
def test_snapshot_of_each_section_is_restored(section):
    arena = make().arena
    before = arena.snapshot(section)
    arena["one.v"][:] = 5.0

    arena.restore(before)

    assert arena.snapshot(section) == before
    assert (arena["one.v"] == 0).all()


@pytest.mark.parametrize("cut", [0, 1, 100, 128, 5000, -1])
def test_truncated_snapshot_is_refused_and_changes_nothing(cut):
    arena = make().arena
    state = arena.snapshot()
    before = arena.memory.tobytes()

    with pytest.raises(ConfigError, match="snapshot"):
        arena.restore(state[:cut])

    assert arena.memory.tobytes() == before


def test_snapshot_cut_at_the_end_of_a_section_is_refused():
    arena = make().arena
    state = arena.snapshot(Section.STATIC)

    with pytest.raises(ConfigError, match="damaged"):
        arena.restore(state[: arena.end(Section.STATE)])


def test_snapshot_of_another_network_is_refused():
    other = Simulator(Network(populations=(Population("one", 40),)))

    with pytest.raises(ConfigError, match="another layout"):
        make().arena.restore(other.arena.snapshot())


def test_bytes_that_are_no_snapshot_are_refused():
    arena = make().arena

    with pytest.raises(ConfigError, match="not a snapshot"):
        arena.restore(bytes(len(arena.snapshot())))


def _cell(**params):
    link = Projection("in", "cell", one_to_one(2, 0.6), layout="csr")
    network = Network((Input("in", 2),), (Population("cell", 2, "lif", params),), (link,))
    return Simulator(network, watch=["cell"])


def test_edit_enters_at_the_next_tick():
    simulator = _cell()
    simulator.edit("cell.v", [0.9, 0.0])

    assert (simulator.arena["cell.v"] == 0).all()
    assert simulator.step({"in": [0, 1]})["cell"].tolist() == [0]


def test_edits_enter_in_the_order_they_were_made():
    simulator = _cell()
    simulator.edit("cell.v", 0.9)
    simulator.edit("cell.v", 0.0)

    assert simulator.step({"in": [0, 1]})["cell"].tolist() == []


def test_weight_may_be_edited():
    simulator = _cell()
    simulator.edit("in-cell.0.weight", [2.0, 0.1])

    assert simulator.step({"in": [0, 1]})["cell"].tolist() == [0]


def test_silenced_neurons_integrate_but_never_fire_until_they_are_freed():
    simulator = _cell(bias=2.0)
    simulator.edit("cell.silent", [1, 0])
    fired = {int(unit) for _ in range(60) for unit in simulator.step()["cell"]}
    simulator.edit("cell.silent", 0)
    later = {int(unit) for _ in range(60) for unit in simulator.step()["cell"]}

    assert fired == {1}
    assert later == {0, 1}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("cell.w", 0.0, r'no field "cell.w" \(did you mean "cell.v"'),
        ("cell.v", [1.0, 2.0, 3.0], r"edit of cell.v, float32\[2\]"),
        ("cell.v", "high", r"edit of cell.v"),
    ],
)
def test_impossible_edit_is_refused_in_words(name, value, words):
    with pytest.raises(ConfigError, match=words):
        _cell().edit(name, value)


def _edit_often(simulator, times):
    for _ in range(times):
        simulator.edit("cell.v", 0.0)


def test_more_edits_than_wait_are_refused_not_lost():
    with pytest.raises(ConfigError, match="waits for the next tick"):
        _edit_often(_cell(), 10_000)


def test_an_edit_that_waits_is_in_the_snapshot():
    simulator = _cell()
    simulator.edit("cell.v", 0.9)
    state = simulator.snapshot()
    simulator.step()
    simulator.restore(state)

    assert simulator.step({"in": [0, 1]})["cell"].tolist() == [0, 1]
