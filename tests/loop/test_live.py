"""A live run goes on, or stops safely, whatever its parts do; its network can be changed in it."""

import threading
import time

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.message import R_PROGRAM
from neuroloop.core.safety import Order, State
from neuroloop.runtime import saved
from neuroloop.runtime.edits import edit
from neuroloop.runtime.live import latencies
from neuroloop.runtime.said import said, state_of
from neuroloop.runtime.session import played

pytestmark = pytest.mark.real_time

RUN = """
[run]
seconds = {seconds}
[clock]
kind = "wall"
[sensor.sonar]
kind = "./part.py"
repeats = true
{sensor}
[encoder.sectors]
kind = "{encoder}"
input = "sonar"
sectors = 3
[engine]
kind = "float"
network = "part.py:network"
[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.0], [0.0]]
offset = [0.2, 0.2]
[guard]
arm = "start"
[actuator.wheels]
kind = "./part.py"
"""
PART = """
import time
import numpy as np
from msgspec import Struct
from neuroloop.core.values import Ranges, Scalars, SourceSpec, Spikes
from neuroloop.config import body
from neuroloop.network import Input, Network, Population

BEARING = np.radians([30, 0, -30]).astype(np.float32)
WRITTEN = []
OPENED = []

class Config(Struct):
    input: str = ""
    sectors: int = 3

class Sonar:
    spec = SourceSpec("sonar", Ranges, (3,), 50.0, bearing_rad=BEARING)
    next_us = 0
    def __enter__(self):
        OPENED.append(time.monotonic())
        return self
    def __exit__(self, *rest):
        pass
    def read(self, until_us):
        {read}
        if until_us <= self.next_us:
            return []
        self.next_us = until_us + 20_000
        return [Ranges(until_us - 1, np.ones(3, np.float32), BEARING)]

class Encoder:
    units = 3
    def encode(self, reading, tick):
        {encode}
        return Spikes(np.array([tick.t_us]), np.array([0], np.uint32))

class Motors:
    body = None
    def write(self, motion):
        WRITTEN.append((motion.t_us, float(abs(motion.values).max())))
    def stop(self):
        WRITTEN.append((-1, 0.0))

def network():
    return Network((Input("sectors", 3),), (Population("motor", 1, "lif"),))

def build(config, site):
    if site.role == "sensor":
        return Sonar()
    if site.role == "encoder":
        return Encoder()
    motors = Motors()
    motors.body = body.load("rover", site.folder, "x")
    return motors
"""


@pytest.fixture
def robot(tmp_path):
    def make(seconds=2.0, sensor="", read="pass", encode="pass", encoder="sectors"):
        text = RUN.format(seconds=seconds, sensor=sensor, encoder=encoder)
        (tmp_path / "run.toml").write_text(text)
        part = PART.replace("{read}", read).replace("{encode}", encode)
        (tmp_path / "part.py").write_text(part)
        return runfile.load(str(tmp_path / "run.toml"))

    return make


def _moving(session):
    """When the motors were told to move."""
    return np.array([t for t, v in session.run.actuators[0].module.WRITTEN if v > 0])


def test_a_sensor_that_hangs_stops_the_motors_and_nothing_else(robot):
    run = robot(seconds=2.6, read="time.sleep(60) if until_us > 1_000_000 else None")
    with played(run) as session:
        assert 900_000 < _moving(session).max() < 1_250_000
        assert said(session.loop)["ended"]["text"] == 'sensor "sonar" silent'
        assert any('sensor "sonar" has not returned' in text for text in session.live.said)
        assert session.live.ticks > 1500


def test_a_sensor_that_fails_is_opened_again_and_moves_nothing_without_an_order(robot):
    run = robot(read="1 / 0 if 800_000 < until_us < 1_000_000 else None")
    with played(run) as session:
        assert _moving(session).max() < 850_000
        assert len(session.run.sensors[0][0].module.OPENED) > 1
        assert any("ZeroDivisionError" in text for text in session.live.said)
        assert any('sensor "sonar" is back' in text for text in session.live.said)
        assert said(session.loop)["ended"]["text"] == 'sensor "sonar" failed'
        assert state_of(session.loop) is State.STOPPED


def test_what_is_well_again_moves_after_an_order(robot):
    run = robot(seconds=2.5, read="1 / 0 if 800_000 < until_us < 1_000_000 else None")

    def arm(loop):
        def later():
            time.sleep(2.0)
            loop.orders.give(Order.ARM, "a test", loop.next_index * loop.dt_us)

        threading.Thread(target=later, daemon=True).start()
        return []

    with played(run, companions=arm) as session:
        moving = _moving(session)
        assert not ((moving > 850_000) & (moving < 1_700_000)).any()
        assert moving.max() > 2_300_000


def test_a_python_encoder_that_hangs_stops_the_motors(robot):
    run = robot(encoder="./part.py", encode="time.sleep(60) if tick.t_us > 1_000_000 else None")
    with played(run) as session:
        assert 900_000 < _moving(session).max() < 1_300_000
        assert said(session.loop)["ended"]["text"] == 'the Python part "sectors" failed'
        assert any("left behind" in text for text in session.live.said)


def test_a_python_encoder_that_raises_ends_the_run(robot):
    run = robot(encoder="./part.py", encode="1 / 0")
    with pytest.raises(PartError, match=r'encoder "sectors".*ZeroDivisionError'), played(run):
        pass


