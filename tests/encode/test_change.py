"""ON and OFF events of frames: when they come, what settings do, and what bad input does not."""

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, Scalars, SourceSpec
from neuroloop.encode import change

PERIOD_US = 10_000
FIRST, SECOND = 100, 150
"""greys; ln(150 / 100) = 0.41 is two thresholds of 0.2"""


def camera(height, width, **more):
    return SourceSpec("camera", Frame, (height, width), 1e6 / PERIOD_US, **more)


def eye(source, seed=0, **settings):
    config = msgspec.convert({"input": "camera", **settings}, change.Config)
    return change.build(config, Site("eye", seed, 1000, source=source, role="encoder"))


def frame(k, *rows):
    return Frame(k * PERIOD_US, np.array(rows, np.uint8))


def full(k, grey, shape=(20, 30)):
    return Frame(k * PERIOD_US, np.full(shape, grey, np.uint8))


def seen(encoder, *frames):
    """Return what an encoder makes of frames: all stamps, all units."""
    all_ = [encoder.transduce(f) for f in frames]
    return np.concatenate([s.t_us for s in all_]), np.concatenate([s.unit for s in all_])


def lost(encoder):
    return {what: n for what, n in encoder.counts.items() if n}


def test_brighter_is_on_and_darker_is_off_once_a_threshold():
    # ln(150 / 100) = 0.41: two thresholds; ln(100 / 80) = 0.22: one
    _, unit = seen(eye(camera(1, 3)), frame(0, [100, 100, 100]), frame(1, [150, 80, 110]))
    assert sorted(unit.tolist()) == [0, 0, 3 + 1]


def test_stamps_are_where_a_straight_line_crosses_the_thresholds():
    stamps, _ = seen(eye(camera(1, 1)), frame(3, [FIRST]), frame(4, [SECOND]))
    share = np.array([0.2, 0.4]) / math.log(SECOND / FIRST)
    assert stamps == pytest.approx(3 * PERIOD_US + share * PERIOD_US, abs=1)


def test_slow_change_adds_up_to_an_event():
    frames = [frame(k, [grey]) for k, grey in enumerate(range(100, 151, 2))]
    encoder = eye(camera(1, 1))
    counts = [len(encoder.transduce(f).unit) for f in frames]
    assert sum(counts) == int(math.log(150 / 100) / 0.2)
    assert max(counts) == 1


def test_without_interpolation_all_are_stamped_as_their_frame():
    encoder = eye(camera(1, 2), interpolate=False)
    assert encoder.latency_us == 0
    stamps, unit = seen(encoder, frame(0, [100, 100]), frame(1, [150, 60]))
    assert unit.tolist() == [0, 0, 3, 3]
    assert set(stamps.tolist()) == {PERIOD_US}


def test_most_limits_a_pixel_and_nothing_comes_later():
    encoder = eye(camera(1, 1), most=2)
    encoder.transduce(frame(0, [40]))
    # ln(200 / 40) = 1.61: eight thresholds
    assert [len(encoder.transduce(frame(k, [200])).unit) for k in (1, 2)] == [2, 0]
    assert lost(encoder) == {"events beyond `most` of a pixel": 6}


def test_a_cut_from_black_to_white_fits_and_is_counted():
    encoder = eye(camera(20, 30), threshold=0.01, most=255, most_events=6000)
    stamps, unit = seen(encoder, full(0, 0), full(1, 255))
    assert len(unit) == pytest.approx(6000, abs=20)
    assert lost(encoder) == {
        "events beyond `most` of a pixel": 600 * (554 - 255),
        "events beyond what a frame may give": 600 * 255 - len(unit),
    }
    # the loss is even: in all places, at all times
    assert np.ptp(np.bincount(unit, minlength=600)[:600]) <= 5
    assert np.ptp(np.histogram(stamps, 10, (0, PERIOD_US * 255 / 554))[0]) < 60
    assert len(encoder.transduce(full(2, 255)).unit) == 0


def test_the_rate_of_all_pixels_can_be_limited():
    encoder = eye(camera(20, 30), max_rate_hz=12_345)
    stamps, _ = seen(encoder, *(full(k, 60 + 140 * (k % 2)) for k in range(101)))
    assert len(stamps) == pytest.approx(12_345, rel=0.01)
    assert lost(encoder).keys() == {"events beyond what a frame may give"}


