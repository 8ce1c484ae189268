"""An onlooker whose threads keep the brain's interpreter busy."""

import ctypes
import threading
from collections.abc import Callable
from typing import Self

from msgspec import Struct

from neuroloop.bench.loop.stress import stressed
from neuroloop.core.message import R_INDEX, RECORD_BYTES
from neuroloop.core.ports import Site
from neuroloop.core.values import UInt8s
from neuroloop.drill.parts.trigger import Trigger

_HELD_US = 400_000
_LOOK_EVERY = 20
_NAP_S = 0.01


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sink.NAME]``."""

    trigger: str = "trigger"
    """a file; while it says ``gil`` or ``gc`` there is that stress, ``hold`` keeps the interpreter
    once in a piece of C that never lets it go"""


class Hog:
    """Looks for its word every few ticks."""

    def __init__(self, trigger: Trigger) -> None:
        self._trigger = trigger
        self._word = ""
        self._end = threading.Event()

    def __enter__(self) -> Self:
        """Begin to look on."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let what is busy end."""
        self._end.set()

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """See whether there is something to do."""
        del record
        if outcome[:RECORD_BYTES].view("int64")[R_INDEX] % _LOOK_EVERY:
            return
        word = self._trigger.word
        if word != self._word:
            self._word = word
            if word:
                threading.Thread(target=self._busy, args=(word,), name=word, daemon=True).start()

    def _busy(self, word: str) -> None:
        if word == "hold":
            _hold(ctypes.PyDLL(None).usleep)
            self._trigger.obeyed()
            return
        with stressed((word,)):
            self._trigger.obeyed()
            while self._trigger.word == word and not self._end.wait(_NAP_S):
                pass


def _hold(usleep: Callable[[int], int]) -> None:
    """Sleep without letting the interpreter go, as badly written extensions work."""
    usleep(_HELD_US)


def build(config: Config, site: Site) -> Hog:
    """Make the onlooker."""
    return Hog(Trigger(site.folder / config.trigger))
