"""A robot's line to the broker, in one thread with everything else it does.

Nothing here waits but `turn`, for as long as it was told to: a robot has wheels to look after.
Only dialling, which may take seconds, has a thread of its own; nobody else uses the line meanwhile.
"""

import logging
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from neuroloop.mqtt.settings import Broker, Login

_log = logging.getLogger("neuroloop.twin")
_KEEPALIVE_S = 5
_DIAL_EVERY_NS = 200_000_000
_DIAL_S = 2.0
_GREET_NS = 5_000_000_000
"""a broker that has not answered for so long is dialled again"""
_REFUSED_NS = 2_000_000_000
"""it is left alone for so long where it refused"""
_MIND_EVERY_NS = 100_000_000
_LEAVE_S = 0.5

Hear = Callable[[str, bytes, bool], None]
"""takes topic, message, and whether the broker had kept it"""


@dataclass(frozen=True)
class Line:
    """What a client of the broker is called, hears, and leaves there."""

    name: str
    """the broker ends the older one of two"""
    hears: Sequence[str]
    """topics"""
    presence: str
    """topic of the two messages below; the broker keeps the newest"""
    birth: bytes
    will: bytes


class Connection:
    """MQTT 5, clean start, no session: what was sent while it was away is never delivered."""

    def __init__(
        self, line: Line, address: tuple[Broker, Login], hear: Hear, greeted: Callable[[], None]
    ) -> None:
        broker, login = address
        self._line, self._at = line, broker.address
        self._hear, self._greeted = hear, greeted
        self._dialling: threading.Thread | None = None
        self._dialled_ns = self._minded_ns = -_GREET_NS
        self._said = ""
        self.connected = False
        self.dropped = 0
        """messages that did not go out, because the line was full or down"""
        client = self._client = paho.Client(
            CallbackAPIVersion.VERSION2, line.name, protocol=paho.MQTTv5
        )
        client.will_set(line.presence, line.will, 1, True)
        if login.user is not None:
            client.username_pw_set(login.user, login.password)
        if login.tls is not None:
            client.tls_set_context(login.tls)
        client.connect_timeout = _DIAL_S
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_socket_open = _without_delay
        forget = Properties(PacketTypes.CONNECT)
        forget.SessionExpiryInterval = 0
        client.connect_async(
            broker.host, login.port, _KEEPALIVE_S, clean_start=True, properties=forget
        )

    def turn(self, timeout_s: float) -> None:
        """Wait for what comes in, at most so long, and hand it on."""
        self._mind(time.monotonic_ns())
        sock = None if self._dialling is not None else self._client.socket()
        if sock is None:
            time.sleep(timeout_s)
            return
        writing = [sock] if self._client.want_write() else []
        readable, writable, _ = select.select([sock], writing, [], timeout_s)
        if readable:
            self._client.loop_read()
            # an encrypted socket may hold what the system no longer shows
            while isinstance(held := self._client.socket(), ssl.SSLSocket) and held.pending():
                self._client.loop_read()
        if writable:
            self._client.loop_write()

    def publish(self, topic: str, message: bytes) -> bool:
        """Send at once or not at all; returns whether it went."""
        if not self.connected or self._client.want_write():
            self.dropped += 1
            return False
        return self._client.publish(topic, message).rc == paho.MQTT_ERR_SUCCESS

    def close(self) -> None:
        """Say goodbye and go."""
        if self._dialling is not None:
            self._dialling.join()
            self._dialling = None
        if self.connected:
            self._client.publish(self._line.presence, self._line.will, 1, True)
            self._client.disconnect()
            end_ns = time.monotonic_ns() + int(_LEAVE_S * 1e9)
            while self._client.socket() is not None and time.monotonic_ns() < end_ns:
                if self._client.want_write():
                    self._client.loop_write()
                else:
                    self._client.loop_read()
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _mind(self, now_ns: int) -> None:
        """Keep the line alive, and dial where there is none."""
        if self._dialling is not None:
            if self._dialling.is_alive():
                return
            self._dialling = None
        if now_ns - self._minded_ns < _MIND_EVERY_NS:
            return
        self._minded_ns = now_ns
        self._client.loop_misc()
        there = self._client.socket() is not None
        patience_ns = _GREET_NS if there else _DIAL_EVERY_NS
        if not self.connected and now_ns - self._dialled_ns > patience_ns:
            self._dialled_ns = now_ns
            self._dialling = threading.Thread(target=self._dial, daemon=True)
            self._dialling.start()

    def _dial(self) -> None:
        try:
            self._client.reconnect()
        except OSError as error:
            self._say(f"no broker at {self._at}: {error}")

    def _on_connect(self, client: paho.Client, *rest: object) -> None:
        reason = rest[2]
        if getattr(reason, "is_failure", False):
            self._say(f"the broker refuses {self._line.name}: {reason}")
            self._dialled_ns = time.monotonic_ns() + _REFUSED_NS
            return
        self._said = ""
        self.connected = True
        # it wants to see the retain flag of what comes while it is there, too
        wish = SubscribeOptions(qos=1, retainAsPublished=True)
        client.subscribe([(topic, wish) for topic in self._line.hears])
        client.publish(self._line.presence, self._line.birth, 1, True)
        self._greeted()

    def _on_subscribe(self, *rest: object) -> None:
        reasons = rest[3]
        if isinstance(reasons, list) and any(reason.is_failure for reason in reasons):
            self._say(f"the broker does not let {self._line.name} hear commands")

    def _say(self, text: str) -> None:
        """Log why there is no line, where that is news."""
        if text != self._said:
            self._said = text
            _log.warning("%s; trying again", text)

    def _on_disconnect(self, *_: object) -> None:
        self.connected = False

    def _on_message(self, client: paho.Client, data: object, message: paho.MQTTMessage) -> None:
        del client, data
        self._hear(message.topic, bytes(message.payload), message.retain)


def _without_delay(client: paho.Client, data: object, sock: object) -> None:
    """Send small messages at once, too."""
    del client, data
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
