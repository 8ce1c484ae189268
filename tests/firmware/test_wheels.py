"""Odometry and the speed controller, by their equations."""

from math import pi

import pytest

BODY = {"max_wheel_mps": 0.5, "full_duty_mps": 0.8, "start_duty": 0.1, "p": 0.4, "i": 2.0}
BODY["most_integral"] = 0.25


def test_a_turn_is_the_way_around_the_wheel(firmware):
    wheels = firmware.odometry.Odometry(0.035, 1496)
    wheels.step(100, -5, 0)
    wheels.step(100 + 1496, -5 - 748, 500_000)
    assert wheels.left_m == pytest.approx(2 * pi * 0.035)
    assert wheels.right_m == pytest.approx(-pi * 0.035)
    assert wheels.left_mps == pytest.approx(2 * pi * 0.035 / 0.5)


def test_a_speed_is_that_of_the_last_steps(firmware):
    wheels = firmware.odometry.Odometry(1 / (2 * pi), 1000)
    for step in range(100):
        wheels.step(2 * step, 0, 4_000 * step)
    assert wheels.left_mps == pytest.approx(2 / 1000 / 0.004)
    for step in range(100, 100 + firmware.odometry.SAMPLES):
        wheels.step(2 * 99, 0, 4_000 * step)
    assert wheels.left_mps == 0.0


@pytest.fixture
def wheel(firmware):
    return firmware.drive.Wheel(BODY)


def test_forward_and_backward_begin_at_the_start_duty(wheel):
    wheel.want(0.2)
    assert wheel.duty() == pytest.approx(0.1 + 0.2 / 0.8)
    wheel.want(-0.2)
    assert wheel.duty() == pytest.approx(-0.1 - 0.2 / 0.8)


def test_a_wheel_that_is_too_slow_gets_more(wheel):
    wheel.want(0.2)
    wheel.step(0.15, 0.004)
    assert wheel.duty() == pytest.approx(0.35 + 0.4 * 0.05 + 2.0 * 0.05 * 0.004)


def test_what_is_added_over_time_is_limited(wheel):
    wheel.want(0.2)
    for _ in range(10_000):
        wheel.step(0.0, 0.004)
    wheel.step(0.2, 0.0)
    assert wheel.duty() == pytest.approx(0.35 + 0.25)


@pytest.mark.parametrize("speed", [3.0, -3.0])
def test_a_wheel_that_is_far_too_fast_is_never_driven_the_other_way(wheel, speed):
    wheel.want(0.2 if speed > 0 else -0.2)
    wheel.step(speed, 0.004)
    assert wheel.duty() == 0.0


def test_zero_is_zero_at_once_and_the_controller_forgets(wheel):
    wheel.want(0.2)
    for _ in range(100):
        wheel.step(0.0, 0.004)
    wheel.want(0.0)
    assert wheel.duty() == 0.0
    wheel.step(0.5, 0.004)
    assert wheel.duty() == 0.0
    wheel.want(0.2)
    assert wheel.duty() == pytest.approx(0.35)


def test_speed_and_duty_have_limits(wheel):
    wheel.want(9.0)
    assert wheel.wanted_mps == 0.5
    for _ in range(10_000):
        wheel.step(-9.0, 0.004)
    assert wheel.duty() == 1.0
