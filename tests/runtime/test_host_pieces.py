"""The small pieces of hosts: wishes in time, black box, back-off, socket line, shared mailbox."""

import os
import resource
import signal
import socket

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from neuroloop.core.black_box import RECORD, BlackBox, read_black_box
from neuroloop.core.errors import ConfigError, MachineError, NeuroloopError, PartError
from neuroloop.core.mailbox import COUNT, empty_mailbox
from neuroloop.core.pace import pace_of
from neuroloop.core.shared import store
from neuroloop.core.values import Ranges, SourceSpec
from neuroloop.core.wishes import Wishes
from neuroloop.runtime.host import wire
from neuroloop.runtime.host.backoff import Backoff
from neuroloop.runtime.host.line import Line
from neuroloop.runtime.host.memory import glance

WATCHDOG = 200
STILL, FOREVER = (0.0, 0.0), 2**62


# wishes


def test_a_wish_acts_from_when_it_was_heard_until_the_watchdog_or_the_next_one():
    wishes = Wishes(2, WATCHDOG)
    assert wishes.at(0) == (STILL, FOREVER)
    wishes.hear(100, [1.0, 1.0])
    wishes.hear(150, [2.0, 2.0])
    wishes.hear(900, [3.0, 3.0])

    assert wishes.at(40) == (STILL, 100)
    assert wishes.at(100) == ((1.0, 1.0), 150)
    assert wishes.at(149) == ((1.0, 1.0), 150)
    assert wishes.at(150) == ((2.0, 2.0), 350)
    assert wishes.at(349) == ((2.0, 2.0), 350)
    assert wishes.at(350) == (STILL, 900)
    assert wishes.at(900) == ((3.0, 3.0), 1100)
    assert wishes.at(1100) == (STILL, FOREVER)


@settings(max_examples=300, deadline=None)
@given(
    heard=st.lists(st.integers(0, 1000), max_size=20).map(sorted),
    looks=st.lists(st.integers(0, 1500), max_size=20).map(sorted),
)
def test_wishes_are_those_of_the_newest_command_at_each_time(heard, looks):
    wishes = Wishes(1, WATCHDOG)
    for k, t_us in enumerate(heard):
        wishes.hear(t_us, [float(k + 1)])
    for t_us in looks:
        values, until_us = wishes.at(t_us)
        earlier = [k for k, h in enumerate(heard) if h <= t_us]
        awake = bool(earlier) and t_us < heard[earlier[-1]] + WATCHDOG
        assert values == ((float(earlier[-1] + 1),) if awake else (0.0,))
        assert until_us > t_us


# black box


def row(k):
    return (k, k // 1000, 7, k, 5, 1000, 0.1, 0.2, 0.15, 0.0, (k, 0, 0, 0, 0, 0), 3)


def test_a_black_box_gives_back_what_was_written(tmp_path):
    box = BlackBox(tmp_path / "box", 100)
    for k in range(3):
        box.write(row(k))
    records = read_black_box(tmp_path / "box")

    assert records.dtype == RECORD
    assert [tuple(r)[:-2] for r in records.tolist()] == [(k, *row(k)[:-2]) for k in range(3)]
    assert records["verdicts"][:, 0].tolist() == [0, 1, 2]


def test_a_full_black_box_keeps_the_newest_and_says_how_many_it_lost(tmp_path):
    box = BlackBox(tmp_path / "box", 10)
    size = (tmp_path / "box").stat().st_size
    for k in range(25):
        box.write(row(k))
    records = read_black_box(tmp_path / "box")

    assert records["index"].tolist() == list(range(15, 25))
    assert records["t_ns"].tolist() == list(range(15, 25))
    assert (tmp_path / "box").stat().st_size == size


def test_another_file_is_no_black_box(tmp_path):
    (tmp_path / "short").write_bytes(b"x")
    BlackBox(tmp_path / "cut", 10)
    os.truncate(tmp_path / "cut", 300)

    for name in ("short", "cut"):
        with pytest.raises(ConfigError, match=f"{name} is not a black box of version 1"):
            read_black_box(tmp_path / name)
    with pytest.raises(ConfigError, match="No such file"):
        read_black_box(tmp_path / "none")


def test_a_full_disk_is_found_when_the_black_box_is_made(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signals = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        with pytest.raises(MachineError, match=r"box: 48 MB cannot be written: File too large"):
            BlackBox(tmp_path / "box")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, signals)


def test_a_black_box_does_not_replace_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(MachineError, match="is no file"):
            BlackBox(tmp_path / name)
    assert (tmp_path / "pipe").exists()
    with pytest.raises(MachineError, match="No such file or directory"):
        BlackBox(tmp_path / "missing" / "box")


# back-off


def test_what_fails_again_and_again_waits_longer_up_to_five_seconds():
    backoff, now, waits = Backoff(), 10**12, []
    for _ in range(8):
        again = backoff.failed(now)
        waits.append((again - now) / 1e9)
        now = again
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]

    now += 4_000_000_000
    assert backoff.failed(now) - now == 5_000_000_000
    now += 11_000_000_000
    assert backoff.failed(now) - now == 100_000_000


