"""The twin as a process behind a broker: driven, left alone, fought over, stopped, cut off."""

import itertools
import json
import signal
import socket
import subprocess
import sys
import time
from functools import partial

import pytest

from neuroloop.core import robot_protocol as p
from neuroloop.core.black_box import read_black_box
from neuroloop.core.command import Verdict
from neuroloop.mqtt import messages
from sims.twin import __main__ as twin_command

from .conftest import Broker, Peer

pytestmark = pytest.mark.real_time

PATIENCE_S = 20.0
COMMAND_S = 0.02
_numbers = itertools.count(1)
WATCHDOG_NS = 200_000_000
LOCAL = ("listener {port} 127.0.0.1", "allow_anonymous true")
WORLD = """\
name = "hall"
room = [[-2, -2], [4, -2], [4, 2], [-2, 2]]
start = [0.0, 0.0, 0.0]
goal = [1.0, 0.0]
goal_radius_m = 0.5
"""


def wait(true, what="it does not happen"):
    end = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.005)
    return found


class Twin:
    """The process, with somebody who listens to all it says."""

    def __init__(self, port, name, *options):
        self.topic = partial(p.topic, name)
        self.ear = Peer(port, *map(self.topic, p.FROM_ROBOT))
        command = [sys.executable, "-m", "sims.twin", "--robot", name, "--port", str(port)]
        command += ["--world", "empty"]
        self.process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE)
        self.wait_birth(1)

    def births(self):
        return [json.loads(text)["state"] for text in self.ear.payloads(self.topic(p.BIRTH))]

    def wait_birth(self, count):
        wait(lambda: self.births().count("ready") >= count, "the twin is not there")

    def notices(self):
        return [json.loads(text) for text in self.ear.payloads(self.topic(p.NOTICE))]

    @property
    def body(self):
        said = self.ear.payloads(self.topic(p.BODY))
        return messages.body_of(said[-1]) if said else None

    def wait_body(self, true, what="the body does not change"):
        return wait(lambda: self.body is not None and true(self.body), what)

    def wait_asleep(self):
        self.wait_body(lambda body: not body.flags & (p.AWAKE | p.HELD), "it does not fall asleep")

    def wait_still(self):
        def still():
            said = self.ear.payloads(self.topic(p.ODOMETRY))
            moved = messages.odometry_of(said[-1]) if said else None
            return moved is not None and moved.left_mps == 0.0

        wait(still, "the wheels turn")

    def counts_since(self, before):
        return [n - then for n, then in zip(self.body.verdicts, before, strict=True)]

    def end(self):
        self.process.terminate()
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, json.loads(out)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.ear.close()


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    """A broker for all the tests in here."""
    broker = Broker(tmp_path_factory.mktemp("hall"), LOCAL)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(scope="module")
def shared(hall):
    """The twin of those tests that leave it as they found it."""
    there = Twin(hall.port, "shared")
    yield there
    there.kill()


@pytest.fixture
def twin(shared):
    """A twin that stands and obeys nobody."""
    shared.wait_asleep()
    assert not shared.body.flags & p.EMERGENCY
    return shared


@pytest.fixture
def twins(hall):
    """Start twins of a test's own, each with another name; they are killed at the end."""
    there = []

    def start(*options, name=None):
        there.append(Twin(hall.port, name or f"own{next(_numbers)}", *options))
        return there[-1]

    yield start
    for twin in there:
        twin.kill()


class Brain:
    """Tells what time it is and sends commands while it drives."""

    def __init__(self, port, robot, owner):
        self.owner, self.numbers, self.topic = owner, itertools.count(10), robot.topic
        self.peer = Peer(port, self.topic(p.CLOCK_ASK))
        self.peer.client.on_message = self._hear

    def _hear(self, client, data, message):
        now_us = time.monotonic_ns() // 1000
        ask = messages.ask_of(message.payload)
        client.publish(self.topic(p.CLOCK_ANSWER), messages.answer(ask, now_us, now_us))

    def command(self, speed=0.2, age_us=0):
        sent_us = time.monotonic_ns() // 1000 - age_us
        values, number = (speed, speed), next(self.numbers)
        return messages.drive(self.owner, number, sent_us, values, valid_ms=200, power=True)

    def say(self, name, payload, **how):
        self.peer.say(self.topic(name), payload, **how)

    def drive_until(self, true, speed=0.2):
        """Send commands until something is true."""
        end = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end, "driving leads nowhere"
            self.peer.client.publish(self.topic(p.DRIVE), self.command(speed))
            time.sleep(COMMAND_S)


