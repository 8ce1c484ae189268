"""A connection says in words why there is none, comes back by itself, and keeps secrets."""

import contextlib
import logging
import signal
import socket
import threading
import time

import pytest

from neuroloop.core import robot_protocol as p
from neuroloop.core.errors import ConfigError, MachineError, PartError
from neuroloop.core.secret import Secret
from neuroloop.mqtt.connection import Connection
from neuroloop.mqtt.settings import Broker, Tls

from .conftest import PASSWORDS

pytestmark = pytest.mark.real_time


@pytest.fixture
def connect(tmp_path):
    """Open connections that hear one topic; each has what it heard in `heard`."""
    open_ones = []

    def make(broker, topic="t", **options):
        heard = []
        made = Connection(broker, tmp_path, 'sensor "it"', {topic: heard.append}, **options)
        made.__enter__()
        made.heard = heard
        open_ones.append(made)
        return made

    yield make
    for one in open_ones:
        one.__exit__(None, None, None)


@pytest.fixture
def login(guarded, folder, monkeypatch):
    """Settings of a user of the guarded broker."""

    def settings(user, password=None, host="localhost", ca=folder / "certs/ca.crt"):
        monkeypatch.setenv("PASSWORD", password or PASSWORDS[user])
        tls = Tls(ca_file=str(ca)) if ca else None
        return Broker(host, guarded.port, user, Secret(env="PASSWORD"), tls)

    return settings


# paho leaves the socket of a handshake that failed to the garbage collector
left_open = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

# --- words ---


@pytest.mark.usefixtures("impatient")
def test_no_broker_is_said_within_seconds(connect):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with pytest.raises(MachineError, match=rf"no MQTT broker at 127.0.0.1:{port}: .*refused"):
            connect(Broker(port=port))


@pytest.mark.usefixtures("impatient")
def test_what_listens_but_is_no_broker_is_said(connect):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(MachineError, match="does not answer as one within"):
            connect(Broker(port=deaf.getsockname()[1]))


@pytest.mark.usefixtures("impatient")
def test_a_name_that_no_machine_has_is_said(connect):
    with pytest.raises(MachineError, match=r"no MQTT broker at nowhere.invalid:1883: "):
        connect(Broker("nowhere.invalid"))


@pytest.mark.parametrize(
    ("broker", "words"),
    [
        (Broker(password=Secret(env="X")), 'sensor "it": `broker`: a password needs a `user`'),
        (Broker("a" * 70 + ".b"), "is no name of a machine"),
        (Broker(tls=Tls(ca_file="no.crt")), r"no.crt: PEM files that can be read"),
        (Broker(tls=Tls(cert_file="a.crt")), "`cert_file` and `key_file` go together"),
        (Broker(user="a", password=Secret(file="no.txt")), "no.txt cannot be read"),
    ],
)
def test_impossible_settings_are_refused_in_words(broker, words, connect):
    with pytest.raises(ConfigError, match=words):
        connect(broker)


def test_a_wrong_password_is_said_and_not_shown(login, connect, caplog):
    with pytest.raises(PartError, match=r'refuses the user "rover1" with this password: ') as said:
        connect(login("rover1", "a wrong secret"))
    assert "a wrong secret" not in str(said.value) + caplog.text


def test_a_connection_without_a_name_is_refused(guarded, folder, connect):
    tls = Tls(ca_file=str(folder / "certs/ca.crt"))
    with pytest.raises(PartError, match=r"without a name: .*give `user` and `password`"):
        connect(Broker("localhost", guarded.port, tls=tls))


@left_open
def test_a_certificate_for_another_name_is_refused(login, connect):
    with pytest.raises(PartError, match=r"certificate of 127.0.0.1:\d+ was refused: .*mismatch"):
        connect(login("rover1", host="127.0.0.1"))


@left_open
def test_a_certificate_of_somebody_else_is_refused(login, connect, folder):
    with pytest.raises(PartError, match=r"was refused: .*(self-signed|unable to get)"):
        connect(login("rover1", ca=folder / "other.crt"))


@left_open
@pytest.mark.usefixtures("impatient")
def test_tls_with_a_broker_that_has_none_is_said(broker, folder, connect):
    tls = Tls(ca_file=str(folder / "certs/ca.crt"))
    with pytest.raises((MachineError, PartError), match="is this its port for TLS"):
        connect(Broker("localhost", broker.port, tls=tls))


@pytest.mark.usefixtures("impatient")
def test_nobody_gets_in_without_tls(login, connect):
    with pytest.raises((MachineError, PartError)):
        connect(login("rover1", ca=None))


def test_a_password_that_can_be_read_on_its_way_is_warned_of(monkeypatch, caplog, tmp_path):
    monkeypatch.setenv("PASSWORD", "secret")
    far = Broker("192.0.2.1", user="a", password=Secret(env="PASSWORD"))
    login = far.login(tmp_path, "the broker")
    assert "can be read on its way" in caplog.text
    assert "secret" not in repr(login)


def test_a_person_is_told_what_is_wrong(guarded, folder, command, tmp_path):
    (tmp_path / "password").write_text("wrong")
    ca = ("--ca-file", folder / "certs" / "ca.crt")
    at = ("--host", "localhost", "--port", guarded.port, *ca, "--user", "panel")
    code, _, err = command("robot", "r", *at, "--password-file", tmp_path / "password")
    assert code == 3
    assert 'refuses the user "panel" with this password' in err
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        code, _, err = command("robot", "r", "--port", probe.getsockname()[1])
    assert code == 4
    assert "no MQTT broker at 127.0.0.1" in err
    code, _, err = command("robot", "r", "stopp")
    assert (code, "stop or reset is wanted" in err) == (2, True)
    code, _, err = command("robot", "a/b")
    assert (code, "robot" in err) == (2, True)


