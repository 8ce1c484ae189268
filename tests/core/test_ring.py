"""Rings: first in, first out, nothing torn, every loss counted; between threads and processes."""

import subprocess
import sys
import time
from collections import deque

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core import shared
from neuroloop.core.ring import HEADER_BYTES, Ring, empty_ring


def _message(words, tag):
    message = np.full(words, tag, np.int64)
    message[0] = 8 * words
    return message.view(np.uint8)


@settings(max_examples=300, deadline=None)
@given(
    capacity=st.integers(2, 40).map(lambda words: 8 * words),
    calls=st.lists(st.one_of(st.none(), st.integers(1, 45)), max_size=80),
)
def test_any_pushes_and_pops_come_out_in_order_and_losses_are_counted(capacity, calls):
    ring = Ring(np.zeros(HEADER_BYTES + capacity, np.uint8))
    into = np.zeros(8 * 50, np.uint8)
    waiting, dropped = deque(), 0
    for tag, words in enumerate(calls):
        if words is None:
            length = ring.pop(into)
            expected = waiting.popleft() if waiting else b""
            assert into[:length].tobytes() == expected
            continue
        message = _message(words, tag)
        taken = ring.push(message)
        if taken:
            waiting.append(message.tobytes())
        dropped += not taken
        # one that is at most half of the ring always fits where the ring is empty
        assert taken or waiting or 8 * words > capacity // 2
        assert not taken or sum(map(len, waiting)) <= capacity
    assert ring.dropped == dropped
    while waiting:
        assert into[: ring.pop(into)].tobytes() == waiting.popleft()
    assert ring.pop(into) == 0


def test_ring_for_so_many_messages_holds_them():
    ring = empty_ring(40, 5)

    assert all(ring.push(_message(5, k)) for k in range(5))
    assert not ring.push(_message(5, 5))
    assert ring.dropped == 1


WRITER = """
import sys, numpy as np
from neuroloop.core import shared
from neuroloop.core.ring import Ring
ring = Ring(shared.attach(int(sys.argv[1])))
k = 0
while k < int(sys.argv[2]):
    words = 3 + k % 7
    message = np.full(words, k, np.int64)
    message[0] = 8 * words
    k += ring.push(message.view(np.uint8))
print(ring.dropped)
"""


def test_messages_of_another_process_come_whole_and_in_order():
    count, into = 20_000, np.zeros(128, np.uint8)
    with shared.anonymous_file(Ring.bytes_for(80, 50)) as number:
        ring = Ring(shared.attach(number))
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(number), str(count)],
            pass_fds=(number,),
            stdout=subprocess.PIPE,
            text=True,
        )
        expected, deadline = 0, time.monotonic() + 60
        while expected < count and time.monotonic() < deadline:
            length = ring.pop(into)
            if length:
                words = into[:length].view(np.int64)
                assert length == 8 * (3 + expected % 7)
                assert (words[1:] == expected).all()
                expected += 1
        printed, _ = writer.communicate(timeout=30)

        assert expected == count
        assert int(printed) == ring.dropped
