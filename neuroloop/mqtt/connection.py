"""A connection of one part to a broker, in a thread of its own, that comes back when it was lost.

Every part has its own.  What one of them does, a large scan or a sensor that is opened anew, then
costs no other's messages any time, and nothing is shared between parts.

It is paho's client, not aiomqtt around it, because of the way of a command: aiomqtt, and paho's own
thread too, would have to be woken first.  Here whoever sends writes to the socket itself, under a
lock, since an encrypted connection cannot be read and written by two threads at once.
"""

import contextlib
import logging
import os
import random
import secrets
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from neuroloop.core.errors import NeuroloopError, PartError
from neuroloop.mqtt import failure
from neuroloop.mqtt.heard import Handler, Message, now_us
from neuroloop.mqtt.settings import Broker, Login

KEEP_ALIVE_S = 2
START_S = 4.0
"""how long the first connection may take"""
_FIRST_BACK_OFF_S, _LONGEST_BACK_OFF_S = 0.2, 5.0
_GREETING_S, _LOOK_S, _LEAVE_S = 3.0, 0.25, 4.0
_PRIORITY = 49
"""of SCHED_FIFO, just below a live tick: never long at work, and motors wait for what comes in"""

_log = logging.getLogger("neuroloop.mqtt")


class Connection:
    """One connection; a context manager.

    Parameters
    ----------
    broker, folder
        How to reach it, and where the paths in there begin.
    part
        What it is for, for messages: ``actuator "wheels"``.
    hears
        What to do with messages, by their whole topics.
    last_will
        Topic and payload that the broker publishes, retained, where this connection is lost.
    connected
        Called on the connection's thread each time there is a connection.
    """

    def __init__(
        self,
        broker: Broker,
        folder: Path,
        part: str,
        hears: Mapping[str, Handler],
        *,
        last_will: tuple[str, bytes] | None = None,
        connected: Callable[[], None] = lambda: None,
    ) -> None:
        self._broker, self._folder, self._part = broker, folder, part
        self._hears, self._last_will, self._greet = dict(hears), last_will, connected
        self._lock = threading.RLock()
        self._client: Client | None = None
        self._open = False
        self._error: NeuroloopError | None = None
        self._expiries: dict[int, Properties] = {}
        self._end, self._changed = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        """Connect.

        Raises
        ------
        ConfigError
            Where a setting is impossible or a file cannot be read.
        PartError
            Where the broker refuses: the password, the certificate, the right to read.
        MachineError
            Where no broker answers within a few seconds.
        """
        self._login = self._broker.login(self._folder, f"{self._part}: `broker`")
        self._ear, self._rouser = socket.socketpair()
        self._ear.setblocking(False)
        self._rouser.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"mqtt {self._part}", daemon=True)
        self._thread.start()
        end = time.monotonic() + START_S
        while not self._open and time.monotonic() < end:
            if isinstance(self._error, PartError):  # to try again would not help
                break
            self._changed.wait(_LOOK_S)
            self._changed.clear()
        if self._open:
            return self
        error = self._error or failure.of_silence(self._broker, START_S)
        self.__exit__(None, None, None)
        raise error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave in order: there is no last will then."""
        self._end.set()
        self._rouse()
        self._thread.join(_LEAVE_S)
        self._ear.close()
        self._rouser.close()

    @property
    def open(self) -> bool:
        """Whether there is a connection now."""
        return self._open

    @property
    def waiting(self) -> bool:
        """Whether something still waits to be sent: the network takes no more just now."""
        client = self._client
        return client is not None and client.want_write()

    def send(
        self, topic: str, payload: bytes, *, retain: bool = False, expires_s: int | None = None
    ) -> bool:
        """Send a message at most once, and never later: False where there is no connection."""
        with self._lock:
            client = self._client
            if client is None or not self._open:
                return False
            properties = None if expires_s is None else self._expiring(expires_s)
            client.publish(topic, payload, 0, retain, properties)
            if client.want_write():
                self._rouse()
            return self._open

    def _expiring(self, expires_s: int) -> Properties:
        """Return what tells a broker how long to keep a message; made once, commands are many."""
        if expires_s not in self._expiries:
            made = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            made.MessageExpiryInterval = expires_s
            self._expiries[expires_s] = made
        return self._expiries[expires_s]

    def _rouse(self) -> None:
        """Let the thread look at once."""
        try:
            self._rouser.send(b"\0")
        except OSError:  # it is full, so the thread will look
            return

    def _run(self) -> None:
        """Connect again and again, until the end."""
        with contextlib.suppress(OSError, AttributeError):  # not granted, or not on this system
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
        wait_s = _FIRST_BACK_OFF_S
        while not self._end.is_set():
            client = self._made(self._login)
            try:
                # a clean start each time: a broker keeps nothing for a brain that is away
                client.connect(self._broker.host, self._login.port, KEEP_ALIVE_S, clean_start=True)
                if self._served(client):
                    wait_s = _FIRST_BACK_OFF_S
            except Exception as error:  # a broker may send what is no MQTT
                self._failed(failure.of_error(error, self._broker))
            # many brains do not come back in step
            self._end.wait(wait_s * random.uniform(1.0, 1.5))
            wait_s = min(2 * wait_s, _LONGEST_BACK_OFF_S)

    def _made(self, login: Login) -> Client:
        """Return a client that knows nothing of any connection before."""
        word = secrets.token_hex(4)  # two of one name would throw each other out
        name = f"{self._broker.client_id}-{word}"
        client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTv5)
        if login.user is not None:
            client.username_pw_set(login.user, login.password)
        if login.tls is not None:
            client.tls_set_context(login.tls)
        if self._last_will is not None:
            client.will_set(*self._last_will, qos=1, retain=True)
        client.connect_timeout = _GREETING_S
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_subscribe, client.on_message = self._on_subscribe, self._on_message
        client.on_socket_open = _at_once
        return client

    def _served(self, client: Client) -> bool:
        """Read and write until the connection is lost, or the end; whether it was open."""
        self._client, was_open = client, False
        greeted_by = time.monotonic() + _GREETING_S
        there = client.socket()
        if there is None:  # lost before a word was said
            return False
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._ear, selectors.EVENT_READ)
                selector.register(there, selectors.EVENT_READ)
                while not self._end.is_set() and client.socket() is not None:
                    write = selectors.EVENT_WRITE if client.want_write() else 0
                    selector.modify(there, selectors.EVENT_READ | write)
                    ready = {key.fileobj: what for key, what in selector.select(_LOOK_S)}
                    if self._ear in ready:
                        self._ear.recv(4096)
                    with self._lock:
                        _pass(client, ready.get(there, 0))
                    was_open = was_open or self._open
                    if not was_open and time.monotonic() > greeted_by:
                        self._failed(failure.of_silence(self._broker, _GREETING_S))
                        break
        finally:
            self._leave(client)
        return was_open

    def _leave(self, client: Client) -> None:
        with self._lock:
            self._open = False
            client.on_disconnect = None
            client.disconnect()

    def _on_connect(
        self, client: Client, _: Any, __: ConnectFlags, reason: ReasonCode, ___: Properties | None
    ) -> None:
        """Subscribe, or say why the broker does not want us."""
        if reason.is_failure:
            self._failed(failure.of_reason(reason.value, str(reason), self._broker))
        elif self._hears:
            client.subscribe([(t, SubscribeOptions(qos=1)) for t in self._hears])
        else:
            self._ready()

    def _on_subscribe(
        self, _: Client, __: Any, ___: int, reasons: list[ReasonCode], ____: Properties | None
    ) -> None:
        denied = [t for t, r in zip(self._hears, reasons, strict=False) if r.is_failure]
        if denied:
            self._failed(failure.of_rights(denied, self._broker))
        else:
            self._ready()

    def _ready(self) -> None:
        if self._error is not None:
            _log.info("%s: connected to the broker at %s", self._part, self._broker.address)
        self._open, self._error = True, None
        self._changed.set()
        self._greet()

    def _failed(self, error: NeuroloopError) -> None:
        """Note why there is no connection; the same reason is logged once."""
        before, self._error = self._error, error
        self._changed.set()
        if str(before) != str(error):
            _log.warning("%s: %s; trying again", self._part, error)

    def _on_disconnect(
        self, _: Client, __: Any, ___: DisconnectFlags, reason: ReasonCode, ____: Any
    ) -> None:
        if self._open:
            self._open = False
            self._failed(failure.of_loss(str(reason), self._broker))
            self._rouse()

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        heard = Message(message.topic, bytes(message.payload), message.retain, now_us())
        try:
            self._hears[heard.topic](heard)
        except Exception:  # whatever somebody sent, the connection goes on
            _log.exception("%s: a message on %s could not be handled", self._part, heard.topic)


def _pass(client: Client, ready: int) -> None:
    """Read what is there and write what waits; callbacks are called from here."""
    if ready & selectors.EVENT_READ:
        client.loop_read()
        # an encrypted socket may hold what the system no longer shows
        while isinstance(held := client.socket(), ssl.SSLSocket) and held.pending():
            client.loop_read()
    if client.want_write():
        client.loop_write()
    client.loop_misc()


def _at_once(_: Client, __: Any, opened: Any) -> None:
    """Let no message wait for the answer to the one before it."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
