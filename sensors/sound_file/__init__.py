"""A recording as a microphone: WAV, raw samples, and FLAC (``pip install "neuroloop[audio]"``).

WAV of 8, 16, 24 and 32 bits and of floats is read as it is; of a file that was cut short what is
there is heard, and a line says so.  The first sample is taken at run time 0, sample k at
``k / rate``; a `Sound` is stamped with the time of its last sample.  The last block may be shorter.
"""

import logging
from collections.abc import Mapping
from typing import Annotated, Literal, Self

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Sound, SourceSpec
from sensors.sound_file._decoded import Decoded
from sensors.sound_file._pcm import Layout, Pcm, wav_layout

_log = logging.getLogger(__name__)
_RAW = (".raw", ".pcm")


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    path: str
    """a path beside the run file"""
    block_ms: Annotated[float, Meta(ge=1, le=1000)] = 10.0
    """of sound in a reading"""
    loop: bool = False
    """start again at the end, for ever, without a gap"""
    rate_hz: Annotated[int, Meta(ge=1000, le=384_000)] = 16_000
    channels: Annotated[int, Meta(ge=1, le=64)] = 1
    encoding: Literal["uint8", "int16", "int24", "int32", "float32", "float64"] = "int16"
    """rate, channels and encoding of files that end in .raw or .pcm; others say it themselves"""


class SoundFile:
    """Yields the blocks of one file; a context manager."""

    def __init__(self, config: Config, site: Site) -> None:
        self._config, self._name = config, site.name
        self._path = site.folder / config.path
        self._file: Pcm | Decoded | None = None
        self._block = 1
        self._next = 0  # sample that comes next, counted on where the file loops
        self._wrong = 0

    def __enter__(self) -> Self:
        """Open the file and read its header."""
        self._file = self._opened().__enter__()
        if self._file.frames == 0:
            self._file.__exit__()
            raise ConfigError(f"`path`: {self._path}: holds no sound")
        self._block = max(round(self._file.rate_hz * self._config.block_ms * 1e-3), 1)
        self._say_what_is_missing()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.__exit__()

    @property
    def spec(self) -> SourceSpec:
        """What it yields; known once it is open."""
        file = self._opened_file
        return SourceSpec(
            name=self._name,
            reading=Sound,
            shape=(self._block, file.channels),
            rate_hz=file.rate_hz / self._block,
            low=-1.0,
            high=1.0,
            repeats=True,
        )

    @property
    def ended(self) -> bool:
        """Whether the last block was returned; never, where it loops."""
        frames = self._opened_file.frames
        return frames == 0 or (not self._config.loop and self._next >= frames)

    @property
    def counts(self) -> Mapping[str, int]:
        """What was in the file that is no sample."""
        return {"samples that were no number or beyond -1...1": self._wrong}

    def read(self, until_us: int) -> list[Sound]:
        """Return the blocks whose last sample was taken before ``until_us``."""
        file, found = self._opened_file, []
        while not self.ended:
            left = self._block if self._config.loop else file.frames - self._next
            last = self._next + min(self._block, left) - 1
            t_us = last * 1_000_000 // file.rate_hz
            if t_us >= until_us:
                break
            samples = self._samples(last + 1 - self._next)
            self._next += len(samples)
            if len(samples):
                found.append(Sound(t_us, samples, float(file.rate_hz)))
        return found

    def snapshot(self) -> bytes:
        """Return the number of the next sample."""
        return self._next.to_bytes(8, "little")

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot."""
        self._next = int.from_bytes(state, "little")

    @property
    def _opened_file(self) -> Pcm | Decoded:
        if self._file is None:
            raise ConfigError(f"`path`: {self._path}: is not open")
        return self._file

    def _opened(self) -> Pcm | Decoded:
        config, path = self._config, self._path
        try:
            if path.suffix.lower() in _RAW:
                path.open("rb").close()
                return Pcm(path, Layout(config.encoding, config.channels, config.rate_hz))
            layout = wav_layout(path)
        except OSError as error:
            raise ConfigError(f"`path`: {path}: cannot be read: {error.strerror}") from error
        return Decoded(path) if layout is None else Pcm(path, layout)

    def _samples(self, n: int) -> Float32s:
        """Return the next ``n`` samples, from the first again where the file loops."""
        file, parts, have = self._opened_file, [], 0
        frames = file.frames
        while file.frames and have < n and (self._config.loop or self._next + have < file.frames):
            part = file.read((self._next + have) % file.frames, n - have)
            if file.frames < frames:
                self._say_what_is_missing()
            if len(part) == 0:
                break
            parts.append(part)
            have += len(part)
        samples = np.concatenate(parts) if parts else np.empty((0, file.channels), np.float32)
        good = np.abs(samples) <= 1.0
        if not good.all():
            self._wrong += int((~good).sum())
            samples = np.nan_to_num(samples, nan=0.0).clip(-1.0, 1.0)
        return samples.astype(np.float32)

    def _say_what_is_missing(self) -> None:
        file = self._opened_file
        if file.frames < file.announced:
            _log.warning(
                "%s: only %.3f of %.3f s of sound are there; the file was cut short",
                self._path,
                file.frames / file.rate_hz,
                file.announced / file.rate_hz,
            )


def build(config: Config, site: Site) -> SoundFile:
    """Return a source of `Sound`, to be entered before it is read."""
    return SoundFile(config, site)
