"""The intensities learnt with are those of the encoders."""

import math

import numpy as np
import pytest

from neuroloop.encode import rate, sectors, tuning
from neuroloop.train.navigation import senses
from neuroloop.train.navigation.expert import BEAMS, BEARING


@pytest.fixture(params=range(3))
def reading(request):
    rng = np.random.default_rng(request.param)
    metres = rng.gamma(2.0, 1.5, BEAMS)
    metres[rng.random(BEAMS) < 0.15] = math.nan
    metres[rng.random(BEAMS) < 0.1] = math.inf
    return metres, rng.uniform(-3, 3), rng.uniform(0.1, 8), rng.uniform(-0.6, 0.6), rng.normal()


@pytest.fixture
def felt(reading):
    intensity = np.zeros(senses.UNITS, np.float32)
    senses.sense(*reading, intensity)
    ends = np.cumsum(list(senses.PORTS.values()))[:-1]
    return dict(zip(senses.PORTS, np.split(intensity, ends), strict=True))


@pytest.mark.parametrize(
    ("port", "settings"),
    [("near", (False, True, 0.35, 1.0)), ("far", (True, False, 0.3, 5.0))],
    ids=["near", "far"],
)
def test_sectors(reading, felt, port, settings):
    median, inverse, near, far = settings
    n = senses.PORTS[port]
    start, beams = np.zeros(n + 1, np.int64), np.zeros(BEAMS, np.float32)
    metres, bearing = reading[0].astype(np.float32), BEARING.astype(np.float32)
    known, sector = np.full(BEAMS, np.nan, np.float32), np.zeros(BEAMS, np.int64)
    sectors.sort_out(bearing, np.float32(2 * math.pi), n, known, sector)
    sectors.gather_beams(metres, sector, start, beams)
    wanted = np.zeros(n, np.float32)
    sectors.nearness(beams, start, wanted, median, inverse, np.float32(near), np.float32(far))
    assert felt[port] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(
    ("port", "k", "circular", "width"),
    [
        ("heading", 1, True, 0.5),
        ("distance", 2, False, 1.0),
    ],
)
def test_tuning(reading, felt, port, k, circular, width):
    config = tuning.Config(
        input="goal",
        channel="x",
        units=senses.PORTS[port],
        width=width,
        circular=circular,
        high=6.0,
    )
    wanted = np.zeros(config.units, np.float32)
    x = np.float32(reading[k])
    tuning.tune(x, tuning.preferred(config), wanted, circular, np.float32(width))
    assert felt[port] == pytest.approx(wanted, abs=1e-5)


def test_speed(reading, felt):
    wanted = np.zeros(4, np.float32)
    values, scale = np.float32(reading[3:]), np.float32([0.5, 2.0])
    rate.split(values, np.arange(2), scale, wanted, False)
    assert felt["speed"] == pytest.approx(wanted, abs=1e-6)


def test_mirror_exchanges_left_and_right(reading):
    metres, goal_rad, goal_m, forward, turning = reading
    one, other = np.zeros((2, senses.UNITS), np.float32)
    senses.sense(metres, goal_rad, goal_m, forward, turning, one)
    senses.sense(metres[::-1].copy(), -goal_rad, goal_m, forward, -turning, other)
    assert one[senses.MIRROR] == pytest.approx(other, abs=1e-5)
