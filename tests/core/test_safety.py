"""The words of the guard fit the memory and the messages that carry them."""

import numpy as np

from neuroloop.core.safety import MOST_WHO, ORDERS, Cause, Order, State
from neuroloop.safety import block
from neuroloop.safety.block import (
    B_AHEAD,
    B_BEHIND,
    B_BY,
    B_CAUSES,
    B_COUNTS,
    B_FAULTS,
    B_NEXT_AHEAD,
    B_NEXT_BEHIND,
    B_STATE,
    B_WARNED,
    BLOCK_WORDS,
    NO_LIMIT,
    first_block,
    raise_cause,
)


def test_a_robot_begins_disarmed_and_free_of_limits():
    first = first_block()
    limits = [B_AHEAD, B_BEHIND, B_NEXT_AHEAD, B_NEXT_BEHIND]

    assert first.dtype == np.int64
    assert State(int(first[B_STATE])) is State.DISARMED
    assert first[limits].tolist() == [NO_LIMIT] * 4
    assert not np.delete(first, limits).any()


def test_no_two_words_of_the_block_share_a_place():
    tables = (B_COUNTS, B_WARNED, B_BY)
    words = [w for name, w in vars(block).items() if name.startswith("B_") and w not in tables]
    places = words + [table + cause for table in tables for cause in Cause]

    assert len(set(places)) == len(places)
    assert max(places) < BLOCK_WORDS


def test_every_order_of_everybody_is_a_unit_of_its_own():
    units = {ORDERS * who + order for who in range(MOST_WHO) for order in Order}

    assert len(units) == MOST_WHO * len(Order)


def test_everybody_has_a_bit_among_the_failed_parts():
    assert 8 * first_block()[[B_FAULTS]].nbytes >= MOST_WHO


def test_a_cause_is_laid_on_who_raised_it_first():
    words = first_block()
    for cause, who in ((Cause.LOST, 7), (Cause.SILENT, 2), (Cause.LOST, 9)):
        raise_cause(words, int(cause), who)

    assert words[B_CAUSES] == 1 << Cause.LOST | 1 << Cause.SILENT
    assert words[[B_BY + Cause.LOST, B_BY + Cause.SILENT]].tolist() == [7, 2]
