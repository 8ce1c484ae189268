"""Make `bar.raw`: what an event camera sees of a bright bar that wanders from side to side.

    python configs/data/bar.py

Edges give an event each time they reach the next column, some microseconds apart; pixels fire by
themselves a few times a second, and two of them are broken and fire all the time.  EVT 2.0.
"""

from pathlib import Path

import numpy as np

WIDTH, HEIGHT, SECONDS = 64, 48, 3.0
BAR, TOP, BOTTOM = 5, 10, 38
NOISE_HZ, HOT_HZ, HOT = 1.0, 600.0, ((12, 44), (50, 3))
JITTER_US = 1500


def edges(rng: np.random.Generator) -> np.ndarray:
    """Return rows of t, x, y, p of the bar's two edges."""
    t_us = np.arange(0, SECONDS * 1e6, 200)
    left = np.round((WIDTH - BAR) / 2 * (1 - np.cos(2 * np.pi * t_us / 2.5e6))).astype(int)
    found = []
    for k in np.flatnonzero(np.diff(left)):
        right = left[k + 1] > left[k]
        gained = left[k + 1] + BAR - 1 if right else left[k + 1]
        lost = left[k] if right else left[k] + BAR - 1
        for y in range(TOP, BOTTOM):
            found += [(t_us[k], gained, y, 1), (t_us[k], lost, y, 0)]
    events = np.array(found, np.int64)
    events[:, 0] += rng.integers(0, JITTER_US, len(events))
    return events


def noise(rng: np.random.Generator) -> np.ndarray:
    """Return rows of t, x, y, p of pixels that fire by themselves."""
    n = rng.poisson(NOISE_HZ * SECONDS * WIDTH * HEIGHT)
    hot = np.repeat(np.array(HOT), round(HOT_HZ * SECONDS), axis=0)
    pixels = np.column_stack((rng.integers(0, WIDTH, n), rng.integers(0, HEIGHT, n)))
    pixels = np.vstack((pixels, hot))
    t_us = rng.integers(0, round(SECONDS * 1e6), len(pixels))
    return np.column_stack((t_us, pixels, rng.integers(0, 2, len(pixels))))


def main() -> None:
    """Write the file."""
    rng = np.random.default_rng(1)
    events = np.vstack((edges(rng), noise(rng)))
    words: list[int] = []
    high = -1
    for t, x, y, p in events[np.lexsort(events.T[::-1])].tolist():
        if t >> 6 != high:
            high = t >> 6
            words.append(8 << 28 | high)
        words.append(p << 28 | (t & 63) << 22 | x << 11 | y)
    header = f"% evt 2.0\n% format EVT2;height={HEIGHT};width={WIDTH}\n% end\n"
    path = Path(__file__).with_name("bar.raw")
    path.write_bytes(header.encode() + np.array(words, "<u4").tobytes())


if __name__ == "__main__":
    main()
