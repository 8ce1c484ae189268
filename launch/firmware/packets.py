"""Packets of MQTT 5 as bytes: what the client sends, and how lengths are read."""

import struct

CONNECT, CONNACK, PUBLISH, PUBACK = 0x10, 0x20, 0x30, 0x40
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 0x82, 0x90, 0xC0, 0xD0, 0xE0
MOST_PACKET_BYTES = 4096
"""told to the broker, which drops what is longer"""
AS_PUBLISHED = 0x08
"""option of a subscription: the retain flag of a message comes as its sender set it"""


def connect(broker: dict, name: str, will: tuple) -> bytes:
    """Return a CONNECT: clean start, a session that ends with the connection, a retained will."""
    user = broker.get("user", "")
    # clean start; will with QoS 1, retained
    flags = 2 | 4 | 8 | 32 | (0xC0 if user else 0)
    properties = b"\x05\x27" + struct.pack(">I", MOST_PACKET_BYTES)
    body = text("MQTT") + struct.pack(">BBH", 5, flags, broker["keep_alive_s"]) + properties
    body += text(name) + b"\0" + text(will[0]) + text(will[1])
    if user:
        body += text(user) + text(broker["password"])
    return packet(CONNECT, body)


def subscribe(subscriptions: list) -> bytes:
    """Return a SUBSCRIBE to pairs of topic and QoS."""
    body = b"\0\1\0"
    for topic, qos in subscriptions:
        body += text(topic) + bytes((qos | AS_PUBLISHED,))
    return packet(SUBSCRIBE, body)


def publish(topic: str, payload: bytes, retain: bool) -> bytes:
    """Return a PUBLISH; one that is retained goes with QoS 1."""
    head = text(topic) + (b"\0\1\0" if retain else b"\0")
    return packet(PUBLISH | (3 if retain else 0), head + payload)


def varint(data: bytes, at: int, end: int) -> tuple:
    """Return a variable-length integer and where it ends, -1 where it is not whole yet.

    Raises
    ------
    ValueError
        It is longer than the four bytes that MQTT allows.
    """
    value = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 21:
            raise ValueError("a length of more than four bytes")
    return 0, -1


def text(data: str | bytes) -> bytes:
    """Return a string with its length before it."""
    data = data.encode() if isinstance(data, str) else data
    return struct.pack(">H", len(data)) + data


def packet(kind: int, body: bytes) -> bytes:
    """Return a packet: kind, length, body."""
    size, head = len(body), bytearray((kind,))
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    head.append(size)
    return bytes(head) + body
