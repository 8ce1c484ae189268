"""What makes a Python program late, made on purpose beside a measurement."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from neuroloop.core.errors import ConfigError, nearest

NONE, ALL = "none", "all"
_HEAP = 300_000
"""lists that are alive, each with more in it: what the collector has to look through"""
_BURNER = """\
import os, sys, threading
def with_parent():
    sys.stdin.read()
    os._exit(0)
threading.Thread(target=with_parent, daemon=True).start()
while True:
    pass
"""
_SETTLE_S = 0.5


def parsed(text: str) -> tuple[str, ...]:
    """Return the kinds of stress that a text such as ``gil+gc`` names.

    Raises
    ------
    ConfigError
        Where it names another.
    """
    names = tuple(dict.fromkeys(text.split("+")))
    for name in names:
        if name not in {NONE, ALL, *_KINDS}:
            known = [NONE, *_KINDS, ALL, "gil+gc"]
            raise ConfigError(f'--stress {text}: no stress "{name}"{nearest(name, known)}')
    if len(names) > 1 and {NONE, ALL} & set(names):
        raise ConfigError(f'--stress {text}: "{NONE}" and "{ALL}" stand alone')
    if names == (ALL,):
        return tuple(_KINDS)
    return () if names == (NONE,) else names


@contextmanager
def stressed(kinds: tuple[str, ...]) -> Iterator[None]:
    """Keep these kinds of stress up."""
    with ExitStack() as stack:
        for kind in kinds:
            stack.enter_context(_KINDS[kind]())
        if kinds:
            time.sleep(_SETTLE_S)
        yield


def _multiply(stop: threading.Event) -> None:
    """Never leave the interpreter."""
    total = 0
    while not stop.is_set():
        for i in range(10_000):
            total += i * i


def _churn(stop: threading.Event) -> None:
    """Make garbage beside a large heap: the collector stops everybody to look through it."""
    heap = [[i, {i: [i]}] for i in range(_HEAP)]
    while not stop.is_set():
        heap[0] = [[i] for i in range(20_000)]


def _threaded(work: Callable[[threading.Event], None]) -> "_Kind":
    @contextmanager
    def kind() -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=work, args=(stop,), name=work.__name__, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    return kind


@contextmanager
def _burning() -> Iterator[None]:
    """Run a busy process a core, at ordinary priority; they end with this one, however it ends."""
    command = [sys.executable, "-c", _BURNER]
    burners = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.communicate()


_Kind = Callable[[], AbstractContextManager[None]]
_KINDS = {"gil": _threaded(_multiply), "gc": _threaded(_churn), "cpu": _burning}
