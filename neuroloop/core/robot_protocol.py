"""What a brain and a robot say to each other over MQTT: topics, layouts, limits.

This file imports nothing, so that firmware in MicroPython carries it unchanged, and a reader can
write one in another language from it.  ``docs/mqtt.md`` says what each message means.

Layouts are those of ``struct``, little-endian and unpadded.  A binary message ends with the CRC-32
(polynomial 0xEDB88320, as in zip files) of all that stands before it.  Clocks are monotonic and in
microseconds: the robot's since it was switched on, the brain's of its machine.
"""

VERSION = 2

# ---- topics: nl/2/ROBOT/... -------------------------------------------------------------------
BIRTH = "birth"
"""robot, retained, QoS 1, JSON: who it is, and that it is there; its last will: that it is not"""
DRIVE = "cmd/drive"
"""brain, QoS 0, never retained, message expiry 1 s: `DRIVE_LAYOUT`"""
DRIVE_JSON = "cmd/drive/json"
"""the same as JSON, for tools: owner, sequence, sent_us, valid_ms, power, values"""
STOP = "cmd/stop"
"""anybody, QoS 1, never retained, JSON ``{"who": NAME}``: emergency stop, latched in the robot"""
RESET = "cmd/reset"
"""anybody, QoS 1, never retained, JSON ``{"who": NAME, "boot": BOOT, "stop": NUMBER}``: ends the
emergency stop that it names, and no later one"""
CLOCK_ASK = "clock/ask"
"""robot, QoS 0: `ASK_LAYOUT`"""
CLOCK_ANSWER = "clock/answer"
"""brain, QoS 0: `ANSWER_LAYOUT`"""
BODY = "state/body"
"""robot, QoS 0, ten times a second and after each change: `BODY_LAYOUT`"""
ODOMETRY = "state/odometry"
"""robot, QoS 0: `ODOMETRY_LAYOUT`"""
RANGE = "state/range"
"""robot, QoS 0: `RANGE_LAYOUT`, then float32 metres of each direction, left to right"""
GOAL = "state/goal"
"""robot that knows where it is, QoS 0, JSON: t_us, and bearing_rad and distance_m of its goal"""
NOTICE = "notice"
"""robot, QoS 0, JSON: why a command was refused, at most ten a second: verdict, owner, held_by; or
why a reset was: verdict, boot, stop"""
ORDER = "brain/order"
"""anybody, QoS 1, never retained, JSON ``{"order": "arm", "who": NAME}``: to the brain's guard;
arm, disarm, reset, stop"""
STEER = "brain/steer"
"""anybody, QoS 0, never retained, JSON ``{"values": [0.2, 0.2]}``: steer by hand, for 0.3 s"""
BRAIN = "brain/status"
"""brain, retained, QoS 0, JSON: state of the guard and why; its last will says that it is gone"""

TO_ROBOT = (DRIVE, DRIVE_JSON, STOP, RESET, CLOCK_ANSWER)
"""what a robot subscribes to"""
FROM_ROBOT = (BIRTH, CLOCK_ASK, BODY, ODOMETRY, RANGE, GOAL, NOTICE)
"""what a robot says"""


def topic(robot: str, name: str) -> str:
    """Return the whole topic of a robot."""
    return f"nl/{VERSION}/{robot}/{name}"


# ---- layouts ----------------------------------------------------------------------------------
DRIVE_LAYOUT = "<BBHIIQ"
"""version, channels, flags, owner, sequence, sent_us (brain's clock), then valid_ms (`VALID`) and
float32 of each channel, then the CRC"""
VALID_LAYOUT = "<H"
DRIVE_HEAD, VALID_BYTES, VALUE_BYTES, CRC_BYTES = 20, 2, 4, 4
POWER = 1
"""flag of a command: the motors may have power"""

ASK_LAYOUT = "<BIIQ"
"""version, boot, number, asked_us (robot's clock), CRC"""
ANSWER_LAYOUT = "<BIIQQQ"
"""version, boot, number, asked_us as it came, heard_us and sent_us (brain's clock), CRC"""

BODY_LAYOUT = "<BBIQIIqIQIff6I"
"""version, flags, boot, t_us, owner, sequence, offset_us (brain's clock minus the robot's),
uncertainty_us, sent_us of the newest valid command (brain's clock), number of the newest emergency
stop (0 for none since boot), left and right wheel as commanded to the motors in m/s, and how often
each verdict was given; CRC"""
AWAKE, POWERED, EMERGENCY, SYNCED, HELD = 1, 2, 4, 8, 16
"""flags of a body: a valid command came in time, the motors have power, an emergency stop is
latched, its clock knows the brain's, somebody holds it"""

ODOMETRY_LAYOUT = "<BIIQffff"
"""version, boot, number, t_us, metres of the left and of the right wheel since boot, m/s of each;
CRC"""
RANGE_LAYOUT = "<BHIIQ"
"""version, count (up to `MOST_BEAMS`), boot, number, t_us; float32 metres (NaN no measurement, +inf
nothing in range); CRC"""

# ---- verdicts, the same numbers as in the gate of every body -------------------------------------
TAKEN, MALFORMED, STRANGER, DUPLICATE, OUT_OF_ORDER, LATE = range(6)
VERDICTS = ("taken", "malformed", "stranger", "duplicate", "out of order", "late")
NO_RESET = "no reset"
"""in a notice on a reset that was refused; ``boot`` and ``stop`` are those it has to name"""

# ---- limits -----------------------------------------------------------------------------------
MOST_CHANNELS = 8
MOST_BEAMS = 1024
"""of a range finder; a robot may send longer messages than it takes"""
MOST_VALID_MS = 1000
"""a command that wants to last longer is malformed"""
MOST_UNCERTAINTY_US = 50000
"""a robot that knows the brain's clock no better takes no command"""
MOST_AHEAD_US = 5000
"""how far from the future a command may seem: clocks drift until the next exchange"""
MOST_MESSAGE_BYTES = 512
"""a robot ignores what is longer, counted as malformed"""
CLOCK_EVERY_MS = 1000
CLOCK_OLD_MS = 10000
"""an offset that was measured longer ago is not known any more"""
