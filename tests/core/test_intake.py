"""Which tick a message enters, in which order, and what is counted."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError
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


def _gathered(intake, index):
    """Gather one tick; returns the messages of its record."""
    record = address_of(intake.record)
    gather(intake.table_address, len(intake.feeds), record, index, index * DT_US, DT_US)
    return list(messages(intake.record[: intake.record.view(np.int64)[R_BYTES]]))


def _tick(intake, index):
    """Gather one tick; returns (port, stamp) of what entered."""
    return [(m.port, m.t_us) for m in _gathered(intake, index) if m.kind is not Kind.LOST]


def _told(intake, index):
    """Gather one tick; returns (port, number) of what it says was lost."""
    return [
        (m.port, int(m.payload.view(np.int64)[0]))
        for m in _gathered(intake, index)
        if m.kind is Kind.LOST
    ]


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
    entered, told = [], Counter()
    for k in range(14):
        for port, stamp, when in sent:
            if when == k:
                feeds[port].reading(_number(stamp))
        for message in _gathered(intake, k):
            if message.kind is Kind.LOST:
                told[f"feed{message.port}"] += int(message.payload.view(np.int64)[0])
                continue
            feed, stamp = feeds[message.port], message.t_us
            assert stamp + feed.latency_us < (k + 1) * DT_US
            assert stamp + feed.latency_us >= k * DT_US - feed.max_age_us
            entered.append(message)

    assert len(entered) + sum(intake.lost.values()) == len(sent)
    assert int(intake.table[:, F_TAKEN].sum()) == len(entered)
    assert told == Counter(intake.lost)


def test_snapshot_keeps_what_waits():
    (feed,), intake = _feeds((0, 10_000))
    feed.reading(_number(5500))
    state = intake.snapshot()
    assert _tick(intake, 5) == [(0, 5500)]

    intake.restore(state)

    assert _tick(intake, 5) == [(0, 5500)]


def _overflowing():
    """A feed whose ring holds two readings, or a few more, and has dropped some of ten."""
    feed = Feed("feed", 3, 4, messages=2, max_age_us=2000)
    intake = Intake([feed])
    for stamp in range(10):
        feed.reading(_number(stamp))
    return feed, intake


def test_what_a_full_ring_dropped_stands_at_the_head_of_the_next_record_once():
    _, intake = _overflowing()
    first, *rest = _gathered(intake, 0)

    assert (first.kind, first.port) == (Kind.LOST, 3)
    assert first.payload.view(np.int64).tolist() == [10 - len(rest)]
    assert {m.kind for m in rest} == {Kind.READING}
    assert _told(intake, 1) == []


def test_what_came_too_late_is_told_in_the_next_tick():
    (feed,), intake = _feeds((0, 2000))
    for stamp in (0, 1, 8000):
        feed.reading(_number(stamp))

    assert _told(intake, 9) == []
    assert _told(intake, 10) == [(0, 2)]
    assert _told(intake, 11) == []


def test_losses_of_a_feed_without_a_port_are_counted_and_not_told():
    feed = Feed("edits", -1, 16, messages=2)
    intake = Intake([feed])
    for _ in range(10):
        feed.edit(128, b"12345678", t_us=0)

    assert _told(intake, 0) == []
    assert intake.lost["edits"] > 0


def test_snapshot_keeps_what_was_lost_and_not_yet_told():
    _, intake = _overflowing()
    state = intake.snapshot()
    told = _told(intake, 0)
    assert told
    again = intake.snapshot()

    intake.restore(state)
    assert _told(intake, 0) == told
    intake.restore(again)
    assert _told(intake, 1) == []


def test_what_was_not_yet_told_is_told_by_another_intake_that_goes_on():
    _, intake = _overflowing()
    state, told = intake.snapshot(), _told(intake, 0)
    other = Intake([Feed("feed", 3, 4, messages=2, max_age_us=2000)])

    other.restore(state)

    assert _told(other, 0) == told
    assert _told(other, 1) == []


def test_snapshot_keeps_the_counters():
    (feed,), intake = _feeds((500, 2000))
    for stamp in (0, 1000, 9000):
        feed.reading(_number(stamp))
    _tick(intake, 10)
    late, lost, taken = intake.late, intake.lost, int(intake.table[0, F_TAKEN])
    state = intake.snapshot()
    feed.reading(_number(9100))
    _tick(intake, 20)

    intake.restore(state)

    assert (intake.late, intake.lost, int(intake.table[0, F_TAKEN])) == (late, lost, taken)


def test_snapshot_of_another_loop_is_refused():
    _, intake = _feeds((0, 2000))
    _, other = _feeds((0, 2000), (0, 2000))
    waits = intake.table.copy()

    for state in (other.snapshot(), intake.snapshot()[:-1], intake.snapshot() + b"x"):
        with pytest.raises(ConfigError, match="snapshot"):
            intake.restore(state)
    assert (intake.table == waits).all()
