"""Events over UDP: every format, stamps, and a count of all that is lost."""

import socket
import struct
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.ports import Counting, Finite, Site
from neuroloop.testing import event_sender
from neuroloop.testing.event_sender import EventSender
from sensors import event_camera
from sensors.event_camera import _events, _payload, _receive, _stamp

pytestmark = pytest.mark.real_time

WIDTH, HEIGHT = 320, 240
FORMATS = tuple(_payload.FORMATS)
LONG_S = 20
"""a busy machine has this long"""


def some(n=5000, seed=0):
    rng = np.random.default_rng(seed)
    t = 10_000_000 + np.cumsum(rng.integers(0, 3, n))
    return t, rng.integers(0, WIDTH, n), rng.integers(0, HEIGHT, n), rng.integers(0, 2, n)


def listening(format_, host="127.0.0.1"):
    return event_camera.open(f"udp://{host}:0?format={format_}", width=WIDTH, height=HEIGHT)


def taken(stream, n):
    """Return the first ``n`` events of a stream, or what came in a long time."""
    parts, end = [], time.monotonic() + LONG_S
    while sum(map(len, parts)) < n and time.monotonic() < end:
        parts.append(stream.take())
        time.sleep(0.001)
    return _events.joined(parts)


@pytest.mark.parametrize("format_", FORMATS)
def test_what_is_sent_comes_in_order(format_):
    t, x, y, p = some()
    with listening(format_) as stream, EventSender(stream.port, format_) as sender:
        before_us = time.monotonic_ns() // 1000
        sender.send(t, x, y, p)
        events = taken(stream, len(t))
        assert stream.datagrams == sender.datagrams
        assert stream.counts == {}
    assert events.x.tolist() == x.tolist()
    assert events.y.tolist() == y.tolist()
    assert events.p.tolist() == p.tolist()
    assert (np.diff(events.t_us) >= 0).all()
    assert events.t_us[-1] <= time.monotonic_ns() // 1000
    if format_ == "spif":
        assert events.t_us[0] >= before_us


def test_a_stream_is_iterated_until_it_is_closed():
    t, x, y, p = some(1000)
    found = []
    with listening("spif") as stream, EventSender(stream.port, "spif") as sender:
        reader = threading.Thread(target=lambda: found.extend(stream))
        reader.start()
        sender.send(t, x, y, p)
        end = time.monotonic() + LONG_S
        while sum(map(len, found)) < len(t) and time.monotonic() < end:
            time.sleep(0.001)
    reader.join(LONG_S)
    assert not reader.is_alive()
    assert sum(map(len, found)) == len(t)


def test_ipv6_is_heard_too():
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    try:
        stream = listening("spif", "[::1]").__enter__()
    except PartError:
        pytest.skip("no address ::1")
    with EventSender(stream.port, "spif", "::1") as sender:
        sender.send([0], [1], [2], [1])
        assert len(taken(stream, 1)) == 1
    stream.__exit__()


@pytest.mark.parametrize("format_", FORMATS)
def test_datagrams_that_are_none_are_counted(format_):
    with listening(format_) as stream, EventSender(stream.port, format_) as sender:
        for length in (0, 1, 3, 7, 21, 65_503):
            sender.send_bytes(bytes(length))
        sender.send([5], [WIDTH], [0], [1])
        sender.send([5], [1], [HEIGHT], [1])
        sender.send([5], [1], [1], [1])
        assert len(taken(stream, 1)) == 1
        assert stream.counts == {
            "datagrams that are no events": 6,
            "events outside of the picture": 2,
        }


def test_words_with_a_time_are_read_without_it():
    with listening("spif") as stream, EventSender(stream.port, "spif") as sender:
        word = 3 << 16 | 1 << 15 | 4
        sender.send_bytes(struct.pack("<III", word, 12345, 1 << 31 | word))
        sender.send_bytes(struct.pack("<I", word))  # the time is missing
        sender.send_bytes(struct.pack("<I", 1 << 31 | word))
        assert taken(stream, 3).x.tolist() == [3, 3, 3]
        assert stream.counts == {"datagrams that are no events": 1}


def test_what_the_operating_system_drops_is_counted(monkeypatch):
    monkeypatch.setattr("sensors.event_camera._stream._SOCKET_BYTES", 4096)
    t, x, y, p = some(200_000)
    with listening("spif") as stream, EventSender(stream.port, "spif") as sender:
        sender.send(t, x, y, p)
        end = time.monotonic() + LONG_S
        dropped, came = 0, 0
        while dropped + came < sender.datagrams and time.monotonic() < end:
            time.sleep(0.01)
            dropped = stream.counts.get("datagrams dropped by the operating system", 0)
            came = stream.datagrams
        assert dropped + came == sender.datagrams


def test_what_finds_no_room_is_counted(monkeypatch):
    monkeypatch.setattr("sensors.event_camera._stream._RING_EVENTS", 1000)
    t, x, y, p = some(3000)
    with listening("spif") as stream, EventSender(stream.port, "spif") as sender:
        sender.send(t, x, y, p)
        end = time.monotonic() + LONG_S
        while stream.datagrams < sender.datagrams and time.monotonic() < end:
            time.sleep(0.001)
        assert len(stream.take()) == 1000
        assert stream.counts == {"events that found no room": 2000}


