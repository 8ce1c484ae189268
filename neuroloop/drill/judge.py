"""What the body's black box says of a fault: when its wheels stopped, and whether all was in order.

All times are the body's own, of the monotonic clock; "moving" is what its motors are told to do.
"""

from dataclasses import dataclass

import numpy as np

from neuroloop.core.black_box import Records
from neuroloop.core.command import Verdict

STOPS_WITHIN_MS = 250.0
"""from the last command that was taken before a fault until all wheels are told to stand still"""
BLIND_MS = 250.0
"""no motion without a newer command than this: the watchdog's 200 ms and what the body needs"""
GAP_MS = 20.0
"""a body that was not given a core for so long says little about the rest"""
HOLD_NS = 150_000_000
"""longer than a hold, which ends by itself"""
_AROUND_NS = 50_000_000
_MS = 1_000_000


@dataclass(frozen=True)
class Stop:
    """How motion ended."""

    ms: float
    """from the last command that was taken before the fault until the wheels stay at zero"""
    still_ms: float | None
    """the same until the body stood still; None where it never did"""
    t_ns: int
    """the first record from which on they stay at zero"""
    silent_ms: float
    """the same from the newest command of all that was taken while they turned"""


def moving(box: Records) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Return whether a wheel is told to turn, ``bool[n]``."""
    driven: np.ndarray[tuple[int], np.dtype[np.bool_]] = (box["left_mps"] != 0) | (
        box["right_mps"] != 0
    )
    return driven


def between(box: Records, begin_ns: int, end_ns: int | None = None) -> Records:
    """Return the records of the half-open interval [begin, end)."""
    chosen = box["t_ns"] >= begin_ns
    if end_ns is not None:
        chosen &= box["t_ns"] < end_ns
    return box[chosen]


def stop_of(box: Records, fault_ns: int, until_ns: int | None = None) -> Stop | None:
    """Return how motion ended after a fault; None where it did not end, or where nothing moved.

    Parameters
    ----------
    box
        Records, oldest first.
    fault_ns
        When the fault began.
    until_ns
        From then on it may move again: somebody armed.
    """
    before, after = between(box, 0, fault_ns), between(box, fault_ns, until_ns)
    if not len(before) or not len(after) or not moving(before[-1:])[0]:
        return None
    driven = np.flatnonzero(moving(after))
    first = int(driven[-1]) + 1 if len(driven) else 0
    if first == len(after):
        return None
    heard_ns = int(before["t_ns"][-1] - before["heard_ns"][-1])
    stopped = after[first:]
    t_ns = int(stopped["t_ns"][0])
    still = stopped[(stopped["forward_mps"] == 0) & (stopped["turn_radps"] == 0)]
    still_ms = (int(still["t_ns"][0]) - heard_ns) / _MS if len(still) else None
    last = after[first - 1] if first else before[-1]
    silent_ms = (t_ns - int(last["t_ns"] - last["heard_ns"])) / _MS
    return Stop((t_ns - heard_ns) / _MS, still_ms, t_ns, silent_ms)


def blind_ms(box: Records) -> float:
    """Return the largest age of the newest valid command at which a wheel was told to turn.

    Infinite where it was told so without any command.
    """
    driven = box[moving(box)]
    if not len(driven):
        return 0.0
    if (driven["heard_ns"] < 0).any():
        return float("inf")
    return float(driven["heard_ns"].max()) / _MS


def worst_gap_ms(box: Records, begin_ns: int, end_ns: int) -> float:
    """Return the longest time without a core of the body, from a little before to a little after.

    Both times are of the monotonic clock.
    """
    around = between(box, begin_ns - _AROUND_NS, end_ns + _AROUND_NS)
    return float(around["gap_ns"].max()) / _MS if len(around) else 0.0


def longest_pause_ms(box: Records, begin_ns: int, end_ns: int | None = None) -> float:
    """Return the longest time in [begin, end) in which the wheels were told to stand still."""
    part = between(box, begin_ns, end_ns)
    still = ~moving(part)
    if not still.any():
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]]).astype(np.int8)))
    ends_ns = np.append(part["t_ns"], part["t_ns"][-1])
    return float(max(ends_ns[b] - ends_ns[a] for a, b in edges.reshape(-1, 2))) / _MS


def resumed(box: Records, begin_ns: int, end_ns: int | None = None) -> bool:
    """Whether a wheel was told to turn again in [begin, end), after a stop longer than a hold."""
    part = between(box, begin_ns, end_ns)
    driven_ns = part["t_ns"][moving(part)]
    stands = np.flatnonzero(~moving(part))
    if not len(stands) or not len(driven_ns):
        return False
    again = np.searchsorted(driven_ns, part["t_ns"][stands])
    ahead = again < len(driven_ns)
    pauses_ns = driven_ns[again[ahead]] - part["t_ns"][stands[ahead]]
    return bool((pauses_ns > HOLD_NS).any())


def moved(box: Records, begin_ns: int, end_ns: int | None = None) -> bool:
    """Whether a wheel was told to turn in [begin, end)."""
    return bool(moving(between(box, begin_ns, end_ns)).any())


def refusals(box: Records) -> list[str]:
    """Return what met with which `Verdict` other than TAKEN, in words."""
    counts = [(verdict, refused(box, verdict)) for verdict in Verdict if verdict]
    return [f"{n} commands {v.name.lower().replace('_', ' ')}" for v, n in counts if n]


def refused(box: Records, verdict: int) -> int:
    """Return how many commands met with this `Verdict`."""
    return int(box["verdicts"][-1, verdict]) if len(box) else 0
