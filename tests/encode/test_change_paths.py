"""Events that are written the quick way, and with thought for rests of pixels, are the same."""

import msgspec
import numpy as np
import pytest

from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, SourceSpec
from neuroloop.encode import change

HEIGHT, WIDTH, PERIOD_US = 60, 50, 10_000


def encoded(frames, **settings):
    """Return the events of each frame, ``(t_us, unit)``."""
    spec = SourceSpec("camera", Frame, (HEIGHT, WIDTH), 1e6 / PERIOD_US)
    config = msgspec.convert({"input": "camera", **settings}, change.Config)
    encoder = change.build(config, Site("eye", 7, 1000, source=spec, role="encoder"))
    given = [encoder.transduce(Frame(k * PERIOD_US, frame)) for k, frame in enumerate(frames)]
    return [(spikes.t_us, spikes.unit) for spikes in given]


def film(n):
    """A bright bar over a slope, which does not fill whole blocks of pixels."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    frames = [np.where((x - 3 * k) % WIDTH < 6, 200, 40 + 2 * y) for k in range(n)]
    return [frame.astype(np.uint8) for frame in frames]


@pytest.mark.parametrize(
    "settings",
    [
        {"threshold_sigma": 0.03},
        {"preset": "noisy"},
        {"preset": "noisy", "shot_noise_hz": 300.0, "hot_pixels": 0.02},
        {"shot_noise_hz": 1000.0, "hot_pixels": 0.5},
        {"leak_hz": 500.0, "leak_jitter": 0.25, "threshold_sigma": 0.05},
    ],
)
def test_the_quick_way_gives_the_same_events(settings):
    # a rest of 1 us is shorter than any pixel of this film needs from event to event
    quick, sparing = encoded(film(12), **settings), encoded(film(12), refractory_us=1, **settings)
    assert sum(len(unit) for _, unit in quick) > 5_000
    for (t_us, unit), (other_t_us, other_unit) in zip(quick, sparing, strict=True):
        np.testing.assert_array_equal(t_us, other_t_us)
        np.testing.assert_array_equal(unit, other_unit)


def test_equal_pixels_give_equal_events_wherever_they_lie():
    # 1,000 pixels six times over: they lie in several stretches of the sweep, and across their ends
    y, x = np.mgrid[0:10, 0:100]
    part = [np.where((x - 7 * k) % 100 < 9, 220, 30 + 15 * y) for k in range(10)]
    part += 4 * part[-1:] + part[:5]
    frames = [np.tile(picture, (6, 1)).reshape(HEIGHT, -1).astype(np.uint8) for picture in part]
    spec = SourceSpec("camera", Frame, frames[0].shape, 1e6 / PERIOD_US)
    config = change.Config("camera", cutoff_hz=60.0)
    encoder = change.build(config, Site("eye", 7, 1000, source=spec, role="encoder"))
    total = 0
    for k, frame in enumerate(frames):
        spikes = encoder.transduce(Frame(k * PERIOD_US, frame))
        is_off, pixel = np.divmod(spikes.unit.astype(np.int64), frame.size)
        parts = [
            np.stack([spikes.t_us, is_off, pixel % 1000])[:, pixel // 1000 == j] for j in range(6)
        ]
        for other in parts[1:]:
            np.testing.assert_array_equal(parts[0], other)
        total += len(pixel)
    assert total > 20_000