def test_an_address_that_is_taken_is_told():
    with listening("spif") as stream:
        other = event_camera.open(f"udp://127.0.0.1:{stream.port}?format=spif", width=1, height=1)
        with pytest.raises(PartError, match="cannot listen there: Address already in use"), other:
            pass


def test_a_name_that_nobody_knows_is_told():
    stream = event_camera.open("udp://nobody.invalid:1?format=spif", width=1, height=1)
    with pytest.raises(PartError, match="cannot listen there"), stream:
        pass


@pytest.fixture
def camera():
    source = "udp://127.0.0.1:0?format=t32_x16_y15_on1"
    config = event_camera.Config(source, width=WIDTH, height=HEIGHT, most_per_tick=50)
    return event_camera.build(config, Site("eyes", 0, 1000))


def test_a_sensor_stamps_in_run_time(camera):
    t, x, y, p = some(40)
    assert not isinstance(camera, Finite)
    assert isinstance(camera, Counting)
    with camera as eyes:
        assert eyes.spec.stamped_by == "device"
        assert eyes.read(0) == []
        start_us = time.monotonic_ns() // 1000 - 1

        def until():
            return time.monotonic_ns() // 1000 - start_us

        eyes.read(until())
        time.sleep(0.002)
        with EventSender(eyes._stream.port, "t32_x16_y15_on1") as sender:
            sender.send(t, x, y, p)
        found, end = [], time.monotonic() + LONG_S
        while sum(len(spikes.unit) for spikes in found) < 40 and time.monotonic() < end:
            now_us = until()
            found += eyes.read(now_us)
            assert all(0 <= spikes.t_us[0] <= spikes.t_us[-1] < now_us for spikes in found)
        units = np.concatenate([spikes.unit for spikes in found])
        assert units.tolist() == ((1 - p) * WIDTH * HEIGHT + y * WIDTH + x).tolist()
        # the last event came when it came; those before it lie as far back as their stamps say
        stamps = np.concatenate([spikes.t_us for spikes in found])
        assert (stamps[-1] - stamps).tolist() == (t[-1] - t).tolist()


def fresh():
    return np.zeros(_receive.WORDS - _receive.CLOCK, np.int64)


def stamp(state, times, now_us):
    t = np.array(times, np.int64)
    _stamp.stamped(t, False, now_us, state)
    return t.tolist()


def test_the_datagram_with_the_least_delay_compares_the_clocks():
    state = fresh()
    assert stamp(state, [100, 200], 1_000_500) == [1_000_400, 1_000_500]
    # 300 us less on its way
    assert stamp(state, [900, 1000], 1_001_000) == [1_000_900, 1_001_000]
    assert stamp(state, [2000], 1_002_200) == [1_002_000]


def test_clocks_that_drift_apart_are_compared_again():
    state = fresh()
    stamps = []
    for k in range(60):  # the sender's clock loses 100 us a second
        stamps += stamp(state, [1_000_000 * k - 100 * k], 1_000_000 * (k + 50))
    late = 1_000_000 * np.arange(50, 110) - stamps
    assert late.max() <= 2200
    assert (np.diff(stamps) >= 0).all()


def test_a_sender_that_starts_anew_is_counted():
    state = fresh()
    stamp(state, [50_000_000], 60_000_000)
    assert stamp(state, [100], 60_001_000) == [60_001_000]
    assert state[_stamp.RESTARTS] == 1
    assert stamp(state, [50], 60_001_010) == [60_001_000]
    assert state[_stamp.BACK] == 1


def test_a_clock_of_32_bits_goes_on_over_its_end():
    clock = np.int64([0xFFFFFFF0])
    event = tuple(np.zeros(10, np.int64) for _ in range(4))
    t = np.int64([0xFFFFFFF8, 0xFFFFFFF0, 0x100000005])
    data = event_sender.payload("t32_x16_y15_on1", t, [0] * 3, [0] * 3, [0] * 3)
    assert (
        _payload.decode(np.frombuffer(bytearray(data), np.uint8), _payload.T32, clock, *event) == 3
    )
    assert event[0][:3].tolist() == t.tolist()


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200), kind=st.sampled_from(sorted(_payload.EVENT_BYTES)))
def test_any_bytes_are_events_or_refused(data, kind):
    event = tuple(np.full(64, -7, np.int64) for _ in range(4))
    array = np.frombuffer(bytearray(data), np.uint8)
    n = _payload.decode(array, kind, np.zeros(1, np.int64), *event)
    assert -1 <= n <= len(data) // 4
    assert all((each[max(n, 0) + 1 :] == -7).all() for each in event) or n == -1


def test_a_format_that_nobody_knows_is_refused_by_the_sender():
    with pytest.raises(ConfigError, match='did you mean "spif"'):
        EventSender(1, "spiff")
    with pytest.raises(RuntimeError, match="after it was entered"):
        EventSender(1, "spif").send([0], [0], [0], [0])
