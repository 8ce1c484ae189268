"""A drill is tried again where this machine disturbed it, and what is wrong comes out as wrong."""

from contextlib import nullcontext
from dataclasses import replace

from neuroloop.core.errors import PartError
from neuroloop.drill import judge
from neuroloop.drill.drill import Drill, Finding, Happened
from neuroloop.drill.plays import GoesOn, Stops
from neuroloop.drill.trial import TRIES, carried_out


def _carried_out(drill):
    (result,) = carried_out([drill])
    return result


def _drill(play, **more):
    return Drill("try", "nothing", "nothing", more.pop("named", "said"), play, **more)


def _finding(**more):
    return Finding(Happened.STOPPED, lines=["it was said"], **more)


def test_a_try_in_which_the_body_had_no_core_is_repeated():
    gaps = [90.0, 30.0, 1.0, 1.0]

    result = _carried_out(_drill(lambda _: _finding(gap_ms=gaps.pop(0))))

    assert (result.tries, result.gap_ms, result.good) == (3, 1.0, True)


def test_the_last_try_counts_even_where_it_was_disturbed():
    result = _carried_out(_drill(lambda _: _finding(gap_ms=judge.GAP_MS, wrong=["late"])))

    assert (result.tries, result.wrong) == (TRIES, ("late",))


def test_a_fault_that_nobody_names_is_wrong():
    result = _carried_out(_drill(lambda _: _finding(), named="the tooth fairy"))

    assert not result.good
    assert "the tooth fairy" in result.wrong[0]


def test_a_robot_that_cannot_be_drilled_is_wrong():
    def play(robot):
        raise PartError("no robot")

    assert "no robot" in _carried_out(_drill(play)).wrong


def test_a_missing_permission_is_named_and_nothing_is_run():
    def play(robot):
        raise AssertionError

    result = _carried_out(_drill(play, lacks=lambda: "CAP_OF_MAGIC"))

    assert (result.skipped, result.happened, result.tries) == ("CAP_OF_MAGIC", "skipped", 0)


def test_what_a_run_says_is_the_same_in_every_folder():
    def play(robot):
        return replace(_finding(), lines=[f"neuroloop: WARNING: said {robot.folder}/log"])

    assert _carried_out(_drill(play)).named == "said log"


def test_a_robot_that_does_not_stop_is_found():
    result = _carried_out(_drill(Stops(lambda _: nullcontext()), named="armed since"))

    assert result.wrong == ("the wheels did not stop, or moved again though nobody armed",)
    assert result.happened == Happened.NOTHING


def test_a_robot_that_stops_where_it_should_go_on_is_found():
    def inject(robot):
        robot.ask("disarm")
        return nullcontext()

    result = _carried_out(_drill(GoesOn(inject), named="disarmed"))

    assert result.happened == Happened.STOPPED
    assert "stood still" in result.wrong[0]
