"""The words of the guard: states, causes, orders, the same in kernels, reports and replays.

A robot moves in one state alone, `State.ARMED`.  What is doubtful climbs a ladder:

======= ==============================================================================
warn    the motion passes; the warning is counted and shown
hold    every channel is zero; goes back to ARMED where all is well again in time
stop    every channel is zero until somebody arms again
off     zero for so long that the body may cut the power of its motors
======= ==============================================================================
"""

from enum import IntEnum, unique


@unique
class State(IntEnum):
    """What the guard lets happen."""

    DISARMED = 0
    """at start and after an order; nothing moves"""
    ARMED = 1
    """the only state in which anything moves"""
    HOLD = 2
    """armed, but something is doubtful: nothing moves; becomes ARMED or STOPPED by itself"""
    STOPPED = 3
    """something was doubtful for too long; only an order to arm ends it"""
    EMERGENCY = 4
    """an emergency stop; only an order to reset ends it, and that disarms"""
    OFF = 5
    """STOPPED for long: the body may cut the power of its motors; only an order to arm ends it"""


@unique
class Cause(IntEnum):
    """Why nothing may move; bit ``1 << cause`` of the causes of a tick."""

    SILENT = 0
    """a sensor, or the body, said nothing for too long"""
    REPEATED = 1
    """a sensor gave the same numbers for too long"""
    NOT_FINITE = 2
    """a sensor gave what is no number"""
    OUT_OF_RANGE = 3
    """a sensor gave what it said it never gives"""
    TOO_FAST = 4
    """a sensor gives far more readings than it declared"""
    LOST = 5
    """readings of a sensor were lost: its ring was full, or they came too late"""
    EXPIRED = 6
    """the newest command of a decoder is too old"""
    BAD_MOTION = 7
    """a decoder wanted what is no number"""
    OVERRUN = 8
    """ticks were skipped for too long"""
    PART = 9
    """a part failed, hangs or ended"""
    EMERGENCY = 10
    """somebody or something asked for an emergency stop"""
    ORDER = 11
    """somebody disarmed"""
    NETWORK = 12
    """a state of the network is no longer a number"""


@unique
class Order(IntEnum):
    """What one can tell the guard.

    An order is an event of the unit ``ORDERS * who + order``; who is a place in a list of names.
    """

    ARM = 0
    """refused while any cause stands; never leaves EMERGENCY"""
    DISARM = 1
    RESET = 2
    """leaves EMERGENCY for DISARMED"""
    STOP = 3
    """emergency stop"""
    FAULT = 4
    """a part failed: STOPPED at once"""
    CLEAR = 5
    """the part is well again; arming is possible"""


ORDERS = 8
"""distance between the units of one who and the next"""
MOST_WHO = 64
"""names that can give orders; the last one stands for all further ones"""
