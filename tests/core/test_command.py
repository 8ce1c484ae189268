"""A body's gate takes the newest command of its one owner, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.command import (
    C_CHANNELS,
    C_CHECK,
    C_OWNER,
    C_SENT_NS,
    C_SEQUENCE,
    C_VALUES,
    C_VERSION,
    COMMAND_WORDS,
    Gate,
    Verdict,
    check_of,
    command,
)

MS = 1_000_000
WATCHDOG = 200 * MS
NOW = 5_000 * MS
ME, OTHER = 77, 78


def gate(heard_at=NOW - 10 * MS):
    """A gate that took number 5 of ME some time ago."""
    taken = Gate(2, WATCHDOG)
    assert taken.command(command(ME, 5, heard_at, [0.1, 0.2]), heard_at) is Verdict.TAKEN
    return taken


def changed(word, value, *, check=True):
    words = command(ME, 6, NOW, [0.3, 0.4])
    words[word] = value
    if check:
        words[C_CHECK] = check_of(words)
    return words


NAN = int(np.array([np.nan]).view(np.int64)[0])
INFINITE = int(np.array([np.inf]).view(np.int64)[0])

CASES = {
    "the next number": (command(ME, 6, NOW, [0.3, 0.4]), Verdict.TAKEN),
    "a later number": (command(ME, 600, NOW, [0.3, 0.4]), Verdict.TAKEN),
    "sent a little ago": (command(ME, 6, NOW - WATCHDOG, [0.3, 0.4]), Verdict.TAKEN),
    "the same number": (command(ME, 5, NOW, [0.3, 0.4]), Verdict.DUPLICATE),
    "an older number": (command(ME, 4, NOW, [0.3, 0.4]), Verdict.OUT_OF_ORDER),
    "sent too long ago": (command(ME, 6, NOW - WATCHDOG - 1, [0.3, 0.4]), Verdict.LATE),
    "sent in the future": (command(ME, 6, NOW + WATCHDOG + 1, [0.3, 0.4]), Verdict.LATE),
    "of somebody else": (command(OTHER, 6, NOW, [0.3, 0.4]), Verdict.STRANGER),
    "one channel": (command(ME, 6, NOW, [0.3]), Verdict.MALFORMED),
    "three channels": (command(ME, 6, NOW, [0.3, 0.4, 0.5]), Verdict.MALFORMED),
    "too short": (command(ME, 6, NOW, [0.3, 0.4])[:-1], Verdict.MALFORMED),
    "zeros": (np.zeros(COMMAND_WORDS, np.int64), Verdict.MALFORMED),
    "another version": (changed(C_VERSION, 2), Verdict.MALFORMED),
    "no owner": (changed(C_OWNER, 0), Verdict.MALFORMED),
    "a negative number": (changed(C_SEQUENCE, -1), Verdict.MALFORMED),
    "not a number": (changed(C_VALUES, NAN), Verdict.MALFORMED),
    "infinite": (changed(C_VALUES + 1, INFINITE), Verdict.MALFORMED),
    "a flipped bit": (changed(C_VALUES, 1 << 40, check=False), Verdict.MALFORMED),
    "a wrong check": (changed(C_CHECK, 0, check=False), Verdict.MALFORMED),
    "more channels than there can be": (changed(C_CHANNELS, 1 << 60), Verdict.MALFORMED),
    "sent at the end of time": (changed(C_SENT_NS, -(2**63)), Verdict.LATE),
}


@pytest.mark.parametrize("case", CASES)
def test_each_fault_has_its_verdict_and_what_is_not_taken_changes_nothing(case):
    words, verdict = CASES[case]
    body = gate()
    before = (body.owner, body.sequence, body.heard_ns, body.power, body.wanted_now)

    assert body.command(words, NOW) is verdict
    assert body.counts[verdict] == 1 + (verdict is Verdict.TAKEN)
    if verdict is Verdict.TAKEN:
        assert body.wanted(NOW) == [0.3, 0.4]
    else:
        after = (body.owner, body.sequence, body.heard_ns, body.power, body.wanted_now)
        assert after == before


def test_nothing_is_wanted_before_the_first_command():
    assert Gate(2, WATCHDOG).wanted(NOW) == [0.0, 0.0]
    assert not Gate(2, WATCHDOG).awake(0)


def test_the_watchdog_stops_the_motors_after_its_time_and_not_before():
    body = gate(heard_at=NOW)

    assert body.wanted(NOW + WATCHDOG) == [0.1, 0.2]
    assert body.wanted(NOW + WATCHDOG + 1) == [0.0, 0.0]


def test_refused_commands_do_not_keep_the_watchdog_awake():
    body = gate(heard_at=NOW)
    for k in range(1, 30):
        now = NOW + 10 * MS * k
        body.command(command(ME, 5, now, [0.1, 0.2]), now)

    assert not body.awake(NOW + 290 * MS)
    assert body.counts[Verdict.DUPLICATE] == 29


def test_a_body_changes_hands_only_when_its_owner_is_silent():
    body = gate(heard_at=NOW)
    later = NOW + WATCHDOG

    assert body.command(command(OTHER, 0, later, [0.3, 0.3]), later) is Verdict.STRANGER
    later += 1
    assert body.command(command(OTHER, 0, later, [0.3, 0.3]), later) is Verdict.TAKEN
    assert body.command(command(ME, 6, later, [0.1, 0.1]), later) is Verdict.STRANGER
    assert body.wanted(later) == [0.3, 0.3]


def test_without_power_nothing_moves_until_a_command_gives_it_back():
    body = gate(heard_at=NOW)
    body.command(command(ME, 6, NOW, [0.1, 0.1], power=False), NOW)
    assert body.wanted(NOW) == [0.0, 0.0]

    body.command(command(ME, 7, NOW, [0.1, 0.1]), NOW)
    assert body.wanted(NOW) == [0.1, 0.1]


STEPS = st.lists(
    st.tuples(
        st.sampled_from([ME, OTHER]),
        st.integers(0, 12),  # number
        st.integers(0, 150),  # ms since the last step
        st.integers(-250, 250),  # ms by which it was sent earlier
        st.booleans(),  # power
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_whatever_comes_the_body_obeys_the_newest_of_one_owner_and_for_a_while_only(steps):
    body, now, taken = Gate(2, WATCHDOG), NOW, []
    for owner, number, passed, ago, power in steps:
        now += passed * MS
        words = command(owner, number, now - ago * MS, [number / 10, -number / 10], power=power)
        newest = taken[-1] if taken else None
        if body.command(words, now) is Verdict.TAKEN:
            assert abs(ago) * MS <= WATCHDOG
            if newest is not None and newest[0] == owner:
                assert number > newest[1]
            elif newest is not None:
                assert now - newest[2] > WATCHDOG
            taken.append((owner, number, now, power))
    assert sum(body.counts) == len(steps)
    assert body.counts[Verdict.TAKEN] == len(taken)
    moves = bool(taken) and now - taken[-1][2] <= WATCHDOG and taken[-1][3]
    expected = [taken[-1][1] / 10, -taken[-1][1] / 10] if moves else [0.0, 0.0]
    assert body.wanted(now) == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=COMMAND_WORDS, max_size=COMMAND_WORDS))
def test_noise_is_malformed(words):
    body = gate()

    assert body.command(np.array(words, np.int64), NOW) is Verdict.MALFORMED


@settings(max_examples=200, deadline=None)
@given(word=st.integers(0, COMMAND_WORDS - 1), bit=st.integers(0, 63))
def test_no_flipped_bit_passes(word, bit):
    words = command(ME, 6, NOW, [0.3, 0.4])
    words.view(np.uint64)[word] ^= np.uint64(1 << bit)

    assert gate().command(words, NOW) is Verdict.MALFORMED
