"""Saves the state of a live run every few seconds, so that a crash loses little."""

from contextlib import AbstractContextManager
from pathlib import Path

from neuroloop.core.errors import NeuroloopError
from neuroloop.runtime.companion import again
from neuroloop.runtime.loop import Loop


def keeping(loop: Loop, path: Path, every_s: float) -> AbstractContextManager[None]:
    """Return a companion of a live run that saves its state to ``path`` again and again."""

    def save() -> None:
        live = loop.live
        if live is None or live.tick is None or not live.tick.running:
            return
        try:
            live.save(str(path))
        except NeuroloopError as error:
            live.say(f"the state was not saved: {error}")

    return again("saving", every_s, save)
