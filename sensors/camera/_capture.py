"""The thread that a camera has to itself: it fetches pictures, and keeps the newest."""

import threading
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise

from neuroloop.core.errors import NeuroloopError, PartError
from neuroloop.core.values import UInt8s
from sensors.camera._mode import same_rate
from sensors.camera._stream import Picture, Shot, Stream

_END_S = 0.5
"""how long a thread that is to end is waited for; one inside a driver ends when that lets it go"""
GAPS = 5
"""times between frames from which a rate is found"""


class Capture:
    """Fetches pictures from start to stop; `take` never waits.

    Parameters
    ----------
    name
        Of the sensor, for messages.
    opened
        Opens the camera, on the thread.
    developed
        Makes what is wanted of a picture, on the thread.
    """

    def __init__(
        self, name: str, opened: Callable[[], Stream], developed: Callable[[Picture], UInt8s]
    ) -> None:
        self._opened, self._developed = opened, developed
        self._stream: Stream | None = None
        self._newest: Shot | None = None
        self._overtaken = self._stale_before = 0
        self._arrivals: list[int] = []
        self._stopped = threading.Event()
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f'camera "{name}"', daemon=True)
        self.error: NeuroloopError | None = None
        """what it ended with"""
        self.heard_us = 0
        """when the newest picture arrived"""

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped.is_set()

    @property
    def stale(self) -> int:
        """Pictures that were never taken, because a newer one came, since `forget`."""
        return self._all_stale() - self._stale_before

    @property
    def damaged(self) -> int:
        """Pictures that could not be decoded."""
        return self._stream.damaged if self._stream else 0

    @property
    def refused(self) -> tuple[str, ...]:
        """What the camera would not do, in words."""
        return self._stream.refused if self._stream else ()

    def start(self) -> None:
        """Begin to open the camera."""
        self._thread.start()

    def stop(self) -> None:
        """End, and let the camera go."""
        self._stopped.set()
        if self._stream is not None:
            self._stream.interrupt()
        self._thread.join(_END_S)

    def forget(self) -> None:
        """Count stale pictures from here on."""
        self._stale_before = self._all_stale()

    def first(self, seconds: float, measuring_s: float) -> float:
        """Wait for the first picture, and for so many that their rate is known; return it.

        A camera that is much slower than ``measuring_s`` counts as one of 1 Hz.

        Raises
        ------
        NeuroloopError
            Where none came within ``seconds``.
        """
        with self._news:
            self._news.wait_for(lambda: self.error or self._arrivals, seconds)
            if self.error is None and not self._arrivals:
                raise PartError(f"no picture came within {seconds:g} s")
            self._news.wait_for(lambda: self.error or len(self._arrivals) > GAPS, measuring_s)
            arrivals = list(self._arrivals)
        if self.error is not None:
            raise self.error
        gaps = sorted(b - a for a, b in pairwise(arrivals))
        measured_hz = 1e6 / max(gaps[len(gaps) // 2], 1) if gaps else 1.0
        said_hz = self._stream.rate_hz if self._stream else 0.0
        return said_hz if said_hz and same_rate(said_hz, measured_hz) else measured_hz

    def newest(self) -> Shot | None:
        """Return the newest picture and leave it where it is; None where it was taken."""
        return self._newest

    def take(self, shot: Shot) -> None:
        """Take a picture away, unless a newer one came meanwhile."""
        with self._news:
            if self._newest is shot:
                self._newest = None

    def _all_stale(self) -> int:
        return self._overtaken + (self._stream.stale if self._stream else 0)

    def _run(self) -> None:
        try:
            stream = self._stream = self._opened()
            with closing(stream):
                while not self.stopped:
                    self._keep(stream.next())
        except NeuroloopError as error:
            self._end(error)
        except Exception as error:  # OpenCV raises its own for whatever a driver does
            self._end(PartError(f"{type(error).__name__}: {error}"))

    def _keep(self, shot: Shot) -> None:
        grey = Shot(self._developed(shot.picture), shot.arrived_us)
        with self._news:
            self._overtaken += self._newest is not None
            self._newest, self.heard_us = grey, shot.arrived_us
            if len(self._arrivals) <= GAPS:
                self._arrivals.append(shot.arrived_us)
                self._news.notify_all()

    def _end(self, error: NeuroloopError) -> None:
        if self.stopped:
            return
        with self._news:
            self.error = error
            self._news.notify_all()