@pytest.fixture
def brains(hall):
    """Bring brains for a twin, each with an owner number of its own."""
    there = []

    def bring(twin):
        there.append(Brain(hall.port, twin, next(_numbers)))
        return there[-1]

    yield bring
    for brain in there:
        brain.peer.close()


@pytest.fixture
def brain(brains, twin):
    return brains(twin)


def moves(twin):
    return lambda: twin.body is not None and twin.body.left_mps > 0


# --- one twin for all ---


def test_it_drives_while_it_is_told_to_and_stops_by_itself_in_silence(twin, brain):
    brain.drive_until(moves(twin))
    assert twin.body.owner == brain.owner
    twin.wait_asleep()
    assert twin.body.left_mps == 0.0
    twin.wait_still()


def test_a_second_brain_is_refused_and_told_who_holds_it(twin, brains):
    brain, second = brains(twin), brains(twin)
    brain.drive_until(moves(twin))
    told = {"verdict": "stranger", "owner": second.owner, "held_by": brain.owner}

    def refused():
        second.peer.client.publish(twin.topic(p.DRIVE), second.command(age_us=60_000_000))
        return told in twin.notices()

    brain.drive_until(refused, 0.1)
    assert twin.body.owner == brain.owner


def test_commands_that_come_again_or_in_the_wrong_order_are_counted(twin, brain):
    brain.drive_until(moves(twin))
    twin.wait_asleep()
    before, newest = twin.body.verdicts, twin.body.sequence
    brain.numbers = iter([newest, newest - 1, newest])
    for message in (*(brain.command() for _ in range(3)), b"\1" * 40):
        brain.say(p.DRIVE, message, qos=0)
    twin.wait_body(lambda _: twin.counts_since(before) == [0, 1, 0, 2, 1, 0])


def test_a_command_that_was_kept_back_is_late(twin, brain):
    brain.drive_until(moves(twin))
    twin.wait_asleep()
    before = twin.body.verdicts
    brain.say(p.DRIVE, brain.command(age_us=500_000), qos=0)
    twin.wait_body(lambda _: twin.counts_since(before) == [0, 0, 0, 0, 0, 1])
    assert twin.body.left_mps == 0.0


def test_an_emergency_stop_lasts_until_a_reset_that_names_it(twin, brain):
    brain.drive_until(moves(twin))
    brain.say(p.STOP, {"who": "me"})
    brain.drive_until(lambda: twin.body.flags & p.EMERGENCY)
    taken = twin.body.verdicts[Verdict.TAKEN]
    brain.drive_until(lambda: twin.body.verdicts[Verdict.TAKEN] > taken + 5)
    assert twin.body.left_mps == 0.0
    assert twin.body.flags & p.EMERGENCY
    brain.say(p.RESET, {"who": "me"})
    told = {"verdict": p.NO_RESET, "boot": twin.body.boot, "stop": twin.body.stop}
    wait(lambda: told in twin.notices())
    brain.say(p.RESET, told | {"who": "me"})
    brain.drive_until(moves(twin))


def test_a_person_stops_it_and_ends_the_stop(twin, brain, hall, command):
    brain.drive_until(moves(twin))
    at = ("--port", hall.port)
    code, out, _ = command("robot", "shared", "stop", *at)
    assert (code, out.split(";")[0]) == (0, f"shared: emergency stop, number {twin.body.stop}")
    twin.wait_body(lambda body: body.flags & p.EMERGENCY)
    assert "number" in command("robot", "shared", *at)[1]
    code, out, _ = command("robot", "shared", "reset", "--json", *at)
    assert (code, "emergency" in json.loads(out)["flags"]) == (0, False)
    twin.wait_body(lambda body: not body.flags & p.EMERGENCY)
    code, _, err = command("robot", "nobody", "--seconds", "0.3", *at)
    assert (code, err) == (3, 'neuroloop: robot "nobody" says nothing, for 0.3 s\n')


def test_it_stops_without_a_broker_and_obeys_again_when_it_is_back(twin, brain, hall):
    births = twin.births().count("ready")
    brain.drive_until(moves(twin))
    hall.kill()
    wait(lambda: not brain.peer.client.is_connected())
    hall.start()
    twin.wait_birth(births + 1)
    twin.wait_asleep()
    twin.wait_still()
    taken = twin.body.verdicts[Verdict.TAKEN]
    brain.drive_until(lambda: twin.body.verdicts[Verdict.TAKEN] > taken)


# --- twins of a test's own ---