def test_a_rate_below_one_a_frame_is_kept_too():
    encoder = eye(camera(2, 2), max_rate_hz=30)
    stamps, _ = seen(encoder, *(full(k, 60 + 140 * (k % 2), (2, 2)) for k in range(201)))
    assert len(stamps) == pytest.approx(60, abs=1)


def test_no_pixel_fires_within_its_refractory_period():
    encoder = eye(camera(20, 30), threshold=0.05, refractory_us=3000, most=255)
    rng = np.random.default_rng(1)
    frames = [Frame(k * PERIOD_US, rng.integers(0, 256, (20, 30), np.uint8)) for k in range(30)]
    stamps, unit = seen(encoder, *frames)
    order = np.lexsort((stamps, unit % 600))
    apart = np.diff(stamps[order])[np.diff(unit[order] % 600) == 0]
    assert apart.min() == 3000
    assert len(apart) > 10_000


def test_thresholds_spread_from_pixel_to_pixel():
    encoder = eye(camera(100, 100), threshold_sigma=0.03, most=255, most_events=10**6)
    frames = [
        Frame(k * PERIOD_US, np.full((100, 100), g, np.uint8)) for k, g in enumerate((1, 255))
    ]
    _, unit = seen(encoder, *frames)
    level = math.log(255) - math.log(20) / 20
    threshold = level / (np.bincount(unit)[:10_000] + 0.5)
    assert threshold.mean() == pytest.approx(0.2, rel=0.03)
    assert threshold.std() == pytest.approx(0.03, rel=0.1)


class TestStamps:
    """What stamps may be, and what becomes of a frame whose stamp is odd."""

    def test_a_gap_is_counted_and_its_events_are_those_of_the_last_period(self):
        encoder = eye(camera(1, 1))
        encoder.transduce(frame(0, [100]))
        spikes = encoder.transduce(frame(50, [150]))
        assert spikes.t_us.min() > 49 * PERIOD_US
        assert lost(encoder) == {"frames after a gap": 1}

    @pytest.mark.parametrize("t_us", [20_000, 15_000, -5])
    def test_a_frame_that_is_late_or_twice_is_left_out(self, t_us):
        encoder = eye(camera(1, 1))
        seen(encoder, frame(1, [100]), frame(2, [100]))
        assert len(encoder.transduce(Frame(t_us, np.full((1, 1), 250, np.uint8))).unit) == 0
        assert len(encoder.transduce(frame(3, [100])).unit) == 0
        assert lost(encoder) == {"frames left out, no later than the one before": 1}

    def test_a_clock_that_is_set_back_starts_anew(self):
        encoder = eye(camera(1, 1))
        stamps, _ = seen(encoder, frame(500, [100]), frame(1, [200]), frame(2, [100]))
        assert len(stamps) == 3
        assert PERIOD_US < stamps.min() <= stamps.max() <= 2 * PERIOD_US
        assert lost(encoder) == {"times the clock was set back": 1}

    def test_one_stamp_far_ahead_does_not_stop_it(self):
        encoder = eye(camera(1, 1))
        seen(encoder, frame(0, [100]), frame(10**9, [100]), frame(2, [100]))
        assert len(encoder.transduce(frame(3, [150])).unit) == 2

    def test_frames_that_are_far_apart_have_coarser_stamps_in_order(self):
        spec = replace(camera(20, 30), rate_hz=0.5)
        encoder = eye(spec, threshold=0.03, refractory_us=1000)
        encoder.transduce(full(0, 50))
        grey = np.linspace(50, 250, 600).astype(np.uint8).reshape(20, 30)
        spikes = encoder.transduce(Frame(2_000_000, grey))
        assert (np.diff(spikes.t_us * encoder.units + spikes.unit) > 0).all()
        assert 0 < spikes.t_us.min() < 100_000
        assert 1_900_000 < spikes.t_us.max() <= 2_000_000
        assert len(np.unique(spikes.t_us)) > 1000


