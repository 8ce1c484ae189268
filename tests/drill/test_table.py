"""The table says what happened, and makes no failure look like a success."""

from dataclasses import replace

from neuroloop.drill import table
from neuroloop.drill.drill import Result

GOOD = Result("pull", "a plug is pulled", "stops", "stopped", 201.4, 360.0, "it was | me", ())


def test_a_row_names_what_was_injected_what_happened_when_and_why():
    lines = list(table.markdown([GOOD]))

    assert lines[2] == "| a plug is pulled | stopped | 201 | it was / me |"
    assert lines[-1] == "1 of 1 drills as expected; slowest stop 201 ms"


def test_what_is_wrong_is_said_in_the_row_and_below():
    bad = replace(GOOD, wrong=("the wheels stopped after 300 ms",), ms=300.0)

    lines = list(table.markdown([GOOD, bad]))

    assert "| WRONG: stopped | 300 |" in lines[3]
    assert "WRONG: pull: the wheels stopped after 300 ms" in lines
    assert lines[-1] == "1 of 2 drills as expected; slowest stop 300 ms"


def test_a_drill_that_was_skipped_is_not_counted_as_good():
    skipped = replace(GOOD, happened="skipped", ms=None, named="", skipped="CAP_SYS_TIME")

    lines = list(table.markdown([skipped]))

    assert lines[2] == "| a plug is pulled | skipped: CAP_SYS_TIME is missing |  |  |"
    assert lines[-1] == "0 of 0 drills as expected, 1 skipped"


def test_further_tries_are_said():
    assert "stopped (3 tries)" in table.rows([replace(GOOD, tries=3)])[0]


def test_a_line_for_who_watches():
    assert " ".join(table.line(GOOD).split()) == "good pull stopped after 201 ms: it was | me"
    assert table.line(replace(GOOD, wrong=("x",))).startswith("WRONG")
