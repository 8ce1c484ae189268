"""A scan's sectors: nearness by hand, against a slow twin, and what holes in a scan do."""

import math

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Depth, Frame, Ranges, SourceSpec
from neuroloop.encode import sectors


def lidar(beams):
    return SourceSpec("lidar", Ranges, (beams,), 10.0)


def scan(metres, bearing_deg):
    return Ranges(0, np.array(metres, np.float32), np.radians(bearing_deg).astype(np.float32))


def intensity(encode):
    return encode.program.arena["encoder.coder.intensity"]


def twin(metres, bearing_rad, config, last):
    """The definition, a sector at a time."""
    fov = math.radians(config.fov_deg)
    result = list(last)
    for s in range(config.sectors):
        left, right = (fov * (0.5 - k / config.sectors) for k in (s, s + 1))
        inside = [m for m, b in zip(metres, bearing_rad, strict=True) if right < b <= left]
        measured = [m for m in inside if not math.isnan(m)]
        if measured:
            close = (config.far_m - min(measured)) / (config.far_m - config.near_m)
            result[s] = min(max(close, 0.0), 1.0)
    return result


def test_the_nearest_beam_of_a_sector_counts(alone):
    config = sectors.Config("lidar", sectors=2, fov_deg=180, near_m=0.5, far_m=2.5)
    encode = alone(sectors, config, lidar(5))
    encode(scan([1.5, 2.0, 9.0, 0.1, 0.6], [60, 30, -30, -60, 120]))
    # left: 1.5 m is half way; right: 0.1 m is nearer than near; 120 degrees is outside
    assert intensity(encode).tolist() == [0.5, 1.0]


def test_nothing_in_range_is_far_and_no_measurement_keeps_the_last(alone):
    config = sectors.Config("lidar", sectors=2, fov_deg=180, near_m=0.5, far_m=2.5)
    encode = alone(sectors, config, lidar(2))
    encode(scan([1.5, 1.5], [45, -45]))
    encode(scan([np.inf, np.nan], [45, -45]))
    assert intensity(encode).tolist() == [0.0, 0.5]


def test_as_its_slow_twin(alone):
    rng = np.random.default_rng(0)
    config = sectors.Config("lidar", sectors=7, fov_deg=200, near_m=0.3, far_m=3.0)
    encode = alone(sectors, config, lidar(40))
    last = [0.0] * 7
    for _ in range(50):
        metres = rng.uniform(0, 4, 40).astype(np.float32)
        metres[rng.random(40) < 0.4] = np.nan
        metres[rng.random(40) < 0.1] = np.inf
        bearing_rad = rng.uniform(-math.pi, math.pi, 40).astype(np.float32)
        encode(Ranges(0, metres, bearing_rad))
        last = twin(metres, bearing_rad, config, last)
        assert intensity(encode) == pytest.approx(last, abs=1e-6)


@pytest.mark.parametrize("code", ["regular", "bernoulli"])
def test_units_fire_at_their_rate(alone, code):
    config = sectors.Config(
        "lidar", sectors=2, fov_deg=180, near_m=0.0, far_m=2.0, max_rate_hz=200, code=code
    )
    encode = alone(sectors, config, lidar(2))
    encode(scan([0.5, 1.5], [45, -45]))
    spikes = np.concatenate([encode() for _ in range(20_000)])
    rates_hz = np.bincount(spikes, minlength=2) / 20
    # 20 s at 150 and 50 Hz; a coin a tick spreads the count by sqrt(n p (1 - p)), 51 and 31
    assert rates_hz == pytest.approx([150, 50], abs=0.1 if code == "regular" else 8)


def test_regular_spikes_are_evenly_spaced(alone):
    config = sectors.Config("lidar", sectors=1, near_m=0.5, far_m=2.0, max_rate_hz=100)
    encode = alone(sectors, config, lidar(1))
    fired = [k for k in range(1000) if len(encode(scan([0.1], [0])))]
    assert set(np.diff(fired)) == {10}


