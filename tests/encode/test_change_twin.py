"""The events of frames against a slow twin, to the bit: the definition, a pixel at a time."""

import math

import numpy as np
import pytest

from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, SourceSpec
from neuroloop.encode import change

F = np.float32
PERIOD_US = 10_000
HEIGHT, WIDTH, SEED = 14, 23, 5
MASK = 2**64 - 1


def levels():
    return [F(math.log(20) / 20 * g) if g < 20 else F(math.log(g)) for g in range(256)]


class Random:
    """SplitMix64, and what is made of its numbers."""

    def __init__(self, state):
        self.state = int(state)

    def word(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = ((self.state ^ (self.state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    @staticmethod
    def exponential(word):
        bits = (word >> 12) | 1 << 29
        zeros = (bits & -bits).bit_length() - 1
        m = (word >> 12 >> 30) / 2**22
        s = (m - 0.5) / (m + 2.5)
        t = s * s
        series = s * (2 + t * (2 / 3 + t * (2 / 5 + t * (2 / 7 + t * (2 / 9)))))
        assert math.isclose(math.log(1.5) + series, math.log1p(m), abs_tol=1e-8)
        return (zeros + 1) * math.log(2) - (math.log(1.5) + series)

    @staticmethod
    def normal(word):
        total = sum(word >> 16 * k & 0xFFFF for k in range(4))
        return F(total - 131070) * F(math.sqrt(3) / 65536)


class Twin:
    """What `Change` is to do, for settings given by their values."""

    def __init__(self, n, site, **settings):
        self.n, self.set, self.level = n, settings, levels()
        rng, sigma = site.rng(), settings["sigma"]
        drawn = [rng.normal(settings[k], sigma, n) if sigma else settings[k] for k in ("on", "off")]
        self.on, self.off = (np.maximum(np.broadcast_to(d, n), 0.01).astype(F) for d in drawn)
        self.hot = sorted(rng.choice(n, round(n * settings["hot"]), replace=False))
        self.random = Random(rng.integers(0, 2**64, 1, np.uint64)[0])
        self.drifts = settings["cutoff"] > 0 or settings["leak"] > 0
        self.lift = 0.0
        self.leak = settings["leak"] / float(np.mean(1 / self.on.astype(float)))
        self.last = [-(10**12)] * n
        self.dropped = 0

    def first(self, t_us, grey):
        self.t_us, self.was = t_us, [self.level[g] for g in grey]
        self.reference = list(self.was)
        if self.set["leak"] > 0:
            for i in range(self.n):
                self.reference[i] -= self.on[i] * (F(self.random.word() >> 40) * F(2**-24))

    def levels_now(self, grey, passed_us):
        """Return the level of each pixel before and now, over where references have leaked to."""
        if not self.drifts:
            return self.was, [self.level[g] for g in grey]
        share = np.ones(256, F)
        if self.set["cutoff"]:
            bright = ((np.arange(256) + 20.0) / 275.0).astype(F).astype(float)
            passed = 2 * math.pi * self.set["cutoff"] * passed_us * 1e-6
            share = -np.expm1(-passed * bright).astype(F)
        self.filtered = [
            w + share[g] * (self.level[g] - w) for w, g in zip(self.was, grey, strict=True)
        ]
        before, self.lift = F(self.lift), self.lift + self.leak * passed_us * 1e-6
        return [w + before for w in self.was], [x + F(self.lift) for x in self.filtered]

    def crossings(self, i, before, after, steps):
        """Return the steps and the sign of a pixel's events, its reference moved along."""
        a, b = before - self.reference[i], after - self.reference[i]
        threshold = self.on[i] if b > 0 else -self.off[i]
        k = int(float(b) / float(threshold))
        self.reference[i] += F(k) * threshold
        if self.set["jitter"] and self.set["leak"] and k:
            error = self.random.normal(self.random.word()) * F(self.set["jitter"])
            self.reference[i] += error * self.on[i]
        few = min(k, self.set["most"])
        self.dropped += k - few
        slope = F(steps) / (b - a) if (b - a) * b > 0 else F(0)
        start, pace = -a * slope, threshold * slope
        times = []
        for q in range(few):
            x = (start + F(q // 16 * 16) * pace) + F(q % 16 + 1) * pace
            times.append(int(min(max(x, F(0)), F(steps - 1))))
        return times, b > 0

    def gap(self, word, expected):
        """Return how far it is to the next event of noise, in 2^-32 pixels."""
        return int(min(self.random.exponential(word) * (1 / expected), 2.0**30) * 2.0**32)

    def noise(self, grey, passed_us, steps):
        """Return ``(pixel, step, is_on)`` of shot noise and hot pixels, by pixel."""
        shots, hots = [], []
        at, expected = 0, self.set["shot"] * passed_us * 1e-6
        while expected:
            word = self.random.word()
            at += self.gap(word, expected)
            i = at >> 32
            if i >= self.n:
                break
            chance = (word >> 1 & 1023) + 0.5
            if chance < 1024 - 0.75 * 1024 / 275 * (float(grey[i]) + 20):
                shots.append((i, (at & MASK >> 32) * steps >> 32, bool(word & 1)))
        at, expected = 0, self.set["hot_hz"] * passed_us * 1e-6
        while len(self.hot):
            at += self.gap(self.random.word(), expected)
            if at >> 32 >= len(self.hot):
                break
            hots.append((int(self.hot[at >> 32]), (at & MASK >> 32) * steps >> 32, True))
        return sorted(shots + hots, key=lambda event: event[0])

    def frame(self, t_us, grey):
        """Return ``(t_us, unit)`` of all events of a frame, in order."""
        steps = passed_us = t_us - self.t_us
        before, after = self.levels_now(grey, passed_us)
        light = []
        for i in range(self.n):
            times, is_on = self.crossings(i, before[i], after[i], steps)
            light += [(i, 0, s, is_on) for s in times]
        noise = [(i, 1, s, is_on) for i, s, is_on in self.noise(grey, passed_us, steps)]
        found = sorted(light + noise, key=lambda event: event[:2])
        room, weyl, events = self.set["room"], 0, []
        limit = int(2**32 * room / max(len(found), 1))
        for i, is_noise, s, is_on in found:
            weyl = (weyl + 0x9E3779B97F4A7C15) & MASK
            if room < len(found) and (weyl >> 32 >= limit or len(events) == room):
                self.dropped += 1
                continue
            when = self.t_us + s + 1
            if is_noise or when - self.last[i] >= self.set["refractory"]:
                self.last[i] = self.last[i] if is_noise else when
                events.append((when, i if is_on else self.n + i))
        self.was = self.filtered if self.drifts else after
        self.t_us = t_us
        return sorted(events)


def film(seed, n=12):
    """Frames that jump, drift and stand still, at irregular times."""
    rng = np.random.default_rng(seed)
    base, t_us, frames = rng.integers(0, 256, (HEIGHT, WIDTH)), 0, []
    for k in range(n):
        step = (0, 3, 40, 255)[k % 4]
        base = np.clip(base + rng.integers(-step, step + 1, base.shape), 0, 255)
        frames.append(Frame(t_us, base.astype(np.uint8)))
        t_us += int(rng.integers(PERIOD_US // 2, PERIOD_US + 1))
    return frames


CLEAN = {
    "on": 0.2, "off": 0.2, "sigma": 0.0, "most": 16, "room": 2 * HEIGHT * WIDTH, "refractory": 0,
    "cutoff": 0.0, "leak": 0.0, "jitter": 0.1, "shot": 0.0, "hot": 0.0, "hot_hz": 100.0,
}  # fmt: skip
NAMES = {
    "on": "threshold", "off": "threshold_off", "sigma": "threshold_sigma", "room": "most_events",
    "refractory": "refractory_us", "cutoff": "cutoff_hz", "leak": "leak_hz",
    "jitter": "leak_jitter", "shot": "shot_noise_hz", "hot": "hot_pixels", "hot_hz": "hot_pixel_hz",
}  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"on": 0.05, "off": 0.11, "most": 255, "room": 10**5},
        {"on": 0.1, "sigma": 0.05, "most": 3},
        {"on": 0.1, "refractory": 1500, "sigma": 0.03, "room": 10**4},
        {"on": 0.1, "room": 97, "refractory": 300},
        {"shot": 60.0},
        {"cutoff": 30.0},
        {"leak": 20.0, "sigma": 0.03},
        {"leak": 30.0, "cutoff": 15.0, "jitter": 0.0, "refractory": 2000},
        {"sigma": 0.03, "cutoff": 200.0, "leak": 10.0, "shot": 40.0, "hot": 0.1, "room": 700},
        {"hot": 0.2, "hot_hz": 400.0, "refractory": 9000, "most": 1},
    ],
    ids=lambda settings: "-".join(settings) or "clean",
)
def test_events_are_those_of_the_twin(settings):
    assert same_events(settings, film(3)) > 100


@pytest.mark.parametrize(
    "settings",
    [
        {"leak": 5.0, "sigma": 0.03},
        {"leak": 8.0, "cutoff": 200.0, "sigma": 0.03},
        {"leak": 8.0, "cutoff": 200.0, "on": 0.3, "off": 0.1, "jitter": 0.25, "shot": 20.0},
    ],
    ids="-".join,
)
def test_so_they_are_where_the_light_stays_the_same_for_long(settings):
    """Pixels that have come to rest are not looked at until their reference has leaked so far."""
    rng = np.random.default_rng(4)
    picture, frames = rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8), []
    for k in range(50):
        if k % 20 == 7:
            picture = picture.copy()
            picture[:3] = rng.integers(0, 256, (3, WIDTH))
        frames.append(Frame(k * PERIOD_US, picture))
    assert same_events(settings, frames) > 100


def same_events(settings, frames):
    """Compare the encoder's events of each frame with those of the twin; returns how many."""
    chosen = {**CLEAN, **settings}
    given = {NAMES.get(name, name): value for name, value in chosen.items()}
    spec = SourceSpec("camera", Frame, (HEIGHT, WIDTH), 1e6 / PERIOD_US)
    site = Site("eye", SEED, 1000, source=spec, role="encoder")
    eye = change.build(change.Config("camera", **given), site)
    twin, total = Twin(HEIGHT * WIDTH, site, **chosen), 0
    twin.first(0, frames[0].grey.ravel())
    assert len(eye.transduce(frames[0]).unit) == 0
    for frame in frames[1:]:
        spikes = eye.transduce(frame)
        got = list(zip(spikes.t_us.tolist(), spikes.unit.tolist(), strict=True))
        assert got == twin.frame(frame.t_us, frame.grey.ravel())
        total += len(got)
    assert sum(list(eye.counts.values())[3:]) == twin.dropped
    return total
