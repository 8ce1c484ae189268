"""Somebody who ends a program ends all that it started."""

import os
import signal

import pytest

from neuroloop.core.ending import told_to_end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_what_was_started(number):
    before, ended = signal.getsignal(number), []

    def work():
        try:
            os.kill(os.getpid(), number)
        finally:
            ended.append(True)

    with pytest.raises(KeyboardInterrupt), told_to_end():
        work()

    assert ended
    assert signal.getsignal(number) is before
