"""Somebody who ends the drills ends all that they started."""

import os
import signal

import pytest

from neuroloop.drill.ending import told_to_end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_what_was_started(number):
    before, ended = signal.getsignal(number), []

    def drill():
        try:
            os.kill(os.getpid(), number)
        finally:
            ended.append(True)

    with pytest.raises(KeyboardInterrupt), told_to_end():
        drill()

    assert ended
    assert signal.getsignal(number) is before
