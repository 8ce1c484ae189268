"""Lateness: every link gets the time it takes, and nothing is later than it has to be."""

import numpy as np
import pytest

from neuroloop.chips.retime import Link, retime


def links(*given):
    return [Link(f"{s}-{t}", s, t, ticks, least) for s, t, ticks, least in given]


def test_each_layer_is_a_tick_later_and_shorter_ways_wait():
    timing = retime(["in", "a", "b"], links(("in", "a", 0, 1), ("a", "b", 0, 1), ("in", "b", 0, 1)))

    assert timing.late == {"in": 0, "a": 1, "b": 2}
    assert timing.ticks == [1, 1, 2]
    assert timing.notes == []


def test_delays_of_the_network_are_used_up_first():
    timing = retime(["in", "a", "b"], links(("in", "a", 3, 1), ("a", "b", 1, 1)))

    assert timing.late == {"in": 0, "a": 0, "b": 0}
    assert timing.ticks == [3, 1]


def test_a_ring_without_enough_delay_gets_what_is_missing_and_it_is_said():
    given = links(("in", "a", 0, 1), ("a", "b", 0, 1), ("b", "c", 0, 1), ("c", "a", 1, 1))
    timing = retime(["in", "a", "b", "c"], given)

    assert timing.added == [0, 0, 0, 2]
    assert timing.ticks == [1, 1, 1, 1]
    assert "c-a: 2 ticks later" in timing.notes[0]
    assert "delay of 1 tick and takes the chip at least 3" in timing.notes[0]


def test_a_population_that_reaches_itself_a_tick_later_needs_nothing():
    timing = retime(["a"], links(("a", "a", 1, 1)))

    assert (timing.late, timing.ticks, timing.added) == ({"a": 0}, [1], [0])


def test_nothing_at_all():
    assert retime([], []).late == {}


@pytest.mark.parametrize("seed", range(20))
def test_lateness_is_enough_and_the_smallest(seed):
    rng = np.random.default_rng(seed)
    names = [f"p{k}" for k in range(8)]
    given = []
    for _ in range(14):
        s, t = rng.integers(0, 8, 2)
        if t:  # the first one is an input
            least = int(rng.integers(0, 3))
            # rings get delays enough, most of the time
            ticks = int(rng.integers(0, 3)) if s < t else int(rng.integers(0, 9))
            given.append((names[s], names[t], ticks, least))
    given = links(*given)
    timing = retime(names, given)

    assert timing.late["p0"] == 0
    for link, ticks, added in zip(given, timing.ticks, timing.added, strict=True):
        assert ticks >= link.least
        behind = timing.late[link.target] - timing.late[link.source]
        assert ticks == link.ticks + added + behind
    for name in names:  # whoever is late waits for somebody who takes the least there is
        if timing.late[name]:
            into = [
                ticks == link.least
                for link, ticks in zip(given, timing.ticks, strict=True)
                if link.target == name
            ]
            assert any(into)
    assert (sum(timing.added) > 0) == bool(timing.notes)
