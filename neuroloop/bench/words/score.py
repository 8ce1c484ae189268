"""``neuroloop bench words``: recordings one after another through the user's own run file and loop.

All recordings are one sound, with quiet between them; the network is not told where a word begins,
nor put to rest between two.  The answer is the word whose neurons fired most from the beginning of
the recording until `AFTER_S` after its end; fewer than `NOTHING` spikes are no answer.
"""

import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroloop.bench.words.recordings import Recording
from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError
from neuroloop.engine.op import Units
from neuroloop.report.trace import Trace
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import played

POPULATION = "words"
BETWEEN_S, AFTER_S = 0.4, 0.15
NOTHING = 12
"""spikes that a word needs at least"""
_MOST_S = 600.0
"""of sound in one run"""


@dataclass(frozen=True, eq=False)
class Score:
    """What became of some recordings."""

    words: tuple[str, ...]
    speakers: tuple[str, ...]
    """of each recording"""
    said: NDArray[np.int64]
    """number of the word of each recording; ``len(words)`` is another word"""
    counts: NDArray[np.int64]
    """spikes of each word's neurons, ``int64[recordings, words]``"""

    @property
    def answers(self) -> NDArray[np.int64]:
        """Number of the word heard, ``len(words)`` where none was, ``int64[recordings]``."""
        heard = np.where(self.counts.max(1) < NOTHING, len(self.words), self.counts.argmax(1))
        return heard.astype(np.int64)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each was heard as what it was, another word as none."""
        right: NDArray[np.bool_] = self.answers == self.said
        return right

    @property
    def confusion(self) -> NDArray[np.int64]:
        """How often each word was taken for which, ``int64[words + 1, words + 1]``.

        The last row is of other words, the last column of no answer.
        """
        table = np.zeros((len(self.words) + 1,) * 2, np.int64)
        np.add.at(table, (self.said, self.answers), 1)
        return table


def measure(
    network: Path, words: Sequence[str], recordings: Sequence[Recording], changes: Sequence[str]
) -> Score:
    """Play recordings to a network in the run file ``words`` and count the spikes of its neurons.

    Raises
    ------
    ConfigError
        Where the network has no population ``words`` of as many equal groups as there are words,
        or recordings are of several sample rates.
    """
    number = {word: k for k, word in enumerate(words)}
    said = np.array([number.get(r.word, len(words)) for r in recordings], np.int64)
    parts, counts = _parts(recordings), []
    with tempfile.TemporaryDirectory(prefix="words") as folder:
        for part in parts:
            sound = Path(folder) / "words.wav"
            starts = _write(sound, part)
            counts.append(_counts(network, len(words), sound, starts, part, changes))
    return Score(tuple(words), tuple(r.speaker for r in recordings), said, np.concatenate(counts))


def _parts(recordings: Sequence[Recording]) -> list[Sequence[Recording]]:
    """Return recordings in parts that fit a run."""
    length_s = np.array([len(r.samples) / r.rate_hz + BETWEEN_S for r in recordings])
    number = (length_s.cumsum() // _MOST_S).astype(np.int64)
    return [
        [recordings[k] for k in np.flatnonzero(number == n).tolist()] for n in np.unique(number)
    ]


def _write(path: Path, recordings: Sequence[Recording]) -> NDArray[np.float64]:
    """Write one sound of all recordings; returns when each begins, in seconds."""
    rates = {r.rate_hz for r in recordings}
    if len(rates) != 1:
        raise ConfigError(f"recordings of {sorted(rates)} samples a second; give those of one rate")
    rate_hz = rates.pop()
    quiet = np.zeros(round(BETWEEN_S * rate_hz), np.float32)
    pieces, starts, at = [quiet], [], len(quiet)
    for r in recordings:
        starts.append(at / rate_hz)
        pieces += [r.samples, quiet]
        at += len(r.samples) + len(quiet)
    samples = np.rint(np.concatenate(pieces) * 32768.0).clip(-32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
    return np.array(starts)


def _counts(
    network: Path,
    words: int,
    sound: Path,
    starts: NDArray[np.float64],
    recordings: Sequence[Recording],
    changes: Sequence[str],
) -> NDArray[np.int64]:
    run = runfile.load(
        "words",
        [
            "clock.kind=step",
            "sensor.microphone.kind=sound_file",
            f"sensor.microphone.path={sound}",
            f"run.seconds={starts[-1] + 60.0}",
            f"engine.network={network.resolve()}",
            *changes,
        ],
    )
    traces: list[Trace] = []

    def look(loop: Loop) -> Sequence[Trace]:
        traces.append(Trace(loop))
        return traces

    with played(run, look) as session:
        late_s = sum(e.latency_us for e in session.loop.sources[0].transducing) * 1e-6
    units = [o.n for o in traces[0].outlets if isinstance(o, Units) and o.name == POPULATION]
    size = units[0] if units else 0
    if not size or size % words:
        raise ConfigError(
            f'{network}: a network for {words} words needs a population "{POPULATION}" of as many'
            f" equal groups; this one has {size} neurons"
        )
    t_s, unit = traces[0].spikes().get(POPULATION, (np.empty(0), np.empty(0, np.int64)))
    word = np.asarray(unit, np.int64) * words // size
    ends = starts + [len(r.samples) / r.rate_hz for r in recordings] + AFTER_S + late_s
    return np.array(
        [
            np.bincount(word[(t_s >= start) & (t_s < end)], minlength=words)
            for start, end in zip(starts, ends, strict=True)
        ]
    )