def test_latency_is_measured_and_hardly_a_reading_is_late(robot):
    with played(robot()) as session:
        latency = session.live.latencies["sonar"]
        assert latency.measured
        assert 1_000 <= latency.us < 50_000
        assert session.loop.sources[0].feed.latency_us == latency.us
        source = session.loop.sources[0]
        assert session.loop.intake.late["sonar"] <= max(3, source.readings // 10)


def test_a_machine_that_stands_still_once_at_the_start_makes_no_latency(robot, monkeypatch):
    rounds = iter([[1_000], [900_000], [1_200], [1_100]])
    monkeypatch.setattr(latencies, "_ages", lambda *_: next(rounds))

    with played(robot(seconds=0.2)) as session:
        assert session.live.latencies["sonar"].us == 2_200  # and a tick


def test_latency_that_is_declared_is_taken(robot):
    with played(robot(seconds=0.5, sensor="latency_ms = 7")) as session:
        assert session.live.latencies["sonar"].us == 7_000
        assert not session.live.latencies["sonar"].measured


class Programs:
    """A sink that keeps which network ran in each tick."""

    def __init__(self):
        self.numbers = []

    def take(self, record, outcome):
        self.numbers.append(int(record.view(np.int64)[R_PROGRAM]))


def _during(work):
    """Return companions that do something a second after the start, and what came of it."""
    results = []

    def companions(loop):
        def later():
            while loop.live.tick is None or loop.live.tick.index < 1000:
                time.sleep(0.01)
            try:
                results.append(work(loop))
            except ConfigError as error:
                results.append(str(error))

        threading.Thread(target=later, daemon=True).start()
        return []

    return companions, results


def test_a_network_is_swapped_and_its_state_goes_along():
    programs = Programs()
    run = runfile.load("navigate_by_hand", ["clock.kind=wall", "run.seconds=2.5"])

    def work(loop):
        before = loop.program
        edit(loop, "motor.silent", 1)
        time.sleep(0.05)
        v = before.arena["motor.v"].copy()
        text = loop.live.swap("nets.py:navigate")
        return text, before is not loop.program, v, loop.program.arena["motor.silent"].all()

    companions, results = _during(work)
    with played(run, lambda _: [programs], companions) as session:
        ((text, swapped, _, silent),) = results
        assert swapped
        assert silent
        assert "nets.py:navigate from tick" in text
        assert state_of(session.loop) is State.ARMED
    first = programs.numbers.index(1)
    assert programs.numbers == [0] * first + [1] * (len(programs.numbers) - first)


def test_a_network_that_does_not_fit_is_refused_and_the_run_goes_on():
    run = runfile.load("navigate_by_hand", ["clock.kind=wall", "run.seconds=2"])
    companions, results = _during(lambda loop: loop.live.swap("nets.py:track"))
    with played(run, companions=companions) as session:
        assert len(results) == 1
        assert "no encoder feeds it" in results[0]
        assert session.live.ticks > 1500


def test_a_state_saved_while_it_runs_goes_on_disarmed(tmp_path):
    run = runfile.load("navigate_by_hand", ["clock.kind=wall", "run.seconds=2"])
    path = tmp_path / "robot.state"
    companions, results = _during(lambda loop: loop.live.save(str(path)))
    with played(run, companions=companions):
        assert "saved" in results[0]
    longer = runfile.load("navigate_by_hand", ["clock.kind=wall", "run.seconds=2.5"])

    def resume(loop):
        saved.load_state(loop, path)
        return ()

    with played(longer, resume) as session:
        assert "goes on from tick 1" in session.live.said[0]
        assert "ago; disarmed" in session.live.said[0]
        assert state_of(session.loop) is State.DISARMED
        assert session.loop.episode.path_m < 0.01


def test_a_network_that_is_too_slow_gives_way_to_the_cheaper_one(tmp_path):
    (tmp_path / "nets.py").write_text(
        "import numpy as np\n"
        "from neuroloop.network import Input, Network, Population, Projection, dense\n"
        "def cheap(n=10):\n"
        "    return Network((Input('signal', 2),), (Population('motor', 2, 'lif'),\n"
        "        Population('many', n, 'lif', {'bias': 2.0})), ())\n"
        "def dear():\n"
        "    return cheap(4_000_000)\n"
    )
    (tmp_path / "run.toml").write_text(
        "[run]\nseconds = 2\n[clock]\nkind = 'wall'\non_miss = 'degrade'\n"
        "cheaper = 'nets.py:cheap'\n"
        "[sensor.signal]\nkind = 'neuroloop.testing.scripted'\nvalues = [[0.5]]\nrepeat = true\n"
        "[encoder.signal]\nkind = 'rate'\ninput = 'signal'\nscale = [1.0]\n"
        "[engine]\nkind = 'float'\nnetwork = 'nets.py:dear'\n"
        "[decoder.wheels]\nkind = 'linear'\ninput = 'motor'\n"
        "weights = [[0.1, 0.0], [0.0, 0.1]]\n[actuator.wheels]\nkind = 'none'\n"
    )
    programs = Programs()
    with played(runfile.load(str(tmp_path / "run.toml")), lambda _: [programs]) as session:
        assert any("too slow" in text for text in session.live.said)
        assert session.live.phases.get("the network", 0) > 0
    assert programs.numbers[0] == 0
    assert programs.numbers[-1] == 1
