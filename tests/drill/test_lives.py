"""Drills that want the same robot share one, and nothing of one is taken for another's."""

from contextlib import contextmanager

import pytest

from neuroloop.core.errors import Exit, PartError
from neuroloop.drill import judge, life
from neuroloop.drill.drill import Body, Drill, Finding, Happened, chosen, drills
from neuroloop.drill.life import lives
from neuroloop.drill.robot import Outcome
from neuroloop.drill.trial import TRIES, carried_out

pytestmark = [pytest.mark.real_time, pytest.mark.alone]


class Robot:
    """Drives as long as nobody ends it; a second of run time passes in each drill."""

    def __init__(self, said=(), exit_code=Exit.INTERRUPTED):
        self.began_s, self.lives, self.fault_ns, self.outcome = -1.0, True, 0, None
        self._outcome = Outcome(exit_code, {"ended": "so", "live": {"said": list(said)}}, "")

    def begin(self):
        self.began_s += 1.0

    def end(self):
        self.lives, self.outcome = False, self._outcome
        return self.outcome


@pytest.fixture
def robots(monkeypatch):
    """Return a function that says what robots are like; it returns those that were made."""
    made, like = [], {}

    @contextmanager
    def robot(*_):
        made.append(Robot(**like))
        yield made[-1]

    def say(**more):
        like.update(more)
        return made

    monkeypatch.setattr(life, "_robot", robot)
    return say


class Play:
    """Plays nothing, and keeps which robot it was given."""

    def __init__(self, *, exit_code=None, gaps=(0.0,), wrong=(), lines=("it was said",)):
        self.exit_code, self.lives_on = exit_code, exit_code is None
        self.gaps, self.wrong, self.lines = list(gaps), wrong, lines
        self.robots = []

    def __call__(self, robot):
        self.robots.append(robot)
        if not self.lives_on:
            robot.end()
        gap_ms = self.gaps.pop(0)
        return Finding(
            Happened.STOPPED, gap_ms=gap_ms, lines=list(self.lines), wrong=list(self.wrong)
        )


def _drill(name, play, **more):
    return Drill(name, "nothing", "nothing", "said", play, **more)


def _names(groups):
    return [[drill.name for drill in group] for group in groups]


def test_what_ends_a_run_is_the_last_of_its_life_or_has_one_of_its_own():
    group = [
        _drill("killed", Play(exit_code=-9)),
        _drill("ended", Play(exit_code=Exit.INTERRUPTED)),
        _drill("stays", Play()),
        _drill("other", Play(), changes=("guard.hold_ms=50",)),
        _drill("ended-too", Play(exit_code=Exit.INTERRUPTED)),
        _drill("stays-too", Play()),
        _drill("board", Play(), body=Body.BOARD),
    ]

    assert _names(lives(group)) == [
        ["stays", "stays-too", "ended"],
        ["ended-too"],
        ["killed"],
        ["other"],
        ["board"],
    ]


def test_every_drill_has_one_life():
    known = drills()

    groups = lives(list(known.values()))

    assert sorted(name for group in _names(groups) for name in group) == sorted(known)
    for group in groups:
        assert all(drill.lives_on for drill in group[:-1])
        assert len({drill.robot for drill in group}) == 1


def _results(*group):
    return {result.name: result for result in carried_out(group)}


def test_a_robot_is_shared_until_something_was_wrong_or_disturbed(robots):
    made = robots()
    first, bad = Play(), Play(wrong=["it fell over"])
    late, last = Play(gaps=[judge.GAP_MS, 0.0]), Play()
    group = [_drill("first", first), _drill("bad", bad), _drill("late", late), _drill("last", last)]

    results = _results(*group)

    assert (first.robots, bad.robots) == ([made[0]], [made[0]])
    assert (late.robots, last.robots) == ([made[1], made[2]], [made[2]])
    assert [results[d.name].good for d in group] == [True, False, True, True]
    assert [results[d.name].tries for d in group] == [1, 1, 2, 1]


def test_a_run_that_does_not_end_in_order_is_held_against_all_of_its_drills(robots):
    robots(exit_code=Exit.FAULT)

    results = _results(_drill("first", Play()), _drill("second", Play()))

    assert all("exit code 70" in result.wrong[0] for result in results.values())


def test_what_a_report_kept_belongs_to_the_drill_of_its_time(robots):
    robots(said=["0.30 s: said early", "1.30 s: said late"])
    early, late = Play(lines=()), Play(lines=())

    results = _results(_drill("early", early), _drill("late", late))

    assert results["early"].named == "0.30 s: said early"
    assert results["late"].named == "1.30 s: said late"


def test_a_report_is_handed_out_where_a_drill_ended_the_run(robots):
    robots(said=["0.30 s: said early", "1.30 s: said late"])
    late = Play(exit_code=Exit.INTERRUPTED, lines=())

    results = _results(_drill("early", Play(lines=())), _drill("late", late))

    assert results["early"].named == "0.30 s: said early"
    assert results["late"].named == "1.30 s: said late"


def test_a_drill_that_was_none_is_tried_again_and_the_others_go_on(robots):
    robots()

    def play(robot):
        raise PartError("it did not move")

    results = _results(_drill("none", play), _drill("good", Play()))

    assert (results["none"].tries, results["good"].tries) == (TRIES, 1)
    assert "it did not move" in results["none"].wrong
    assert results["good"].good


@pytest.mark.parametrize("body", list(Body))
def test_drills_of_one_body_can_be_chosen(body):
    assert {drill.body for drill in chosen((), body)} == {body}
