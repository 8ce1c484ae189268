"""Depth pictures in a folder: 16-bit grey PNG files, as RGB-D data sets have them, or NPY arrays.

A picture whose name is a number (``1305031453.374112.png``) was taken at that second; others come
by name at ``rate_hz``.  0 is no measurement unless ``zero`` says that it is nothing within range;
NPY arrays of floats may hold NaN and inf as well.  One picture is read at a time.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Depth, Float32s, SourceSpec
from sensors import _bearings
from sensors._distances import Meaning, Zero
from sensors._tally import Tally
from sensors.depth_log._picture import read_picture

_MOST_S = 1e11
"""three thousand years: a larger number is not a time"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sensor.NAME]`` with ``kind = "depth_log"``."""

    path: str
    """a folder beside the run file"""
    rate_hz: Positive | None = None
    """pictures a second; left out, their names are their times"""
    unit_m: Positive = 0.001
    """metres of 1: 0.001 is common, the TUM RGB-D data sets have 0.0002"""
    min_m: NotNegative = 0.1
    """below it there is no measurement"""
    max_m: Positive = 10.0
    """beyond it there is nothing within range"""
    zero: Zero = "no_measurement"
    """what 0 means"""
    stride: Annotated[int, Meta(ge=1, le=64)] = 1
    """take every so manieth pixel of every so manieth row"""
    fov_deg: Annotated[float, Meta(gt=0, lt=180)] = 60.0
    """horizontal field of view of the camera that took them"""


class DepthLog:
    """Yields the pictures of a folder; a context manager."""

    def __init__(self, config: Config, site: Site) -> None:
        self._config, self._name = config, site.name
        self._path = site.folder / config.path
        self._meaning = Meaning(config.unit_m, config.min_m, config.max_m, config.zero)
        self._tally = Tally(f'sensor "{site.name}"')
        self._files: list[tuple[int, Path]] = []
        self._shape = (0, 0)
        self._rate_hz = 0.0
        self._next = 0

    def __enter__(self) -> Self:
        """List the folder, and read the first picture for its size.

        Raises
        ------
        ConfigError
            There is no picture to be read.
        """
        self._meaning.check()
        self._files = _files(self._path, self._config.rate_hz)
        try:
            self._shape = self._metres(self._files[0][1]).shape
        except ValueError as error:
            raise ConfigError(f"`path`: {self._files[0][1]}: {error}") from error
        times = [t_us for t_us, _ in self._files]
        period_us = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        self._rate_hz = self._config.rate_hz or (1e6 / period_us if period_us else 0.0)
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held open."""

    @property
    def spec(self) -> SourceSpec:
        """What it yields; known once it is open."""
        return SourceSpec(
            name=self._name,
            reading=Depth,
            shape=self._shape,
            rate_hz=self._rate_hz,
            unit="m",
            low=self._config.min_m,
            high=self._config.max_m,
            bearing_rad=_bearings.of_columns(self._shape[1], self._config.fov_deg),
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """Pictures that could not be read."""
        return self._tally.counts

    @property
    def ended(self) -> bool:
        """Whether the last picture was returned."""
        return self._next == len(self._files)

    def read(self, until_us: int) -> list[Depth]:
        """Return the pictures stamped before ``until_us``; the first is stamped 0."""
        found = []
        while not self.ended and self._files[self._next][0] < until_us:
            t_us, path = self._files[self._next]
            self._next += 1
            try:
                metres = self._metres(path)
            except ValueError as error:
                self._tally.add("pictures that cannot be read", f"{path.name}, which {error}")
                continue
            if metres.shape == self._shape:
                found.append(Depth(t_us, metres))
            else:
                self._tally.add("pictures of another size", path.name)
        return found

    def snapshot(self) -> bytes:
        """Return the number of the next picture."""
        return self._next.to_bytes(8, "little")

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot."""
        self._next = int.from_bytes(state, "little")

    def _metres(self, path: Path) -> Float32s:
        stride = self._config.stride
        return self._meaning.metres(read_picture(path)[::stride, ::stride])


def build(config: Config, site: Site) -> DepthLog:
    """Return a source of `Depth`, to be entered before it is read."""
    return DepthLog(config, site)


def _files(folder: Path, rate_hz: float | None) -> list[tuple[int, Path]]:
    """Return the pictures of a folder with their stamps, in order."""
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".png", ".npy"))
    except OSError as error:
        raise ConfigError(f"`path`: {folder}: cannot be read: {error.strerror}") from error
    if not paths:
        raise ConfigError(f"`path`: {folder}: holds no .png or .npy file")
    if rate_hz is not None:
        return [(round(k * 1e6 / rate_hz), path) for k, path in enumerate(paths)]
    timed = sorted((_seconds(path), path) for path in paths)
    return [(round((t_s - timed[0][0]) * 1e6), path) for t_s, path in timed]


def _seconds(path: Path) -> float:
    try:
        t_s = float(path.stem)
    except ValueError:
        t_s = math.nan
    if not abs(t_s) < _MOST_S:
        raise ConfigError(
            f"`path`: {path}: its name is not its time in seconds; set `rate_hz` to play pictures"
            " by name"
        )
    return t_s
