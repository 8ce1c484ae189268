"""The loop and the tick stay short enough to be read in a minute."""

from pathlib import Path

import pytest

from neuroloop import runtime


@pytest.mark.parametrize("name", ["loop.py", "tick.py"])
def test_it_has_fewer_than_120_lines(name):
    text = (Path(runtime.__file__).parent / name).read_text("utf-8")
    assert text.count("\n") < 120
