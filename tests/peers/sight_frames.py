"""Moving pictures that every converter from frames to events is given, drawn from a seed."""

import numpy as np

PERIOD_US = 10_000
PATTERNS = ("discs", "quiet", "texture")


def film(pattern, width, height, n, seed=0):
    """Return ``uint8[n, height, width]``.

    ``discs``: six bright or dark discs cross a still texture.  ``quiet``: the texture stands still
    under a camera's noise of two greys.  ``texture``: the whole picture moves.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    still = 128 + 60 * np.sin(x / 9) * np.cos(y / 13) + 30 * np.sin((x + y) / 23)
    frames = np.empty((n, height, width), np.uint8)
    for k in range(n):
        if pattern == "texture":
            wave = 60 * np.sin((x - 3 * k) / 9) * np.cos(y / 13)
            picture = 128 + wave + 30 * np.sin((x + y - 4 * k) / 23)
        elif pattern == "quiet":
            picture = still + rng.normal(0, 2, still.shape)
        else:
            picture = still.copy()
            for j in range(6):
                centre_x = (width * (j + 0.5) / 6 + (5 + j) * k) % width
                centre_y = height / 2 + height / 3 * np.sin(k / 17 + j)
                inside = (x - centre_x) ** 2 + (y - centre_y) ** 2 < (height / 14) ** 2
                picture[inside] = 240 if j % 2 else 12
        frames[k] = np.clip(picture, 0, 255)
    return frames


def to_and_fro(frames):
    """Yield ``(t_us, frame)`` without end: forwards, backwards, forwards ..."""
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    t_us = 0
    while True:
        for k in order:
            yield t_us, frames[k]
            t_us += PERIOD_US
