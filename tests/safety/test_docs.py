"""The tables of docs/safety.md are those of the code."""

import re
from pathlib import Path

import msgspec
import pytest

from neuroloop.config.runfile import Ladder, Timing
from neuroloop.core.safety import Cause, Order, State
from neuroloop.guard import limits

TEXT = (Path(__file__).parents[2] / "docs" / "safety.md").read_text("utf-8")


def _rows(heading):
    """Return the first two cells of each row of a table, by the head of its first column."""
    table = TEXT.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0]
    cells = [line.split("|") for line in table.splitlines()[2:]]
    return {name: row[2].strip() for row in cells for name in re.findall(r"`(\w+)`", row[1])}


def test_every_setting_of_the_guard_has_its_default():
    documented = _rows("`[guard]`")
    fields = [f for s in (Ladder, limits.Config) for f in msgspec.structs.fields(s)]

    assert set(documented) == {field.name for field in fields}
    for field in fields:
        said = documented[field.name].strip("`").strip('"')
        if field.default is None:
            assert said == "the body's own"
        elif field.name == "stop":
            assert (said, field.default) == ("[]", ())
        elif isinstance(field.default, bool | str):
            assert said == str(field.default).lower()
        else:
            assert float(said) == field.default


def test_settings_of_sensors_exist():
    assert set(_rows("`[sensor.NAME]`")) <= set(Timing.__struct_fields__)


@pytest.mark.parametrize("cause", set(Cause) - {Cause.ORDER})
def test_every_cause_is_explained(cause):
    assert cause.name.lower() in _rows("cause")


def test_every_order_is_explained():
    table = TEXT.split("\n| order |", 1)[1].split("\n\n", 1)[0]

    assert all(re.search(rf"\b{order.name.lower()}\b", table) for order in Order)


@pytest.mark.parametrize("state", State)
def test_every_state_stands_in_the_picture(state):
    picture = TEXT.split("```")[1]

    assert re.search(rf"\b{state.name.lower()}\b", picture)
