"""What each process of the comparison shares: its options, and the one line of JSON it prints."""

import argparse
import json
import resource
import sys
import time

import numpy as np

WARM_S = 0.1
"""simulated before the clock starts; truth discards more"""


def options(description):
    """Read the command line that every script here understands."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("workload")
    parser.add_argument("--seconds", type=float, default=1.0, help="simulated and timed")
    parser.add_argument("--warm", type=float, default=WARM_S, help="simulated before, untimed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--neurons", type=int, default=1000, help="of the closed loop")
    parser.add_argument("--ticks", type=int, default=2000, help="of the closed loop")
    parser.add_argument("--scale", type=float, default=0.1, help="of the microcircuit")
    parser.add_argument("--target", default="cython", help="Brian2: cython or cpp_standalone")
    parser.add_argument("--layout", default="auto", help="neuroloop: of all synapses")
    parser.add_argument("--instance", help="run this network (.npz) instead of drawing one")
    parser.add_argument("--spikes", help="write the spikes here (.npz)")
    return parser.parse_args()


def emit(**row):
    """Print what was measured; numpy's numbers become plain ones."""
    row["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    line = json.dumps(row, default=lambda number: number.item())
    sys.stdout.write(f"\n{line}\n")


def bulk(n, seconds, wall_s, cpu_s, spikes, targets):
    """Return the row of a run of many ticks."""
    return {
        "neurons": n,
        "seconds": seconds,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "rtf": wall_s / seconds,
        "rate_hz": spikes / n / seconds,
        "events_per_s": spikes * targets / wall_s,
    }


def ticks(n, dt_ms, spikes, latency_s, warm):
    """Return the row of a run of single ticks, each measured from input to spikes."""
    us = 1e6 * np.asarray(latency_s)[warm:]
    return {
        "neurons": n,
        "ticks": len(us),
        "rate_hz": spikes / n / (len(latency_s) * dt_ms * 1e-3),
        "p50_us": float(np.percentile(us, 50)),
        "p99_us": float(np.percentile(us, 99)),
        "wall_s": float(us.sum() * 1e-6),
    }


class Clock:
    """Wall and processor seconds since it was made."""

    def __init__(self):
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self):
        """Return ``(wall_s, cpu_s)``."""
        return time.perf_counter() - self._wall, time.process_time() - self._cpu


def save_spikes(path, tick, unit, seconds, dt_ms):
    """Write spikes of the timed part, ticks counted from its start."""
    np.savez(
        path,
        tick=np.asarray(tick, np.int32),
        unit=np.asarray(unit, np.int32),
        seconds=seconds,
        dt_ms=dt_ms,
    )
