"""A rover follows a black post by its camera, in both plants."""

import math

import numpy as np
import pytest

from neuroloop.bench.follow.score import Limits, Task
from neuroloop.runtime.edits import edit

LIMITS = Limits()


def test_it_finds_the_target_and_keeps_it_in_view_and_near(plant):
    # a course on which the target begins out of view
    (result,) = Task(plant, 1, 5, 7.0, ()).run(lambda _: None)
    assert abs(result.bearing_deg[0]) > 35
    assert result.found_s(LIMITS) < 5.0
    late = result.rows[:, 0] > 5.0
    assert result.followed(LIMITS)[late].all()
    assert result.distance_m[-1] < 1.2
    assert result.contacts == 0


@pytest.mark.parametrize("silent", ["columns", "strong"])
def test_blind_it_turns_round_and_stays_where_it_is(play, silent):
    session, _ = play("follow", ticks=4000, before=lambda loop: edit(loop, f"{silent}.silent", 1))
    x, y, _ = session.loop.plant.pose()
    assert math.dist((x, y), session.loop.plant.world.start[:2]) < 0.05
    assert abs(session.loop.plant.twist()[1]) > 1.0


def test_grey_things_alone_do_not_attract_it(play, tmp_path):
    world = (
        'name = "grey"\nroom = [[-4, -4], [4, -4], [4, 4], [-4, 4]]\nstart = [0.0, 0.0, 0.0]\n'
        "[[target]]\npath = [[1.2, -0.6], [1.2, 0.6]]\nspeed_mps = 0.3\ngrey = 0.3\n"
    )
    (tmp_path / "grey.toml").write_text(world)
    session, meter = play("follow", f'plant.world="{tmp_path / "grey.toml"}"', ticks=4000)
    x, y, _ = session.loop.plant.pose()
    assert math.hypot(x, y) < 0.05
    assert meter.spikes > 1000


def test_two_runs_are_the_same_to_the_bit():
    first, second = (Task("plane", 1, 3, 3.0, ()).run(lambda _: None)[0] for _ in range(2))
    np.testing.assert_array_equal(first.rows, second.rows)
