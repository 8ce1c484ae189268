"""A small MQTT 5 client that never blocks the loop it runs in.

Buffers are of fixed size, in both directions.  What does not fit into them is skipped when it comes
in and dropped when it should go out; both are counted.  QoS 2, topic aliases and AUTH are not
spoken: they are never asked for, and a broker that uses them all the same is left.
"""

import select
import socket
import struct
import time

import packets
import secure

OFFLINE, CONNECTING, GREETING, ONLINE = range(4)
BUFFER_BYTES = 2048
MOST_TOPIC_BYTES = 200
SPARE_BYTES = 256
"""of the buffer of what goes out: for acknowledgements and pings alone"""
FIRST_TRY_MS, LAST_TRY_MS, GREETING_MS = 100, 2000, 3000


class Client:
    """One connection to a broker, made again whenever it is lost.

    `service` once a pass, then `receive` until it returns None, then `wait`.
    ``subscriptions`` are pairs of topic and QoS; ``will`` is a topic and what is retained there
    when the connection is lost.
    """

    def __init__(self, broker: dict, name: str, will: tuple, subscriptions: list) -> None:
        self.fresh = False
        """just subscribed; whoever publishes something at this point clears it"""
        self.dropped = 0
        """messages that did not fit into the buffer of what goes out"""
        self.skipped = 0
        """messages that did not fit into the buffer of what comes in"""
        self.connections = 0
        self.why = ""
        """why the last connection ended"""
        self._broker, self._name, self._will = broker, name, will
        self._subscriptions = subscriptions
        self._keep_alive_ms = 1000 * broker["keep_alive_s"]
        self._state = OFFLINE
        self._socket, self._tls = None, secure.context(broker)
        self._poll = select.poll()
        self._in = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._in)
        self._out = bytearray(BUFFER_BYTES)
        self._start = self._end = self._skip = self._unsent = self._begun = 0
        self._changed_ms = self._heard_ms = self._asked_ms = time.ticks_ms()
        self._pause_ms = 0
        self._unacknowledged_ms = None

    def online(self) -> bool:
        """Whether messages go out."""
        return self._state == ONLINE

    def service(self, may_connect: bool) -> None:
        """Do what is due; ``may_connect``: there is a network and time to connect."""
        now = time.ticks_ms()
        since = time.ticks_diff(now, self._changed_ms)
        try:
            if self._state == OFFLINE:
                if may_connect and since >= self._pause_ms:
                    self._connect(now)
            elif self._state != ONLINE:
                self._greet(since)
            else:
                self._flush()
                self._keep_alive(now)
        except (OSError, ValueError) as error:
            self.close(error)

    def receive(self) -> tuple | None:
        """Return the next message, as topic, payload and whether it was retained, or None.

        The payload is None where the message was too long to be kept.
        """
        try:
            while self._state >= GREETING:
                message = self._next()
                if message is not None:
                    return message
                if not self._fill():
                    return None
        except (OSError, ValueError, IndexError) as error:
            self.close(error)
        return None

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> bool:
        """Send a message; one that is retained goes with QoS 1.  Whether it went out."""
        if self._state != ONLINE:
            return False
        try:
            if self._send(packets.publish(topic, payload, retain), SPARE_BYTES):
                if retain:
                    self._unacknowledged_ms = time.ticks_ms()
                return True
        except OSError as error:
            self.close(error)
        self.dropped += 1
        return False

    def wait(self, most_ms: int) -> None:
        """Wait until something comes in or goes out, or the time is over."""
        if self._state == OFFLINE:
            time.sleep_ms(most_ms)
            return
        out = self._unsent or self._state == CONNECTING
        self._poll.modify(self._socket, select.POLLIN | (select.POLLOUT if out else 0))
        self._poll.poll(most_ms)

    def close(self, why: object) -> None:
        """End the connection; the next try comes after a pause that doubles."""
        if self._socket is not None:
            self._poll.unregister(self._socket)
            self._socket.close()
            self._socket = None
        reached = self._state == ONLINE
        self.why, self._state, self.fresh = str(why), OFFLINE, False
        self._changed_ms = time.ticks_ms()
        self._pause_ms = FIRST_TRY_MS if reached else min(2 * self._pause_ms, LAST_TRY_MS)

    # ---- the connection ---------------------------------------------------------------------

    def _connect(self, now: int) -> None:
        self._changed_ms = self._heard_ms = self._asked_ms = now
        self._pause_ms = self._pause_ms or FIRST_TRY_MS
        self._start = self._end = self._skip = self._unsent = self._begun = 0
        self._unacknowledged_ms = None
        # an address in numbers, so that nobody is asked and nothing waits
        address = socket.getaddrinfo(self._broker["address"], self._broker["port"])[0][-1]
        self._socket = socket.socket()
        self._poll.register(self._socket, select.POLLOUT)
        self._socket.setblocking(False)
        self._state = CONNECTING
        try:
            self._socket.connect(address)
        except OSError as error:
            if error.errno not in (115, 119):  # EINPROGRESS of Linux and of the ESP32
                raise

    def _greet(self, since_ms: int) -> None:
        """Say who we are as soon as the socket is open."""
        if since_ms > GREETING_MS:
            raise ValueError("the broker did not answer")
        if self._state != CONNECTING or not self._poll.poll(0):
            self._flush()
            return
        try:
            self._socket.setsockopt(6, 1, 1)  # TCP_NODELAY
        except OSError:
            pass  # a port of MicroPython without it; messages may wait for each other there
        if self._tls is not None:
            self._poll.unregister(self._socket)
            self._socket = secure.wrapped(self._tls, self._socket, self._broker["name"])
            self._poll.register(self._socket, select.POLLIN)
        self._state = GREETING
        self._must_send(packets.connect(self._broker, self._name, self._will))

    def _keep_alive(self, now: int) -> None:
        silent = time.ticks_diff(now, self._heard_ms)
        if silent > 3 * self._keep_alive_ms // 2:
            raise ValueError("the broker is silent")
        asked = time.ticks_diff(now, self._asked_ms)
        if min(silent, asked) > self._keep_alive_ms // 2:
            self._asked_ms = now
            self._must_send(bytes((packets.PINGREQ, 0)))
        waits = self._unacknowledged_ms
        if waits is not None and time.ticks_diff(now, waits) > 2 * self._keep_alive_ms:
            raise ValueError("the broker acknowledges nothing")

    # ---- what goes out ----------------------------------------------------------------------

    def _must_send(self, packet: bytes) -> None:
        if not self._send(packet, 0):
            raise ValueError("the broker takes nothing")

    def _send(self, packet: bytes, spare: int) -> bool:
        """Send a packet or keep it for later; False where there is no room for it."""
        size = len(packet)
        fits = self._unsent + size <= BUFFER_BYTES - spare
        if not fits and (self._unsent or self._tls is not None):
            return False
        sent = 0 if self._unsent else self._write(packet)
        left = size - sent
        if not sent and not fits:
            return False
        if self._unsent + left > BUFFER_BYTES:
            raise OSError("a packet went out in part")
        self._out[self._unsent : self._unsent + left] = packet[sent:]
        self._unsent += left
        return True

    def _flush(self) -> None:
        if self._unsent:
            sent = self._write(memoryview(self._out)[: self._unsent])
            left = self._unsent - sent
            self._out[:left] = self._out[sent : self._unsent]
            self._unsent = left

    def _write(self, data: object) -> int:
        """Write what the network takes now, and return how much that is.

        What an encrypted socket has begun to send has to be offered again, no more and no less.
        """
        sent = self._socket.write(memoryview(data)[: self._begun] if self._begun else data)
        self._begun = (self._begun or len(data)) if sent is None else 0
        return sent or 0

    # ---- what comes in ----------------------------------------------------------------------

    def _fill(self) -> bool:
        """Read what has come; False where nothing has."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == BUFFER_BYTES:
            left = self._end - self._start
            self._in[:left] = self._in[self._start : self._end]
            self._start, self._end = 0, left
        count = self._socket.readinto(self._view[self._end :])
        if count is None:
            return False
        if count == 0:
            raise ValueError("the broker closed the connection")
        self._end += count
        self._heard_ms = time.ticks_ms()
        return True

    def _next(self) -> tuple | None:
        """Take packets from the buffer up to the next message; None where one is not whole yet."""
        while True:
            if self._skip:
                count = min(self._skip, self._end - self._start)
                self._start += count
                self._skip -= count
            if self._end - self._start < 2:
                return None
            kind = self._in[self._start]
            size, at = packets.varint(self._in, self._start + 1, self._end)
            if at < 0:
                return None
            whole = size <= self._end - at
            # not even the whole buffer would hold it: its head is enough to get rid of it
            too_long = at - self._start + size > BUFFER_BYTES
            if not whole and not (too_long and self._end - at > MOST_TOPIC_BYTES + 4):
                return None
            if kind & 0xF0 == packets.PUBLISH:
                message = self._message(kind, at, at + size)
                self._leave(at + size)
                return message
            if not whole:
                raise ValueError("a packet that is no message is too long")
            self._leave(at + size)
            self._obey(kind, at, size)

    def _leave(self, end: int) -> None:
        """Go on behind a packet, whether all of it is here or not."""
        self._start = min(end, self._end)
        self._skip = end - self._start

    def _message(self, kind: int, at: int, end: int) -> tuple:
        length = struct.unpack_from(">H", self._in, at)[0]
        at += 2
        if length > MOST_TOPIC_BYTES or at + length + 3 > end + (not kind & 6) * 2:
            raise ValueError("a message with a wrong length of its topic")
        topic = bytes(self._view[at : at + length])
        at += length
        if kind & 6:
            # always, also where it is not kept: a broker waits for it before it sends more
            self._must_send(bytes((packets.PUBACK, 2, self._in[at], self._in[at + 1])))
            at += 2
        if end > self._end:
            self.skipped += 1
            return topic, None, bool(kind & 1)
        size, at = packets.varint(self._in, at, end)
        if at < 0 or at + size > end:
            raise ValueError("a message with a wrong length of its properties")
        return topic, bytes(self._view[at + size : end]), bool(kind & 1)

    def _obey(self, kind: int, at: int, size: int) -> None:
        if kind == packets.CONNACK and self._state == GREETING:
            if size < 2 or self._in[at + 1] != 0:
                raise ValueError(f"the broker refuses us: 0x{self._in[at + 1]:02x}")
            self._state = ONLINE
            self.connections += 1
            self._must_send(packets.subscribe(self._subscriptions))
        elif kind == packets.SUBACK:
            skip, codes = packets.varint(self._in, at + 2, at + size)
            if any(code >= 0x80 for code in self._view[codes + skip : at + size]):
                raise ValueError("the broker refuses a subscription")
            self.fresh = True
        elif kind == packets.PUBACK:
            self._unacknowledged_ms = None
        elif kind == packets.DISCONNECT:
            raise ValueError(f"the broker sends us away: 0x{self._in[at] if size else 0:02x}")
        elif kind != packets.PINGRESP:
            raise ValueError(f"a packet 0x{kind:02x}, which nobody asked for")
