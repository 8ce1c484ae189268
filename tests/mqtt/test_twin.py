"""The twin as a process behind a broker: driven, left alone, fought over, stopped, cut off."""

import itertools
import json
import signal
import socket
import subprocess
import sys
import time

import pytest

from neuroloop.core import robot_protocol as p
from neuroloop.core.black_box import read_black_box
from neuroloop.core.command import Verdict
from neuroloop.mqtt import messages

PATIENCE_S = 20.0
COMMAND_S = 0.02
WATCHDOG_NS = 200_000_000
WORLD = """\
name = "hall"
room = [[-2, -2], [4, -2], [4, 2], [-2, 2]]
start = [0.0, 0.0, 0.0]
goal = [1.0, 0.0]
goal_radius_m = 0.5
"""


def topic(name):
    return p.topic("twin", name)


def wait(true, what="it does not happen"):
    end = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.005)
    return found


class Twin:
    """The process, with somebody who listens to all it says."""

    def __init__(self, port, peer, *options):
        self.ear = peer(*(topic(name) for name in p.FROM_ROBOT))
        command = [sys.executable, "-m", "sims.twin", "--port", str(port), "--world", "empty"]
        self.process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE)
        self.wait_birth(1)

    def births(self):
        return [json.loads(text)["state"] for text in self.ear.payloads(topic(p.BIRTH))]

    def wait_birth(self, count):
        wait(lambda: self.births().count("ready") >= count, "the twin is not there")

    @property
    def body(self):
        said = self.ear.payloads(topic(p.BODY))
        return messages.body_of(said[-1]) if said else None

    def wait_body(self, true, what="the body does not change"):
        return wait(lambda: self.body is not None and true(self.body), what)

    def wait_still(self):
        def still():
            said = self.ear.payloads(topic(p.ODOMETRY))
            moved = messages.odometry_of(said[-1]) if said else None
            return moved is not None and moved.left_mps == 0.0

        wait(still, "the wheels turn")

    def end(self):
        self.process.terminate()
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, json.loads(out)


@pytest.fixture
def twins(broker, peer):
    """Start twins; they are killed at the end."""
    there = []

    def start(*options):
        there.append(Twin(broker.port, peer, *options))
        return there[-1]

    yield start
    for twin in there:
        twin.process.kill()
        twin.process.wait()
        twin.process.stdout.close()


class Brain:
    """Tells what time it is and sends commands while `driving`."""

    def __init__(self, peer, owner):
        self.owner, self.numbers = owner, itertools.count()
        self.peer = peer(topic(p.CLOCK_ASK))
        self.peer.client.on_message = self._hear

    def _hear(self, client, data, message):
        now_us = time.monotonic_ns() // 1000
        ask = messages.ask_of(message.payload)
        client.publish(topic(p.CLOCK_ANSWER), messages.answer(ask, now_us, now_us))

    def command(self, speed=0.2):
        sent_us = time.monotonic_ns() // 1000
        values, number = (speed, speed), next(self.numbers)
        return messages.drive(self.owner, number, sent_us, values, valid_ms=200, power=True)

    def drive_until(self, true, speed=0.2):
        """Send commands until something is true."""
        end = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end, "driving leads nowhere"
            self.peer.client.publish(topic(p.DRIVE), self.command(speed))
            time.sleep(COMMAND_S)


@pytest.fixture
def brain(peer):
    return Brain(peer, 5)


def moves(twin):
    return lambda: twin.body is not None and twin.body.left_mps > 0


def test_it_says_that_it_is_there_and_the_broker_says_when_it_is_not(twins, peer):
    twin = twins()
    late = peer(topic(p.BIRTH))
    (kept,) = wait(lambda: late.payloads(topic(p.BIRTH)))
    told = json.loads(kept)
    assert (told["name"], told["channels"], told["watchdog_ms"]) == ("twin", ["left", "right"], 200)
    twin.process.kill()
    wait(lambda: twin.births()[-1] == "lost")


def test_a_twin_that_is_told_to_end_says_how_it_went_and_that_it_is_gone(twins):
    twin = twins()
    code, told = twin.end()
    assert code == 0
    assert told["verdicts"] == dict.fromkeys(p.VERDICTS, 0)
    assert twin.births() == ["ready", "lost"]


def test_it_drives_while_it_is_told_to_and_stops_by_itself_in_silence(twins, brain):
    twin = twins()
    brain.drive_until(moves(twin))
    assert twin.body.owner == brain.owner
    twin.wait_body(lambda body: not body.flags & (p.AWAKE | p.HELD))
    assert twin.body.left_mps == 0.0
    twin.wait_still()


def test_a_second_brain_is_refused_and_told_who_holds_it(twins, brain, peer):
    twin, second = twins(), Brain(peer, 6)
    brain.drive_until(moves(twin))

    def refused():
        second.peer.client.publish(topic(p.DRIVE), second.command())
        return twin.ear.payloads(topic(p.NOTICE))

    brain.drive_until(refused, 0.1)
    told = [json.loads(text) for text in twin.ear.payloads(topic(p.NOTICE))]
    assert {"verdict": "stranger", "owner": 6, "held_by": 5} in told
    assert twin.body.owner == 5


def test_commands_that_come_again_or_in_the_wrong_order_are_counted(twins, brain):
    twin = twins()
    brain.drive_until(moves(twin))
    first, second = brain.command(), brain.command()
    for message in (second, second, first, b"\1" * 40):
        brain.peer.say(topic(p.DRIVE), message, qos=0)
    wanted = (Verdict.DUPLICATE, Verdict.OUT_OF_ORDER, Verdict.MALFORMED)
    twin.wait_body(lambda body: [body.verdicts[v] for v in wanted] == [1, 1, 1])