class TestNoise:
    """Rates are those asked for."""

    SHAPE, SECONDS = (40, 50), 4.0

    def rates(self, encoder, grey):
        """Return ON and OFF events of a pixel in a second of a picture that stays the same."""
        n = round(self.SECONDS * 1e6 / PERIOD_US)
        _, unit = seen(encoder, *(full(k, grey, self.SHAPE) for k in range(n + 1)))
        pixels = self.SHAPE[0] * self.SHAPE[1]
        return np.bincount(unit, minlength=2 * pixels).reshape(2, pixels) / self.SECONDS

    @pytest.mark.parametrize("grey", [0, 128, 255])
    def test_shot_noise(self, grey):
        wanted = 10.0 * (1 - 0.75 * (grey + 20) / 275)
        on, off = self.rates(eye(camera(*self.SHAPE), shot_noise_hz=10), grey)
        assert on.mean() == pytest.approx(wanted / 2, rel=0.05)
        assert off.mean() == pytest.approx(wanted / 2, rel=0.05)
        # as many as a Poisson process spreads
        assert (on + off).var() == pytest.approx(wanted / self.SECONDS, rel=0.15)

    def test_leak(self):
        encoder = eye(camera(*self.SHAPE), leak_hz=3, threshold_sigma=0.03)
        on, off = self.rates(encoder, 90)
        assert on.mean() == pytest.approx(3, rel=0.05)
        assert off.sum() == 0

    def test_leak_events_come_evenly_up_to_their_jitter(self):
        encoder = eye(camera(*self.SHAPE), leak_hz=10, leak_jitter=0.1)
        frames = [full(k, 90, self.SHAPE) for k in range(401)]
        stamps, unit = seen(encoder, *frames)
        apart = np.diff(stamps[np.argsort(unit, kind="stable")])
        apart = apart[apart > 0] * 1e-6
        assert apart.mean() == pytest.approx(0.1, rel=0.03)
        assert apart.std() == pytest.approx(0.01, rel=0.1)

    def test_leak_goes_on_for_long(self):
        encoder = eye(camera(4, 5), leak_hz=5, leak_jitter=0.0)
        seconds = 1800
        total = sum(
            len(encoder.transduce(Frame(k * PERIOD_US, np.full((4, 5), 90, np.uint8))).unit)
            for k in range(0, seconds * 100, 20)
        )
        # of every 20th frame: noise is that of a period
        assert total == pytest.approx(20 * 5 * seconds / 20, rel=0.01)

    def test_hot_pixels(self):
        encoder = eye(camera(*self.SHAPE), hot_pixels=0.02, hot_pixel_hz=50)
        on, off = self.rates(encoder, 90)
        hot = on[on > 0]
        assert len(hot) == 40
        assert hot.mean() == pytest.approx(50, rel=0.05)
        assert off.sum() == 0

    def test_all_together_are_in_order_and_named_after_the_preset(self):
        encoder = eye(camera(*self.SHAPE), preset="noisy", hot_pixels=0.01, refractory_us=500)
        rng = np.random.default_rng(2)
        for k in range(20):
            picture = rng.integers(0, 256, self.SHAPE, np.uint8)
            spikes = encoder.transduce(Frame(k * PERIOD_US, picture))
            assert (np.diff(spikes.t_us * encoder.units + spikes.unit) >= 0).all()
        on, off = self.rates(eye(camera(*self.SHAPE), preset="noisy"), 128)
        shot = 10 * (1 - 0.75 * 148 / 275) / 2
        assert on.mean() == pytest.approx(shot + 1, rel=0.05)
        assert off.mean() == pytest.approx(shot, rel=0.05)

    def test_the_level_follows_the_light_as_a_low_pass(self):
        cutoff_hz, k = 5.0, 12
        encoder = eye(camera(1, 1), threshold=0.01, cutoff_hz=cutoff_hz, most=255, most_events=999)
        counts = [len(encoder.transduce(frame(0, [60])).unit)]
        counts += [len(encoder.transduce(frame(j, [200])).unit) for j in range(1, k)]
        tau_s = 275 / 220 / (2 * math.pi * cutoff_hz)
        passed = 1 - np.exp(-np.arange(k) * PERIOD_US * 1e-6 / tau_s)
        assert np.cumsum(counts) == pytest.approx(math.log(200 / 60) * passed / 0.01, abs=1.01)


