"""A log of the CARMEN robot toolkit, in which many published recordings of range finders are.

Text, one message a line, each with its time in seconds.  ``read`` says which are wanted:

* ``FLASER``: a scan of half a turn, right to left, a degree or half a degree apart,
* ``ROBOTLASER1`` and ``RAWLASER1`` (or another number): a scan with its angles and largest range,
* ``ODOM``: odometry as `Scalars`: x_m, y_m, yaw_rad, v_mps, w_radps.

Run time begins with the first message of the file that has a time, so that two sensors that read
the same file agree.

Source of the form: M. Montemerlo, N. Roy and S. Thrun, "Perspectives on standardization in mobile
robot programming: the Carnegie Mellon navigation (CARMEN) toolkit", IROS, 2003.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Ranges, Scalars, SourceSpec
from sensors._distances import Meaning, Zero
from sensors._tally import Tally

ODOMETRY = ("x_m", "y_m", "yaw_rad", "v_mps", "w_radps")
_MOST_BYTES = 1 << 28
_MOST_BEAMS = 10_000
_MOST_S = 1e11
"""three thousand years: a larger number is not a time"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sensor.NAME]`` with ``kind = "carmen_log"``."""

    path: str
    """a path beside the run file"""
    read: Annotated[str, Meta(pattern=r"^(FLASER|RLASER|(ROBOT|RAW)LASER\d|ODOM)$")] = "FLASER"
    """the messages that are wanted"""
    min_m: NotNegative = 0.02
    """below it there is no measurement"""
    max_m: Positive = 80.0
    """from it on there is nothing within range, and from the largest range that a message says"""
    zero: Zero = "no_measurement"
    """what a range of 0 means"""


@dataclass(frozen=True, slots=True, eq=False)
class _Message:
    t_us: int
    values: Float32s
    bearing_rad: Float32s | None = None


class CarmenLog:
    """Yields the wanted messages of one file; a context manager."""

    def __init__(self, config: Config, site: Site) -> None:
        self._config, self._name = config, site.name
        self._path = site.folder / config.path
        self._meaning = Meaning(1.0, config.min_m, config.max_m, config.zero)
        self._tally = Tally(f'sensor "{site.name}"')
        self._messages: list[_Message] = []
        self._next = 0

    def __enter__(self) -> Self:
        """Read the whole file."""
        self._meaning.check()
        kinds: Counter[str] = Counter()
        first_us: int | None = None
        found: list[_Message] = []
        for number, line in enumerate(_lines(self._path), 1):
            words = line.split()
            t_us = _time_us(words)
            if t_us is None:
                continue  # a comment, a parameter
            kinds[words[0]] += 1
            first_us = t_us if first_us is None else first_us
            if words[0] == self._config.read:
                self._keep(found, words, t_us, number)
        if not found:
            there = ", ".join(f"{kind} ({n})" for kind, n in kinds.most_common(8)) or "no messages"
            raise ConfigError(
                f"`read`: {self._path} has no {self._config.read} that can be read; it has {there}"
            )
        zero_us = min(first_us or 0, found[0].t_us)
        self._messages = [_Message(m.t_us - zero_us, m.values, m.bearing_rad) for m in found]
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held open."""

    @property
    def spec(self) -> SourceSpec:
        """What it yields; known once it is open."""
        times = [m.t_us for m in self._messages]
        period_us = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        rate_hz = 1e6 / period_us if period_us else 0.0
        first = self._messages[0]
        if first.bearing_rad is None:
            shape = first.values.shape
            return SourceSpec(self._name, Scalars, shape, rate_hz, labels=ODOMETRY)
        return SourceSpec(
            name=self._name,
            reading=Ranges,
            shape=first.values.shape,
            rate_hz=rate_hz,
            unit="m",
            low=self._config.min_m,
            high=self._config.max_m,
            bearing_rad=first.bearing_rad,
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """Wanted messages that could not be read."""
        return self._tally.counts

    @property
    def ended(self) -> bool:
        """Whether the last message was returned."""
        return self._next == len(self._messages)

    def read(self, until_us: int) -> list[Ranges | Scalars]:
        """Return the messages stamped before ``until_us``."""
        found: list[Ranges | Scalars] = []
        while not self.ended and self._messages[self._next].t_us < until_us:
            m = self._messages[self._next]
            if m.bearing_rad is None:
                found.append(Scalars(m.t_us, m.values))
            else:
                found.append(Ranges(m.t_us, m.values, m.bearing_rad))
            self._next += 1
        return found

    def snapshot(self) -> bytes:
        """Return the number of the next message."""
        return self._next.to_bytes(8, "little")

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot."""
        self._next = int.from_bytes(state, "little")

    def _keep(self, found: list[_Message], words: list[str], t_us: int, number: int) -> None:
        """Append a message, if it is one, of the same size, and not before the last."""
        try:
            message = self._message(words, t_us)
        except (ValueError, IndexError, OverflowError):
            self._tally.add("messages that are cut or none", f"line {number}")
            return
        if found and t_us < found[-1].t_us:
            self._tally.add("messages out of order", f"line {number}")
        elif found and message.values.shape != found[0].values.shape:
            self._tally.add("scans of another size", f"line {number}")
        else:
            found.append(message)

    def _message(self, words: list[str], t_us: int) -> _Message:
        """Return what a message says; the errors of numbers where it is none."""
        kind = self._config.read
        if kind == "ODOM":
            return _Message(t_us, np.array([_number(w) for w in words[1:6]], np.float32))
        if kind in ("FLASER", "RLASER"):
            n, at, most_m = _count(words[1]), 2, math.inf
            degrees = 0.5 if n in (360, 361) else 1.0 if n in (180, 181) else 180.0 / n
            start_rad, step_rad = -math.pi / 2, math.radians(degrees)
        else:
            start_rad, step_rad, most_m = (_number(words[k]) for k in (2, 4, 5))
            n, at = _count(words[8]), 9
        ranges = np.array([float(w) for w in words[at : at + n]])
        # after the ranges come at least a time, a host and the logger's time
        if len(ranges) < n or len(words) < at + n + 3:
            raise ValueError
        if most_m > 0:
            ranges[ranges >= most_m] = np.inf
        bearing_rad = (start_rad + step_rad * np.arange(n)).astype(np.float32)
        metres = self._meaning.metres(ranges)
        return _Message(t_us, metres[::-1].copy(), bearing_rad[::-1].copy())


def build(config: Config, site: Site) -> CarmenLog:
    """Return a source of `Ranges` or `Scalars`, to be entered before it is read."""
    return CarmenLog(config, site)


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(
                f"`path`: {path}: larger than {_MOST_BYTES >> 20} MiB; cut it into shorter logs"
            )
        return path.read_text("utf-8", errors="replace").split("\n")
    except OSError as error:
        raise ConfigError(f"`path`: {path}: cannot be read: {error.strerror}") from error


def _time_us(words: list[str]) -> int | None:
    """Return the time of a message, which comes before the host and the logger's time."""
    if len(words) < 5 or words[0].startswith(("#", "PARAM")):
        return None
    try:
        seconds = float(words[-3])
    except ValueError:
        return None
    return round(seconds * 1e6) if abs(seconds) < _MOST_S else None


def _number(word: str) -> float:
    value = float(word)
    if not math.isfinite(value):
        raise ValueError
    return value


def _count(word: str) -> int:
    n = int(word)
    if not 1 <= n <= _MOST_BEAMS:
        raise ValueError
    return n
