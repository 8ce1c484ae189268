"""Which tick a message enters, in which order, and what is counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.message import R_BYTES, Kind, messages
from neuroloop.core.native import address_of
from neuroloop.core.values import Scalars, Spikes
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.intake import AT_ONCE, F_TAKEN, gather

DT_US = 1000


def _feeds(*timing):
    feeds = [
        Feed(f"feed{k}", k, 512, messages=64, latency_us=latency, max_age_us=age)
        for k, (latency, age) in enumerate(timing)
    ]
    return feeds, Intake(feeds)


def _tick(intake, index):
    """Gather one tick; returns (port, stamp) of what entered."""
    record = address_of(intake.record)
    gather(intake.table_address, len(intake.feeds), record, index, index * DT_US, DT_US)
    entered = intake.record[: intake.record.view(np.int64)[R_BYTES]]
    return [(m.port, m.t_us) for m in messages(entered)]


def _number(t_us):
    return Scalars(t_us, np.float32([t_us]))


@pytest.mark.parametrize(
    ("stamp", "latency", "tick"),
    [(0, 0, 0), (999, 0, 0), (1000, 0, 1), (0, 1000, 1), (400, 599, 0), (400, 600, 1)],
)
def test_message_enters_the_tick_that_holds_stamp_and_latency(stamp, latency, tick):
    (feed,), intake = _feeds((latency, 10_000))
    feed.reading(_number(stamp))

    entered = [_tick(intake, k) for k in range(3)]

    assert entered == [[(0, stamp)] if k == tick else [] for k in range(3)]
    assert intake.late == {"feed0": 0}
    assert intake.lost == {"feed0": 0}


def test_late_message_enters_at_once_keeps_its_stamp_and_is_counted():
    (feed,), intake = _feeds((500, 10_000))
    assert _tick(intake, 4) == []
    feed.reading(_number(3000))

    assert _tick(intake, 5) == [(0, 3000)]
    assert intake.late == {"feed0": 1}


def test_message_of_the_greatest_age_enters_and_an_older_one_is_dropped_and_counted():
    (feed,), intake = _feeds((500, 2000))
    feed.reading(_number(10_000 - 2000 - 500 - 1))
    feed.reading(_number(10_000 - 2000 - 500))

    assert _tick(intake, 10) == [(0, 7500)]
    assert intake.lost == {"feed0": 1}
    assert intake.late == {"feed0": 1}


def test_messages_are_ordered_by_stamp_then_feed():
    (first, second, third), intake = _feeds(*[(0, 10_000)] * 3)
    third.reading(_number(300))
    for stamp in (300, 700):
        second.reading(_number(stamp))
    first.reading(_number(500))

    assert _tick(intake, 0) == [(1, 300), (2, 300), (0, 500), (1, 700)]


def test_edits_are_due_at_once_and_never_late():
    (feed,), intake = _feeds((0, AT_ONCE))
    feed.edit(128, b"12345678", t_us=5_000_000)
    feed.edit(128, b"12345678", t_us=0)

    assert _tick(intake, 7) == [(0, 5_000_000), (0, 0)]
    assert intake.late == {"feed0": 0}


def test_spikes_are_split_by_tick_and_ordered_by_stamp_then_unit():
    (feed,), intake = _feeds((100, 10_000))
    feed.spikes(Spikes(np.int64([950, 20, 20, 1900]), np.uint32([1, 9, 3, 5])), DT_US)

    _tick(intake, 0)
    (message,) = messages(intake.record)
    assert message.kind is Kind.SPIKES
    assert message.events()[["t_us", "unit", "value"]].tolist() == [(20, 3, 1), (20, 9, 1)]
    assert _tick(intake, 1) == [(0, 950)]
    assert _tick(intake, 2) == [(0, 1900)]


def test_full_ring_drops_the_new_message_and_counts_it():
    feed = Feed("feed", 0, 4, messages=2, max_age_us=10_000)
    intake = Intake([feed])
    for stamp in range(5):
        feed.reading(_number(stamp))

    entered = _tick(intake, 0)

    assert [stamp for _, stamp in entered] == list(range(len(entered)))
    assert intake.lost == {"feed": 5 - len(entered)}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9_000), st.integers(0, 9)), max_size=40)
)
def test_every_message_enters_once_or_is_counted(sent):
    feeds, intake = _feeds((0, 2500), (700, 2500), (2000, 0))
    sent.sort(key=lambda item: (item[2], item[1]))
    entered = []
    for k in range(14):
        for port, stamp, when in sent:
            if when == k:
                feeds[port].reading(_number(stamp))
        now = _tick(intake, k)
        for port, stamp in now:
            assert stamp + feeds[port].latency_us < (k + 1) * DT_US
            assert stamp + feeds[port].latency_us >= k * DT_US - feeds[port].max_age_us
        entered += now

    assert len(entered) + sum(intake.lost.values()) == len(sent)
    assert int(intake.table[:, F_TAKEN].sum()) == len(entered)


def test_snapshot_keeps_what_waits():
    (feed,), intake = _feeds((0, 10_000))
    feed.reading(_number(5500))
    state = intake.snapshot()
    assert _tick(intake, 5) == [(0, 5500)]

    intake.restore(state)

    assert _tick(intake, 5) == [(0, 5500)]
