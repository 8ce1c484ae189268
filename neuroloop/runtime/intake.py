"""What enters a tick: the one record of all that is due, in one order, whatever the clock."""

from neuroloop.core.kernel import kernel
from neuroloop.core.message import (
    EVENT_BYTES,
    KIND,
    LOST,
    MESSAGE_BYTES,
    MESSAGE_WORDS,
    N_BYTES,
    PORT,
    R_BYTES,
    R_DT_US,
    R_INDEX,
    R_INTAKE_NS,
    R_T_US,
    RECORD_BYTES,
    RECORD_WORDS,
    SIZE,
    SPIKES,
    T_US,
)
from neuroloop.core.native import at, copy, i64, now_ns
from neuroloop.core.ring import advance, dropped, peek

F_RING, F_CAPACITY, F_LATENCY_US, F_MAX_AGE_US, F_PORT, F_LATE, F_EXPIRED, F_TAKEN, F_TOLD = range(
    9
)
FEED_WORDS = 9
LOSS_BYTES = MESSAGE_BYTES + 8
"""room in a record for what one feed lost"""
AT_ONCE = -1
"""a feed's ``max_age_us`` where its messages are due as soon as they are there (edits)"""


@kernel
def gather(feeds, n_feeds, record, index, t_us, dt_us):
    """Write what is due into ``record``, by stamp, then feed.

    A message stamped t enters the tick that holds t + latency; one that comes later enters the
    present tick and is counted late; one older than its feed's ``max_age_us`` is dropped and
    counted expired.  What a feed lost since the last tick stands at the head of the record.
    ``record`` has room for all that the rings can hold.
    """
    start = now_ns()
    end = _losses(feeds, n_feeds, record, t_us)
    while True:
        best, oldest, message = -1, 0, 0
        for k in range(n_feeds):
            feed = i64(at(feeds), 8 * FEED_WORDS * k, FEED_WORDS)
            head = peek(feed[F_RING], feed[F_CAPACITY])
            if head != 0:
                stamp = i64(at(head), 0, T_US + 1)[T_US]
                due = feed[F_MAX_AGE_US] < 0 or stamp + feed[F_LATENCY_US] < t_us + dt_us
                if due and (best < 0 or stamp < oldest):
                    best, oldest, message = k, stamp, head
        if best < 0:
            break
        feed = i64(at(feeds), 8 * FEED_WORDS * best, FEED_WORDS)
        n_bytes = i64(at(message), 0, 1)[SIZE]
        timed = feed[F_MAX_AGE_US] >= 0
        if timed and oldest < t_us - feed[F_MAX_AGE_US] - feed[F_LATENCY_US]:
            feed[F_EXPIRED] += _amount(message)
        else:
            if timed and oldest + feed[F_LATENCY_US] < t_us:
                feed[F_LATE] += _amount(message)
            copy(at(record), end, at(message), 0, n_bytes)
            end += n_bytes
            feed[F_TAKEN] += 1
        advance(feed[F_RING], n_bytes)
    head = i64(at(record), 0, RECORD_WORDS)
    head[:] = 0
    head[R_BYTES], head[R_INDEX], head[R_T_US], head[R_DT_US] = end, index, t_us, dt_us
    head[R_INTAKE_NS] = now_ns() - start


@kernel
def _amount(message):
    """Return what is counted of a message: each of its spikes, or the one reading."""
    words = i64(at(message), 0, MESSAGE_WORDS)
    return words[N_BYTES] // EVENT_BYTES if words[KIND] == SPIKES else 1


@kernel
def _losses(feeds, n_feeds, record, t_us):
    """Tell of messages that were dropped or expired since this was told last."""
    end = RECORD_BYTES
    for k in range(n_feeds):
        feed = i64(at(feeds), 8 * FEED_WORDS * k, FEED_WORDS)
        lost = feed[F_EXPIRED] + dropped(feed[F_RING])
        if lost != feed[F_TOLD] and feed[F_PORT] >= 0:
            message = i64(at(record), end, MESSAGE_WORDS + 1)
            message[SIZE], message[KIND], message[PORT] = LOSS_BYTES, LOST, feed[F_PORT]
            message[T_US], message[N_BYTES] = t_us, 8
            message[MESSAGE_WORDS] = lost - feed[F_TOLD]
            end += LOSS_BYTES
        feed[F_TOLD] = lost
    return end
