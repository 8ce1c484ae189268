"""Commands that arrive late."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Plant, Site
from sims import plane

AHEAD = np.array([0.3, 0.3], np.float32)


def plant(**settings):
    return plane.build(plane.Config("empty", **settings), Site("plant", 0, 10_000))


def test_a_command_acts_after_its_delay_and_not_before():
    late = plant(command_delay_ms=50.0)
    assert isinstance(late, Plant)
    start = late.pose()
    late.command(AHEAD)
    late.advance(50_000)
    assert late.pose() == start
    late.advance(60_000)
    assert late.pose() != start


def test_the_path_is_that_of_commands_given_later():
    late, prompt = plant(command_delay_ms=30.0), plant()
    wheels = np.random.default_rng(0).uniform(-0.4, 0.4, (40, 2)).astype(np.float32)
    for k, command in enumerate(wheels):
        late.command(command)
        late.advance(10_000 * (k + 1))
        if k >= 3:
            prompt.command(wheels[k - 3])
        prompt.advance(10_000 * (k + 1))
    assert late.pose() == prompt.pose()


def test_what_is_on_its_way_is_part_of_a_snapshot():
    late = plant(command_delay_ms=40.0)
    late.command(AHEAD)
    late.advance(10_000)
    middle = late.snapshot()
    late.advance(200_000)
    first = late.pose()
    late.restore(middle)
    late.advance(200_000)
    assert late.pose() == first
    late.place((0.0, 0.0, 0.0), None)
    late.advance(200_000)
    assert late.pose() == (0.0, 0.0, 0.0)


def test_a_delay_between_two_steps_is_refused():
    with pytest.raises(ConfigError, match="whole number of steps"):
        plant(command_delay_ms=0.5)
