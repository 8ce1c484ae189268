"""What a user wrote in Python goes wrong, or the interpreter that it runs in."""

from neuroloop.core.errors import Exit
from neuroloop.drill.drill import Drill
from neuroloop.drill.plays import GoesOn, Stops, pulled

_DECODER = (
    'decoder.wheels={kind="neuroloop.drill.parts.decoder", input="motor", '
    'trigger="{folder}/trigger"}',
)
_HOG = ('sink.hog={kind="neuroloop.drill.parts.hog", trigger="{folder}/trigger"}',)

DRILLS = (
    Drill(
        "python-hangs",
        "a decoder in Python never returns",
        "stops; moves again when it returned and somebody armed",
        'Python part "wheels" has not returned',
        Stops(pulled("hang")),
        _DECODER,
    ),
    Drill(
        "python-raises",
        "a decoder in Python raises",
        "stops; the run ends and says where",
        'decoder "wheels" failed: RuntimeError.*decoder.py',
        Stops(pulled("fail"), exit_code=Exit.PART_FAILED),
        _DECODER,
    ),
    Drill(
        "python-nan",
        "a decoder in Python gives NaN",
        "stops; moves again when armed",
        "a command that is no number",
        Stops(pulled("nonsense")),
        _DECODER,
    ),
    Drill(
        "gil-hog",
        "a Python thread that never rests, in the brain",
        "goes on",
        "armed since",
        GoesOn(pulled("gil"), lasts_s=1.2, answers=True),
        _HOG,
    ),
    Drill(
        "gil-held",
        "a piece of C that holds the interpreter for 0.4 s",
        "goes on",
        "armed since",
        GoesOn(pulled("hold"), answers=True),
        _HOG,
    ),
    Drill(
        "gc-storm",
        "garbage beside a large heap, in the brain",
        "goes on",
        "armed since",
        GoesOn(pulled("gc"), lasts_s=1.2, answers=True),
        _HOG,
    ),
)
