"""Words said by espeak-ng: as many speakers as it has voices, at any speed and pitch."""

import shutil
import subprocess
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuroloop.bench.words.recordings import Recording, decoded
from neuroloop.core.errors import MachineError, PartError
from neuroloop.core.values import Float32s

LANGUAGES = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029")
TRAINED = ("m1", "m2", "m3", "m4", "m5", "m7", "f1", "f2", "f4", "f5", "adam", "klatt2", "klatt4",
           "Andy", "linda", "Denis", "steph", "michel", "rob", "Alex")  # fmt: skip
HELD_OUT = ("m6", "f3", "klatt3", "belinda", "david", "Annie")
"""variants that no network is trained on"""
SPEEDS, PITCHES = (110, 190), (20, 80)
"""words a minute, and espeak-ng's pitch from 0 to 99"""
_PEAK = 0.4
"""of full scale; louder and softer ones are made when training"""


def say(
    words: Sequence[str], variants: Sequence[str], takes: int, rate_hz: int, seed: int
) -> list[Recording]:
    """Return each word as said by each variant ``takes`` times, at speeds and pitches drawn.

    Raises
    ------
    MachineError
        Where espeak-ng is not installed.
    PartError
        Where it does not know a voice, or says nothing.
    """
    rng = np.random.default_rng(seed)
    said = []
    for variant in variants:
        for word in words:
            for _ in range(takes):
                voice = f"{rng.choice(LANGUAGES)}+{variant}"
                speed, pitch = int(rng.integers(*SPEEDS)), int(rng.integers(*PITCHES))
                said.append(
                    Recording(word, variant, _said(word, voice, speed, pitch, rate_hz), rate_hz)
                )
    return said


def _said(word: str, voice: str, speed: int, pitch: int, rate_hz: int) -> Float32s:
    program = shutil.which("espeak-ng")
    if program is None:
        raise MachineError("synthetic voices need espeak-ng: apt-get install -y espeak-ng")
    command = [program, "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", word]
    run = subprocess.run(command, capture_output=True, check=False)
    try:
        samples, own_hz = decoded(_sized(run.stdout))
    except (ValueError, EOFError) as error:
        why = run.stderr.decode(errors="replace").strip() or error
        raise PartError(f"espeak-ng -v {voice}: {why}") from error
    return _trimmed(_resampled(samples, own_hz, rate_hz))


def _sized(data: bytes) -> bytes:
    """Put the true length into the header, which espeak-ng wrote before it knew it."""
    at = data.find(b"data")
    if at < 0:
        raise ValueError("it said nothing")
    size = len(data) - at - 8
    return data[: at + 4] + size.to_bytes(4, "little") + data[at + 8 :]


def _resampled(samples: Float32s, own_hz: int, rate_hz: int) -> NDArray[np.floating]:
    """Return samples at another rate; of the spectrum what both can hold stays."""
    n = round(len(samples) * rate_hz / own_hz)
    spectrum = np.fft.rfft(samples)
    kept = np.zeros(n // 2 + 1, complex)
    both = min(len(kept), len(spectrum))
    kept[:both] = spectrum[:both]
    resampled: NDArray[np.float64] = np.fft.irfft(kept, n) * (n / len(samples))
    return resampled


def _trimmed(samples: NDArray[np.floating]) -> Float32s:
    """Return what is not silence, at a set peak."""
    peak = np.abs(samples).max(initial=0.0)
    loud = np.flatnonzero(np.abs(samples) > 0.01 * peak)
    if peak == 0 or len(loud) == 0:
        raise PartError("espeak-ng said nothing but silence")
    trimmed = samples[loud[0] : loud[-1] + 1] * (_PEAK / peak)
    return np.asarray(trimmed, np.float32)
