"""Samples as numbers in a file, with a WAV header before them or none."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Float32s

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)
"""what a recorder that cannot go back writes for the size of its samples"""
ENCODINGS = {
    (_PCM, 8): "uint8",
    (_PCM, 16): "int16",
    (_PCM, 24): "int24",
    (_PCM, 32): "int32",
    (_FLOAT, 32): "float32",
    (_FLOAT, 64): "float64",
}
_BYTES = {"uint8": 1, "int16": 2, "int24": 3, "int32": 4, "float32": 4, "float64": 8}


@dataclass(frozen=True)
class Layout:
    """How the samples of a file lie."""

    encoding: str
    channels: int
    rate_hz: int
    start: int = 0
    """byte of the first sample"""
    announced: int = -1
    """bytes that the header speaks of; -1 where it does not"""

    @property
    def frame_bytes(self) -> int:
        """Of one sample of all channels."""
        return _BYTES[self.encoding] * self.channels


class Pcm:
    """A file of samples; a context manager.

    Attributes
    ----------
    frames, announced
        How many samples a channel has, and how many the header speaks of.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path, self._layout = path, layout
        self.rate_hz, self.channels = layout.rate_hz, layout.channels
        self.frames = self.announced = 0

    def __enter__(self) -> Self:
        """Open it."""
        layout = self._layout
        self._file = self._path.open("rb")
        there = max(self._path.stat().st_size - layout.start, 0)
        announced = there if layout.announced < 0 else layout.announced
        self.frames = min(there, announced) // layout.frame_bytes
        self.announced = announced // layout.frame_bytes
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._file.close()

    def read(self, first: int, n: int) -> NDArray[np.floating]:
        """Return ``float[m, channels]`` from sample ``first`` on, ``m <= n`` at the end."""
        layout = self._layout
        n = min(n, self.frames - first)
        self._file.seek(layout.start + first * layout.frame_bytes)
        raw = self._file.read(n * layout.frame_bytes)
        whole = len(raw) // layout.frame_bytes * layout.frame_bytes
        if whole < n * layout.frame_bytes:  # somebody shortened the file meanwhile
            self.frames = first + whole // layout.frame_bytes
        return numbers(raw[:whole], layout.encoding).reshape(-1, layout.channels)


def numbers(raw: bytes, encoding: str) -> NDArray[np.floating]:
    """Return samples of any encoding as numbers of which 1 is full scale."""
    if encoding == "uint8":
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - 128.0) / 128.0
    if encoding == "int16":
        return np.frombuffer(raw, "<i2").astype(np.float32) / 32768.0
    if encoding == "int24":
        padded = np.zeros((len(raw) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return _from_int32(padded.view("<i4").ravel())
    if encoding == "int32":
        return _from_int32(np.frombuffer(raw, "<i4"))
    return np.frombuffer(raw, "<f4" if encoding == "float32" else "<f8")


def _from_int32(values: NDArray[np.int32]) -> Float32s:
    return (values / 2147483648.0).astype(np.float32)


def wav_layout(path: Path) -> Layout | None:
    """Read the header of a WAV file; None where the file is none.

    Raises
    ------
    ConfigError
        Where its header is broken, or the samples are of a kind that is not read.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        form: tuple[int, int, int, int] | None = None
        while len(chunk := file.read(8)) == 8:
            name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
            if name == b"fmt ":
                form = _format(path, file.read(min(size, 1024)))
                file.seek(max(size - 1024, 0) + size % 2, 1)
            elif name == b"data" and form is not None:
                code, channels, rate_hz, bits = form
                encoding = _encoding(path, code, bits)
                announced = -1 if size in _UNKNOWN_SIZES else size
                _check(path, channels, rate_hz)
                return Layout(encoding, channels, rate_hz, file.tell(), announced)
            else:
                file.seek(size + size % 2, 1)
    raise ConfigError(f"`path`: {path}: a WAV file without samples, or cut off in its header")


def _format(path: Path, form: bytes) -> tuple[int, int, int, int]:
    if len(form) < 16:
        raise ConfigError(f"`path`: {path}: the header of this WAV file is cut off")
    code, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", form[:16])
    if code == _EXTENSIBLE and len(form) >= 26:
        code = struct.unpack("<H", form[24:26])[0]
    return code, channels, rate_hz, bits


def _encoding(path: Path, code: int, bits: int) -> str:
    encoding = ENCODINGS.get((code, bits))
    if encoding is None:
        raise ConfigError(
            f"`path`: {path}: {bits}-bit samples of WAV format {code}; read are whole numbers of"
            " 8, 16, 24 and 32 bits (format 1) and floats of 32 and 64 (format 3)"
        )
    return encoding


def _check(path: Path, channels: int, rate_hz: int) -> None:
    if not (1 <= channels <= 64 and 1000 <= rate_hz <= 384_000):
        raise ConfigError(
            f"`path`: {path}: {channels} channels at {rate_hz} samples a second; read are 1 to 64"
            " channels at 1,000 to 384,000"
        )