def test_sectors_run_from_left_to_right(alone):
    config = sectors.Config("lidar", sectors=4, fov_deg=180)
    kernel = alone(sectors, config, lidar(1)).kernel
    assert np.degrees(kernel.bearing_rad) == pytest.approx([67.5, 22.5, -22.5, -67.5])


def test_other_sensors_and_impossible_limits_are_refused():
    camera = SourceSpec("camera", Frame, (2, 2), 30.0)
    with pytest.raises(ConfigError, match="sectors needs a range sensor"):
        sectors.build(sectors.Config("camera"), Site("x", 0, 1000, source=camera))
    config = sectors.Config("lidar", near_m=2.0, far_m=1.0)
    with pytest.raises(ConfigError, match=r"far_m \(1\) must be above near_m \(2\)"):
        sectors.build(config, Site("x", 0, 1000, source=lidar(1)))


def test_the_median_of_a_sector_and_the_inverse_response(alone):
    config = sectors.Config(
        "lidar", sectors=2, fov_deg=180, statistic="median", response="inverse", near_m=0.35
    )
    encode = alone(sectors, config, lidar(7))
    encode(scan([0.1, 0.7, 9.0, np.nan, 3.5, 0.2, np.inf], [80, 60, 10, 30, -5, -30, -60]))
    # left: the middle of 0.1, 0.7, 9.0; right: of 0.2, 3.5, inf
    np.testing.assert_allclose(intensity(encode), [0.5, 0.1], rtol=1e-6)


def test_the_median_of_many_beams(alone):
    rng = np.random.default_rng(3)
    config = sectors.Config(
        "lidar", sectors=1, fov_deg=360, statistic="median", response="inverse", near_m=0.1
    )
    for n in (1, 2, 3, 10, 501):
        encode = alone(sectors, config, lidar(n))
        for metres in (rng.uniform(1, 4, n), rng.integers(1, 4, n), np.full(n, np.inf)):
            encode(scan(metres, np.linspace(170, -170, n)))
            middle = np.sort(metres)[n // 2]
            assert intensity(encode)[0] == pytest.approx(0.1 / middle, rel=1e-6)


def depth_camera(**more):
    columns = np.radians([30, 10, -10, -30]).astype(np.float32)
    return SourceSpec("depth", Depth, (4, 4), 30.0, **({"bearing_rad": columns} | more))


def test_columns_of_a_depth_picture_are_sectors(alone):
    config = sectors.Config("depth", sectors=2, fov_deg=80, near_m=0.5, far_m=2.5, bottom=0.75)
    encode = alone(sectors, config, depth_camera())
    metres = np.full((4, 4), np.inf, np.float32)
    metres[1, 0], metres[2, 1], metres[3, 2], metres[0, 3] = 1.5, np.nan, 0.5, 2.0
    encode(Depth(0, metres))
    # the 0.5 m are in the lowest row, which is the floor and does not count
    assert intensity(encode).tolist() == [0.5, 0.25]
    encode(Depth(0, np.full((4, 4), np.nan, np.float32)))
    assert intensity(encode).tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    ("settings", "more", "words"),
    [
        ({"top": 0.5, "bottom": 0.5}, {}, r"bottom \(0.5\) must be above top"),
        ({}, {"bearing_rad": None}, "where its columns look"),
    ],
)
def test_depth_pictures_without_rows_or_bearings_are_refused(settings, more, words):
    with pytest.raises(ConfigError, match=words):
        sectors.build(
            sectors.Config("depth", **settings), Site("x", 0, 1000, source=depth_camera(**more))
        )


def test_a_rate_above_one_spike_a_tick_is_refused(alone):
    with pytest.raises(ConfigError, match="more than one spike in a tick of 1000 us"):
        alone(sectors, sectors.Config("lidar", max_rate_hz=1001), lidar(2))
