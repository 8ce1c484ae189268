"""The run file live_camera before a network camera: events come, and a camera that is unplugged."""

import os
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core.errors import MachineError
from neuroloop.core.message import Kind, messages
from neuroloop.core.safety import State
from neuroloop.runtime.said import said, state_of
from neuroloop.runtime.session import played
from neuroloop.testing.camera_server import CameraServer, wandering_bar

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(
        find_spec("cv2") is None and os.environ.get("CI") != "true",
        reason="no OpenCV; pip install opencv-python-headless",
    ),
]

RUN = Path(__file__).parents[2] / "configs" / "live_camera.toml"
PATIENCE_S = 40.0


class Seen:
    """A sink that keeps how many spikes came in, and the motion of each tick."""

    def __init__(self):
        self.spikes = 0
        self.motions = []

    def take(self, record, outcome):
        self.spikes += sum(len(m.events()) for m in messages(record) if m.kind is Kind.SPIKES)
        self.motions += [m.floats().copy() for m in messages(outcome) if m.kind is Kind.MOTION]


@pytest.fixture
def server():
    with CameraServer(lambda t: wandering_bar(4 * t, 320, 240), 50) as camera_server:
        yield camera_server


@pytest.fixture
def live():
    """Start a live run, until the test is over; returns its loop and what was seen."""
    ends = []

    def start(source, *changes):
        loops, failed, seen = [], [], Seen()

        def go():
            try:
                run = runfile.load(str(RUN), [f"sensor.camera.source={source}", *changes])
                with played(run, lambda _: [seen], lambda loop: loops.append(loop) or []):
                    pass
            except Exception as error:
                failed.append(error)

        thread = threading.Thread(target=go)
        thread.start()
        until(lambda: failed or (loops and loops[0].live.tick and loops[0].live.tick.index))
        if failed:
            raise failed[0]
        ends.append((loops[0], thread))
        return loops[0], seen

    yield start
    for loop, thread in ends:
        loop.episode.stop.asked = True
        thread.join()


def until(true):
    end = time.monotonic() + PATIENCE_S
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.005)
    assert found, "it did not come about"
    return found


@pytest.mark.parametrize("process", ["true", "false"])
def test_events_come_and_the_robot_would_turn(live, server, process):
    _, seen = live(server.url, f"sensor.camera.process={process}")
    until(lambda: seen.spikes > 5000)
    until(lambda: seen.motions and np.abs(seen.motions[-1]).max() > 0.01)


def test_an_unplugged_camera_stops_all_motion_and_is_opened_again(live, server):
    loop, seen = live(
        server.url, "sensor.camera.process=false", "sensor.camera.timeout_s=0.5", "guard.arm=start"
    )
    until(lambda: state_of(loop) is State.ARMED and seen.spikes > 2000)
    server.stop()
    until(lambda: state_of(loop) is State.STOPPED)
    assert "camera" in said(loop)["ended"]["text"]
    from_here = len(seen.motions)
    server.start()
    before = seen.spikes
    until(lambda: seen.spikes > before + 1000)
    until(lambda: not said(loop)["against"])
    # nobody armed, so nothing moves though all is well
    assert state_of(loop) is State.STOPPED
    assert not np.any(seen.motions[from_here:])
    assert any('sensor "camera" is back' in line for line in loop.live.facts().said)


def test_a_camera_that_is_not_there_ends_the_run_before_it_begins(live):
    with pytest.raises(MachineError, match=r"\[sensor.camera\]: /dev/video\d+: no such device"):
        live("/dev/video77")
