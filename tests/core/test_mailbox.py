"""A mailbox gives the newest message, whole, and counts those it replaced."""

import threading

import numpy as np

from neuroloop.core.mailbox import HEADER_BYTES, Mailbox, put


def _mailbox(n):
    return Mailbox(np.zeros(HEADER_BYTES + n, np.uint8))


def test_newest_message_wins_and_replaced_ones_are_counted():
    box, into = _mailbox(8), np.zeros(8, np.uint8)
    for value in (1, 2, 3):
        box.put(np.full(8, value, np.uint8))

    assert box.take(into)
    assert (into == 3).all()
    assert box.replaced == 2


def test_message_is_fresh_once():
    box, into = _mailbox(8), np.zeros(8, np.uint8)

    assert not box.take(into)
    box.put(np.full(8, 7, np.uint8))
    assert box.take(into)
    assert not box.take(into)
    assert (into == 7).all()
    assert box.replaced == 0


def test_no_message_is_torn_while_another_thread_writes():
    n, count = 2048, 30_000
    box, into = _mailbox(n), np.zeros(n, np.uint8)
    messages = [np.full(n, value, np.uint8) for value in range(251)]
    box.put(messages[0])
    done = threading.Event()

    def write():
        for k in range(count):
            put(box.address, messages[k % 251])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    looks = 0
    while not done.is_set():
        box.take(into)
        looks += 1
        assert (into == into[0]).all()
    writer.join()

    box.take(into)
    assert into[0] == (count - 1) % 251
    assert looks > 100
