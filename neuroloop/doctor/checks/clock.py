"""The monotonic clock, and how late a sleeping thread wakes up."""

import time
from collections.abc import Iterator

import numpy as np

from neuroloop.doctor.finding import Finding, note, ok

_SLEEPS = 300
_SLEEP_S = 1e-3
_COARSE_S = 1e-6
_LATE_US = 1000.0


def findings() -> Iterator[Finding]:
    """Ask for the resolution and measure the sleep."""
    resolution_s = time.get_clock_info("monotonic").resolution
    text = f"{resolution_s * 1e9:g} ns"
    if resolution_s <= _COARSE_S:
        yield ok("resolution", text, resolution_s=resolution_s)
    else:
        yield note("resolution", text, "ticks below 1 ms will be uneven", resolution_s=resolution_s)
    yield _sleep()


def _sleep() -> Finding:
    late_us = []
    for _ in range(_SLEEPS):
        start = time.monotonic_ns()
        time.sleep(_SLEEP_S)
        late_us.append((time.monotonic_ns() - start) / 1e3 - _SLEEP_S * 1e6)
    p50, p99, most = (float(x) for x in np.percentile(late_us, [50, 99, 100]))
    detail = f"wakes p50 {p50:.0f}  p99 {p99:.0f}  max {most:.0f} us after 1 ms"
    numbers = {"p50_us": p50, "p99_us": p99, "max_us": most}
    if p99 < _LATE_US:
        return ok("sleep", detail, **numbers)
    remedy = "this machine is busy or virtual: live sensors will be served late"
    return note("sleep", detail, remedy, **numbers)
