"""Writes the scans of a source, as they enter the ticks, to a text file, one scan a line.

First the time in microseconds, then the ranges in whole millimetres from right to left, as a
scanner that turns counter-clockwise gives them; 0 is no measurement, `BEYOND_MM` nothing within
range.  The sensor kind ``lidar_log`` reads it, with ``fov_deg`` and the limits of the source.
"""

import math
from pathlib import Path
from typing import Self, TextIO

import numpy as np
from msgspec import Struct

from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.message import Kind, messages, reading_of
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Ranges, SourceSpec, UInt8s

BEYOND_MM = 1_000_000
"""farther than any range finder sees"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sink.NAME]`` with ``kind = "lidar_log"``."""

    source: str
    """name of the sensor"""
    path: str
    """a path beside the run file; a file that is there is replaced at the end of a run that gave a
    scan"""


class LidarLog:
    """A context manager; until it is left the file is called ``PATH.part``."""

    def __init__(self, path: Path, source: SourceSpec, port: int) -> None:
        self._path, self._source, self._port = path, source, port
        self._part = path.with_name(path.name + ".part")
        self._file: TextIO | None = None
        self._scans = 0

    def __enter__(self) -> Self:
        """Start the file."""
        try:
            self._file = self._part.open("w", encoding="ascii")
        except OSError as error:
            raise self._cannot_write(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        """Give the file its name; what was written before a run failed is kept too.

        Where no scan was written an earlier recording stays as it is: the run may not have started.
        """
        if self._file is None:
            return
        try:
            self._file.close()
            if self._scans:
                self._part.replace(self._path)
            else:
                self._part.unlink()
        except OSError as error:
            raise self._cannot_write(error) from error

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Write the scans that entered a tick."""
        del outcome
        for message in messages(record):
            if message.kind is Kind.READING and message.port == self._port:
                scan = reading_of(self._source, message)
                if isinstance(scan, Ranges):
                    self._write(scan)

    def _write(self, scan: Ranges) -> None:
        rightmost_first = np.argsort(scan.bearing_rad, kind="stable")
        numbers = (str(n) for n in millimetres(scan.metres[rightmost_first]))
        if self._file is not None:
            try:
                self._file.write(f"{scan.t_us} {' '.join(numbers)}\n")
            except OSError as error:
                raise self._cannot_write(error) from error
            self._scans += 1

    def _cannot_write(self, error: OSError) -> MachineError:
        return MachineError(f"cannot write {self._path}: {error.strerror}")


def build(config: Config, site: Site) -> LidarLog:
    """Return the sink, to be entered before the first tick."""
    source = site.source
    if source is None or source.reading is not Ranges or source.bearing_rad is None:
        raise ConfigError(f'`source`: "{config.source}" is no range finder; one is wanted')
    _check_even(source.bearing_rad, config.source)
    return LidarLog(site.folder / config.path, source, site.port)


def millimetres(metres: Float32s) -> list[int]:
    """Return ranges as the whole numbers of the file.

    >>> millimetres(np.array([1.2345, np.nan, np.inf], np.float32))
    [1234, 0, 1000000]
    """
    whole = np.rint(np.nan_to_num(metres.astype(np.float64), nan=0.0, posinf=math.inf) * 1e3)
    return [int(n) for n in np.clip(whole, 0, BEYOND_MM)]


def _check_even(bearing_rad: Float32s, source: str) -> None:
    """Refuse beams whose bearings the file, which has none, could not give back."""
    k = len(bearing_rad)
    ordered = np.sort(bearing_rad.astype(np.float64))
    even = ordered[0] + np.arange(k) * (ordered[-1] - ordered[0]) / max(k - 1, 1)
    if np.abs(ordered - even).max() > 1e-3 or abs(ordered[0] + ordered[-1]) > 1e-3:
        raise ConfigError(
            f'`source`: the beams of "{source}" are not spread evenly to both sides of straight'
            " ahead; a log of scans keeps no bearings"
        )
