"""What a robot says of itself, and when."""

import json

import messages
import protocol
from protocol import topic

BODY_US = 100000
NOTICE_US = 100000
LAST_WILL = b'{"state": "lost"}'


class Every:
    """Says when something is due that comes at a fixed rate; missed times are not made up."""

    def __init__(self, period_us: int) -> None:
        self._period_us, self.next_us = period_us, 0

    def due(self, now_us: int) -> bool:
        """Whether it is due now; then it is not until a period later."""
        if now_us < self.next_us:
            return False
        self.next_us = max(self.next_us + self._period_us, now_us)
        return True


class Reports:
    """Everything that is published except the last will."""

    def __init__(self, client: object, config: dict, boot: int) -> None:
        self._client, self._boot = client, boot
        robot, rates = config["robot"], config["reports"]
        self._birth = birth(config, boot)
        names = (protocol.BIRTH, protocol.CLOCK_ASK, protocol.BODY, protocol.ODOMETRY)
        names += (protocol.RANGE, protocol.NOTICE)
        self._topics = {name: topic(robot, name) for name in names}
        self._body = Every(BODY_US)
        self._notice, self._no_reset = Every(NOTICE_US), Every(NOTICE_US)
        self._odometry = Every(1000000 // rates["odometry_hz"])
        self._range = Every(1000000 // rates["range_hz"])
        self._odometry_number = self._range_number = 0
        self._last = None

    def birth(self) -> None:
        """Say that the robot is there."""
        self._send(protocol.BIRTH, self._birth, True)

    def question(self, message: bytes) -> None:
        """Ask for the brain's clock."""
        self._send(protocol.CLOCK_ASK, message)

    def notice(self, verdict: int, owner: int, gate: object, now_us: int) -> None:
        """Say why a command was refused, not too often."""
        if self._notice.due(now_us):
            word = protocol.VERDICTS[verdict]
            held_by = gate.owner if gate.awake(now_us) else 0
            self._say(verdict=word, owner=owner, held_by=held_by)

    def no_reset(self, gate: object, now_us: int) -> None:
        """Say which stop a reset would have had to name, not too often."""
        if self._no_reset.due(now_us):
            self._say(verdict=protocol.NO_RESET, boot=self._boot, stop=gate.stops)

    def body(self, gate: object, drive: object, known: tuple, now_us: int, ask: bool) -> None:
        """Say what the body does: in time, where something changed, or where it was asked."""
        flags = body_flags(gate, known, now_us)
        change = flags, gate.owner, drive.left.wanted_mps == drive.right.wanted_mps == 0.0
        due = self._body.due(now_us)
        if not (due or ask or change != self._last):
            return
        self._last = change
        offset_us, uncertainty_us = known
        message = messages.sealed(
            protocol.BODY_LAYOUT,
            protocol.VERSION,
            flags,
            self._boot,
            now_us,
            gate.owner,
            max(gate.sequence, 0),
            offset_us or 0,
            uncertainty_us,
            gate.sent_us,
            gate.stops,
            drive.left.wanted_mps,
            drive.right.wanted_mps,
            *(count & 0xFFFFFFFF for count in gate.counts),
        )
        self._send(protocol.BODY, message)

    def odometry(self, wheels: object, now_us: int) -> None:
        """Say how far the wheels have turned, where it is due."""
        if not self._odometry.due(now_us):
            return
        self._odometry_number += 1
        head = protocol.VERSION, self._boot, self._odometry_number, now_us
        way = wheels.left_m, wheels.right_m, wheels.left_mps, wheels.right_mps
        self._send(protocol.ODOMETRY, messages.sealed(protocol.ODOMETRY_LAYOUT, *head, *way))

    def range(self, read: object, now_us: int) -> None:
        """Read the range finders and say what they see, where it is due."""
        if not self._range.due(now_us):
            return
        metres = read()
        if metres:
            self._range_number += 1
            layout = protocol.RANGE_LAYOUT + f"{len(metres)}f"
            head = protocol.VERSION, len(metres), self._boot, self._range_number, now_us
            self._send(protocol.RANGE, messages.sealed(layout, *head, *metres))

    def _say(self, **fields: object) -> None:
        self._send(protocol.NOTICE, json.dumps(fields).encode())

    def _send(self, name: str, message: bytes, retain: bool = False) -> None:
        self._client.publish(self._topics[name], message, retain)


def birth(config: dict, boot: int) -> bytes:
    """Return who the robot is."""
    body = config["body"]
    about = {
        "state": "ready",
        "version": protocol.VERSION,
        "name": config["robot"],
        "boot": boot,
        "channels": ["left", "right"],
        "watchdog_ms": body["watchdog_ms"],
        "max_wheel_mps": body["max_wheel_mps"],
    }
    return json.dumps(about).encode()


def body_flags(gate: object, known: tuple, now_us: int) -> int:
    """Return the flags of a body."""
    awake = gate.awake(now_us)
    flags = protocol.AWAKE | protocol.HELD if awake else 0
    if awake and gate.power and not gate.emergency:
        flags |= protocol.POWERED
    if gate.emergency:
        flags |= protocol.EMERGENCY
    return flags | (protocol.SYNCED if known[0] is not None else 0)
