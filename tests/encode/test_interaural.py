"""Direction by delay: stereo with exact fractional delays in, bearings out."""

import math

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.ports import Site
from neuroloop.core.values import Scalars, Sound, SourceSpec
from neuroloop.encode import interaural

DISTANCE_M, CELLS = 0.18, 37


def built(rate_hz=16000, channels=2, n=160, **settings):
    spec = SourceSpec("ears", Sound, (n, channels), rate_hz / n)
    return interaural.build(
        interaural.Config("ears", **settings), Site("where", 0, 1000, source=spec)
    )


def delayed(x, samples):
    """Delay a periodic sound by any part of a sample, exactly."""
    spectrum = np.fft.rfft(x)
    turn = np.exp(-2j * np.pi * np.arange(len(spectrum)) * samples / len(x))
    return np.fft.irfft(spectrum * turn, len(x))


def stereo(x, bearing_deg, rate_hz=16000):
    """Return what two microphones hear of a sound from there; positive is left."""
    delay = DISTANCE_M / 343.0 * math.sin(math.radians(bearing_deg)) * rate_hz
    return np.stack([delayed(x, -delay / 2), delayed(x, delay / 2)], 1)


def heard(part, samples, rate_hz=16000, cuts=None):
    samples = np.asarray(samples).clip(-1, 1).astype(np.float32)
    ends = [*(cuts or range(160, len(samples), 160)), len(samples)]
    found, start = [], 0
    for end in ends:
        t_us = (end - 1) * 1_000_000 // rate_hz
        found.append(part.transduce(Sound(t_us, samples[start:end], rate_hz)))
        start = end
    return np.concatenate([s.t_us for s in found]), np.concatenate([s.unit for s in found])


def direction_deg(part, unit):
    """Return the mean direction of the cells, each as loud as it fires."""
    rate = np.bincount(unit[unit < CELLS], minlength=CELLS)
    assert rate.sum() > 20
    return math.degrees(np.angle(np.sum(rate * np.exp(1j * part.bearing_rad[:CELLS]))))


def noise(seconds, rate_hz, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate_hz))


def vowel(seconds, rate_hz):
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return sum(0.05 * np.sin(2 * np.pi * 120 * h * t + h * h) for h in range(1, 20))


@pytest.mark.parametrize("rate_hz", [16000, 44100, 48000])
@pytest.mark.parametrize("sound", [noise, vowel])
def test_direction_is_found_within_5_degrees(rate_hz, sound):
    x = sound(0.25, rate_hz)
    for bearing_deg in range(-80, 81, 10):
        part = built(rate_hz)
        _, unit = heard(part, stereo(x, bearing_deg, rate_hz), rate_hz)
        assert direction_deg(part, unit) == pytest.approx(bearing_deg, abs=5), bearing_deg


def test_within_2_degrees_where_delays_differ_most():
    x = noise(0.25, 16000)
    for bearing_deg in (-50, -33, -7, 0, 1, 12, 48):
        part = built()
        found = direction_deg(part, heard(part, stereo(x, bearing_deg))[1])
        assert found == pytest.approx(bearing_deg, abs=2)


def test_noise_of_each_microphone_is_borne():
    x = noise(0.5, 16000)
    own = np.stack([noise(0.5, 16000, 1), noise(0.5, 16000, 2)], 1)
    part = built()
    _, unit = heard(part, stereo(x, 40) + 0.5 * own)
    assert direction_deg(part, unit) == pytest.approx(40, abs=5)


def test_ears_that_hear_different_things_fire_less():
    x, other = noise(0.5, 16000, 1), noise(0.5, 16000, 2)
    same = len(heard(built(), np.stack([x, x], 1))[1])
    different = len(heard(built(), np.stack([x, other], 1))[1])
    assert different < 0.6 * same


def test_a_sound_that_moves_is_followed():
    x = noise(0.3, 16000)
    part = built()
    t_us, unit = heard(part, np.concatenate([stereo(x, 60), stereo(x, -30)]))
    late = (t_us > 400_000) & (t_us < 590_000)
    assert direction_deg(part, unit[t_us < 290_000]) == pytest.approx(60, abs=5)
    assert direction_deg(part, unit[late]) == pytest.approx(-30, abs=5)


