"""What the firmware reads and writes is what a brain writes and reads."""

import json

import pytest

from neuroloop.core import robot_protocol as protocol
from neuroloop.mqtt import messages

COMMAND = (7, 8, 2**40, 150, True, (0.25, -0.5))


def packed(owner, sequence, sent_us, valid_ms, power, values):
    return messages.drive(owner, sequence, sent_us, values, valid_ms=valid_ms, power=power)


def spoken(owner, sequence, sent_us, valid_ms, power, values):
    names = {"owner": owner, "sequence": sequence, "sent_us": sent_us, "valid_ms": valid_ms}
    return json.dumps({**names, "power": power, "values": values}).encode()


@pytest.mark.parametrize("power", [True, False])
def test_a_brains_command_is_read(firmware, power):
    command = (*COMMAND[:4], power, COMMAND[5])
    assert firmware.messages.drive(packed(*command), 2) == command
    assert firmware.messages.drive_json(spoken(*command), 2) == command


@pytest.mark.parametrize("channels", [1, 3])
def test_a_command_for_another_body_is_malformed(firmware, channels):
    assert firmware.messages.drive(packed(*COMMAND), channels) is None
    assert firmware.messages.drive_json(spoken(*COMMAND), channels) is None


def test_every_torn_bit_is_noticed(firmware):
    whole = packed(*COMMAND)
    for bit in range(8 * len(whole)):
        torn = bytearray(whole)
        torn[bit // 8] ^= 1 << bit % 8
        assert firmware.messages.drive(bytes(torn), 2) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": -1},
        {"owner": 2**32},
        {"owner": 1.5},
        {"owner": True},
        {"sequence": "1"},
        {"sent_us": 2**64},
        {"valid_ms": None},
        {"power": 1},
        {"values": 3},
        {"values": [1]},
        {"values": ["1x", 2]},
        {"values": [[], 2]},
    ],
)
def test_json_that_does_not_fit_is_malformed(firmware, changes):
    words = json.loads(spoken(*COMMAND)) | changes
    assert firmware.messages.drive_json(json.dumps(words).encode(), 2) is None


@pytest.mark.parametrize("text", [b"", b"\xff", b"7", b"[]", b'"x"', b"null", b"{", b"{}"])
def test_what_is_no_command_in_json_is_malformed(firmware, text):
    assert firmware.messages.drive_json(text, 2) is None
    assert firmware.messages.reset(text) is None


class Client:
    def __init__(self):
        self.sent = []

    def publish(self, topic, payload, retain=False):
        self.sent.append((topic, payload, retain))


def reports(firmware):
    client = Client()
    body = {"watchdog_ms": 200, "max_wheel_mps": 0.5}
    rates = {"odometry_hz": 50, "range_hz": 20}
    config = {"robot": "r", "body": body, "reports": rates}
    return client, firmware.reports.Reports(client, config, 99)


def test_a_brain_reads_what_the_body_says(firmware):
    client, says = reports(firmware)
    gate = firmware.gate.Gate(2, 200_000)
    wheels = {"max_wheel_mps": 0.5, "full_duty_mps": 0.6, "start_duty": 0.0}
    drive = firmware.drive.Drive({**wheels, "p": 0.0, "i": 0.0, "most_integral": 0.0})
    assert gate.command(COMMAND, 1_000, 2**40 - 1_000, 5) == protocol.TAKEN
    drive.want(gate.wanted(1_000))
    says.body(gate, drive, (-5, 17), 2_000, False)
    ((topic, payload, retain),) = client.sent
    assert (topic, retain) == ("nl/2/r/state/body", False)
    body = messages.body_of(payload)
    assert body.flags == protocol.AWAKE | protocol.HELD | protocol.POWERED | protocol.SYNCED
    assert (body.boot, body.t_us, body.owner, body.sequence) == (99, 2_000, 7, 8)
    assert (body.offset_us, body.uncertainty_us, body.sent_us) == (-5, 17, 2**40)
    assert (body.left_mps, body.right_mps) == (0.25, -0.5)
    assert body.stop == 0
    assert body.verdicts == (1, 0, 0, 0, 0, 0)


def test_a_body_says_ten_times_a_second_how_it_is_and_each_change_at_once(firmware):
    client, says = reports(firmware)
    gate = firmware.gate.Gate(2, 200_000)
    drive = firmware.drive.Drive(
        dict.fromkeys(
            ("max_wheel_mps", "full_duty_mps", "start_duty", "p", "i", "most_integral"), 1.0
        )
    )
    for now_us in range(0, 1_000_000, 4_000):
        says.body(gate, drive, (None, 9), now_us, False)
    assert len(client.sent) == 10
    gate.stop()
    says.body(gate, drive, (None, 9), 1_000_000, False)
    says.body(gate, drive, (None, 9), 1_004_000, False)
    assert len(client.sent) == 11
    assert messages.body_of(client.sent[-1][1]).flags == protocol.EMERGENCY


def test_refusals_are_told_ten_times_a_second_at_most(firmware):
    client, says = reports(firmware)
    gate = firmware.gate.Gate(2, 200_000)
    for now_us in range(0, 1_000_000, 1_000):
        says.notice(protocol.LATE, 3, gate, now_us)
    assert len(client.sent) == 10
    assert json.loads(client.sent[0][1]) == {"verdict": "late", "owner": 3, "held_by": 0}
