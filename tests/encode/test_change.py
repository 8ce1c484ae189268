"""ON and OFF events of frames: by hand, against a slow twin, and against those of v2e."""

import os
from pathlib import Path

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, Scalars, SourceSpec
from neuroloop.encode import change

DATA = Path(os.environ.get("NEUROLOOP_DATA", Path(__file__).parents[3] / "shared" / "data"))


def camera(height, width):
    return SourceSpec("camera", Frame, (height, width), 30.0, bearing_rad=np.zeros(width))


def grey(*rows):
    return Frame(0, np.array(rows, np.uint8))


def twin(frames, on, off, most):
    """The definition, a pixel at a time, with the same rounding."""
    table, on, off = change.levels(), np.float32(on), np.float32(off)
    level = list(table[frames[0].ravel()])
    events = []
    for frame in frames[1:]:
        now = []
        for i, value in enumerate(table[frame.ravel()]):
            gap = value - level[i]
            threshold = on if gap > 0 else off
            steps = max(min(int(gap / threshold), most), -most)
            level[i] += np.float32(steps) * threshold
            now += [i if gap > 0 else i + frame.size] * abs(steps)
        events.append(now)
    return events


def test_brighter_is_on_and_darker_is_off_once_a_threshold(alone):
    encode = alone(change, change.Config("camera", threshold=0.2), camera(1, 3))
    assert len(encode(grey([100, 100, 100]))) == 0
    # ln(150 / 100) = 0.41: two thresholds; ln(100 / 80) = 0.22: one
    assert encode(grey([150, 80, 110])).tolist() == [0, 0, 3 + 1]


def test_no_frame_no_events(alone):
    encode = alone(change, change.Config("camera"), camera(1, 1))
    encode(grey([50]))
    assert len(encode(grey([200]))) == 3
    assert len(encode()) == 0


def test_slow_change_adds_up_to_an_event(alone):
    encode = alone(change, change.Config("camera", threshold=0.2), camera(1, 1))
    counts = [len(encode(grey([value]))) for value in range(100, 151, 2)]
    assert sum(counts) == int(np.log(150 / 100) / 0.2)
    assert max(counts) == 1


def test_most_limits_a_frame_and_the_rest_follows(alone):
    encode = alone(change, change.Config("camera", threshold=0.2, most=2), camera(1, 1))
    encode(grey([40]))
    # ln(200 / 40) = 1.61: eight thresholds
    assert [len(encode(grey([200]))) for _ in range(6)] == [2, 2, 2, 2, 0, 0]


def test_black_and_white_at_once_everywhere_fit_the_buffer(alone):
    encode = alone(change, change.Config("camera", threshold=0.01, most=16), camera(20, 30))
    encode(Frame(0, np.zeros((20, 30), np.uint8)))
    assert len(encode(Frame(0, np.full((20, 30), 255, np.uint8)))) == 16 * 600


def test_noise_in_the_dark_makes_no_events(alone):
    encode = alone(change, change.Config("camera", threshold=0.2), camera(8, 8))
    rng = np.random.default_rng(0)
    frames = [Frame(0, rng.integers(4, 6, (8, 8), np.uint8)) for _ in range(20)]
    assert sum(len(encode(frame)) for frame in frames) == 0


@pytest.mark.parametrize(("on", "off"), [(0.2, None), (0.1, 0.15), (0.37, 0.23)])
def test_as_its_slow_twin(alone, on, off):
    config = change.Config("camera", threshold=on, threshold_off=off, most=5)
    encode = alone(change, config, camera(6, 7))
    walk = np.random.default_rng(1).normal(0, 12, (30, 6, 7)).cumsum(0) + 120
    frames = np.clip(walk, 0, 255).astype(np.uint8)
    encode(Frame(0, frames[0]))
    for frame, expected in zip(frames[1:], twin(frames, on, off or on, 5), strict=True):
        assert sorted(encode(Frame(0, frame)).tolist()) == sorted(expected)


@pytest.mark.parametrize(
    ("file", "on", "off"), [("discs_clean", 0.2, 0.2), ("discs_thres_0.1", 0.1, 0.15)]
)
def test_events_of_each_pixel_agree_with_v2e(alone, file, on, off):
    """The two do the same in other precision: at most 1 pixel in 100 differs, by 1 event."""
    if not (DATA / "vision" / f"{file}.npz").is_file():
        pytest.skip(f"no recordings in {DATA} (set NEUROLOOP_DATA)")
    with np.load(DATA / "vision" / "discs_clean.npz") as clean:
        frames = clean["frames"]
    with np.load(DATA / "vision" / f"{file}.npz") as v2e:
        expected = np.stack([v2e["on_map"], v2e["off_map"]])
        frames = frames[: len(v2e["on"])]
    config = change.Config("camera", threshold=on, threshold_off=off, most=16)
    encode = alone(change, config, camera(*frames.shape[1:]))
    spikes = np.concatenate([encode(Frame(0, frame)) for frame in frames])
    counts = np.bincount(spikes, minlength=expected.size).reshape(expected.shape)
    gap = np.abs(counts - expected)
    assert gap.max() <= 1
    assert (gap > 0).mean() < 0.01
    assert abs(int(counts.sum()) / int(expected.sum()) - 1) < 0.005


def test_bearings_are_those_of_the_columns(alone):
    spec = SourceSpec("camera", Frame, (2, 3), 30.0, bearing_rad=np.array([0.4, 0, -0.4]))
    kernel = alone(change, change.Config("camera"), spec).kernel
    assert kernel.bearing_rad.reshape(2, 2, 3)[:, :, 0] == pytest.approx(0.4)


def test_other_sensors_are_refused():
    with pytest.raises(ConfigError, match="change needs a camera"):
        change.build(
            change.Config("x"), Site("x", 0, 1000, source=SourceSpec("x", Scalars, (2,), 1))
        )
