"""What every plant promises; a new file in `sims` is picked up here."""

import math
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import msgspec
import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError, MachineError, PartError
from neuroloop.core.ports import Plant, Site

BEARINGS = np.array([0.0, math.pi / 2, -math.pi / 2, 3.1415], np.float32)
KINDS = resolve.kinds("plant")


def pybullet_is_expected() -> bool:
    """There is a wheel for this machine, and the machine is a test machine."""
    has_wheel = (
        sys.version_info < (3, 12) and sys.platform == "linux" and platform.machine() == "x86_64"
    )
    return has_wheel and os.environ.get("CI") == "true"


def make(kind, stack, world="empty", **settings):
    module = resolve.module("plant", kind, Site("plant", 1, 1000).folder, "plant.kind")
    config = msgspec.convert({"world": world, **settings}, module.Config)
    try:
        plant = module.build(config, Site("plant", 1, 10_000))
    except MachineError as error:
        if pybullet_is_expected():
            raise
        pytest.skip(str(error))
    return stack.enter_context(plant) if hasattr(plant, "__enter__") else plant


@pytest.fixture(scope="module", params=KINDS)
def opened(request):
    with ExitStack() as stack:
        plant = make(request.param, stack)
        yield plant, plant.snapshot()


@pytest.fixture
def plant(opened) -> Iterator[Plant]:
    fresh, start = opened
    fresh.restore(start)
    return fresh


def drive(plant, left, right, seconds):
    plant.command(np.array([left, right], np.float32))
    plant.advance(plant.t_us + round(seconds * 1e6))


def wander(plant, ticks=60):
    rng = np.random.default_rng(3)
    path = []
    for i in range(ticks):
        if i % 10 == 0:
            plant.command(rng.uniform(-0.5, 0.5, 2).astype(np.float32))
        plant.advance(plant.t_us + 10_000)
        path.append((*plant.pose(), *plant.twist(), plant.touching()))
    return path


def test_there_are_two_plants():
    assert {"plane", "bullet"} <= set(KINDS)


def test_it_is_a_plant_with_a_body_in_a_world(plant):
    assert isinstance(plant, Plant)
    assert plant.body.channels == ("left", "right")
    assert plant.world.goal == (4.0, 0.0)


def test_it_starts_at_rest_where_the_world_says(plant):
    assert plant.t_us == 0
    assert plant.pose() == pytest.approx((0, 0, 0), abs=1e-3)
    assert plant.twist() == pytest.approx((0, 0), abs=1e-3)
    assert plant.touching() is False


def test_only_advance_moves_the_clock(plant):
    plant.command(np.array([0.3, 0.3], np.float32))
    plant.scan((0.0, 0.0, 0.0), BEARINGS)
    assert plant.t_us == 0
    plant.advance(20_000)
    assert plant.t_us == 20_000
    plant.advance(20_000)
    assert plant.t_us == 20_000


def test_it_refuses_to_go_back_or_to_stop_between_steps(plant):
    plant.advance(20_000)
    with pytest.raises(PartError, match="cannot go from 20000 us to 10000 us"):
        plant.advance(10_000)
    with pytest.raises(PartError, match="steps of 1000 us"):
        plant.advance(20_500)


def test_equal_wheels_go_straight_ahead(plant):
    drive(plant, 0.4, 0.4, 2.0)
    x, y, yaw = plant.pose()
    assert x == pytest.approx(0.4 * 2 - 0.4 * 0.4 / 2 / 2, abs=0.01)
    assert (y, yaw) == pytest.approx((0, 0), abs=0.01)
    assert plant.twist() == pytest.approx((0.4, 0), abs=0.01)


def test_a_faster_right_wheel_turns_left(plant):
    drive(plant, 0.2, 0.3, 1.0)
    assert plant.pose()[2] > 0.2
    assert plant.pose()[1] > 0
    assert plant.twist() == pytest.approx((0.25, 0.1 / 0.23), abs=0.01)


def test_a_wheel_keeps_its_limit_and_what_is_not_a_number_stops_it(plant):
    drive(plant, 9.0, 9.0, 1.0)
    assert plant.twist()[0] == pytest.approx(0.5, abs=0.01)
    drive(plant, math.nan, math.nan, 1.0)
    assert plant.twist() == pytest.approx((0, 0), abs=0.01)


def test_a_wall_stops_it_and_it_says_so(plant):
    drive(plant, 0.5, 0.5, 12.0)
    assert plant.touching() is True
    assert plant.pose()[0] == pytest.approx(5 - 0.17, abs=2e-3)
    drive(plant, -0.5, -0.5, 2.0)
    assert plant.touching() is True  # it was, as it left
    drive(plant, -0.5, -0.5, 0.1)
    assert plant.touching() is False


def test_a_scan_is_measured_from_the_mounting(plant):
    metres = plant.scan((1.0, 0.5, 0.0), BEARINGS)
    assert metres.dtype == np.float32
    np.testing.assert_allclose(metres, [4.0, 4.5, 5.5, 6.0], atol=0.01)
    turned = plant.scan((1.0, 0.5, math.pi / 2), BEARINGS)
    np.testing.assert_allclose(turned, [4.5, 6.0, 4.0, 5.5], atol=0.01)


def test_a_picture_has_floor_below_and_wall_above(plant):
    grey = plant.picture((0.1, 0.0, 0.25, 0.0), (24, 32), 1.2)
    assert grey.shape == (24, 32)
    assert grey.dtype == np.uint8
    assert grey[-1].mean() < grey[0].mean()


def test_two_of_a_kind_do_the_same_to_the_bit(opened, request):
    kind = request.node.callspec.params["opened"]
    with ExitStack() as stack:
        first = wander(make(kind, stack))
        second = wander(make(kind, stack))
    assert first == second


def test_after_restore_it_does_the_same_to_the_bit(plant):
    wander(plant, 25)
    kept = plant.snapshot()
    t_us, pose = plant.t_us, plant.pose()
    first = wander(plant)
    plant.restore(kept)
    assert (plant.t_us, plant.pose()) == (t_us, pose)
    assert wander(plant) == first


def test_it_refuses_a_snapshot_of_something_else(plant):
    with pytest.raises(PartError, match="3 bytes are not a snapshot"):
        plant.restore(b"abc")


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_must_divide_the_tick(kind):
    with pytest.raises(ConfigError, match="3000 does not divide the tick of 10000 us"):
        make(kind, ExitStack(), step_us=3000)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_world_names_the_known_ones(kind):
    with pytest.raises(ConfigError, match='did you mean "boxes"'):
        make(kind, ExitStack(), world="boxs")
