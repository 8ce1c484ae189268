"""Decays as Xylo has them: each tick takes x >> dash off x, a time constant of about 2^dash ticks.

Source: rockpool 3.1, how it quantises: ``dash = round(log2(tau / dt))``.
"""

import math

MOST_DASH = 15
OFF = 0.05
"""from which part of a leak that is off there is a warning"""


def dash_of(keep: float, least: int) -> int:
    """Return the shift of a decay that leaves ``keep`` of a number after a tick."""
    if keep <= 0.0:
        return least
    if keep >= 1.0:
        return MOST_DASH
    return min(max(round(math.log2(-1.0 / math.log(keep))), least), MOST_DASH)


def kept(dash: int) -> float:
    """Return what a shift leaves of a large number after a tick."""
    return 1.0 - 2.0**-dash


def leak_off(keep: float, dash: int) -> float:
    """Return by which part of itself a leak is off; infinite where there should be none."""
    return 2.0**-dash / (1.0 - keep) - 1.0 if keep < 1.0 else math.inf


def said(what: str, keep: float, dash: int, dt_ms: float) -> str:
    """Say what a shift makes of a decay, and which time constants it has."""
    text = f"a tick should leave {keep:.4g} of its {what} and leaves {kept(dash):.4g}"
    if keep >= 1.0:
        return f"{text}, at least one unit less: on the chip everything decays"
    if keep <= 0.0:
        return f"{text}: a spike acts over several ticks, by as much in all"
    fits = [f"{_tau(kept(d), dt_ms):.3g}" for d in (dash - 1, dash, dash + 1) if d > 0]
    return (
        f"{text}, a time constant of {_tau(kept(dash), dt_ms):.3g} ms in place of "
        f"{_tau(keep, dt_ms):.3g}, because a shift has powers of two alone; {', '.join(fits)} ms "
        "would be exact, or other ticks"
    )


def _tau(keep: float, dt_ms: float) -> float:
    return -dt_ms / math.log(keep) if keep > 0.0 else 0.0