# --- rights ---


def test_a_robot_reaches_its_own_topics_and_no_other_robots(login, connect, until):
    first = connect(login("rover1"), p.topic("rover1", p.DRIVE))
    second = connect(login("rover2"), p.topic("rover1", p.DRIVE))
    spy = connect(login("rover2"), p.topic("rover2", p.DRIVE))
    state = connect(login("brain-rover1"), p.topic("rover1", p.BODY))
    brain = connect(login("brain-rover1"), p.topic("rover1", p.BODY))

    brain.send(p.topic("rover1", p.DRIVE), b"go")
    brain.send(p.topic("rover2", p.DRIVE), b"go")
    second.send(p.topic("rover1", p.BODY), b"forged")
    second.send(p.topic("rover1", p.DRIVE), b"forged")
    first.send(p.topic("rover1", p.BODY), b"mine")

    until(lambda: first.heard and state.heard)
    time.sleep(0.3)
    assert [m.payload for m in first.heard] == [b"go"]
    assert [m.payload for m in state.heard] == [b"mine"]
    assert (second.heard, spy.heard) == ([], [])


def test_a_panel_stops_and_orders_but_does_not_drive(login, connect, until):
    panel = connect(login("panel"), p.topic("rover1", p.BRAIN))
    brain = connect(login("brain-rover1"), p.topic("rover1", p.ORDER))
    stop = connect(login("rover1"), p.topic("rover1", p.STOP))
    drive = connect(login("rover1"), p.topic("rover1", p.DRIVE))
    panel.send(p.topic("rover1", p.DRIVE), b"go")
    panel.send(p.topic("rover1", p.STOP), b"stop")
    panel.send(p.topic("rover1", p.ORDER), b"arm")
    until(lambda: stop.heard and brain.heard)
    assert drive.heard == []


# --- it comes and goes ---


def test_an_encrypted_connection_is_read_and_written_at_once(login, connect, until):
    body, drive = p.topic("rover1", p.BODY), p.topic("rover1", p.DRIVE)
    brain, robot = connect(login("brain-rover1"), body), connect(login("rover1"), drive)

    def say(speaker, topic):
        for k in range(500):
            speaker.send(topic, b"%d " % k + b"x" * 3000)

    speakers = [threading.Thread(target=say, args=pair) for pair in ((brain, drive), (robot, body))]
    for speaker in speakers:
        speaker.start()
    for listener in (brain, robot):
        until(lambda listener=listener: len(listener.heard) == 500)
        numbers = [int(m.payload.split()[0]) for m in listener.heard]
        assert numbers == list(range(500))
    for speaker in speakers:
        speaker.join()


def test_it_comes_back_with_its_subscriptions_and_says_so(broker, connect, peer, until, caplog):
    caplog.set_level(logging.INFO, logger="neuroloop")
    times = []
    connection = connect(Broker(port=broker.port), connected=lambda: times.append(1))
    broker.kill()
    until(lambda: not connection.open)
    assert connection.send("t", b"lost") is False
    broker.start()
    until(lambda: connection.open)
    speaker = peer()
    speaker.say("t", b"again")

    until(lambda: connection.heard)
    assert [m.payload for m in connection.heard] == [b"again"]
    assert len(times) == 2
    assert "was lost" in caplog.text
    assert f"connected to the broker at 127.0.0.1:{broker.port}" in caplog.text


def test_a_broker_that_talks_nonsense_is_left_and_tried_again(connect, until):
    greetings = []

    def talk(server):
        for _ in range(2):
            guest, _ = server.accept()
            with guest, contextlib.suppress(ConnectionError):
                guest.recv(1000)
                guest.sendall(b"\x20\x03\x00\x00\x00")  # welcome
                greetings.append(guest.recv(1000))
                guest.sendall(b"\x90\x04" + greetings[-1][2:4] + b"\x00\x01")
                time.sleep(0.1)
                guest.sendall(b"\x30\x02\x00\x09" + b"\xff" * 50)  # a topic longer than all
                guest.recv(1000)

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        talker = threading.Thread(target=talk, args=(server,))
        talker.start()
        connection = connect(Broker(port=server.getsockname()[1]))
        until(lambda: len(greetings) == 2)
        talker.join()
    until(lambda: not connection.open)


@pytest.mark.slow
def test_a_broker_that_hangs_is_left_and_found_again(broker, connect, until):
    connection = connect(Broker(port=broker.port))
    broker.process.send_signal(signal.SIGSTOP)
    try:
        until(lambda: not connection.open)
    finally:
        broker.process.send_signal(signal.SIGCONT)
    until(lambda: connection.open)


def test_a_handler_that_fails_ends_nothing(broker, tmp_path, peer, until, caplog):
    came = []

    def fails(message):
        came.append(message.payload)
        raise ValueError

    with Connection(Broker(port=broker.port), tmp_path, "x", {"t": fails}):
        speaker = peer()
        speaker.say("t", b"1")
        speaker.say("t", b"2")
        until(lambda: came == [b"1", b"2"])
    assert "could not be handled" in caplog.text


def test_two_of_one_name_do_not_throw_each_other_out(broker, connect):
    first, second = (connect(Broker(port=broker.port)) for _ in range(2))
    time.sleep(0.3)
    assert first.open
    assert second.open


def test_nothing_is_left_behind(broker, tmp_path):
    before = threading.active_count()
    with Connection(Broker(port=broker.port), tmp_path, "x", {}):
        assert threading.active_count() > before
    assert threading.active_count() == before
