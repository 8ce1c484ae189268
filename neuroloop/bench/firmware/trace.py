"""What commands did to the H-bridge, read from the trace of the board without hardware."""

from dataclasses import dataclass

FIRST_MPS, STEP_MPS, STEPS = 0.05, 0.0004, 1000
"""command k asks for FIRST_MPS + STEP_MPS (k mod STEPS): no two near each other are alike"""
FULL_MPS = 0.5
"""speed at full duty"""


@dataclass(frozen=True)
class OnMotor:
    """Commands as they reached the motors."""

    lost: int
    """never did"""
    twice: int
    """did again after a later one"""


def speed(number: int) -> float:
    """Return the speed that a command asks for, m/s."""
    return FIRST_MPS + STEP_MPS * (number % STEPS)


def on_motor(trace: str, commands: int) -> OnMotor:
    """Compare a trace with the commands 0, 1, 2 ... that were sent.

    Parameters
    ----------
    trace
        Lines of monotonic nanoseconds, duty of the left and of the right motor.
    commands
        How many were sent.
    """
    next_number = lost = twice = 0
    for line in trace.splitlines():
        duty = float(line.split()[1])
        if duty == 0.0:  # the motors are off
            continue
        seen = round((duty * FULL_MPS - FIRST_MPS) / STEP_MPS)
        ahead = (seen - next_number) % STEPS
        if ahead > STEPS // 2:
            twice += 1
        else:
            lost += ahead
            next_number += ahead + 1
    return OnMotor(lost + max(0, commands - next_number), twice)