def test_one_that_ends_in_order_or_is_killed_is_gone_for_everybody(twins, hall):
    twin = twins()
    late = Peer(hall.port, twin.topic(p.BIRTH))
    told = json.loads(wait(lambda: late.payloads(twin.topic(p.BIRTH)))[-1])
    late.close()
    assert (told["channels"], told["watchdog_ms"]) == (["left", "right"], 200)
    code, said = twin.end()
    assert code == 0
    assert said["verdicts"] == dict.fromkeys(p.VERDICTS, 0)
    wait(lambda: twin.births()[-1] == "lost")
    other = twins()
    other.process.kill()
    wait(lambda: other.births()[-2:] == ["ready", "lost"])


def test_a_command_that_somebody_planted_at_the_broker_moves_nothing(twins, brain):
    planted = p.topic("planted", p.DRIVE)
    brain.peer.say(planted, brain.command(), retain=True)
    twin = twins(name="planted")
    twin.wait_body(lambda body: body.verdicts[Verdict.MALFORMED] == 1)
    brain.peer.say(planted, brain.command(), retain=True)
    twin.wait_body(lambda body: body.verdicts[Verdict.MALFORMED] == 2)
    assert twin.body.verdicts[Verdict.TAKEN] == 0


def test_a_frozen_broker_is_no_reason_to_go_on(twins, brains, hall, tmp_path):
    twin = twins("--black-box", str(tmp_path / "box"))
    brain = brains(twin)
    brain.drive_until(moves(twin))
    hall.process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)  # longer than the watchdog waits
    hall.process.send_signal(signal.SIGCONT)
    twin.wait_still()
    code, _ = twin.end()
    assert code == 0
    rows = read_black_box(tmp_path / "box")
    silent = rows["heard_ns"] > WATCHDOG_NS
    assert (rows["left_mps"][silent] == 0.0).all()
    assert (rows["left_mps"][~silent] > 0).any()


def test_it_ends_at_its_goal(twins, brains, tmp_path):
    path = tmp_path / "hall.toml"
    path.write_text(WORLD)
    twin = twins("--world", str(path), "--until-goal", "--seconds", "60")
    brain = brains(twin)
    brain.drive_until(lambda: twin.process.poll() is not None, 0.5)
    out, _ = twin.process.communicate()
    told = json.loads(out)
    assert twin.process.returncode == 0
    assert told["path_m"] == pytest.approx(0.5, abs=0.05)
    assert told["reached_s"] == told["t_s"]


def test_without_a_broker_it_says_so_once_and_misses_its_goal():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "sims.twin", "--port", str(port)]
        command += ["--seconds", "1", "--until-goal"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("no broker at") == 1


# --- who is let in, and by which line ---


@pytest.mark.parametrize(
    ("password", "ca", "said"),
    [
        ("one", "certs/ca.crt", None),
        ("wrong", "certs/ca.crt", "the broker refuses"),
        ("one", "other.crt", "certificate verify failed"),
    ],
)
def test_a_broker_with_passwords_and_tls_lets_the_right_one_in(
    guarded, folder, tmp_path, password, ca, said
):
    (tmp_path / "password").write_text(password)
    command = [sys.executable, "-m", "sims.twin", "--robot", "rover1", "--host", "localhost"]
    command += ["--port", str(guarded.port), "--user", "rover1", "--ca-file", str(folder / ca)]
    command += ["--password-file", str(tmp_path / "password")]
    errors = tmp_path / "errors"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr)
    try:
        log = guarded.log
        wait(lambda: said in errors.read_text() if said else "as rover1-" in log.read_text())
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
    assert bool(errors.read_text()) is bool(said)
    assert password not in errors.read_text() or not said


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--goal", "1"], 2, "2 numbers"),
        (["--robot", "a/b"], 2, "without /"),
        (["--mount", "radar"], 2, 'no lidar "radar"'),
        (["--range-hz", "5000"], 2, "at most 1000"),
        (["--set", "slip=7"], 2, "slip"),
        (["--plant", "plain"], 2, 'did you mean "plane"'),
        (["--ca-file", "no.crt"], 2, "no.crt: PEM files that can be read"),
        (["--cert-file", "my.crt"], 2, "`cert_file` and `key_file` go together"),
        (["--password-file", "no.txt"], 2, "a password needs a `user`"),
        (["--port", "0"], 2, "port"),
    ],
)
def test_what_is_wrong_is_said_in_words(monkeypatch, capsys, options, code, said):
    monkeypatch.setattr(sys, "argv", ["twin", *options])
    with pytest.raises(SystemExit) as ended:
        twin_command.main()
    assert ended.value.code == code
    assert said in capsys.readouterr().err
