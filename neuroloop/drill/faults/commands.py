"""Commands that must not count reach the body, beside a healthy brain and instead of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.core.black_box import Records
from neuroloop.core.command import Verdict
from neuroloop.drill import judge
from neuroloop.drill.drill import Drill
from neuroloop.drill.forger import WISH_MPS, Forger, Forgery
from neuroloop.drill.plays import Check, GoesOn, Inject, Stops
from neuroloop.drill.processes import freeze, thaw
from neuroloop.drill.robot import AnyRobot

_BESIDE, _INSTEAD = 10, 60
"""forged commands beside a healthy brain, and while it hangs"""
_SEEN_S, _BETWEEN_S, _EVERY_S = 4e-3, 0.02, 0.01


@contextmanager
def _standing(robot: AnyRobot, forger: Forger) -> Iterator[None]:
    """Stop the brain between two of its commands."""
    while True:
        freeze(robot.brain)
        if forger.look():
            break
        thaw(robot.brain)
    try:
        yield
    finally:
        thaw(robot.brain)


def _beside(robot: AnyRobot, forger: Forger, forgery: Forgery) -> None:
    """Slip forged commands between those of a healthy brain, which stands for a few ticks."""
    for _ in range(_BESIDE):
        with _standing(robot, forger):
            forger.put(forgery)
            time.sleep(_SEEN_S)
        time.sleep(_BETWEEN_S)


def _forged(forgery: Forgery) -> Inject:
    @contextmanager
    def inject(robot: AnyRobot) -> Iterator[None]:
        forger = Forger(robot.brain)
        _beside(robot, forger, forgery)
        with _standing(robot, forger):
            robot.mark()
            for _ in range(_INSTEAD):
                forger.put(forgery)
                time.sleep(_EVERY_S)
            yield

    return inject


@contextmanager
def _claimed(robot: AnyRobot) -> Iterator[None]:
    _beside(robot, Forger(robot.brain), _STRANGER)
    yield


@contextmanager
def _half_written(robot: AnyRobot) -> Iterator[None]:
    forger = Forger(robot.brain)
    with _standing(robot, forger):
        robot.mark()
        forger.half_write()
        try:
            yield
        finally:
            forger.finish()


def _counted(verdict: Verdict, least: int) -> Check:
    """Return what looks whether the body saw the forged commands, and obeyed none."""

    def check(box: Records) -> list[str]:
        wrong = []
        if (box["left_mps"] == WISH_MPS).any() or (box["right_mps"] == WISH_MPS).any():
            wrong.append("the body obeyed a command that must not count")
        seen = judge.refused(box, verdict)
        if seen < least:
            wrong.append(f"the body counted {seen} {verdict.name}, at least {least} were put")
        return wrong

    return check


_STRANGER = Forgery(owner=2)
_STOPS = "none is obeyed, none keeps it going; stops; moves again when armed"
_LEAST = _BESIDE + _INSTEAD // 2
"""a body that looks once a millisecond may miss a few"""


def _drill(name: str, injected: str, forgery: Forgery, verdict: Verdict) -> Drill:
    return Drill(
        name,
        injected,
        _STOPS,
        f"black box: .*{verdict.name.lower().replace('_', ' ')}",
        Stops(_forged(forgery), lasts_s=0.1, check=_counted(verdict, _LEAST)),
    )


DRILLS = (
    _drill(
        "command-late",
        "commands that were sent a second ago",
        Forgery(sent_ago_s=1.0),
        Verdict.LATE,
    ),
    _drill(
        "command-out-of-order",
        "commands from before the newest",
        Forgery(sequence=-100),
        Verdict.OUT_OF_ORDER,
    ),
    _drill(
        "command-duplicate",
        "the newest command again, with other wishes",
        Forgery(sequence=0),
        Verdict.DUPLICATE,
    ),
    _drill(
        "command-malformed",
        "commands with a bit that fell over",
        Forgery(check=1 << 40),
        Verdict.MALFORMED,
    ),
    _drill(
        "command-nan", "commands that wish NaN", Forgery(wish_mps=float("nan")), Verdict.MALFORMED
    ),
    Drill(
        "command-half-written",
        "the brain hangs for good in the midst of a command",
        "the body stops by itself; moves again when the brain goes on and somebody armed",
        "ticks skipped for too long",
        Stops(_half_written),
    ),
    Drill(
        "command-stranger",
        "commands of a second owner",
        "goes on; none is obeyed",
        "black box: .*stranger",
        GoesOn(_claimed, lasts_s=0.2, check=_counted(Verdict.STRANGER, _BESIDE)),
    ),
)
