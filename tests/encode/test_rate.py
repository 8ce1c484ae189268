"""Numbers as two units each, ON and OFF."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, Scalars, SourceSpec
from neuroloop.encode import rate


def numbers(k):
    return SourceSpec("imu", Scalars, (k,), 100.0)


def scalars(*values):
    return Scalars(0, np.array(values, np.float32))


def intensity(encode):
    return encode.program.arena["encoder.coder.intensity"]


def twin(values, scale, last):
    """The definition, a number at a time."""
    k = len(scale)
    result = list(last)
    for i, (value, full) in enumerate(zip(values, scale, strict=True)):
        if not np.isnan(value):
            result[i] = min(max(value / full, 0.0), 1.0)
            result[k + i] = min(max(-value / full, 0.0), 1.0)
    return result


def test_positive_is_on_negative_is_off_and_both_are_clipped(alone):
    encode = alone(rate, rate.Config("imu", [1.0, 4.0, 2.0]), numbers(3))
    encode(scalars(0.5, -1.0, 9.0))
    assert intensity(encode).tolist() == [0.5, 0.0, 1.0, 0.0, 0.25, 0.0]


def test_nan_keeps_the_last_value_and_infinity_is_full(alone):
    encode = alone(rate, rate.Config("imu", [1.0, 1.0]), numbers(2))
    encode(scalars(0.5, 0.5))
    encode(scalars(np.nan, -np.inf))
    assert intensity(encode).tolist() == [0.5, 0.0, 0.0, 1.0]


def test_as_its_slow_twin(alone):
    rng = np.random.default_rng(0)
    scale = [0.5, 1.0, 3.0]
    encode = alone(rate, rate.Config("imu", scale), numbers(3))
    last = [0.0] * 6
    for _ in range(100):
        values = rng.normal(0, 2, 3).astype(np.float32)
        values[rng.random(3) < 0.2] = np.nan
        encode(Scalars(0, values))
        last = twin(values, scale, last)
        assert intensity(encode) == pytest.approx(last, abs=1e-6)


@pytest.mark.parametrize("code", ["regular", "bernoulli"])
def test_units_fire_at_their_rate(alone, code):
    encode = alone(rate, rate.Config("imu", [2.0], max_rate_hz=100, code=code), numbers(1))
    encode(scalars(-1.0))
    spikes = np.concatenate([encode() for _ in range(20_000)])
    # 20 s at 50 Hz; a coin a tick spreads the count by sqrt(n p (1 - p)) = 31
    tolerance = 0.1 if code == "regular" else 8
    assert np.bincount(spikes, minlength=2) / 20 == pytest.approx([0, 50], abs=tolerance)


def test_the_seed_decides_the_coins(alone):
    def spikes(seed):
        config = rate.Config("imu", [1.0], code="bernoulli")
        encode = alone(rate, config, numbers(1), seed=seed)
        encode(scalars(0.7))
        return [len(encode()) for _ in range(500)]

    assert spikes(1) == spikes(1) != spikes(2)


def test_other_sensors_and_a_scale_of_another_length_are_refused():
    camera = SourceSpec("camera", Frame, (2, 2), 30.0)
    with pytest.raises(ConfigError, match="rate needs a sensor of numbers"):
        rate.build(rate.Config("camera", [1.0]), Site("x", 0, 1000, source=camera))
    with pytest.raises(ConfigError, match='scale has 1 numbers, "imu" gives 2'):
        rate.build(rate.Config("imu", [1.0]), Site("x", 0, 1000, source=numbers(2)))


def test_chosen_channels_and_the_inverse_response(alone):
    source = SourceSpec("goal", Scalars, (2,), 10.0, labels=("bearing_rad", "distance_m"))
    config = rate.Config("goal", scale=[0.3], channels=["distance_m"], response="inverse")
    encode = alone(rate, config, source)
    encode(Scalars(0, np.array([2.0, 1.2], np.float32)))
    np.testing.assert_allclose(
        encode.program.arena["encoder.coder.intensity"], [0.25, 0.0], rtol=1e-6
    )
