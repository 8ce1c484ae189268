"""A connection of one part to a broker, in a thread of its own, that comes back when it was lost.

Every part has its own.  What one of them does, a large scan or a sensor that is opened anew, then
costs no other's messages any time, and nothing is shared between parts.

It is paho's client with paho's thread, not aiomqtt around it: at a thousand messages a second from
another thread that takes half of the processor's time and a third off the way to the broker.
"""

import logging
import random
import secrets
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import (
    CallbackAPIVersion,
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
    MQTTv5,
)
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from neuroloop.core.errors import MachineError, NeuroloopError, PartError
from neuroloop.mqtt.settings import PLAIN_PORT, TLS_PORT, Broker, check, tls_context

KEEP_ALIVE_S = 2
START_S = 4.0
"""how long the first connection may take"""
_FIRST_BACK_OFF_S, _LONGEST_BACK_OFF_S = 0.2, 5.0
_CONNECT_S = 3.0
_BAD_PASSWORD, _NOT_AUTHORIZED = 134, 135

_log = logging.getLogger("neuroloop.mqtt")


@dataclass(frozen=True, slots=True)
class Message:
    """What came in."""

    topic: str
    payload: bytes
    retained: bool
    """whether the broker kept it from before; such a message says nothing of the present"""
    arrived_us: int
    """monotonic clock"""


Handler = Callable[[Message], None]
"""called on the connection's thread: it must not wait"""


def now_us() -> int:
    """Return the brain's clock, which commands and answers carry."""
    return time.monotonic_ns() // 1000


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
        self._changed = threading.Event()
        self._open = False
        self._why = ""
        self._error: NeuroloopError | None = None

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
        self._client = self._made()
        self._client.loop_start()
        end = time.monotonic() + START_S
        while not self._open and self._error is None and time.monotonic() < end:
            self._changed.wait(0.02)
        if self._open:
            return self
        error = self._error or self._no_broker()
        self.__exit__(None, None, None)
        raise error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave in order: there is no last will then."""
        self._open = False
        self._client.on_disconnect = None
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def open(self) -> bool:
        """Whether there is a connection now."""
        return self._open

    @property
    def waiting(self) -> bool:
        """Whether something still waits to be sent: the network takes no more just now."""
        return self._client.want_write()

    def send(
        self, topic: str, payload: bytes, *, retain: bool = False, expires_s: int | None = None
    ) -> bool:
        """Send a message at most once, and never later: False where there is no connection."""
        if not self._open:
            return False
        properties = None
        if expires_s is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = expires_s
        self._client.publish(topic, payload, 0, retain, properties)
        return True

    def _no_broker(self) -> MachineError:
        why = self._why or f"it does not answer as one within {START_S:g} s"
        return MachineError(f"no MQTT broker at {self._broker.address}: {why}")

    def _made(self) -> Client:
        broker, where = self._broker, f"{self._part}: `broker`"
        check(broker, where)
        word = secrets.token_hex(4)  # two of one name would throw each other out
        client = Client(
            CallbackAPIVersion.VERSION2, f"{broker.client_id}-{word}", protocol=MQTTv5
        )
        if broker.user is not None:
            given = broker.password
            text = None if given is None else given.reveal(self._folder, f"{where}.password")
            client.username_pw_set(broker.user, text)
            if text is not None and broker.tls is None and not broker.local:
                _log.warning("%s: without `tls` the password can be read on its way", where)
        if broker.tls is not None:
            client.tls_set_context(tls_context(broker.tls, self._folder, where))
        if self._last_will is not None:
            client.will_set(*self._last_will, qos=1, retain=True)
        client.connect_timeout = _CONNECT_S
        client.on_connect, client.on_connect_fail = self._on_connect, self._on_connect_fail
        client.on_disconnect, client.on_subscribe = self._on_disconnect, self._on_subscribe
        client.on_message = self._on_message
        self._back_off(client)
        port = broker.port or (TLS_PORT if broker.tls else PLAIN_PORT)
        # a clean start each time: a broker keeps nothing for a brain that is away
        client.connect_async(broker.host, port, KEEP_ALIVE_S, clean_start=True)
        return client

    @staticmethod
    def _back_off(client: Client) -> None:
        """Draw how long to wait, so that many brains do not come back in step."""
        first_s = _FIRST_BACK_OFF_S * random.uniform(1.0, 1.5)
        # paho says int and takes any number
        client.reconnect_delay_set(first_s, _LONGEST_BACK_OFF_S)  # type: ignore[arg-type]

    def _on_connect(
        self, client: Client, _: Any, __: ConnectFlags, reason: ReasonCode, ___: Properties | None
    ) -> None:
        """Subscribe, or say why the broker does not want us."""
        if reason.is_failure:
            self._refused(PartError(_refusal(self._broker, reason)))
        elif self._hears:
            client.subscribe([(t, SubscribeOptions(qos=1)) for t in self._hears])  # type: ignore[no-untyped-call]
        else:
            self._ready()

    def _on_subscribe(
        self, _: Client, __: Any, ___: int, reasons: list[ReasonCode], ____: Properties | None
    ) -> None:
        denied = [t for t, r in zip(self._hears, reasons, strict=False) if r.is_failure]
        if denied:
            text = f"the broker at {self._broker.address} does not let us read {', '.join(denied)}"
            self._refused(PartError(text))
        else:
            self._ready()

    def _ready(self) -> None:
        if self._why:
            _log.info("%s: connected to the broker at %s", self._part, self._broker.address)
        self._open, self._why = True, ""
        self._changed.set()
        self._greet()

    def _refused(self, error: NeuroloopError) -> None:
        self._error = error
        self._failed(str(error))

    def _failed(self, why: str) -> None:
        """Note why there is no connection; the same reason is logged once."""
        self._open = False
        if why != self._why:
            self._why = why
            _log.warning("%s: %s; trying again", self._part, why)

    def _on_connect_fail(self, _: Client, __: Any) -> None:
        error = sys.exc_info()[1]  # paho calls this while it handles what was raised
        if isinstance(error, ssl.SSLCertVerificationError):
            why = f"the certificate of {self._broker.address} was refused: {error.verify_message}"
            self._refused(PartError(f"{why}; `tls.ca_file` and `host` have to be those it is for"))
        elif isinstance(error, ssl.SSLError):
            why = f"no encrypted connection with {self._broker.address}: {error.reason}"
            self._refused(PartError(f"{why}; is this its port for TLS?"))
        elif isinstance(error, TimeoutError):
            self._failed(f"{self._broker.address} does not answer")
        else:
            self._failed(getattr(error, "strerror", None) or str(error))

    def _on_disconnect(
        self, client: Client, _: Any, __: DisconnectFlags, reason: ReasonCode, ___: Any
    ) -> None:
        if self._open:
            self._failed(f"the connection to {self._broker.address} was lost: {reason}")
        self._back_off(client)

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        heard = Message(message.topic, bytes(message.payload), message.retain, now_us())
        try:
            self._hears[heard.topic](heard)
        except Exception:  # whatever somebody sent, the connection goes on
            _log.exception("%s: a message on %s could not be handled", self._part, heard.topic)


def _refusal(broker: Broker, reason: ReasonCode) -> str:
    """Say in words why a broker refuses a connection."""
    told = f"the broker at {broker.address} refuses"
    if reason.value not in (_BAD_PASSWORD, _NOT_AUTHORIZED):
        return f"{told}: {reason}"
    if broker.user is None:
        return f"{told} a connection without a name: {reason}; give `user` and `password`"
    return f'{told} the user "{broker.user}" with this password: {reason}'
