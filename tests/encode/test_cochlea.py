"""The cochlea: filters against scipy's, cells against closed forms, and what must not break it."""

import math

import numpy as np
import pytest
from scipy import signal

from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.ports import Site, Transducer
from neuroloop.core.values import Scalars, Sound, SourceSpec
from neuroloop.encode import cochlea
from neuroloop.encode._hearing import gammatone as bank
from neuroloop.encode._hearing import power_law


def ears(rate_hz=16000, n=160, channels=1):
    return SourceSpec("microphone", Sound, (n, channels), rate_hz / n)


def built(spec=None, **settings):
    site = Site("ear", 0, 1000, source=spec or ears())
    return cochlea.build(cochlea.Config("microphone", **settings), site)


def heard(part, samples, rate_hz=16000, cuts=()):
    """Return ``(t_us, unit)`` of samples, handed over in blocks that end at ``cuts``."""
    samples = np.asarray(samples, np.float32)
    samples = samples[:, None] if samples.ndim == 1 else samples
    found = []
    for block_end in (*cuts, len(samples)):
        start = sum(len(b) for b, _ in found)
        block = samples[start:block_end]
        t_us = (block_end - 1) * 1_000_000 // rate_hz
        spikes = part.transduce(Sound(t_us, block, rate_hz))
        found.append((block, spikes))
    return (
        np.concatenate([s.t_us for _, s in found]),
        np.concatenate([s.unit for _, s in found]),
    )


def tone(hz, amplitude, seconds=1.0, rate_hz=16000):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)


def impulse_response(centre_hz, rate_hz, n):
    """Return ``float32[n, channels]``: what the compiled bank makes of a click."""
    k = bank.coefficients(centre_hz, rate_hz)
    groups = bank.groups(len(centre_hz))
    click = np.zeros(n, np.float32)
    click[0] = 1.0
    lanes = []
    for g in range(groups):
        out, state = np.empty(n * bank.LANES, np.float32), np.zeros(bank.STATE, np.float32)
        bank.filter_group(click, k[g * bank.COEFFICIENTS : (g + 1) * bank.COEFFICIENTS], state, out)
        lanes.append(out.reshape(n, bank.LANES))
    return np.hstack(lanes)[:, : len(centre_hz)]


RATES = [8000, 16000, 48000]


def some_centres(rate_hz):
    return bank.centres_hz(60.0, min(8000.0, 0.45 * rate_hz), 40)


@pytest.mark.parametrize("rate_hz", RATES)
def test_the_design_is_that_of_scipy(rate_hz):
    """Multiplied out, the sections are the polynomials of the same filter there."""
    for centre in some_centres(rate_hz):
        b, a = signal.gammatone(centre, "iir", fs=rate_hz)
        gain, zeros, poles = bank.sections(np.array([centre]), rate_hz)
        ours_b, ours_a = [1.0], [1.0]
        for zero in zeros[:, 0]:
            ours_b = np.polymul(ours_b, [1.0, zero])
            ours_a = np.polymul(ours_a, [1.0, *poles[:, 0]])
        assert gain[0] * ours_b == pytest.approx(b, rel=1e-4)
        assert ours_a == pytest.approx(a, rel=1e-6)


@pytest.mark.parametrize("rate_hz", RATES)
def test_compiled_filters_respond_as_designed(rate_hz):
    """Within 0.5 dB wherever the exact response is above -40 dB."""
    centre_hz, n = some_centres(rate_hz), 1 << 15
    ours = np.abs(np.fft.rfft(impulse_response(centre_hz, rate_hz, n).astype(float), axis=0))
    z = np.exp(2j * np.pi * np.fft.rfftfreq(n))[:, None]
    gain, zeros, (pole1, pole2) = bank.sections(centre_hz, rate_hz)
    exact = gain * np.prod([(1 + b / z) / (1 + pole1 / z + pole2 / z**2) for b in zeros], axis=0)
    exact = np.abs(exact)
    near = exact > 10 ** (-40 / 20)
    assert (near.sum(0) > 10).all()
    assert np.abs(20 * np.log10(ours[near] / exact[near])).max() < 0.5


