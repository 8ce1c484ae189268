"""What a board says over a serial line, one reading a line: an IMU, wheel odometry, range finders.

A line is numbers apart by commas or white space (``numbers``) or a JSON object or array (``json``).
With ``labels`` they are `Scalars`; with ``beams`` one scan of `Ranges`, first to last as
``direction`` says.  Readings are stamped with the moment their line ended.  A line that is none is
skipped and counted; a line that had begun before the port was opened is dropped.  Where more lines
come than are read, the oldest are dropped.  A port that goes away is an error, and a live run opens
it again.
"""

import importlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.device import Device
from neuroloop.core.errors import ConfigError, MachineError, PartError
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Ranges, Scalars, SourceSpec
from sensors import _bearings, _numbers
from sensors._distances import Meaning, Zero
from sensors._lines import LineFeed
from sensors._run_time import RunTime
from sensors._tally import Tally

MOST_WAITING = 1000
"""readings that wait to be read"""
_MOST_NUMBERS = 10_000


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sensor.NAME]`` with ``kind = "serial"``."""

    port: str
    """``/dev/ttyUSB0``; `neuroloop list devices` names those of this machine"""
    baud: Annotated[int, Meta(ge=50, le=20_000_000)] = 115_200
    format: Literal["numbers", "json"] = "numbers"
    labels: Annotated[list[str], Meta(max_length=256)] = []
    """of `Scalars`: names of the numbers of a line, those in the object where it is JSON"""
    beams: Annotated[int, Meta(ge=0, le=_MOST_NUMBERS)] = 0
    """of `Ranges`: how many numbers a scan has"""
    skip: Annotated[int, Meta(ge=0, le=1000)] = 0
    """numbers before those that count, such as the board's own clock"""
    rate_hz: Annotated[float, Meta(ge=0, le=100_000)] = 0.0
    """how often lines come; 0 when they come"""
    low: float = float("-inf")
    high: float = float("inf")
    """what `Scalars` may be; the guard stops for others"""
    unit_m: Positive = 1.0
    """`Ranges`: metres of a range of 1"""
    fov_deg: Annotated[float, Meta(gt=0, le=360)] = 360.0
    min_m: NotNegative = 0.0
    """below it there is no measurement"""
    max_m: Positive = 10.0
    """beyond it there is nothing within range"""
    zero: Zero = "no_measurement"
    """what a range of 0 means"""
    direction: Literal["right_to_left", "left_to_right"] = "left_to_right"
    """from the first range of a line to the last"""


