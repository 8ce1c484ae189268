"""What the sensors of a simulated robot promise, each of them through one set of checks."""

import math
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site, Source, Stateful
from neuroloop.core.values import Frame, Ranges, Scalars
from sims import plane

KINDS = ["plant.camera", "plant.goal", "plant.lidar", "plant.odometry"]
NO_GOAL = 'name = "bare"\nroom = [[-5, -5], [5, -5], [5, 5], [-5, 5]]\nstart = [0, 0, 0]\n'


@pytest.fixture
def plant():
    return plane.build(plane.Config("empty"), Site("plant", 1, 1000))


def make(kind, plant, seed=1, name="it", **settings):
    module = resolve.module("sensor", kind, Path(), "sensor.it.kind")
    config = msgspec.convert(settings, module.Config)
    return module.build(config, Site(name, seed, 1000, plant=plant))


def numbers(reading):
    """Everything a reading says, as bytes."""
    return b"".join(
        np.asarray(getattr(reading, field)).tobytes() for field in reading.__dataclass_fields__
    )


def run(plant, source, until_us, tick_us=1000):
    readings = []
    while plant.t_us < until_us:
        readings += source.read(plant.t_us + tick_us)
        plant.advance(plant.t_us + tick_us)
    return readings


def test_they_are_all_here():
    assert set(KINDS) <= set(resolve.kinds("sensor"))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_source_whose_readings_are_as_it_declares(kind, plant):
    source = make(kind, plant)
    assert isinstance(source, Source)
    assert isinstance(source, Stateful)
    (reading,) = source.read(1000)
    spec = source.spec
    assert spec.name == "it"
    assert type(reading) is spec.reading
    fields = {Frame: "grey", Ranges: "metres", Scalars: "values"}
    assert getattr(reading, fields[type(reading)]).shape == spec.shape
    if spec.bearing_rad is not None:
        assert spec.bearing_rad.shape == (spec.shape[-1],)
        assert np.all(np.diff(spec.bearing_rad) < 0)  # left to right
    if isinstance(reading, Scalars):
        assert len(spec.labels) == spec.shape[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("rate_hz", "tick_us", "stamps"),
    [
        (100.0, 1000, [0, 10_000, 20_000, 30_000]),
        (300.0, 1000, [0, 4000, 7000, 10_000, 14_000]),
        (100.0, 4000, [0, 12_000, 20_000, 32_000]),
        (1000.0, 4000, [0, 4000, 8000, 12_000]),
    ],
)
def test_it_reads_at_the_first_tick_at_or_after_each_period(kind, rate_hz, tick_us, stamps, plant):
    source = make(kind, plant, rate_hz=rate_hz)
    readings = run(plant, source, stamps[-1] + tick_us, tick_us)
    assert [r.t_us for r in readings] == stamps


@pytest.mark.parametrize("kind", KINDS)
def test_it_never_reads_twice_or_from_the_future(kind, plant):
    source = make(kind, plant)
    plant.advance(5000)
    assert len(source.read(5000)) == 0  # the present is not before 5000
    assert len(source.read(6000)) == 1
    assert len(source.read(6000)) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_when_nothing_is_due_it_returns_at_once(kind, plant):
    source = make(kind, plant)
    source.read(1000)
    start = time.perf_counter()
    for _ in range(1000):
        source.read(1000)
    assert (time.perf_counter() - start) / 1000 < 50e-6


@pytest.mark.parametrize("kind", KINDS)
def test_restored_it_goes_on_to_the_bit(kind, plant):
    source = make(kind, plant, rate_hz=70)
    plant.command(np.array([0.2, 0.3], np.float32))
    run(plant, source, 100_000)
    kept, world = source.snapshot(), plant.snapshot()
    first = run(plant, source, 400_000)
    source.restore(kept)
    plant.restore(world)
    second = run(plant, source, 400_000)
    assert len(first) > 10
    assert [numbers(r) for r in first] == [numbers(r) for r in second]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_plant_it_says_so(kind):
    with pytest.raises(ConfigError, match=r"sensor.it: .*no \[plant\]"):
        make(kind, None)


@pytest.mark.parametrize("kind", ["plant.lidar", "plant.camera"])
def test_an_unknown_mounting_names_the_known_one(kind, plant):
    with pytest.raises(ConfigError, match=r'sensor.it.mount: .*"rover" has no .*did you mean'):
        make(kind, plant, mount="lidor" if kind == "plant.lidar" else "camara")


# --- lidar ---


def test_beams_go_evenly_from_left_to_right(plant):
    bearing = make("plant.lidar", plant).spec.bearing_rad
    assert bearing[0] == pytest.approx(math.radians(175))
    assert bearing[-1] == pytest.approx(-math.radians(175))
    np.testing.assert_allclose(np.diff(bearing), -math.radians(10), rtol=1e-4)


