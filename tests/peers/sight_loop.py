"""What a plain compiled loop can do: two greys a pixel, a table of logarithms, events in no order.

It has no order of time, bound, refractory period, count of what is lost, nor noise.
"""

import numpy as np
from numba import njit

_FINE = 1024


@njit(cache=True, nogil=True, error_model="numpy")
def _outside(frame, low, high, mask):
    for i in range(frame.size):
        mask[i] = np.uint8(frame[i] < low[i]) | np.uint8(frame[i] > high[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _events(pictures, tables, levels, bounds, clock, out):
    (frame, old), (level, at_least, at_most), (reference, on, off) = pictures, tables, levels
    (low, high, mask8, mask64), (begin, period, width), (t, x, y, p) = bounds, clock, out
    n = 0
    for word in range(mask64.size):
        if mask64[word] == 0:
            continue
        for i in range(8 * word, 8 * word + 8):
            if mask8[i] == 0:
                continue
            new, r, before = level[frame[i]], reference[i], level[old[i]]
            bright = new > r
            step = on[i] if bright else -off[i]
            pace = np.float32(period) / np.float32(new - before) if new != before else np.float32(0)
            row = i // width
            for _ in range((new - r) // step):
                if n == t.size:
                    break
                r += step
                t[n] = begin + np.int64(np.float32(r - before) * pace)
                x[n], y[n], p[n] = i - row * width, row, bright
                n += 1
            reference[i] = r
            low[i] = at_least[max(r - off[i], 0)]
            high[i] = at_most[min(r + on[i], at_most.size - 1)]
    return n


class Loop:
    """Called with a stamp and a frame; returns how many events it wrote."""

    def __init__(self, width, height, threshold, spread):
        n = width * height
        grey = np.arange(256.0)
        log = np.where(grey < 20, grey * np.log(20) / 20, np.log(np.maximum(grey, 1)))
        self.level = np.round(_FINE * log).astype(np.int32)
        at = np.arange(7 * _FINE)
        self.at_least = np.searchsorted(self.level, at, "right").clip(0, 255).astype(np.uint8)
        self.at_most = (np.searchsorted(self.level, at, "left") - 1).clip(0, 255).astype(np.uint8)
        rng = np.random.default_rng(1)
        self.on, self.off = (
            np.maximum(_FINE * rng.normal(threshold, spread, n), 10).astype(np.int32)
            for _ in range(2)
        )
        self.low, self.high = np.full(n, 1, np.uint8), np.zeros(n, np.uint8)
        self.mask, self.width, self.old, self.t_us = np.zeros(n, np.uint8), width, None, 0
        room = 4 * n
        self.out = (
            np.zeros(room, np.int64), np.zeros(room, np.uint16), np.zeros(room, np.uint16),
            np.zeros(room, np.uint8),
        )  # fmt: skip

    def __call__(self, t_us, frame):
        frame = frame.reshape(-1)
        if self.old is None:
            self.old, self.reference = frame.copy(), self.level[frame]
        _outside(frame, self.low, self.high, self.mask)
        bounds = (self.low, self.high, self.mask, self.mask.view(np.uint64))
        tables = (self.level, self.at_least, self.at_most)
        levels = (self.reference, self.on, self.off)
        clock = (self.t_us, t_us - self.t_us, self.width)
        n = _events((frame, self.old), tables, levels, bounds, clock, self.out)
        self.old[:], self.t_us = frame, t_us
        return n
