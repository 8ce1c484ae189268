"""The judge of the drills sees what is wrong in a black box, and nothing else."""

import math

import numpy as np
import pytest

from neuroloop.core.black_box import RECORD
from neuroloop.core.command import Verdict
from neuroloop.drill import judge

MS = 1_000_000
START_NS = 5_000 * MS
FAULT_NS = START_NS + 500 * MS


def _box(wheels, heard_ms=lambda _: 0.0, n=2000, forward=None):
    """Return a record a millisecond; the functions take the millisecond since the start."""
    box = np.zeros(n, RECORD)
    box["index"] = np.arange(n)
    box["t_ns"] = START_NS + MS * np.arange(n)
    box["gap_ns"] = MS
    for k in range(n):
        box["left_mps"][k] = box["right_mps"][k] = wheels(k)
        box["heard_ns"][k] = round(heard_ms(k) * MS)
        box["forward_mps"][k] = wheels(k) if forward is None else forward(k)
    return box


def _until(end):
    return lambda k: 0.3 if k < end else 0.0


def test_a_stop_is_counted_from_the_last_command_before_the_fault():
    # the last command came 40 ms before the fault; the wheels stop 161 ms after it
    box = _box(_until(661), lambda k: k - 459 if k >= 459 else 0)

    stop = judge.stop_of(box, FAULT_NS)

    assert stop.ms == pytest.approx(202.0)
    assert stop.t_ns == START_NS + 661 * MS


def test_a_stop_is_also_counted_from_the_newest_command_of_all():
    # commands go on until 40 ms after the fault
    box = _box(_until(700), lambda k: max(0, k - 540))

    stop = judge.stop_of(box, FAULT_NS)

    assert stop.ms == pytest.approx(201.0)
    assert stop.silent_ms == pytest.approx(160.0)


def test_a_body_that_rolls_out_stands_still_later():
    box = _box(_until(600), forward=_until(720))

    stop = judge.stop_of(box, FAULT_NS)

    assert stop.still_ms == pytest.approx(stop.ms + 120.0)


def test_a_body_that_never_stands_still_has_no_such_time():
    assert judge.stop_of(_box(_until(600), forward=lambda _: 0.1), FAULT_NS).still_ms is None


def test_no_stop_where_the_wheels_turn_to_the_end():
    assert judge.stop_of(_box(lambda _: 0.3), FAULT_NS) is None


def test_one_wheel_that_turns_is_motion():
    box = _box(_until(600))
    box["right_mps"][-1] = -1e-9

    assert judge.stop_of(box, FAULT_NS) is None


def test_a_twitch_after_the_stop_counts_as_its_end():
    twitch = _box(lambda k: 0.3 if k < 550 or k == 900 else 0.0)

    assert judge.stop_of(twitch, FAULT_NS).ms == pytest.approx(402.0)


def test_motion_after_somebody_armed_is_not_held_against_a_stop():
    again = _box(lambda k: 0.3 if k < 550 or k > 1500 else 0.0)

    assert judge.stop_of(again, FAULT_NS) is None
    assert judge.stop_of(again, FAULT_NS, START_NS + 1500 * MS).ms == pytest.approx(51.0)


def test_no_stop_where_nothing_moved_before_the_fault():
    assert judge.stop_of(_box(lambda _: 0.0), FAULT_NS) is None


def test_no_stop_where_the_box_ends_before_the_fault():
    assert judge.stop_of(_box(_until(300), n=400), FAULT_NS) is None


def test_no_stop_in_an_empty_box():
    assert judge.stop_of(np.empty(0, RECORD), FAULT_NS) is None


def test_wheels_that_turn_on_an_old_command_are_found():
    # a watchdog that waits for 300 ms
    box = _box(_until(800), lambda k: max(0, k - 500))

    assert judge.blind_ms(box) == pytest.approx(299.0)
    assert judge.blind_ms(box) > judge.BLIND_MS


def test_wheels_that_stand_may_have_an_old_command():
    assert judge.blind_ms(_box(_until(650), lambda k: max(0, k - 500))) < judge.BLIND_MS


def test_wheels_that_turn_without_any_command_are_found():
    box = _box(_until(650))
    box["heard_ns"][:10] = -1

    assert math.isinf(judge.blind_ms(box))


def test_a_body_without_a_core_is_noticed_around_the_fault_alone():
    box = _box(_until(600))
    box["gap_ns"][100] = 90 * MS
    assert judge.worst_gap_ms(box, FAULT_NS, FAULT_NS + 100 * MS) == pytest.approx(1.0)

    box["gap_ns"][480] = 25 * MS
    assert judge.worst_gap_ms(box, FAULT_NS, FAULT_NS + 100 * MS) == pytest.approx(25.0)


@pytest.mark.parametrize(
    ("wheels", "pause_ms"),
    [
        (lambda _: 0.3, 0.0),
        (lambda k: 0.0 if 700 <= k < 730 else 0.3, 30.0),
        (lambda k: 0.0 if 700 <= k < 710 or 800 <= k < 850 else 0.3, 50.0),
        (lambda k: 0.0 if k >= 1900 else 0.3, 99.0),
    ],
)
def test_the_longest_pause(wheels, pause_ms):
    assert judge.longest_pause_ms(_box(wheels), FAULT_NS) == pytest.approx(pause_ms)


def test_motion_in_an_interval_that_does_not_hold_its_end():
    box = _box(lambda k: 0.3 if k == 700 else 0.0)

    assert judge.moved(box, START_NS + 700 * MS, START_NS + 701 * MS)
    assert not judge.moved(box, START_NS + 600 * MS, START_NS + 700 * MS)
    assert not judge.moved(box, START_NS + 701 * MS)


def test_a_twitch_after_a_stop_is_motion_that_came_back():
    twitch = _box(lambda k: 0.3 if k < 550 or k == 900 else 0.0)

    assert judge.resumed(twitch, FAULT_NS)
    assert not judge.resumed(twitch, FAULT_NS, START_NS + 900 * MS)
    assert not judge.resumed(_box(_until(550)), FAULT_NS)
    hold = _box(lambda k: 0.0 if 600 <= k < 700 or k > 900 else 0.3)
    assert not judge.resumed(hold, FAULT_NS)


def test_commands_that_were_not_taken_are_counted():
    box = _box(_until(600))
    box["verdicts"][-1, Verdict.LATE] = 7

    assert judge.refused(box, Verdict.LATE) == 7
    assert judge.refused(box, Verdict.STRANGER) == 0
    assert judge.refused(box[:0], Verdict.LATE) == 0
