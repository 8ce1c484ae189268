"""Two parts of a run file that want one body."""

from neuroloop.drill.drill import Drill
from neuroloop.drill.plays import Refused

DRILLS = (
    Drill(
        "two-actuators",
        "two actuators for one body",
        "the run does not begin",
        r"\[actuator.wheels\] and \[actuator.more\] claim the one body",
        Refused(),
        (
            'actuator.more={kind="plant"}',
            'decoder.more={kind="linear", input="motor", weights=[[0.001], [0.001]]}',
        ),
    ),
)
