"""Tables of text that come through a pipe, a socket or the standard input."""

import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.ports import Finite, Site
from neuroloop.testing.ports import check_source
from sensors import series
from sensors.series import _feed

pytestmark = pytest.mark.real_time


def rows(readings):
    return [(r.t_us, r.values.tolist()) for r in readings]


class Server:
    """Sends lines to who connects."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.path = f"tcp://127.0.0.1:{self._listening.getsockname()[1]}"
        self._peer = None

    def say(self, text):
        if self._peer is None:
            self._peer, _ = self._listening.accept()
        self._peer.sendall(text.encode())

    def hang_up(self):
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def close(self):
        self.hang_up()
        self._listening.close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def feed(path, folder=Path(), **settings):
    return series.build(series.Config(str(path), **settings), Site("feed", 0, 1000, folder))


def started(work, *arguments):
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


def read_live(sensor, n, seconds=20):
    began, found = time.monotonic(), []
    while len(found) < n and time.monotonic() < began + seconds:
        found += sensor.read(1 + int((time.monotonic() - began) * 1e6))
        time.sleep(0.002)
    return found


def test_a_live_feed_is_stamped_by_arrival(server):
    said = started(server.say, "x,y\n")
    with feed(server.path) as sensor:
        said.join()
        assert not isinstance(sensor, Finite)
        assert read_live(sensor, 1, seconds=0.01) == []
        server.say("1,2\n3,")
        (first,) = read_live(sensor, 1)
        server.say("4\nhello\n5,6\n")
        rest = read_live(sensor, 2)
    assert first.values.tolist() == [1.0, 2.0]
    assert [r.values.tolist() for r in rest] == [[3.0, 4.0], [5.0, 6.0]]
    assert sensor.spec.stamped_by == "arrival"
    assert sensor.counts == {"lines that are no row": 1}


def test_a_live_feed_that_hangs_up_is_an_error_and_opens_again(server):
    for _ in range(2):
        said = started(server.say, "x\n1\n")
        with feed(server.path) as sensor:
            said.join()
            server.hang_up()
            with pytest.raises(PartError, match="the other side has ended"):
                read_live(sensor, 9)


def test_a_live_feed_faster_than_it_is_read_drops_the_oldest(server):
    n = 2 * _feed.MOST_ROWS
    said = started(server.say, "x\n")
    with feed(server.path) as sensor:
        said.join()
        assert sensor.read(1) == []
        server.say("".join(f"{k}\n" for k in range(n)))
        end = time.monotonic() + 20
        while sensor.counts.get("rows that nobody took", 0) < n - _feed.MOST_ROWS:
            assert time.monotonic() < end
            time.sleep(0.005)
        found = sensor.read(60_000_000)
    assert [r.values[0] for r in found] == list(range(n - _feed.MOST_ROWS, n))


def test_a_feed_with_a_clock_waits_so_that_nothing_is_lost(server):
    n = 3 * _feed.MOST_ROWS

    def serve():
        server.say("t,x\n" + "".join(f"{k},{k}\n" for k in range(n)))
        server.hang_up()

    said = started(serve)
    found = []
    with feed(server.path, time="t", time_unit="ms") as sensor:
        assert isinstance(sensor, Finite)
        for until_us in itertools.count(1_000_000, 1_000_000):
            found += sensor.read(until_us)
            if sensor.ended:
                break
            time.sleep(0.001)
        said.join()
    assert [r.values[0] for r in found] == list(range(n))
    stamps = [r.t_us for r in found]
    assert stamps == sorted(stamps)


def test_a_feed_slower_than_its_clock_makes_the_clock_stand_still(server):
    said = started(server.say, "t,x\n0,0\n1,1\n")
    with feed(server.path, time="t", time_unit="s") as sensor:
        said.join()
        assert rows(sensor.read(9_000_000)) == [(0, [0.0]), (1_000_000, [1.0])]
        server.say("2,2\n3,3\n")
        end = time.monotonic() + 20
        while not sensor.counts and time.monotonic() < end:
            assert sensor.read(9_000_000) == []
        late = rows(sensor.read(9_500_000))
        late += rows(sensor.read(20_000_000))
    assert late == [(9_000_000, [2.0]), (10_000_000, [3.0])]
    assert sensor.counts == {"waits for the feed": 1}


def test_a_named_pipe_is_a_feed_that_does_not_end_with_its_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    def write(text):
        with (tmp_path / "pipe").open("w") as pipe:
            pipe.write(text)

    with feed("pipe", tmp_path, header=False, columns=["1"]) as sensor:
        assert read_live(sensor, 1, seconds=0.01) == []
        write("1\n")
        assert len(read_live(sensor, 1)) == 1
        write("2\n")
        (second,) = read_live(sensor, 1)
    assert second.values.tolist() == [2.0]


def test_the_standard_input_is_a_feed(tmp_path):
    script = (
        "from pathlib import Path\n"
        "from neuroloop.core.ports import Site\n"
        "from sensors import series\n"
        "config = series.Config('-', time='t', time_unit='s')\n"
        "with series.build(config, Site('in', 0, 1000, Path())) as sensor:\n"
        "    for until_us in range(0, 10**7, 10**5):\n"
        "        for r in sensor.read(until_us): print(r.t_us, *r.values)\n"
        "    print(sensor.ended, dict(sensor.counts))\n"
    )
    text = "t,x\n0,1\nnoise\n2,3\n2.5,"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=root,
    )
    assert done.stdout.splitlines() == [
        "0 1.0",
        "2000000 3.0",
        "2500000 nan",
        "True {'lines that are no row': 1, 'numbers that are missing': 1}",
    ]


def test_a_feed_with_the_wrong_columns_is_refused(server):
    said = started(server.say, "x,y\n")
    with pytest.raises(ConfigError, match='no column "z"'), feed(server.path, columns=["z"]):
        pass
    said.join()


def test_a_feed_that_never_names_its_columns_is_told(server, monkeypatch):
    monkeypatch.setattr(_feed, "_FIRST_LINE_S", 0.1)
    said = started(server.say, "x,y")
    with pytest.raises(PartError, match="no first line with the names"), feed(server.path):
        pass
    said.join()


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("tcp://127.0.0.1:1", PartError, "refused"),
        ("tcp://nowhere", ConfigError, "a host and a port are wanted"),
        ("tcp://127.0.0.1:99999", ConfigError, "a host and a port are wanted"),
    ],
)
def test_an_address_that_does_not_answer_is_told(path, error, words):
    with pytest.raises(error, match=words), feed(path):
        pass


def test_a_feed_keeps_the_promises_of_its_port(server):
    said = started(server.say, "t,x\n" + "".join(f"{k},{k}\n" for k in range(50)))
    with feed(server.path, time="t", time_unit="ms") as sensor:
        said.join()
        assert check_source(sensor, seconds=0.1) == 50
