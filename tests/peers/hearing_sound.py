"""What every process of the comparison of cochleas hears, and the line that it prints."""

import json
import sys
import time

import numpy as np

RATE_HZ, CHANNELS, LOW_HZ, HIGH_HZ = 16_000, 64, 60.0, 7000.0
SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0


def sound():
    """Return ``float64[n]``: noise that gets louder and softer three times a second, as speech."""
    n = round(SECONDS * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    loudness = 0.05 * (1.0 + np.sin(2.0 * np.pi * 3.0 * t))
    return loudness * np.random.default_rng(1).normal(size=n)


def timed(name, work, repeats=3):
    """Call ``work`` and print the shortest processor time of several; it is called once before."""
    spikes = work()
    best_s = min(_cpu_s(work) for _ in range(repeats))
    row = {"name": name, "cpu_s": best_s, "times_real_time": SECONDS / best_s, "spikes": spikes}
    sys.stdout.write(json.dumps(row) + "\n")


def _cpu_s(work):
    start = time.process_time()
    work()
    return time.process_time() - start
