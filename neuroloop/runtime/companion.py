"""Threads beside a run, from entering a ``with`` to leaving it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

_END_S = 5.0


@contextmanager
def beside(name: str, work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Call ``work`` once in a thread of its own; it is to return soon after its event is set."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_END_S)


def again(name: str, every_s: float, work: Callable[[], None]) -> AbstractContextManager[None]:
    """Call ``work`` every so often in a thread of its own."""

    def run(stop: threading.Event) -> None:
        while not stop.wait(every_s):
            work()

    return beside(name, run)
