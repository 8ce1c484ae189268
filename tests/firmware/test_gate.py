"""The firmware's gate and that of every other body come to the same verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroloop.core import command as core
from neuroloop.core import robot_protocol as protocol

WATCHDOG_US = 200_000
OFFSET_US = 1_234_567_890_123
"""brain's clock minus the robot's"""


def mostly(good, *others):
    """Draw the good one in three of four cases."""
    return st.integers(0, 3).flatmap(lambda n: good if n else st.sampled_from(others))


commands = st.fixed_dictionaries(
    {
        "after_us": st.sampled_from([0, 1_000, 50_000, 199_999, 200_000, 200_001, 400_000]),
        "owner": mostly(st.integers(1, 2), 0, 3),
        "sequence": st.integers(0, 12),
        # what is a little ahead of a known clock is another question, see below
        "age_us": mostly(st.integers(0, 150_000), 200_000, 200_001, 400_000, -400_000),
        "values": mostly(
            st.lists(st.sampled_from([0.0, 0.25, -0.5]), min_size=2, max_size=2),
            [],
            [0.1],
            [0.1, 0.2, 0.3],
            [0.1, float("nan")],
            [float("inf"), 0.1],
        ),
        "power": st.booleans(),
        "torn": mostly(st.just(False), True),
    }
)


@given(st.lists(commands, max_size=40))
def test_both_gates_give_the_same_verdicts(firmware, sequence):
    ours = firmware.gate.Gate(2, WATCHDOG_US)
    theirs = core.Gate(2, 1000 * WATCHDOG_US)
    now_us = 10_000_000
    for c in sequence:
        now_us += c["after_us"]
        words = core.command(
            c["owner"],
            c["sequence"],
            1000 * (now_us - c["age_us"]),
            c["values"],
            power=c["power"],
        )
        sent_us = now_us - c["age_us"] + OFFSET_US
        given = (c["owner"], c["sequence"], sent_us, WATCHDOG_US // 1000, c["power"])
        given = (*given, tuple(c["values"]))
        if c["torn"]:
            words[core.C_CHECK] ^= 1
            given = None
        assert ours.command(given, now_us, OFFSET_US, 0) == theirs.command(words, 1000 * now_us)
        for later_us in (0, WATCHDOG_US, WATCHDOG_US + 1):
            then_us = now_us + later_us
            assert list(ours.wanted(then_us)) == theirs.wanted(1000 * then_us)
            assert ours.awake(then_us) == theirs.awake(1000 * then_us)
    assert ours.counts == theirs.counts
    assert (ours.owner, ours.sequence) == (theirs.owner, theirs.sequence)


def test_the_verdicts_have_the_same_numbers(firmware):
    names = ("TAKEN", "MALFORMED", "STRANGER", "DUPLICATE", "OUT_OF_ORDER", "LATE")
    for name in names:
        assert getattr(firmware.protocol, name) == core.Verdict[name]


@pytest.fixture
def gate(firmware):
    return firmware.gate.Gate(2, WATCHDOG_US)


def command(sent_us, *, sequence=1, valid_ms=200):
    return 1, sequence, sent_us, valid_ms, True, (0.2, 0.3)


@pytest.mark.parametrize(
    ("age_us", "valid_ms", "uncertainty_us", "verdict"),
    [
        (200_000, 200, 0, protocol.TAKEN),
        (200_001, 200, 0, protocol.LATE),
        (200_400, 200, 400, protocol.TAKEN),
        (50_001, 50, 0, protocol.LATE),
        # what wants to last longer than the watchdog does not
        (200_001, 1000, 0, protocol.LATE),
        (-5_000, 200, 0, protocol.TAKEN),
        (-5_001, 200, 0, protocol.LATE),
        (-5_300, 200, 300, protocol.TAKEN),
    ],
)
def test_how_old_a_command_may_be(gate, age_us, valid_ms, uncertainty_us, verdict):
    now_us = 1_000_000
    sent_us = now_us - age_us + OFFSET_US
    given = command(sent_us, valid_ms=valid_ms)
    assert gate.command(given, now_us, OFFSET_US, uncertainty_us) == verdict


def test_without_an_offset_every_command_is_late(gate):
    assert gate.command(command(5), 0, None, 0) == protocol.LATE


def test_an_emergency_stop_holds_over_valid_commands(gate):
    gate.stop()
    assert gate.command(command(0), 0, 0, 0) == protocol.TAKEN
    assert gate.wanted(0) == (0.0, 0.0)
    gate.reset()
    assert gate.wanted(0) == (0.0, 0.0)
    assert gate.command(command(0, sequence=2), 0, 0, 0) == protocol.TAKEN
    assert gate.wanted(0) == (0.2, 0.3)
