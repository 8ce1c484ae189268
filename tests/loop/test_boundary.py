"""Parts that anybody may have written: whatever they do, the wheels stop and a message says who."""

import time

import numpy as np
import pytest

from neuroloop.cli.main import main
from neuroloop.config import runfile
from neuroloop.runtime.said import said
from neuroloop.runtime.session import played

pytestmark = pytest.mark.real_time

RUN = """
[clock]
kind = "{clock}"
[sensor.sonar]
kind = "./part.py"
repeats = true
[encoder.sectors]
kind = "sectors"
input = "sonar"
sectors = 3
[engine]
kind = "float"
network = "part.py:network"
[guard]
arm = "start"
[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.0], [0.0]]
offset = [0.2, 0.2]
[actuator.wheels]
kind = "./part.py"
"""
PART = """
import time
import numpy as np
from msgspec import Struct
from neuroloop.core.values import Ranges, Scalars, SourceSpec
from neuroloop.config import body
from neuroloop.network import Input, Network, Population

BEARING = np.radians([30, 0, -30]).astype(np.float32)
WRITTEN = []

class Config(Struct):
    pass

class Sonar:
    spec = SourceSpec("sonar", Ranges, (3,), 20.0, bearing_rad=BEARING)
    next_us = 0
    def read(self, until_us):
        found = []
        while self.next_us < until_us:
            found.append(self.reading(self.next_us))
            self.next_us += 50_000
        return found
    def reading(self, t_us):
        return Ranges(t_us, np.ones(3, np.float32), BEARING)

class Motors:
    body = None
    def write(self, motion):
        WRITTEN.append((time.monotonic(), motion.values.tolist()))
    def stop(self):
        WRITTEN.append((time.monotonic(), "stop"))

def network():
    return Network((Input("sectors", 3),), (Population("motor", 1, "lif"),))

def build(config, site):
    if site.role == "sensor":
        return Sonar()
    motors = Motors()
    motors.body = body.load("rover", site.folder, "x")
    return motors
"""


@pytest.fixture
def folder(tmp_path):
    def make(clock="step", **changes):
        text = PART
        for old, new in changes.values():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "part.py").write_text(text)
        (tmp_path / "run.toml").write_text(RUN.format(clock=clock))
        return tmp_path / "run.toml"

    return make


def written(session):
    """What the motors were told, by the module the run file loaded."""
    module = session.run.actuators[0].module
    return module.WRITTEN


def test_the_motors_stop_while_a_sensor_is_silent(folder):
    run = folder(
        silent=("while self.next_us < until_us:", "while self.next_us < min(until_us, 1e6):")
    )
    with played(runfile.load(str(run), ["run.seconds=3", "sensor.sonar.silent_ms=300"])) as session:
        values = [v for _, v in written(session)]
        guard = said(session.loop)
    driving = [i for i, v in enumerate(values) if v != "stop" and max(v) > 0]
    # the last scan is of 0.95 s; 300 ms later nothing moves any more, to the very end
    assert driving[-1] == pytest.approx(1250, abs=2)
    assert guard["ticks"]["silent"] == pytest.approx(3000 - 1250, abs=60)
    assert guard["state"] == "stopped"
    assert guard["ended"]["text"] == 'sensor "sonar" silent'
    assert values[-1] == "stop"


def test_every_actuator_is_stopped_though_the_first_one_fails(folder, capsys):
    run = folder(
        bad=('        WRITTEN.append((time.monotonic(), "stop"))', '        raise OSError("gone")')
    )
    other = run.with_name("other.py")
    other.write_text(PART.replace("if site.role", "if False and site.role"))
    text = run.read_text()
    limb = text[text.index("[decoder.wheels]") :].replace("wheels]", "arms]")
    run.write_text(text + limb.replace("./part.py", "./other.py"))
    with pytest.raises(SystemExit) as ended:
        main(["run", str(run), "--ticks", "20"])
    assert ended.value.code == 3
    assert "OSError: gone" in capsys.readouterr().err
    session_module = runfile.load(str(run)).actuators[1].module
    assert session_module.WRITTEN[-1][1] == "stop"


class Slow:
    """An onlooker that takes three ticks for each tick."""

    def take(self, record, outcome):
        time.sleep(0.003)


def test_a_slow_onlooker_holds_up_neither_the_motors_nor_the_end(folder):
    run = folder("wall")
    start = time.monotonic()
    with played(runfile.load(str(run), ["run.seconds=2"]), lambda _: [Slow()]) as session:
        told = [t for t, v in written(session) if v != "stop"]
    assert time.monotonic() - start < 8
    assert len(told) > 50
    # never much longer than the onlookers' turn between two commands
    assert np.median(np.diff(told)) < 0.05
    assert written(session)[-1][1] == "stop"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("np.ones(3, np.float32), BEARING", "np.ones(2, np.float32), BEARING", "shape (2,)"),
        (
            "return Ranges(t_us",
            "return Scalars(t_us, np.ones(3, np.float32)) or Ranges(t_us",
            "gave a Scalars",
        ),
        ("return found", "return None", "TypeError"),
        ("    spec = SourceSpec", "    nope = SourceSpec", "without `spec`"),
        ("return Sonar()", "return 3", "int without `spec`"),
        ("    def stop(self):", "    def halt(self):", "without `stop`"),
        ("WRITTEN.append((time.monotonic(), motion", "raise ValueError(('jam', motion", "jam"),
    ],
)
def test_a_part_that_breaks_its_promise_is_named(folder, capsys, old, new, words):
    run = folder(change=(old, new))
    with pytest.raises(SystemExit) as ended:
        main(["run", str(run), "--ticks", "100"])
    out, err = capsys.readouterr()
    assert ended.value.code == 3, err
    assert words in err
    assert "Traceback" not in err + out
    assert err.count("\n") == 1


def test_the_readings_of_a_long_latency_all_find_room(folder):
    run = folder()
    changes = ["run.seconds=4", "sensor.sonar.latency_ms=1500", "sensor.sonar.silent_ms=5000"]
    with played(runfile.load(str(run), changes)) as session:
        assert session.loop.intake.lost["sonar"] == 0
        assert session.loop.program.arena["sonar.meta"][1] == 50


def test_two_files_of_like_names_are_two(folder, tmp_path):
    from neuroloop.config import resolve

    (tmp_path / "a-b.py").write_text("X = 1\n")
    (tmp_path / "a_b.py").write_text("X = 2\n")
    found = [resolve.module("sensor", f"./{n}.py", tmp_path, "x").X for n in ("a-b", "a_b")]
    assert found == [1, 2]
