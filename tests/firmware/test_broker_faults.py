"""A broker that dies, freezes, or brings nothing but garbage."""

import random
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from neuroloop.core import robot_protocol as protocol

pytestmark = pytest.mark.real_time

HEAP_BYTES = 160 * 1024
MESSAGES_HZ = 1000
FLOOD_S = 2.0


def move(pilot, bridge):
    before = len(bridge())
    pilot.drive_until(lambda: any(left > 0.1 for _, left, _ in bridge()[before:]))


def test_a_broker_that_is_killed_and_comes_back(robot, pilot, broker, bridge):
    move(pilot, bridge)
    broker.kill()
    pilot.wait(lambda: bridge()[-1][1:] == (0.0, 0.0))
    pilot.bodies.clear()
    broker.start()
    pilot.wait(lambda: pilot.flag(protocol.SYNCED))
    assert bridge()[-1][1:] == (0.0, 0.0)
    move(pilot, bridge)


def test_a_frozen_broker_keeps_commands_back_and_they_move_nothing(pilot, broker, bridge):
    move(pilot, bridge)
    taken = pilot.judged().verdicts[protocol.TAKEN]
    broker.signal(signal.SIGSTOP)
    for _ in range(20):
        pilot.drive(0.3, 0.3)
    pilot.wait(lambda: bridge()[-1][1:] == (0.0, 0.0))
    rows = len(bridge())
    time.sleep(0.3)  # longer than they are valid
    broker.signal(signal.SIGCONT)

    def all_came():
        """Nothing overtakes: where garbage has come, so has all before it."""
        pilot.send(protocol.DRIVE, b"garbage")
        return pilot.body.verdicts[protocol.MALFORMED]

    pilot.wait(all_came)
    assert pilot.taken() == taken
    assert all(row[1:] == (0.0, 0.0) for row in bridge()[rows:])
    pilot.wait(lambda: pilot.flag(protocol.SYNCED))
    move(pilot, bridge)


def test_a_broker_that_stays_frozen_is_left_and_found_again(robot, pilot, broker, bridge):
    def frozen():
        """Freeze the broker for longer than a robot with a keep-alive of 1 s waits."""
        broker.signal(signal.SIGSTOP)
        time.sleep(1.8)
        broker.signal(signal.SIGCONT)
        pilot.bodies.clear()
        pilot.wait(lambda: pilot.body)
        said = robot.console().count("connections")
        pilot.wait(lambda: robot.console().count("connections") > said)
        return re.findall(r"connections (\d+)", robot.console())[-1] != "1"

    assert any(frozen() for _ in range(5))  # it may have been frozen itself, on a busy machine
    pilot.wait(lambda: pilot.flag(protocol.SYNCED))
    move(pilot, bridge)


def garbage(seed, template):
    """Yield messages that are noise, torn, or nearly right."""
    noise = random.Random(seed)
    while True:
        kind = noise.randrange(4)
        if kind == 0:
            yield noise.randbytes(noise.randrange(64))
        elif kind == 1:
            yield noise.randbytes(noise.randrange(3000))
        elif kind == 2:
            yield template[: noise.randrange(len(template))]
        else:
            torn = bytearray(template)
            torn[noise.randrange(len(torn))] ^= 1 << noise.randrange(8)
            yield bytes(torn)


def flood(pilot, name, seed):
    """Send garbage to one topic, at a fixed rate, for some time."""
    found = garbage(seed, pilot.message(0.4, 0.4, owner=77, sequence=seed)[0])
    start = time.monotonic()
    for number in range(int(FLOOD_S * MESSAGES_HZ)):
        wait_s = start + number / MESSAGES_HZ - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        pilot.client.publish(pilot.topic(name), next(found))


def test_garbage_on_every_topic_moves_nothing_and_costs_no_memory(robot, pilot, pilots, bridge):
    noisy = pilots(answers=False)
    threads = [
        threading.Thread(target=flood, args=(noisy, name, seed))
        for seed, name in enumerate(protocol.TO_ROBOT)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert [row[1:] for row in bridge()] == [(0.0, 0.0)]
    pilot.wait(lambda: pilot.flag(protocol.SYNCED))
    assert pilot.taken() == 0
    # a broker may drop what a client is too slow for, though not nearly all of it
    pilot.wait(lambda: pilot.body.verdicts[protocol.MALFORMED] > 1000)
    # garbage to stop is a stop
    assert pilot.flag(protocol.EMERGENCY)
    pilot.end_stop()
    move(pilot, bridge)

    def free():
        return [int(n) for n in re.findall(r"free (\d+)", robot.console())]

    pilot.wait(lambda: len(free()) > 2)
    free = free()
    assert min(free) > HEAP_BYTES // 4
    assert free[-1] > free[1] - 4096
    assert "Traceback" not in robot.console()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts files in /proc")
def test_reconnecting_leaves_no_socket_behind(robot, pilot, broker):
    def files():
        return len(list(Path(f"/proc/{robot.pid}/fd").iterdir()))

    before = files()
    for _ in range(3):
        broker.kill()
        pilot.wait(lambda: not pilot.client.is_connected())
        pilot.bodies.clear()
        broker.start()
        pilot.wait(lambda: pilot.bodies)
    pilot.wait(lambda: files() == before)
