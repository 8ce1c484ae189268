"""Labelled recordings: a folder or a zip of WAV files named ``WORD_SPEAKER_NUMBER.wav``."""

import io
import wave
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Float32s

MOST_S = 10.0
"""of one recording: longer ones are no single words"""


@dataclass(frozen=True, eq=False)
class Recording:
    """One word, said once."""

    word: str
    speaker: str
    samples: Float32s
    """``float32[n]`` in -1...1"""
    rate_hz: int


def read(place: Path) -> list[Recording]:
    """Return all recordings of a folder or zip, sorted by name.

    Raises
    ------
    ConfigError
        Where there are none, or one is not mono 16-bit WAV with a name that says word and speaker.
    """
    try:
        found = [_recording(name, data) for name, data in _files(place)]
    except (OSError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{place}: no folder or zip of recordings ({error})") from error
    if not found:
        raise ConfigError(f"{place}: holds no recordings WORD_SPEAKER_NUMBER.wav")
    return found


def _files(place: Path) -> Iterator[tuple[str, bytes]]:
    if place.is_dir():
        for path in sorted(place.glob("*.wav")):
            yield path.name, path.read_bytes()
        return
    with zipfile.ZipFile(place) as packed:
        for name in sorted(packed.namelist()):
            if name.endswith(".wav"):
                yield name.rpartition("/")[2], packed.read(name)


def _recording(name: str, data: bytes) -> Recording:
    parts = name.removesuffix(".wav").split("_")
    if len(parts) != 3:
        raise ConfigError(f"{name}: a recording is named WORD_SPEAKER_NUMBER.wav")
    try:
        samples, rate_hz = decoded(data)
    except (wave.Error, EOFError, ValueError) as error:
        raise ConfigError(f"{name}: mono WAV of 16 bits is wanted ({error})") from error
    if len(samples) > MOST_S * rate_hz:
        raise ConfigError(f"{name}: longer than {MOST_S:g} s; a recording is one word")
    return Recording(parts[0], parts[1], samples, rate_hz)


def decoded(data: bytes) -> tuple[Float32s, int]:
    """Return samples and rate of a mono WAV file of 16 bits.

    Raises
    ------
    ValueError, wave.Error, EOFError
        Where it is something else.
    """
    with wave.open(io.BytesIO(data)) as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise ValueError(f"{file.getnchannels()} channels of {file.getsampwidth()} bytes")
        rate_hz = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return (samples / 32768.0).astype(np.float32), rate_hz
