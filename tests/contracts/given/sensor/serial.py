"""A pseudo terminal with a board that talks, for the contract test of the sensors."""

import contextlib
import importlib.util
import os
import threading
import time

import pytest


def settings(folder):
    del folder
    if importlib.util.find_spec("serial") is None:
        pytest.skip("no pyserial")
    ours, far = os.openpty()

    def talk():
        # until the sensor hangs up; the far end stays open for it till then
        with contextlib.suppress(OSError):
            for k in range(2000):
                os.write(ours, f"{k},{k}\n".encode())
                time.sleep(1e-3)
        os.close(ours)
        os.close(far)

    threading.Thread(target=talk, daemon=True).start()
    return {"port": os.ttyname(far), "labels": ["a", "b"]}