@pytest.mark.parametrize("difference_db", [-10, 0, 10])
def test_level_cells_tell_who_is_louder(difference_db):
    x = noise(0.3, 16000)
    louder = 10 ** (difference_db / 40)
    part = built(level_units=9)
    _, unit = heard(part, np.stack([x * louder, x / louder], 1))
    cells = unit[unit >= CELLS] - CELLS
    assert len(cells) > 20
    mean_db = np.linspace(20, -20, 9)[cells].mean()
    assert mean_db == pytest.approx(difference_db, abs=1)


def test_silence_has_no_direction():
    assert len(heard(built(level_units=5), np.zeros((8000, 2)))[1]) == 0
    assert len(heard(built(), 1e-4 * stereo(noise(0.5, 16000), 20))[1]) == 0


def test_a_constant_has_no_direction():
    t_us, _ = heard(built(), np.full((16000, 2), 0.3))
    assert np.sum(t_us > 700_000) == 0


def test_one_ear_alone_and_no_numbers_break_nothing():
    x = noise(0.3, 16000)
    deaf = np.stack([x, 0 * x], 1)
    deaf[100, 0], deaf[200, 1] = np.nan, np.nan
    part = built(level_units=9)
    heard(part, deaf)
    t_us, unit = heard(part, stereo(x, 30))
    assert direction_deg(part, unit[t_us > 150_000]) == pytest.approx(30, abs=5)
    assert sum(part.counts.values()) == 2


def test_chunks_are_as_the_whole_to_the_bit():
    sound = stereo(noise(0.3, 16000), 25)
    whole = heard(built(level_units=5), sound, cuts=[1])
    for seed in range(3):
        cuts = np.sort(np.random.default_rng(seed).choice(np.arange(1, 4800), 50, replace=False))
        pieces = heard(built(level_units=5), sound, cuts=cuts.tolist())
        assert np.array_equal(whole[0], pieces[0])
        assert np.array_equal(whole[1], pieces[1])


def test_a_snapshot_goes_on_to_the_bit():
    sound = stereo(noise(0.2, 16000), 25)
    one, other = built(), built()
    heard(one, sound[:1234])
    other.restore(one.snapshot())
    block = Sound(300_000, sound[1234:].astype(np.float32), 16000.0)
    first, second = one.transduce(block), other.transduce(block)
    assert len(first.unit) > 10
    assert np.array_equal(first.t_us, second.t_us)
    assert np.array_equal(first.unit, second.unit)
    with pytest.raises(PartError, match="other settings"):
        built(units=5).restore(one.snapshot())


def test_spikes_are_in_order_and_as_many_as_promised():
    part = built(level_units=9)
    sound = stereo(noise(0.2, 16000), 0).astype(np.float32)
    for k in range(20):
        t_us = (160 * (k + 1) - 1) * 1_000_000 // 16000
        spikes = part.transduce(Sound(t_us, sound[160 * k : 160 * (k + 1)], 16000.0))
        assert (np.diff(spikes.t_us * part.units + spikes.unit) > 0).all()
        assert (spikes.t_us > t_us - part.latency_us).all()
        assert (spikes.t_us <= t_us).all()
        assert len(spikes.unit) <= part.capacity
    assert len(part.bearing_rad) == part.units == CELLS + 9
    assert part.bearing_rad[0] == pytest.approx(math.pi / 2)


def test_what_cannot_be_heard_is_refused_in_words():
    with pytest.raises(ConfigError, match="2 channels; this has 1"):
        built(channels=1)
    with pytest.raises(ConfigError, match="half of the sample rate"):
        built(rate_hz=8000, high_hz=4000)
    spec = SourceSpec("x", Scalars, (3,), 10.0)
    with pytest.raises(ConfigError, match="needs a sensor of sound"):
        interaural.build(interaural.Config("x"), Site("x", 0, 1000, source=spec))
    with pytest.raises(PartError, match="hears 2 channels"):
        built().transduce(Sound(0, np.zeros((160, 1), np.float32), 16000.0))
