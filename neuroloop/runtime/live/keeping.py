"""Saves the state of a live run every few seconds, so that a crash loses little."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from neuroloop.core.errors import NeuroloopError
from neuroloop.runtime.loop import Loop

_END_S = 5.0


class Keeping:
    """A companion of a live run; without one it does nothing."""

    def __init__(self, loop: Loop, path: Path, every_s: float) -> None:
        self._loop, self._path, self._every_s = loop, path, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="saving", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self._stop.set()
        self._thread.join(_END_S)

    def _run(self) -> None:
        live = self._loop.live
        while live is not None and not self._stop.wait(self._every_s):
            if live.tick is None or not live.tick.running:
                continue
            try:
                live.save(str(self._path))
            except NeuroloopError as error:
                live.say(f"the state was not saved: {error}")