def test_responses_agree_with_those_of_scipy():
    """Where scipy's polynomials of degree 8 do not drown in rounding themselves."""
    rate_hz, n = 16000, 1 << 14
    centre_hz = bank.centres_hz(150.0, 7000.0, 30)
    ours = np.abs(np.fft.rfft(impulse_response(centre_hz, rate_hz, n).astype(float), axis=0))
    for c, centre in enumerate(centre_hz):
        b, a = signal.gammatone(centre, "iir", fs=rate_hz)
        _, theirs = signal.freqz(b, a, worN=2 * np.pi * np.fft.rfftfreq(n))
        near = np.abs(theirs) > 10 ** (-40 / 20)
        assert np.abs(20 * np.log10(ours[near, c] / np.abs(theirs[near]))).max() < 0.5, centre


def test_bandwidths_are_those_of_the_ear():
    """A tone in the middle of a channel passes; the channel's noise bandwidth is 1 ERB."""
    centre_hz = np.array([300.0, 1000.0, 3000.0])
    response = np.abs(
        np.fft.rfft(impulse_response(centre_hz, 16000, 1 << 14).astype(float), axis=0)
    )
    power = response**2
    assert bank.erb_hz(np.array([1000.0]))[0] == pytest.approx(132.6, abs=0.1)
    hz = 16000 / (1 << 14)
    assert power.max(0) == pytest.approx(1.0, abs=0.01)
    assert power.sum(0) * hz == pytest.approx(bank.erb_hz(centre_hz), rel=0.02)


@pytest.mark.parametrize("exponent", [0.1, 0.3, 0.5, 1.0])
def test_the_power_law_is_right_to_1_in_10_000(exponent):
    x = np.concatenate([10.0 ** np.linspace(-11, 0.3, 5000), [1.0, 0.5, 2.0, 1e-12]])
    ours = x.astype(np.float32)
    power_law.compress(ours, np.float32(exponent), np.float32(math.log2(3.0)))
    assert ours == pytest.approx(3.0 * x**exponent, rel=1.2e-4)


def test_the_negative_half_drives_nothing():
    ours = np.float32([-1.0, -1e-3, 0.0, -0.0])
    power_law.compress(ours, np.float32(0.3), np.float32(0.0))
    assert ours == pytest.approx(1e-12**0.3, rel=1e-3)


def fire(drive, tau_samples, hold):
    """Return the samples at which one fibre of constant input fires, and what it was given."""
    n = 20000
    keep = np.float32(math.exp(-1 / tau_samples))
    row = np.zeros((n, bank.LANES), np.float32)
    row[:, 0] = np.float32((1 - keep) * drive)
    hit = np.zeros(n * bank.LANES, np.uint8)
    cells = np.zeros(2 * bank.LANES, np.float32)
    cochlea.fire_group(row.ravel(), cells, keep, np.float32(hold), hit, bank.LANES)
    hit = hit.reshape(n, -1)
    assert not hit[:, 1:].any()
    return np.flatnonzero(hit[:, 0])


@pytest.mark.parametrize("drive", [1.05, 1.5, 4.0, 30.0])
@pytest.mark.parametrize("hold", [0, 16])
def test_fibres_fire_at_the_rate_of_the_closed_form(drive, hold):
    tau = 160.0
    intervals = np.diff(fire(drive, tau, hold))
    exact = hold + tau * math.log(drive / (drive - 1.0))
    # whole samples, and float32
    assert len(set(intervals.tolist())) == 1
    assert exact - 0.01 * exact <= intervals[0] <= exact + 1 + 0.01 * exact


def test_below_threshold_no_fibre_fires():
    assert len(fire(0.999, 160.0, 0)) == 0


@pytest.mark.parametrize("level_db", [-50, -30, -10, 0])
def test_a_tone_gives_the_rate_of_its_level(level_db):
    """A high tone's ripple is averaged away: its mean drive says the rate."""
    part = built(low_hz=3777, high_hz=3778, channels=1, tau_m_ms=10.0, refractory_ms=1.0)
    t_us, _ = heard(part, tone(3777, 10 ** (level_db / 20), seconds=2.0))
    counted = np.sum(t_us >= 1_000_000)
    drive = (10 ** ((level_db + 60) / 20)) ** 0.3
    exact = 1 / (0.001 + 0.010 * math.log(drive / (drive - 1)))
    assert counted == pytest.approx(exact, rel=0.06)