@pytest.mark.parametrize(
    ("step_us", "pace_us"), [(100, 1000), (300, 1200), (1000, 1000), (5000, 5000)]
)
def test_a_body_goes_round_each_millisecond_or_each_step(step_us, pace_us):
    assert pace_of(step_us) == pace_us


# the socket


class Text(Struct, tag=True):
    content: bytes


def ends():
    return [Line(end, Text) for end in socket.socketpair()]


def test_messages_longer_than_the_socket_come_whole_while_others_are_sent():
    here, there = ends()
    messages = [Text(bytes([k]) * size) for k, size in enumerate((0, 1, 3_000_000, 10))]
    for message in messages:
        here.send(message)
    assert not here.flush()
    heard = []
    while len(heard) < len(messages):
        here.flush()
        heard += there.receive()

    assert heard == messages
    assert here.flush()
    here.close()
    there.close()


def test_a_file_comes_with_its_message():
    here, there = ends()
    number = os.memfd_create("test")
    os.write(number, b"inside")
    here.send(Text(b"look"), number)
    os.close(number)

    assert there.receive() == [Text(b"look")]
    (mine,) = there.files
    assert os.pread(mine, 10, 0) == b"inside"
    here.close()
    there.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(mine)


def test_the_end_of_the_other_side_is_noticed_by_both_ways():
    here, there = ends()
    there.send(Text(b"last words"))
    there.close()

    assert here.wait(10.0)
    assert here.receive() == [Text(b"last words")]
    assert here.closed
    here.send(Text(b"into the void"))
    assert here.flush()
    here.close()


def test_a_listener_that_does_not_listen_costs_news_not_memory():
    here, there = ends()
    taken = sum(here.tell(Text(bytes(100_000))) for _ in range(100))

    assert 0 < taken < 20
    here.close()
    there.close()


# shared memory


def test_a_glance_never_waits_for_a_writer_that_was_killed_in_the_midst():
    box, into = empty_mailbox(8), np.zeros(8, np.uint8)
    assert glance(box.address, into, 0) == 0
    box.put(np.full(8, 3, np.uint8))
    assert glance(box.address, into, 0) == 2
    assert glance(box.address, into, 2) == 2
    assert (into == 3).all()

    store(box.memory.view(np.int64), COUNT, 3)
    assert glance(box.address, into, 2) == 2


# what travels


def test_a_spec_travels():
    bearing_rad = np.array([0.1, -0.2], np.float32)
    spec = SourceSpec("scan", Ranges, (2,), 10.0, "m", 0.1, labels=("a",), bearing_rad=bearing_rad)
    other = wire.spec_of(wire.spec_data(spec))

    assert other.reading is Ranges
    assert other.bearing_rad.tobytes() == bearing_rad.tobytes()
    names = [n for n in SourceSpec.__dataclass_fields__ if n != "bearing_rad"]
    assert [getattr(other, n) for n in names] == [getattr(spec, n) for n in names]


class MyError(MachineError):
    """Of a part's own."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConfigError("a: b"), ConfigError),
        (PartError("c"), PartError),
        (MyError("d"), MachineError),
        (NeuroloopError("e"), NeuroloopError),
    ],
)
def test_an_error_travels_with_its_exit_code(error, kind):
    other = wire.error_of(wire.failed(error))

    assert type(other) is kind
    assert (str(other), other.exit_code) == (str(error), error.exit_code)
