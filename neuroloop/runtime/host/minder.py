"""Looks after a host's process, tells what happens to it, and starts it again where that helps."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from neuroloop.core.shared import load
from neuroloop.core.values import Int64s
from neuroloop.runtime.host.backoff import Backoff
from neuroloop.runtime.host.child import Child
from neuroloop.runtime.host.memory import HEARTBEAT

_log = logging.getLogger("neuroloop.host")
_SILENT_NS = 200_000_000
_HANGS_NS = 5_000_000_000
"""a process of sensors that stands still for so long is started anew"""
_START_NS = 60_000_000_000


@dataclass(frozen=True)
class Change:
    """Something happened to a sensor or to the body."""

    name: str
    """of the sensor, or of the host where it is the body"""
    what: Literal["lost", "back"]
    text: str


class Minder:
    """Keeps one process; `look` never waits.

    Parameters
    ----------
    names
        What is lost with the process.
    what
        The same in words.
    child
        Its first life.
    words
        Where its heart beats, see `memory`.
    again
        Starts another life, at a time of the monotonic clock; without it the first is the only one.
    """

    def __init__(
        self,
        names: Sequence[str],
        what: str,
        child: Child,
        words: Int64s,
        again: Callable[[int], Child] | None,
    ) -> None:
        self.child: Child | None = child
        self.dead = ""
        """why there is no process and never will be one"""
        self._names, self._what, self._words, self._again = names, what, words, again
        self._backoff = Backoff()
        self._lost = self._begun = False
        self._retry_ns = 0
        self._since_ns = 0
        """since when it must go round, 0 where it is still getting ready"""
        self._started_ns = 0
        self._counts: dict[str, Counter[str]] = {}

    def counts(self, name: str) -> Mapping[str, int]:
        """Return what a sensor counted in all lives."""
        past = self._counts.get(name, Counter())
        return past if self.child is None else past + Counter(self.child.counts.get(name, {}))

    def begin(self, now_ns: int) -> None:
        """From now on it must go round."""
        self._begun, self._since_ns = True, now_ns

    def look(self, now_ns: int) -> list[Change]:
        """Return what happened since the last look."""
        child = self.child
        if child is None:
            if not self.dead and self._again is not None and now_ns >= self._retry_ns:
                self._start(self._again, now_ns)
            return []
        running = child.running  # before listening: what it said before it ended counts
        child.hear()
        changes = [
            Change(n.name or self._names[0], "back" if n.well else "lost", n.text)
            for n in child.notices()
        ]
        if not running:
            return changes + self._ended(child, now_ns)
        return changes + self._stands_still(child, now_ns)

    def close(self) -> None:
        """End it."""
        if self.child is not None:
            self.child.close()
            for name, counts in self.child.counts.items():
                self._counts.setdefault(name, Counter()).update(counts)
            self.child = None

    def _start(self, again: Callable[[int], Child], now_ns: int) -> None:
        try:
            self.child = again(now_ns)
        except OSError as error:  # no process or no file is to be had just now
            _log.warning("%s: its process cannot be started: %s", self._what, error)
            self._retry_ns = self._backoff.failed(now_ns)
        self._started_ns, self._since_ns = now_ns, 0

    def _ended(self, child: Child, now_ns: int) -> list[Change]:
        text = f"{self._what}: its process {child.how_it_ended()}"
        if child.failure is not None:
            text = child.failure.text
        self.close()
        if self._again is None:
            self.dead = text
        else:
            self._retry_ns = self._backoff.failed(now_ns)
        if self._lost:  # no news, but why it does not come back
            _log.warning("%s", text)
        return self._change(text, lost=True)

    def _stands_still(self, child: Child, now_ns: int) -> list[Change]:
        if not self._begun or not self._ready(child, now_ns):
            return []
        beat_ns = load(self._words, HEARTBEAT)
        still_ns = now_ns - max(beat_ns, self._since_ns)
        if still_ns > _SILENT_NS:
            if still_ns > _HANGS_NS and self._again is not None:
                child.kill()
            silent = f"has not answered for {_SILENT_NS / 1e9:g} s"
            return self._change(f"{self._what}: its process {silent}", lost=True)
        if beat_ns > self._since_ns:
            return self._change(f"{self._what}: its process runs again", lost=False)
        return []

    def _ready(self, child: Child, now_ns: int) -> bool:
        """Whether its parts are open; where that takes too long it is ended."""
        if self._since_ns:
            return True
        if child.built is not None:
            self._since_ns = now_ns
            return True
        if now_ns - self._started_ns > _START_NS:
            child.kill()
        return False

    def _change(self, text: str, *, lost: bool) -> list[Change]:
        """Return the news, where it is news."""
        if lost == self._lost:
            return []
        self._lost = lost
        return [Change(name, "lost" if lost else "back", text) for name in self._names]