def test_a_command_that_was_kept_back_is_late(twins, brain):
    twin = twins()
    brain.drive_until(moves(twin))
    old = brain.command()
    twin.wait_body(lambda body: not body.flags & p.AWAKE)
    time.sleep(0.3)
    before = twin.body.verdicts[Verdict.LATE]
    brain.peer.say(topic(p.DRIVE), old, qos=0)
    twin.wait_body(lambda body: body.verdicts[Verdict.LATE] == before + 1)
    assert twin.body.left_mps == 0.0


def test_a_command_that_somebody_planted_at_the_broker_moves_nothing(twins, brain):
    brain.peer.say(topic(p.DRIVE), brain.command(), retain=True)
    twin = twins()
    twin.wait_body(lambda body: body.verdicts[Verdict.MALFORMED] == 1)
    assert twin.body.verdicts[Verdict.TAKEN] == 0


def test_an_emergency_stop_lasts_until_a_reset(twins, brain):
    twin = twins()
    brain.drive_until(moves(twin))
    brain.peer.say(topic(p.STOP), {"who": "me"})
    brain.drive_until(lambda: twin.body.flags & p.EMERGENCY)
    taken = twin.body.verdicts[Verdict.TAKEN]
    brain.drive_until(lambda: twin.body.verdicts[Verdict.TAKEN] > taken + 5)
    assert twin.body.left_mps == 0.0
    assert twin.body.flags & p.EMERGENCY
    brain.peer.say(topic(p.RESET), {"who": "me"})
    brain.drive_until(moves(twin))


def test_it_stops_without_a_broker_and_obeys_again_when_it_is_back(twins, brain, broker):
    twin = twins()
    brain.drive_until(moves(twin))
    broker.kill()
    time.sleep(0.5)
    broker.start()
    twin.wait_birth(2)
    twin.wait_still()  # what was heard last is from before
    taken = twin.body.verdicts[Verdict.TAKEN]
    assert not twin.body.flags & p.AWAKE
    brain.drive_until(lambda: twin.body.verdicts[Verdict.TAKEN] > taken)
    code, told = twin.end()
    assert code == 0
    assert told["contacts"] == 0


def test_a_frozen_broker_is_no_reason_to_go_on(twins, brain, broker, tmp_path):
    twin = twins("--black-box", str(tmp_path / "box"))
    brain.drive_until(moves(twin))
    broker.process.send_signal(signal.SIGSTOP)
    time.sleep(1.0)
    broker.process.send_signal(signal.SIGCONT)
    twin.wait_still()
    code, _ = twin.end()
    assert code == 0
    rows = read_black_box(tmp_path / "box")
    silent = rows["heard_ns"] > WATCHDOG_NS
    assert (rows["left_mps"][silent] == 0.0).all()
    assert (rows["left_mps"][~silent] > 0).any()


def test_it_ends_at_its_goal(twins, brain, tmp_path):
    path = tmp_path / "hall.toml"
    path.write_text(WORLD)
    twin = twins("--world", str(path), "--until-goal", "--seconds", "60")
    brain.drive_until(lambda: twin.process.poll() is not None, 0.5)
    out, _ = twin.process.communicate()
    told = json.loads(out)
    assert twin.process.returncode == 0
    assert told["path_m"] == pytest.approx(0.5, abs=0.05)
    assert told["reached_s"] == told["t_s"]


def test_a_goal_that_was_missed_has_an_exit_code(twins):
    twin = twins("--until-goal", "--seconds", "2")
    assert twin.process.wait(PATIENCE_S) == 1


def test_a_broker_with_passwords_lets_it_in_by_the_right_one_alone(mosquitto, peer, tmp_path):
    users, password = tmp_path / "users", tmp_path / "password"
    users.touch()
    users.chmod(0o644)
    tmp_path.chmod(0o755)
    for user in ("twin", "ear"):
        tool = ["mosquitto_passwd", "-b", str(users), user, "secret"]
        subprocess.run(tool, check=True, capture_output=True)
    lines = ("listener {port} 127.0.0.1", "allow_anonymous false", f"password_file {users}")
    port = mosquitto(*lines, "user root").port
    ear = peer(topic(p.BIRTH), port=port, user="ear", password="secret")
    command = [sys.executable, "-m", "sims.twin", "--port", str(port), "--user", "twin"]
    for text, comes in (("wrong", False), ("secret", True)):
        password.write_text(f"{text}\n")
        options = ["--password-file", str(password), "--seconds", "1.5"]
        ended = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
        assert ("the broker refuses" in ended.stderr) is not comes
        assert bool(ear.payloads(topic(p.BIRTH))) is comes


def test_without_a_broker_it_says_so_once():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "sims.twin", "--port", str(port), "--seconds", "1.5"]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stderr.count("no broker at") == 1


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--goal", "1"], 2, "2 numbers"),
        (["--robot", "a/b"], 2, "without /"),
        (["--mount", "radar"], 2, 'no lidar "radar"'),
        (["--range-hz", "5000"], 2, "at most 1000"),
        (["--set", "slip=7"], 2, "slip"),
        (["--plant", "plain"], 2, 'did you mean "plane"'),
    ],
)
def test_what_is_wrong_is_said_in_words(options, code, said):
    command = [sys.executable, "-m", "sims.twin", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == code
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
