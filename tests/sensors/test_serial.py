"""A serial line, with a pseudo terminal for the board: what comes, and all that can go wrong."""

import contextlib
import json
import os
import time

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError, MachineError, PartError
from neuroloop.core.ports import Site
from neuroloop.core.values import Ranges, Scalars
from neuroloop.testing.ports import check_source
from sensors import serial

pytestmark = pytest.mark.real_time

pytest.importorskip("serial", reason="no pyserial")
LABELS = ["ax", "ay", "az"]


class Board:
    """The other end of a serial line."""

    def __init__(self):
        self._fd, far = os.openpty()
        self.port = os.ttyname(far)
        os.close(far)

    def say(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        while data:
            data = data[os.write(self._fd, data) :]

    def unplug(self):
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


@pytest.fixture
def board():
    with contextlib.closing(contextlib.ExitStack()) as stack:
        board = Board()
        stack.callback(board.unplug)
        yield board


class Reader:
    """Reads as a live run does: up to the present, which goes on."""

    def __init__(self, sensor):
        self._sensor, self._began = sensor, time.monotonic()
        self.found = []
        self.read()

    def read(self):
        until_us = 1 + int((time.monotonic() - self._began) * 1e6)
        self.found += self._sensor.read(until_us)

    def until(self, done, seconds=20):
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            self.read()
            time.sleep(0.002)
        assert done()
        return self.found

    def take(self, n):
        return self.until(lambda: len(self.found) >= n)


def opened(board, **settings):
    config = serial.Config(board.port, **({"labels": LABELS} | settings))
    return serial.build(config, Site("imu", 0, 1000))


@pytest.mark.parametrize("line", ["0.5,-1,9.81", "0.5 -1\t9.81", " 0.5 , -1.0e0 , 9.81\r"])
def test_numbers_of_a_line_are_a_reading(board, line):
    with opened(board) as sensor:
        reader = Reader(sensor)
        board.say(line + "\n")
        (reading,) = reader.take(1)
    assert isinstance(reading, Scalars)
    assert reading.values == pytest.approx([0.5, -1, 9.81])
    assert reading.values.dtype == np.float32
    assert sensor.spec.labels == tuple(LABELS)
    assert sensor.spec.stamped_by == "arrival"
    assert not sensor.counts


def test_a_json_object_is_read_by_its_labels(board):
    with opened(board, format="json") as sensor:
        reader = Reader(sensor)
        board.say(json.dumps({"az": 3, "ax": 1, "more": "x", "ay": None}) + "\n[4, 5, 6]\n")
        first, second = reader.take(2)
    assert first.values == pytest.approx([1, np.nan, 3], nan_ok=True)
    assert second.values.tolist() == [4, 5, 6]
    assert sensor.counts == {"numbers that are missing": 1}


def test_ranges_tell_nothing_in_range_from_no_measurement(board):
    settings = {"labels": [], "beams": 5, "unit_m": 0.01, "min_m": 0.02, "max_m": 4.0}
    with opened(board, **settings, direction="right_to_left", skip=1) as sensor:
        reader = Reader(sensor)
        board.say("777 100 0 500 1 nan\n")
        (scan,) = reader.take(1)
    assert isinstance(scan, Ranges)
    nan, inf = np.nan, np.inf
    assert scan.metres == pytest.approx([nan, nan, inf, nan, 1.0], nan_ok=True)
    assert scan.bearing_rad[0] > 0
    assert (sensor.spec.low, sensor.spec.high) == (0.02, 4.0)


def test_zero_may_mean_nothing_within_range(board):
    with opened(board, labels=[], beams=2, zero="nothing_within_range") as sensor:
        reader = Reader(sensor)
        board.say("0 1\nnan nan\n")
        first, second = reader.take(2)
    assert first.metres.tolist() == [np.inf, 1.0]
    assert np.isnan(second.metres).all()


@pytest.mark.parametrize(
    "garbage",
    [
        "hello",
        "1,2",
        "1,2,3,4",
        "1,2,x",
        "\x00\x01\x02",
        "1,2,3\x00",
        bytes(range(128, 250)),
        "{}",
        '{"ax": 1',
        "[" * 5000,
        "9" * 200_000,
    ],
)
@pytest.mark.parametrize("format_", ["numbers", "json"])
def test_garbage_is_skipped_and_counted(board, garbage, format_):
    good = "[1, 2, 3]\n" if format_ == "json" else "1 2 3\n"
    with opened(board, format=format_) as sensor:
        reader = Reader(sensor)
        board.say(good)
        board.say(garbage)
        board.say("\n" + good)
        found = reader.take(2)
    assert [r.values.tolist() for r in found] == [[1, 2, 3]] * 2
    assert sum(sensor.counts.values()) == 1


def test_a_line_in_pieces_is_one_and_half_a_line_at_the_start_is_none(board):
    with opened(board) as sensor:
        reader = Reader(sensor)
        board.say("5,6\n1,")
        time.sleep(0.05)
        reader.read()
        assert reader.found == []
        board.say("2,3\n\n\r\n4,5,")
        reader.take(1)
        board.say("6\n")
        values = [r.values.tolist() for r in reader.take(2)]
    assert values == [[1, 2, 3], [4, 5, 6]]
    assert not sensor.counts


def test_ten_times_the_promised_rate_drops_the_oldest_and_counts_them(board):
    n = 3 * serial.MOST_WAITING
    with opened(board, labels=["n"], rate_hz=100) as sensor:
        reader = Reader(sensor)
        for k in range(n):
            board.say(f"{k}\n")
        lost = "readings that nobody took"
        end = time.monotonic() + 20
        while sensor.counts.get(lost, 0) < n - serial.MOST_WAITING and time.monotonic() < end:
            time.sleep(0.005)
        values = [r.values[0] for r in reader.take(serial.MOST_WAITING)]
    assert values == list(range(n - serial.MOST_WAITING, n))
    assert sensor.counts == {lost: n - serial.MOST_WAITING}
    stamps = [r.t_us for r in reader.found]
    assert stamps == sorted(stamps)


def test_a_port_that_goes_away_is_an_error_after_what_it_said(board):
    with opened(board) as sensor:
        reader = Reader(sensor)
        board.say("1,2,3\n")
        reader.take(1)
        board.unplug()

        def gone():
            with pytest.raises(PartError, match=r'sensor "imu": /dev/pts/'):
                reader.until(lambda: False)
            return True

        assert gone()


def test_a_port_opens_again(board):
    for k in range(2):
        with opened(board) as sensor:
            reader = Reader(sensor)
            board.say(f"{k},2,3\n")
            assert reader.take(1)[0].values[0] == k


def test_it_keeps_the_promises_of_its_port(board):
    with opened(board) as sensor:
        board.say("1,2,3\n" * 20)
        check_source(sensor, seconds=0.05)


@pytest.mark.parametrize(
    ("port", "words"),
    [("/dev/nothing_here", "no such device"), ("/dev/null", "/dev/null: ")],
)
def test_what_is_no_port_is_told(port, words):
    sensor = serial.build(serial.Config(port, labels=["a"]), Site("imu", 0, 1000))
    with pytest.raises(PartError, match=words), sensor:
        pass


def test_a_port_that_somebody_else_reads_is_told(board):
    with opened(board), pytest.raises(PartError, match="another program uses it"), opened(board):
        pass


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "set `labels` for numbers, or `beams` for ranges"),
        ({"labels": ["a"], "beams": 3}, "set `labels` for numbers, or `beams` for ranges"),
        ({"labels": ["a", "a"]}, "one is there twice"),
        ({"labels": ["a"], "low": 1.0, "high": 1.0}, "is not below high"),
        ({"labels": ["a"], "format": "json", "skip": 1}, "`skip`"),
        ({"beams": 3, "min_m": 5.0, "max_m": 4.0}, "`max_m`: 4 must be above min_m"),
    ],
)
def test_what_cannot_be_is_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        serial.build(serial.Config("/dev/x", **settings), Site("imu", 0, 1000))


def test_without_the_package_it_says_what_to_install(board, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "serial", None)
    with pytest.raises(MachineError, match=r"pip install \"neuroloop\[serial\]\""), opened(board):
        pass


def test_it_lists_the_ports_of_this_machine():
    for device in serial.devices():
        assert device.address.startswith("/dev/")
