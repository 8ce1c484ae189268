"""A real robot and a simulated clock do not go together, and whoever puts them together is told."""

import pytest

WHEELS = ("actuator.wheels.kind=mqtt", "actuator.wheels.robot=twin")


@pytest.mark.parametrize("verb", [("check",), ("run", "--headless")])
@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("navigate_hardware", ("clock.kind=step",), "[sensor.lidar]"),
        ("navigate_by_hand", WHEELS, "[actuator.wheels]"),
    ],
)
def test_parts_of_real_time_are_refused(command, verb, name, changes, said):
    options = [word for change in changes for word in ("--set", change)]
    code, _, err = command(verb[0], name, *verb[1:], *options)
    assert code == 2
    assert said in err
    assert 'lives in real time, and [clock] has kind = "step"; set kind = "wall" there' in err