class TestWindow:
    """A part of the picture, and pixels in squares."""

    BEARING = np.linspace(0.5, -0.5, 6).astype(np.float32)

    def test_a_region_is_what_a_smaller_camera_would_see(self):
        rng = np.random.default_rng(0)
        frames = [Frame(k * PERIOD_US, rng.integers(0, 256, (7, 9), np.uint8)) for k in range(5)]
        part = [Frame(f.t_us, f.grey[1:6, 2:5].copy()) for f in frames]
        one = seen(eye(camera(7, 9), region=[2, 1, 3, 5]), *frames)
        other = seen(eye(camera(5, 3)), *part)
        assert np.array_equal(one, other)

    def test_pooled_pixels_see_the_mean(self):
        rng = np.random.default_rng(0)
        frames = [Frame(k * PERIOD_US, rng.integers(0, 256, (7, 9), np.uint8)) for k in range(5)]
        mean = [f.grey[:6].reshape(2, 3, 3, 3).sum(axis=(1, 3)) for f in frames]
        pooled = [
            Frame(f.t_us, ((m + 4) // 9).astype(np.uint8))
            for f, m in zip(frames, mean, strict=True)
        ]
        encoder = eye(camera(7, 9), pool=3)
        assert encoder.units == 2 * 2 * 3
        assert np.array_equal(seen(encoder, *frames), seen(eye(camera(2, 3)), *pooled))

    def test_bearings_are_those_of_the_columns(self):
        whole = eye(camera(2, 6, bearing_rad=self.BEARING))
        assert np.array_equal(whole.bearing_rad, np.tile(self.BEARING, 4))
        half = eye(camera(2, 6, bearing_rad=self.BEARING), region=[2, 0, 4, 2], pool=2)
        assert half.bearing_rad == pytest.approx([-0.0, -0.4] * 2, abs=1e-6)

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"region": [3, 0, 5, 2]}, "not in a picture of 6 x 2 pixels"),
            ({"region": [0, 0, 0, 2]}, "more than the 0 x 2 pixels"),
            ({"pool": 3}, "pool = 3 is more than the 6 x 2 pixels"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, settings, words):
        with pytest.raises(ConfigError, match=words):
            eye(camera(2, 6), **settings)


def test_a_snapshot_brings_the_same_events_again_in_another_one():
    settings = {"preset": "noisy", "refractory_us": 900, "max_rate_hz": 50_000, "threshold": 0.05}
    rng = np.random.default_rng(4)
    frames = [Frame(k * PERIOD_US, rng.integers(0, 256, (9, 11), np.uint8)) for k in range(12)]
    one, other = (eye(camera(9, 11), **settings) for _ in range(2))
    seen(one, *frames[:6])
    other.restore(one.snapshot())
    assert other.counts == one.counts
    assert np.array_equal(seen(one, *frames[6:]), seen(other, *frames[6:]))
    assert other.counts == one.counts


@pytest.mark.parametrize("state", [b"", b"\x80", b"not one", None])
def test_a_bad_snapshot_changes_nothing(state):
    encoder = eye(camera(2, 2))
    seen(encoder, full(0, 100, (2, 2)))
    before = encoder.snapshot()
    with pytest.raises(PartError, match="snapshot"):
        encoder.restore(eye(camera(2, 3)).snapshot() if state is None else state)
    assert encoder.snapshot() == before


@pytest.mark.parametrize("grey", [np.zeros((3, 2), np.uint8), np.zeros((2, 3)), None])
def test_a_frame_that_is_not_the_cameras_is_refused_in_words(grey):
    encoder = eye(camera(2, 3))
    with pytest.raises(PartError, match=r"its camera said 3 x 2 grey pixels"):
        encoder.transduce(Frame(0, grey))


def test_frames_may_lie_in_memory_in_any_way():
    rng = np.random.default_rng(0)
    frames = [
        Frame(k * PERIOD_US, rng.integers(0, 256, (12, 14), np.uint8)[::2, ::-2]) for k in (0, 1)
    ]
    whole = [Frame(f.t_us, f.grey.copy()) for f in frames]
    for settings in ({}, {"pool": 2}):
        one, other = (seen(eye(camera(6, 7), **settings), *those) for those in (frames, whole))
        assert np.array_equal(one, other)


def test_other_sensors_are_refused():
    with pytest.raises(ConfigError, match="change needs a camera"):
        eye(SourceSpec("x", Scalars, (2,), 1.0))


def test_a_camera_without_a_rate_can_only_be_used_without_interpolation():
    spec = replace(camera(2, 2), rate_hz=0.0)
    with pytest.raises(ConfigError, match="interpolate = false"):
        eye(spec)
    encoder = eye(spec, interpolate=False)
    stamps, _ = seen(encoder, full(0, 100, (2, 2)), full(7, 150, (2, 2)))
    assert set(stamps.tolist()) == {7 * PERIOD_US}