class SerialLines:
    """Yields a reading a line; a context manager."""

    def __init__(self, config: Config, site: Site) -> None:
        where = f'sensor "{site.name}"'
        self._config, self._name = config, site.name
        self._meaning = Meaning(config.unit_m, config.min_m, config.max_m, config.zero)
        _check(config, where)
        if config.beams:
            self._meaning.check()
        self._bearing_rad = _bearings.of_beams(config.beams or 1, config.fov_deg)
        self._tally, self._time = Tally(where), RunTime()
        self._waiting: deque[tuple[int, Float32s]] = deque()
        self._lock = threading.Lock()
        self._newest_us, self._first = 0, True
        self._feed = LineFeed(f"{where}: {config.port}", self._open, self._take)

    def __enter__(self) -> Self:
        """Open the port.

        Raises
        ------
        PartError
            It cannot be opened.
        MachineError
            The package for serial ports is missing.
        """
        self._feed.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the port."""
        self._feed.__exit__()

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        config = self._config
        if config.beams:
            return SourceSpec(
                name=self._name,
                reading=Ranges,
                shape=(config.beams,),
                rate_hz=config.rate_hz,
                unit="m",
                low=config.min_m,
                high=config.max_m,
                bearing_rad=self._bearing_rad,
                stamped_by="arrival",
            )
        return SourceSpec(
            name=self._name,
            reading=Scalars,
            shape=(len(config.labels),),
            rate_hz=config.rate_hz,
            low=config.low,
            high=config.high,
            labels=tuple(config.labels),
            stamped_by="arrival",
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """What was no reading, and what was lost."""
        counts = dict(self._tally.counts)
        if self._feed.too_long:
            counts["lines that are too long"] = self._feed.too_long
        return counts

    def read(self, until_us: int) -> list[Scalars] | list[Ranges]:
        """Return what came before ``until_us``, which is now.

        Raises
        ------
        PartError
            The port is gone.
        """
        zero_us = self._time.read(until_us, time.monotonic_ns() // 1000)
        found: list[Any] = []
        with self._lock:
            while zero_us is not None and self._waiting:
                came_us, values = self._waiting[0]
                if came_us - zero_us >= until_us:
                    break
                self._waiting.popleft()
                if came_us >= zero_us:  # what is from before the run is of no use
                    self._newest_us = max(self._newest_us, came_us - zero_us)
                    found.append(self._reading(self._newest_us, values))
        if not found:
            self._feed.check()
            if self._feed.ended:
                raise PartError(f'sensor "{self._name}": {self._config.port}: was unplugged')
        return found

    def _reading(self, t_us: int, values: Float32s) -> Scalars | Ranges:
        if self._config.beams:
            return Ranges(t_us, values, self._bearing_rad)
        return Scalars(t_us, values)

    def _open(self) -> tuple[int, Callable[[], None]]:
        serial = _pyserial()
        try:
            port = serial.Serial(self._config.port, self._config.baud, timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise PartError(f'sensor "{self._name}": {self._config.port}: {_why(error)}') from error
        self._first = True
        return int(port.fileno()), port.close

    def _take(self, line: bytes, number: int, now_us: int) -> None:
        """Take a line in, on the feed's thread."""
        first, self._first = self._first, False
        if not line.strip():
            return
        values = self._values(line)
        if values is None:
            # the first one may have begun before we listened
            if not first:
                self._tally.add("lines that are no reading", f"line {number}")
            return
        missing = int(np.isnan(values).sum()) if not self._config.beams else 0
        if missing:
            self._tally.add("numbers that are missing", f"line {number}", missing)
        with self._lock:
            if full := len(self._waiting) >= MOST_WAITING:
                self._waiting.popleft()
            self._waiting.append((now_us, values))
        if full:
            self._tally.add("readings that nobody took")

    def _values(self, line: bytes) -> Float32s | None:
        """Return the numbers of a line, from left to right where they are ranges."""
        config = self._config
        wanted = config.beams or len(config.labels)
        if config.format == "json":
            labels = config.labels or [""] * (wanted + config.skip)
            found = _numbers.of_json(line, labels)
        else:
            found = _numbers.numbers(line, "", _MOST_NUMBERS + config.skip)
        found = found[config.skip :] if found is not None else []
        if len(found) != wanted:
            return None
        if not config.beams:
            return _numbers.to_float32(found)
        metres = self._meaning.metres(np.array(found))
        return metres[::-1].copy() if config.direction == "right_to_left" else metres


def build(config: Config, site: Site) -> SerialLines:
    """Return a source of `Scalars` or `Ranges`, to be entered before it is read."""
    return SerialLines(config, site)


def devices() -> Sequence[Device]:
    """Return the serial ports of this machine."""
    _pyserial()
    ports: Any = importlib.import_module("serial.tools.list_ports")
    # legacy ports, at which there is nothing, have no hardware id
    found = [port for port in sorted(ports.comports()) if port.hwid != "n/a"]
    return [Device(port.device, port.description, (port.hwid,)) for port in found]


def _check(config: Config, where: str) -> None:
    if bool(config.labels) == bool(config.beams):
        raise ConfigError(f"{where}: set `labels` for numbers, or `beams` for ranges")
    if len(set(config.labels)) < len(config.labels):
        raise ConfigError(f"{where}: `labels`: one is there twice")
    if config.labels and config.format == "json" and config.skip:
        raise ConfigError(f"{where}: `skip`: labels say already which numbers of an object count")
    if not config.low < config.high:
        raise ConfigError(f"{where}: low {config.low} is not below high {config.high}")


def _pyserial() -> Any:
    try:
        return importlib.import_module("serial")
    except ImportError as error:
        raise MachineError(
            f'serial ports need pyserial ({error}): pip install "neuroloop[serial]"'
        ) from error


def _why(error: Exception) -> str:
    number = getattr(error, "errno", None)
    words = {
        2: "no such device; neuroloop list devices names those there are",
        13: "no permission; the user must be in the group that owns it, often dialout",
        16: "another program uses it",
        11: "another program uses it",
        25: "is no serial port",
    }
    return words.get(number or 0, str(error))
