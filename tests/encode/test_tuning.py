"""A population code: each unit has a value of its own."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Ranges, Scalars, SourceSpec
from neuroloop.encode import tuning

GOAL = SourceSpec("goal", Scalars, (2,), 10.0, labels=("bearing_rad", "distance_m"))


def scalars(*values):
    return Scalars(0, np.array(values, np.float32))


def intensity(encode):
    return encode.program.arena["encoder.coder.intensity"]


def test_angles_wrap_round(alone):
    config = tuning.Config("goal", "bearing_rad", units=16, width=0.5, circular=True)
    encode = alone(tuning, config, GOAL)
    encode(scalars(np.pi, 1.0))
    behind = intensity(encode).copy()
    encode(scalars(-np.pi, 1.0))
    np.testing.assert_allclose(intensity(encode), behind, rtol=1e-5)
    # the first and the last unit share what lies straight behind
    assert behind[0] == pytest.approx(behind[-1], rel=1e-5)
    preferred = tuning.preferred(config)
    expected = np.exp((np.cos(np.pi - preferred) - 1) / 0.25)
    np.testing.assert_allclose(behind, expected, rtol=1e-4)


def test_left_is_first(alone):
    config = tuning.Config("goal", "bearing_rad", units=8, width=0.4, circular=True)
    encode = alone(tuning, config, GOAL)
    encode(scalars(1.2, 1.0))
    assert intensity(encode).argmax() == 2  # prefers 1.18 rad to the left


def test_lengths_have_a_bell_each_and_a_nan_keeps_the_last(alone):
    config = tuning.Config("goal", "distance_m", units=4, width=0.5, low=0.0, high=4.0)
    encode = alone(tuning, config, GOAL)
    encode(scalars(0.0, 1.5))
    centres = np.array([0.5, 1.5, 2.5, 3.5])
    np.testing.assert_allclose(intensity(encode), np.exp(-((1.5 - centres) ** 2) / 0.5), rtol=1e-5)
    before = intensity(encode).copy()
    encode(scalars(0.0, np.nan))
    np.testing.assert_array_equal(intensity(encode), before)


@pytest.mark.parametrize(
    ("settings", "source", "words"),
    [
        ({"channel": "bearing"}, GOAL, 'did you mean "bearing_rad"'),
        ({"channel": "distance_m", "low": 2.0, "high": 1.0}, GOAL, "must be above low"),
        ({"channel": "x"}, SourceSpec("lidar", Ranges, (4,), 10.0), "sensor of numbers"),
        ({"channel": "distance_m", "max_rate_hz": 5000.0}, GOAL, "one spike in a tick"),
    ],
)
def test_what_cannot_be_is_refused(alone, settings, source, words):
    config = tuning.Config("goal", **{"units": 4, "width": 0.5, **settings})
    with pytest.raises(ConfigError, match=words):
        alone(tuning, config, source)
