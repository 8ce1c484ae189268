"""What the firmware did to its H-bridge, as records that the judge reads.

The drills' firmware drives without its speed controller, so that every command is one change of the
duty: the time of a change is the time of a command, by the firmware's own clock.
"""

from collections.abc import Sequence

import numpy as np

from neuroloop.core.black_box import RECORD, Records

FULL_MPS = 0.5
"""speed at full duty"""


def records(trace: str, cuts_ns: Sequence[int], now_ns: int) -> Records:
    """Return what a trace says, oldest first, as an array of `RECORD`.

    A duty lasts until the next change: there is a record of its beginning, at which its command was
    new, and one of its end, at which it had the age that shows in ``heard_ns``.

    Parameters
    ----------
    trace
        Lines of monotonic nanoseconds, duty of the left and of the right motor.  One that is not
        whole yet is left out.
    cuts_ns
        When the board lost its power, and with it the motors.
    now_ns
        The end of the last duty so far.
    """
    rows = [line.split() for line in trace.splitlines(keepends=True) if line.endswith("\n")]
    changes = [(int(t_ns), float(left), float(right)) for t_ns, left, right in rows]
    changes = sorted(changes + [(t_ns, 0.0, 0.0) for t_ns in cuts_ns])
    box = np.zeros(2 * len(changes), RECORD)
    if not changes:
        return box
    t_ns = np.array([change[0] for change in changes], np.int64)
    duty = np.array([change[1:] for change in changes])
    ends_ns = np.append(t_ns[1:], max(now_ns, int(t_ns[-1])))
    driven = (duty != 0).any(axis=1)
    box["t_ns"][::2], box["t_ns"][1::2] = t_ns, np.maximum(ends_ns - 1, t_ns)
    box["heard_ns"][1::2] = np.where(driven, box["t_ns"][1::2] - t_ns, 0)
    for name, side in (("left_mps", 0), ("right_mps", 1)):
        box[name] = np.repeat(FULL_MPS * duty[:, side], 2)
    box["forward_mps"] = box["turn_radps"] = np.nan  # nobody looks at the body from outside
    return box
