"""Each fault is really done to a robot that really runs; its body's own stamps are judged."""

import tempfile
from pathlib import Path

import pytest

from neuroloop.drill import judge
from neuroloop.drill.drill import drills
from neuroloop.drill.trial import carried_out

_MINE = f"{tempfile.gettempdir()}/nl-drill-".encode()


def _left():
    """Return the processes of drills that live: each knows its drill's folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            mine = _MINE in (place / "environ").read_bytes()
        except OSError:  # gone, or of another user
            continue
        found += [place.name] if mine else []
    return found


@pytest.mark.parametrize("name", drills())
def test_fault(name):
    drill = drills()[name]

    result = carried_out(drill)

    if result.skipped:
        pytest.skip(f"{result.skipped} is missing")
    assert result.wrong == ()
    assert result.named
    assert result.ms is None or result.ms <= judge.STOPS_WITHIN_MS
    assert _left() == []
