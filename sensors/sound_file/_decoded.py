"""FLAC and whatever else libsndfile decodes, through the package soundfile."""

import importlib
import sys
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError, MachineError


class Decoded:
    """A compressed file; a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rate_hz = self.channels = self.frames = self.announced = 0

    def __enter__(self) -> Self:
        """Open it."""
        try:
            package: Any = importlib.import_module("soundfile")
        except (ImportError, OSError) as error:
            raise MachineError(
                f"{self._path}: no WAV file, and others need soundfile ({error}):"
                f' {sys.executable} -m pip install "neuroloop[audio]"'
            ) from error
        self._error = package.SoundFileError
        try:
            self._file = package.SoundFile(str(self._path))
        except self._error as error:
            raise ConfigError(
                f"`path`: {self._path}: not sound that can be read: {error}"
            ) from error
        self.rate_hz, self.channels = int(self._file.samplerate), int(self._file.channels)
        self.frames = self.announced = int(self._file.frames)
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._file.close()

    def read(self, first: int, n: int) -> NDArray[np.floating]:
        """Return ``float32[m, channels]`` from sample ``first`` on, fewer where it is damaged."""
        try:
            if self._file.tell() != first:
                self._file.seek(first)
            samples: NDArray[np.floating] = self._file.read(n, "float32", always_2d=True)
        except self._error:
            samples = np.empty((0, self.channels), np.float32)
        if len(samples) < min(n, self.frames - first):
            self.frames = first + len(samples)
        return samples
