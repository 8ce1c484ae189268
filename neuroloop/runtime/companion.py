"""A thread beside a run that does something again and again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_END_S = 5.0


@contextmanager
def again(name: str, every_s: float, work: Callable[[], None]) -> Iterator[None]:
    """Call ``work`` every so often in a thread of its own, from entering to leaving."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(every_s):
            work()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_END_S)
