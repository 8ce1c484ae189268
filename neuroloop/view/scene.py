"""What was seen of late, as values: all that is drawn."""

from dataclasses import dataclass

import numpy as np

from neuroloop.core.values import Int64s, Reading, SourceSpec


@dataclass(frozen=True, eq=False)
class Fired:
    """What one encoder, or a sensor of spikes, fired of late."""

    name: str
    units: int
    t_us: Int64s
    """``int64[n]``, in order"""
    unit: Int64s
    """``int64[n]``"""
    shape: tuple[int, int] | None = None
    """height and width, where its units are the pixels of its input, ON and then OFF"""

    def changes(self, since_us: int) -> tuple[Int64s, Int64s]:
        """Return how many ON and OFF spikes each pixel had since ``since_us``, ``int64[h, w]``."""
        height, width = self.shape or (0, 0)
        late = self.unit[np.searchsorted(self.t_us, since_us) :]
        counts = np.bincount(late, minlength=2 * height * width)[: 2 * height * width]
        on, off = counts.reshape(2, height, width)
        return on, off


@dataclass(frozen=True, eq=False)
class Scene:
    """The last moments of a sensor."""

    spec: SourceSpec
    now_us: int
    window_us: int
    readings: tuple[Reading, ...]
    """those of the window, oldest first; of pictures the newest alone"""
    rate_hz: float
    """at which they came, lately"""
    fired: tuple[Fired, ...] = ()
    notes: tuple[str, ...] = ()
    """what cannot be shown, and what was lost"""

    @property
    def start_us(self) -> int:
        """Begin of the window."""
        return self.now_us - self.window_us

    @property
    def title(self) -> str:
        """What it is, how large, how often, in one line."""
        size = "x".join(str(n) for n in reversed(self.spec.shape))
        kind = self.spec.reading.__name__
        text = f"{self.spec.name}: {kind} {size}, {self.rate_hz:.1f} Hz"
        seconds = self.window_us / 1e6
        return "; ".join(
            [text, *(f"{f.name}: {len(f.unit) / seconds:,.0f} spikes a second" for f in self.fired)]
        )
