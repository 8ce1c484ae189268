"""An event camera in a run: stamps, laps, capacity, snapshots, and what its settings may be."""

import msgspec
import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Counting, Finite, Site
from neuroloop.core.values import Spikes
from neuroloop.testing.ports import check_source
from sensors import event_camera

WIDTH, HEIGHT = 8, 6


@pytest.fixture
def camera(tmp_path):
    """Write a recording and build the sensor of it."""

    def make(events=((1000, 1, 2, 1), (1400, 3, 0, 0), (3000, 7, 5, 1)), **settings):
        lines = [",".join(map(str, event)) for event in events]
        (tmp_path / "events.csv").write_text("\n".join(["t,x,y,p", *lines, ""]))
        given = {"source": "events.csv", "width": WIDTH, "height": HEIGHT, **settings}
        config = msgspec.convert(given, event_camera.Config)
        return event_camera.build(config, Site("eyes", 0, 1000, tmp_path))

    return make


def said(readings):
    """Return stamps and units of all readings."""
    t_us = [int(t) for spikes in readings for t in spikes.t_us]
    return list(zip(t_us, [int(u) for spikes in readings for u in spikes.unit], strict=True))


def test_the_first_event_is_stamped_0_and_units_are_on_then_off(camera):
    with camera() as eyes:
        assert eyes.read(0) == []
        assert said(eyes.read(401)) == [(0, 2 * WIDTH + 1), (400, 48 + 3)]
        assert not eyes.ended
        assert said(eyes.read(2000)) == []
        assert said(eyes.read(2001)) == [(2000, 5 * WIDTH + 7)]
        assert eyes.ended
        assert eyes.read(10**12) == []


def test_the_spec_says_what_comes(camera):
    with camera(most_per_tick=100, fov_deg=80) as eyes:
        spec = eyes.spec
    assert (spec.reading, spec.shape, spec.capacity) == (Spikes, (96,), 100)
    assert (spec.stamped_by, spec.rate_hz) == ("device", 0)
    left, right = spec.bearing_rad[[0, 7]]
    assert 0.5 < left == -right < 0.7
    assert (spec.bearing_rad.reshape(12, 8) == spec.bearing_rad[:8]).all()
    assert isinstance(eyes, Finite)
    assert isinstance(eyes, Counting)


def test_a_recording_that_loops_starts_again_a_microsecond_after_its_end(camera):
    with camera(loop=True) as eyes:
        stamps = [t for t, _ in said(eyes.read(7000))]
        assert stamps == [0, 400, 2000, 2001, 2401, 4001, 4002, 4402, 6002, 6003, 6403]
        assert not eyes.ended


def test_what_is_over_capacity_in_a_tick_is_dropped_and_counted(camera):
    events = [(5000 + 100 * k, k % 8, 0, 1) for k in range(25)]
    whole = camera(events, most_per_tick=4)
    with whole as eyes:
        kept = said(eyes.read(10_000))
        assert [t for t, _ in kept] == [
            *(0, 100, 200, 300),
            *(1000, 1100, 1200, 1300),
            *(2000, 2100, 2200, 2300),
        ]
        assert eyes.counts == {"events over capacity": 13}
    with camera(events, most_per_tick=4) as eyes:
        assert [each for t in range(0, 10_000, 70) for each in said(eyes.read(t))] == kept


@pytest.mark.parametrize("loop", [False, True])
def test_a_snapshot_goes_back(camera, loop):
    events = [(9000 + 130 * k, k % 8, k % 6, k % 2) for k in range(40)]
    with camera(events, loop=loop, most_per_tick=3) as eyes:
        eyes.read(7777)
        place = eyes.snapshot()
        rest = said(eyes.read(20_000))
        eyes.restore(place)
        assert said(eyes.read(20_000)) == rest
        assert len(rest) > 0 or not loop


def test_reading_in_any_steps_gives_the_same(camera):
    rng = np.random.default_rng(0)
    t = np.sort(rng.integers(0, 20_000, 200))
    events = np.column_stack((t, rng.integers(0, 8, 200), rng.integers(0, 6, 200), t % 2)).tolist()
    with camera(events) as eyes:
        whole = said(eyes.read(10**9))
    with camera(events) as eyes:
        ends = np.sort(rng.integers(0, 21_000, 100))
        assert [each for end in [*ends, 10**9] for each in said(eyes.read(int(end)))] == whole


def test_it_keeps_its_promises_with_laps(camera):
    with camera(loop=True) as eyes:
        assert check_source(eyes, seconds=0.02) > 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": "no.raw"}, "cannot be read"),
        ({"width": None}, "set `width` and `height`"),
        ({"source": "udp://127.0.0.1:3333?format=spif", "loop": True}, "only a file can start"),
        ({"source": "udp://127.0.0.1:0?format=spif", "width": None}, "set `width` and `height`"),
        ({"source": "udp://127.0.0.1?format=spif"}, "is no address of events"),
        ({"source": "udp://127.0.0.1:3333"}, "is no address of events; udp://127"),
        ({"source": "udp://127.0.0.1:99999?format=spif"}, "out of range"),
        ({"source": "udp://127.0.0.1:1/x?format=spif"}, "is no address"),
        ({"source": "udp://127.0.0.1:1?format=spif&a=b"}, "is no address"),
        ({"source": "udp://127.0.0.1:1?format=spid"}, 'did you mean "spif"'),
        ({"source": "udp://[::1?format=spif"}, "Invalid IPv6"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(camera, settings, message):
    with pytest.raises(ConfigError, match=message):
        camera(**settings)


@pytest.mark.parametrize("setting", [{"width": 0}, {"most_per_tick": 0}, {"format": "evt4"}])
def test_settings_out_of_bounds_are_refused(camera, setting):
    with pytest.raises(msgspec.ValidationError):
        camera(**setting)


def test_a_recording_without_an_event_is_refused(camera):
    with pytest.raises(ConfigError, match="holds no line of numbers"):
        camera([])
    with pytest.raises(ConfigError, match="holds no event"), camera([(1, 99, 99, 1)]):
        pass