def test_the_threshold_is_where_the_settings_say():
    def count(level_db):
        part = built(low_hz=3777, high_hz=3778, channels=1, threshold_db=-40.0)
        return len(heard(part, tone(3777, 10 ** (level_db / 20)))[0])

    assert count(-42) == 0
    assert count(-38) > 5


@pytest.mark.parametrize("hz", [200, 1000, 3000])
def test_the_channel_at_the_tone_fires_most(hz):
    part = built(channels=64, low_hz=100, high_hz=6000)
    _, unit = heard(part, tone(hz, 0.01))
    counts = np.bincount(unit, minlength=64)
    # low fibres keep step with the tone, so that several may fire equally fast
    fastest = np.flatnonzero(counts == counts.max()).mean()
    assert abs(fastest - np.abs(part.centre_hz - hz).argmin()) <= 1


@pytest.mark.parametrize("onsets", [False, True])
@pytest.mark.parametrize("channels", [1, 2])
def test_chunks_are_as_the_whole_to_the_bit(channels, onsets):
    rng = np.random.default_rng(3)
    rate_hz = 44100
    sound = rng.normal(0, 0.1, (9000, channels)).astype(np.float32)
    sound[4000:6000] = 0
    settings = {"channels": 20, "onsets": onsets}
    whole = heard(built(ears(rate_hz, 441, channels), **settings), sound, rate_hz)
    assert len(whole[0]) > 100
    for seed in range(3):
        cuts = np.sort(np.random.default_rng(seed).choice(np.arange(1, 9000), 60, replace=False))
        part = built(ears(rate_hz, 441, channels), **settings)
        pieces = heard(part, sound, rate_hz, cuts.tolist())
        assert np.array_equal(whole[0], pieces[0])
        assert np.array_equal(whole[1], pieces[1])
    ones = heard(
        built(ears(rate_hz, 441, channels), **settings), sound[:300], rate_hz, range(1, 300)
    )
    upto = np.searchsorted(whole[0], 299 * 1_000_000 // rate_hz, "right")
    assert np.array_equal(whole[0][:upto], ones[0])


def test_each_ear_is_heard_alone():
    left = tone(500, 0.1)
    right = tone(2000, 0.1)
    both = heard(built(ears(channels=2), channels=16), np.stack([left, right], 1))
    for ear, sound in enumerate((left, right)):
        alone = heard(built(channels=16), sound)
        own = (both[1] // 16) == ear
        assert np.array_equal(both[0][own], alone[0])
        assert np.array_equal(both[1][own] - 16 * ear, alone[1])


def test_spikes_are_by_stamp_then_unit_and_within_their_block():
    part = built(ears(channels=2), onsets=True)
    rng = np.random.default_rng(0)
    for k in range(20):
        block = rng.normal(0, 0.2, (160, 2)).clip(-1, 1).astype(np.float32)
        t_us = (160 * (k + 1) - 1) * 1_000_000 // 16000
        spikes = part.transduce(Sound(t_us, block, 16000.0))
        keys = spikes.t_us * part.units + spikes.unit
        assert (np.diff(keys) > 0).all()
        assert (spikes.t_us > t_us - part.latency_us).all()
        assert (spikes.t_us <= t_us).all()
        assert (spikes.unit < part.units).all()
        assert len(spikes.unit) <= part.capacity
    assert isinstance(part, Transducer)
    assert part.units == 3 * 2 * 64


def test_onsets_and_offsets_come_when_it_gets_loud_and_soft():
    part = built(low_hz=1000, high_hz=1001, channels=1, onsets=True)
    sound = np.concatenate([np.zeros(4000), tone(1000, 0.1, 0.5), np.zeros(8000)])
    t_us, unit = heard(part, sound)
    on, off = t_us[unit == 1], t_us[unit == 2]
    steps = 0.1**0.3 / 0.05
    assert len(on) == pytest.approx(steps, abs=1.5)
    assert len(off) == pytest.approx(steps, abs=1.5)
    assert (on > 250_000).all()
    assert (on < 350_000).all()
    assert (off > 750_000).all()


def test_a_steady_tone_of_any_pitch_has_no_edges():
    for hz in (60, 100, 400, 3000):
        part = built(low_hz=hz, high_hz=hz + 1, channels=1, onsets=True)
        t_us, unit = heard(part, tone(hz, 1.0, 2.0))
        assert np.sum((unit > 0) & (t_us > 500_000)) == 0


def test_a_snapshot_goes_on_to_the_bit():
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 0.1, 3000).astype(np.float32)
    part = built(onsets=True)
    heard(part, sound[:1000])
    state = part.snapshot()
    other = built(onsets=True)
    other.restore(state)
    for one in (part, other):
        assert isinstance(one.snapshot(), bytes)
    later = [one.transduce(Sound(187_437, sound[1000:, None], 16000.0)) for one in (part, other)]
    assert np.array_equal(later[0].t_us, later[1].t_us)
    assert np.array_equal(later[0].unit, later[1].unit)
    with pytest.raises(PartError, match="of other settings"):
        built().restore(state)


def test_silence_is_silent_and_leaves_no_number_too_small_to_be_fast():
    part = built(onsets=True)
    heard(part, np.concatenate([[1.0], np.zeros(16000 * 5)]))
    t_us, _ = heard(part, np.zeros(16000))
    assert len(t_us) == 0
    state = np.abs(part._state[part._state != 0])
    assert (state > np.finfo(np.float32).tiny).all()


def test_a_constant_is_not_heard():
    t_us, _ = heard(built(), np.full(32000, 0.5))
    assert np.sum(t_us > 1_000_000) == 0


def test_what_is_no_sample_is_silence_or_the_end_of_the_scale_and_counted():
    good = tone(440, 0.1, 0.2)
    bad = good.copy()
    bad[100], bad[200], bad[300], bad[400] = np.nan, np.inf, -np.inf, 7.0
    clean = good.copy()
    clean[100], clean[200], clean[300], clean[400] = 0, 1, -1, 1
    part = built()
    found = heard(part, bad)
    expected = heard(built(), clean)
    assert np.array_equal(found[0], expected[0])
    assert part.counts["samples that were no number or beyond -1...1"] == 4


def test_full_scale_noise_stays_within_what_was_promised():
    part = built(onsets=True, refractory_ms=0.0)
    rng = np.random.default_rng(0)
    for _ in range(5):
        square = np.sign(rng.normal(0, 1, (160, 1))).astype(np.float32)
        assert len(part.transduce(Sound(0, square, 16000.0)).unit) <= part.capacity


def test_ten_times_as_much_sound_is_heard_whole():
    sound = tone(800, 0.1, 1.0)
    assert len(heard(built(), sound)[0]) == len(
        heard(built(), sound, cuts=range(160, 16000, 160))[0]
    )


def test_no_samples_no_spikes():
    spikes = built().transduce(Sound(5, np.empty((0, 1), np.float32), 16000.0))
    assert len(spikes.t_us) == len(spikes.unit) == 0


def test_after_a_gap_or_a_jump_of_the_clock_stamps_follow_the_blocks():
    part = built()
    block = tone(1000, 0.5, 0.01).astype(np.float32)[:, None]
    for t_us in (9_937, 19_937, 500_000, 509_990, 100_000):
        spikes = part.transduce(Sound(t_us, block, 16000.0))
        assert (spikes.t_us <= t_us).all()
        assert (spikes.t_us > t_us - part.latency_us).all()


def test_what_cannot_be_heard_is_refused_in_words():
    with pytest.raises(ConfigError, match="needs a sensor of sound"):
        built(SourceSpec("x", Scalars, (3,), 10.0))
    with pytest.raises(ConfigError, match="know the sample rate"):
        built(SourceSpec("x", Sound, (160, 1), 0.0))
    with pytest.raises(ConfigError, match="half of the sample rate"):
        built(high_hz=9000)
    with pytest.raises(ConfigError, match="low_hz"):
        built(low_hz=5000, high_hz=4000)
    part = built()
    part.transduce(Sound(0, np.zeros((160, 1), np.float32), 8000.0))
    assert part.counts["blocks of another sample rate"] == 1
    with pytest.raises(PartError, match="hears 1 channels"):
        part.transduce(Sound(0, np.zeros((160, 2), np.float32), 16000.0))