def test_without_noise_it_measures_the_truth(plant):
    (scan,) = make("plant.lidar", plant, noise_m=0).read(1000)
    bearing = scan.bearing_rad
    expected = 5 / np.maximum(np.abs(np.cos(bearing)), np.abs(np.sin(bearing)))
    np.testing.assert_allclose(scan.metres, expected, rtol=1e-5)


def test_noise_has_its_size_and_is_the_parts_own(plant):
    def scans(**site):
        source = make("plant.lidar", plant, rate_hz=1000, noise_m=0.05, **site)
        start = plant.snapshot()
        got = np.concatenate([r.metres for r in run(plant, source, 100_000)])
        plant.restore(start)
        return got

    first = scans()
    (truth,) = make("plant.lidar", plant, noise_m=0).read(1000)
    spread = first - np.tile(truth.metres, 100)
    assert np.std(spread) == pytest.approx(0.05, rel=0.1)
    assert np.mean(spread) == pytest.approx(0, abs=0.005)
    np.testing.assert_array_equal(first, scans())
    assert not np.array_equal(first, scans(seed=2))
    assert not np.array_equal(first, scans(name="other"))


def test_dropout_gives_no_measurement_at_its_rate(plant):
    readings = run(plant, make("plant.lidar", plant, rate_hz=1000, dropout=0.3), 100_000)
    missing = np.isnan(np.concatenate([r.metres for r in readings]))
    assert missing.mean() == pytest.approx(0.3, abs=0.05)
    (none,) = make("plant.lidar", plant, dropout=1.0).read(1000 + plant.t_us)
    assert np.isnan(none.metres).all()


def test_too_near_is_no_measurement_and_too_far_is_infinite(tmp_path):
    shipped = Path(plane.__file__).parents[1] / "bodies" / "rover.toml"
    text = shipped.read_text().replace("min_m = 0.05", "min_m = 5.1")
    text = text.replace("max_m = 10.0", "max_m = 6.0").replace("noise_m = 0.01", "noise_m = 0")
    (tmp_path / "short.toml").write_text(text)
    site = Site("plant", 1, 1000, tmp_path)
    (scan,) = make("plant.lidar", plane.build(plane.Config("empty", "short"), site)).read(1000)
    bearing = np.abs(scan.bearing_rad)
    expected = 5 / np.maximum(np.abs(np.cos(bearing)), np.abs(np.sin(bearing)))
    assert np.array_equal(np.isnan(scan.metres), expected < 5.1)
    assert np.array_equal(np.isposinf(scan.metres), expected > 6.0)
    assert np.isnan(scan.metres).any()
    assert np.isposinf(scan.metres).any()


def test_a_tilted_mounting_is_refused(tmp_path):
    shipped = Path(plane.__file__).parents[1] / "bodies" / "rover.toml"
    text = shipped.read_text().replace("0.20, 0.0, 0.0, 0.0]", "0.20, 0.0, 0.5, 0.0]")
    (tmp_path / "tilted.toml").write_text(text)
    robot = plane.build(plane.Config("empty", "tilted"), Site("plant", 1, 1000, tmp_path))
    with pytest.raises(ConfigError, match=r"pitch 0.5.*upright"):
        make("plant.lidar", robot)


# --- goal, odometry, camera ---


def test_the_goal_is_told_in_the_bodys_frame(plant):
    source = make("plant.goal", plant, rate_hz=1000)
    (ahead,) = source.read(1000)
    assert ahead.values.tolist() == [0.0, 4.0]
    plant.command(np.array([-0.1, 0.1], np.float32))  # turns left: the goal moves to the right
    plant.advance(500_000)
    (right,) = source.read(501_000)
    assert right.values[0] == pytest.approx(-plant.pose()[2])
    assert right.values[1] == pytest.approx(4.0)


def test_a_world_without_a_goal_says_so(tmp_path):
    (tmp_path / "bare.toml").write_text(NO_GOAL)
    bare = plane.build(plane.Config("bare"), Site("plant", 1, 1000, tmp_path))
    with pytest.raises(ConfigError, match="world has no goal; add `goal"):
        make("plant.goal", bare)


def test_odometry_tells_the_true_speeds(plant):
    plant.command(np.array([0.2, 0.3], np.float32))
    plant.advance(1_000_000)
    (reading,) = make("plant.odometry", plant).read(1_001_000)
    np.testing.assert_allclose(reading.values, [0.25, 0.1 / 0.23], rtol=1e-5)


def test_a_camera_looks_ahead_from_its_mounting(plant):
    source = make("plant.camera", plant)
    (frame,) = source.read(1000)
    assert frame.grey.dtype == np.uint8
    assert source.spec.bearing_rad[0] == pytest.approx(math.radians(35), abs=0.02)
    # the far wall, 4.9 m ahead and 1 m high, rises above the horizon in the middle column
    focal = 32 / math.tan(math.radians(35))
    top = round(24 - focal * 0.75 / 4.9)
    assert frame.grey[top - 2, 32] == 215
    assert frame.grey[top + 1, 32] != 215
