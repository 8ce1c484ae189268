"""Parts in real processes: what they do, and what happens to whom when one is stopped or killed."""

import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core.black_box import AWAKE, read_black_box
from neuroloop.core.command import Verdict, command
from neuroloop.core.errors import ConfigError, MachineError, NeuroloopError, PartError
from neuroloop.core.message import MESSAGE_BYTES, T_US, payload_bytes
from neuroloop.runtime.host.host import BODY, Host
from neuroloop.runtime.parts import Parts
from sims import bullet

pytestmark = pytest.mark.real_time

DT_US = 10_000
WATCHDOG_MS = 200.0
MS = 1_000_000

HEAD = """
[engine]
kind = "float"
network = "nets.py:build"
"""
WORLD = """
[plant]
kind = "KIND"
world = "empty"
"""
ODOMETRY = """
[sensor.odometry]
kind = "plant.odometry"
rate_hz = 100
"""

COUNTING = """
import os, time
import numpy as np
from msgspec import Struct
from neuroloop.core.values import Scalars, SourceSpec

class Config(Struct, frozen=True, forbid_unknown_fields=True):
    rate_hz: float = 100.0
    fails_once: bool = False
    fails_in_build: str = ""
    grows: bool = False

class Counting:
    def __init__(self, config, site):
        grown = config.grows and (site.folder / "grown").exists()
        self.spec = SourceSpec(site.name, Scalars, (2,) if grown else (1,), config.rate_hz)
        self.config, self.mark, self.next_us = config, site.folder / "failed", 0

    def read(self, until_us):
        if self.config.fails_once and until_us > 300_000 and not self.mark.exists():
            self.mark.write_text("once")
            raise ValueError("no more")
        if until_us <= self.next_us:
            return ()
        self.next_us = until_us + round(1e6 / self.config.rate_hz)
        return (Scalars(until_us - 1, np.full(self.spec.shape, os.getpid(), np.float32)),)

def build(config, site):
    from neuroloop.core.errors import ConfigError, MachineError
    if config.fails_in_build == "config":
        raise ConfigError("`rate_hz`: is wrong; right is wanted")
    if config.fails_in_build == "machine":
        raise MachineError("no such device")
    if config.fails_in_build == "bug":
        return 1 / 0
    if config.fails_in_build == "exit":
        os._exit(9)
    if config.fails_in_build == "nothing":
        return None
    import logging
    logging.getLogger("neuroloop.mine").warning("open %s", site.name)
    print("not for the terminal")
    return Counting(config, site)
"""


SLOW = """
import time
from msgspec import Struct
from sims import plane

class Config(Struct, frozen=True):
    world: str = "empty"
    body: str = "rover"

class Slow:
    def __init__(self, plant, folder):
        self.plant, self.mark = plant, folder / "slow"

    def __getattr__(self, name):
        return getattr(self.plant, name)

    def advance(self, until_us):
        if self.mark.exists():
            time.sleep(2e-6 * (until_us - self.plant.t_us))
        self.plant.advance(until_us)

def build(config, site):
    return Slow(plane.build(plane.Config(config.world, config.body), site), site.folder)
"""


@pytest.fixture
def load(tmp_path):
    """Write a run file with these sections and read it."""
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "counting.py").write_text(COUNTING)

    def write(*sections):
        path = tmp_path / "run.toml"
        path.write_text(HEAD + "".join(sections))
        return runfile.load(str(path))

    return write


@pytest.fixture(params=["plane", "bullet"])
def world(request):
    reason = bullet.unavailable() if request.param == "bullet" else None
    if reason is not None:
        pytest.skip(reason)
    return WORLD.replace("KIND", request.param)


PLANE = WORLD.replace("KIND", "plane")


def counting(name="bumper", **settings):
    lines = "".join(f"{k} = {v!r}\n".lower() for k, v in settings.items())
    return f'\n[sensor.{name}]\nkind = "./counting.py"\nprocess = true\n{lines}'.replace("'", '"')


class Driven:
    """A host that lives, its rings, and a brain that is this test."""

    def __init__(self, host, at_us=0):
        self.host, self.sent, self.changes = host, 0, []
        sizes = {n: (k, payload_bytes(s), 4000) for k, (n, s) in enumerate(host.specs.items())}
        self.rings = host.connect(sizes)
        self.start_ns = time.monotonic_ns() + 10 * MS - 1000 * at_us
        host.begin(self.start_ns, at_us)
        self._message = np.zeros(4096, np.uint8)

    @property
    def now_us(self):
        return (time.monotonic_ns() - self.start_ns) // 1000

    def command(self, *values, **more):
        self.host.commands.put(
            command(7, self.sent, time.monotonic_ns(), values, **more).view(np.uint8)
        )
        self.sent += 1

    def drive(self, seconds, *values):
        """Command these speeds every few milliseconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if values:
                self.command(*values)
            self.look()
            time.sleep(2e-3)

    def look(self):
        self.changes += self.host.look(time.monotonic_ns())

    def until(self, said, seconds=20.0):
        """Look until there is such a change; returns it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            found = [c for c in self.changes if said(c)]
            if found:
                return found[-1]
            time.sleep(5e-3)
        raise AssertionError(f"not in {seconds} s; seen: {self.changes}")

    def readings(self, name):
        """Take what waits in a ring: stamps and numbers."""
        found = []
        while n := self.rings[name].pop(self._message):
            stamp = int(self._message[:MESSAGE_BYTES].view(np.int64)[T_US])
            found.append((stamp, self._message[MESSAGE_BYTES:n].view(np.float32).copy()))
        return found


@contextmanager
def living(run, *, at_us=0, box=None, before=lambda host: None):
    """Open the plant with its sensors, or else the sensors, and let them live."""
    sensors = [part for part, _ in run.sensors]
    name = "plant" if run.plant else sensors[0].name
    with Host(name, run, DT_US, plant=run.plant, sensors=sensors, black_box=box) as host:
        before(host)
        yield Driven(host, at_us)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(true, seconds=20.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(5e-3)
    return true()


# a body in real time


def test_commands_move_the_robot_and_its_sensors_fill_their_rings(load, world):
    with living(load(world, ODOMETRY)) as robot:
        plant = robot.host.plant
        x, y, _ = plant.pose()
        robot.drive(1.0, 0.3, 0.3)
        now_us, t_us = robot.now_us, plant.t_us
        assert plant.twist()[0] == pytest.approx(0.3, abs=0.02)
        assert np.hypot(plant.pose()[0] - x, plant.pose()[1] - y) > 0.05
        assert abs(now_us - t_us) < 300_000
        odometry = robot.readings("odometry")
        body = robot.readings(BODY)
        assert robot.changes == []

    stamps = [t for t, _ in odometry]
    periods = (stamps[-1] - stamps[0]) / 10_000
    assert 0.5 * periods <= len(stamps) <= periods + 2
    assert stamps == sorted(set(stamps))
    assert odometry[-1][1][0] == pytest.approx(0.3, abs=0.02)
    labels = robot.host.specs[BODY].labels
    last = dict(zip(labels, body[-1][1], strict=True))
    assert last["left_mps"] == last["right_mps"] == np.float32(0.3)
    assert last["touching"] == 0
    assert [t for t, _ in body] == sorted({t for t, _ in body})


def test_ages_are_counted_and_forgotten(load):
    with living(load(PLANE, ODOMETRY)) as robot:
        assert wait_for(lambda: robot.host.ages()["odometry"][0] >= 10)
        pushed, largest_us = robot.host.ages()["odometry"]
        assert 0 < largest_us < 5_000_000
        robot.host.forget()
        assert wait_for(lambda: robot.host.ages()["odometry"][0] > pushed + 1)
        assert robot.host.ages()["odometry"][1] > 0
        os.kill(robot.host.pid, signal.SIGSTOP)
        robot.host.forget()
        assert robot.host.ages()["odometry"][1] == 0
        os.kill(robot.host.pid, signal.SIGCONT)


def test_the_body_stops_by_itself_when_commands_stop(load, world, tmp_path):
    run = load(world)
    for _ in range(3):
        with living(run, box=tmp_path / "box") as robot:
            robot.drive(0.5, 0.3, 0.3)
            assert wait_for(lambda: abs(robot.host.plant.twist()[0]) < 1e-3)
        box = read_black_box(tmp_path / "box")
        last = np.flatnonzero(box["sequence"] == robot.sent - 1)[0]
        after = box[last:]
        if after["gap_ns"].max() < 20 * MS:
            break
    stopped = after[after["left_mps"] == 0][0]
    assert box["left_mps"][last] == pytest.approx(0.3)
    assert WATCHDOG_MS <= stopped["heard_ns"] / MS <= 250
    assert (after["left_mps"] == 0).sum() + (after["flags"] & AWAKE > 0).sum() == len(after)
    assert abs(after["forward_mps"][-1]) < 1e-3
    assert box["verdicts"][-1][Verdict.TAKEN] > 100


def test_a_frozen_body_is_noticed_and_was_not_driven_through_the_time_it_missed(load, world):
    with living(load(world, ODOMETRY)) as robot:
        robot.drive(0.5, 0.3, 0.3)
        os.kill(robot.host.pid, signal.SIGSTOP)
        frozen_us = robot.host.plant.t_us
        robot.drive(1.0, 0.3, 0.3)
        os.kill(robot.host.pid, signal.SIGCONT)
        missed_us = robot.now_us
        lost = robot.until(lambda c: c.what == "lost")
        robot.drive(0.7, 0.3, 0.3)
        back = robot.until(lambda c: c.what == "back")
        body = robot.readings(BODY)

    assert lost.name == back.name == "plant"
    assert lost.text == "body: its process has not answered for 0.2 s"
    assert back.text == "body: its process runs again"
    # a watchdog's time after the last command it can have heard, and the time to brake
    forward = {t: values[3] for t, values in body}
    missed = [t for t in forward if frozen_us + 400_000 < t < missed_us - 60_000]
    assert len(missed) >= 5
    assert all(abs(forward[t]) < 1e-3 for t in missed)
    assert forward[max(forward)] == pytest.approx(0.3, abs=0.02)


def test_a_world_that_falls_behind_real_time_says_so(load, tmp_path):
    with living(load('\n[plant]\nkind = "./slow.py"\n')) as robot:
        (tmp_path / "slow").touch()
        lost = robot.until(lambda c: "behind real time" in c.text)
        (tmp_path / "slow").unlink()
        back = robot.until(lambda c: "keeps up" in c.text)

    assert (lost.name, lost.what) == ("plant", "lost")
    assert lost.text.startswith("body: its world is ")
    assert (back.name, back.what) == ("plant", "back")


def test_a_command_without_power_stops_the_wheels(load):
    with living(load(PLANE)) as robot:
        robot.drive(0.4, 0.3, 0.3)
        for _ in range(20):
            robot.command(0.3, 0.3, power=False)
            time.sleep(0.02)
        assert robot.host.plant.twist() == (0.0, 0.0)
        robot.drive(0.4, 0.3, 0.3)
        assert robot.host.plant.twist()[0] > 0.2


def test_a_killed_body_is_not_started_again(load, world):
    with living(load(world)) as robot:
        robot.drive(0.3, 0.2, 0.2)
        os.kill(robot.host.pid, signal.SIGKILL)
        lost = robot.until(lambda c: c.what == "lost")
        assert lost.text == robot.host.dead == "body: its process was killed by signal 9"
        pose = robot.host.plant.pose()
        robot.drive(0.5, 0.2, 0.2)
        assert robot.host.plant.pose() == pose
        assert robot.host.pid == 0
        assert robot.changes == [lost]
        with pytest.raises(PartError, match="its process is gone and cannot snapshot: body: its"):
            robot.host.plant.snapshot()


def test_a_world_that_dies_ends_its_body_with_what_it_said(load):
    if bullet.unavailable():
        pytest.skip(bullet.unavailable())
    with living(load(WORLD.replace("KIND", "bullet"))) as robot:
        (server,) = (
            int(pid)
            for pid in Path(f"/proc/{robot.host.pid}/task/{robot.host.pid}/children")
            .read_text()
            .split()
        )
        os.kill(server, signal.SIGKILL)
        lost = robot.until(lambda c: c.what == "lost")

    assert lost.text == robot.host.dead
    assert lost.text.startswith("plant: PyBullet process ended with -9")


BRAIN = """
import sys, time
import numpy as np
from neuroloop.config import runfile
from neuroloop.core.command import command
from neuroloop.runtime.host.host import Host
from pathlib import Path
run = runfile.load(sys.argv[1])
with Host("plant", run, 20000, plant=run.plant, black_box=Path(sys.argv[2])) as host:
    host.connect({n: (k, 64, 100) for k, n in enumerate(host.specs)})
    host.begin(time.monotonic_ns())
    print(host.pid, flush=True)
    k = 0
    while True:
        words = command(7, k, time.monotonic_ns(), [0.3, 0.3])
        host.commands.put(words.view(np.uint8))
        k += 1
        time.sleep(2e-3)
"""


def test_a_body_whose_brain_is_killed_stops_its_wheels_and_ends(load, world, tmp_path):
    run, box = load(world), tmp_path / "box"
    with subprocess.Popen(
        [sys.executable, "-c", BRAIN, str(run.path), str(box)], stdout=subprocess.PIPE, text=True
    ) as brain:
        pid = int(brain.stdout.readline())
        assert wait_for(lambda: len(box_of(box)) and box_of(box)["forward_mps"][-1] > 0.25)
        brain.kill()
        killed_ns = time.monotonic_ns()
    assert wait_for(lambda: not is_running(pid))
    records = read_black_box(box)

    silent = records[records["t_ns"] > killed_ns + 50 * MS]
    assert (silent["left_mps"][-100:] == 0).all()
    assert abs(silent["forward_mps"][-1]) < 1e-3
    assert silent["flags"][-1] & AWAKE == 0
    # it went on, as a body does, for half a second after its watchdog
    assert records["heard_ns"][-1] >= 650 * MS


def box_of(path):
    try:
        return read_black_box(path)
    except ConfigError:
        return np.empty(0)


def test_a_resumed_run_begins_where_it_was(load):
    with living(load(PLANE, ODOMETRY), at_us=3_600_000_000) as robot:
        assert wait_for(lambda: len(robot.rings) and robot.host.ages()["odometry"][0] > 3)
        first = robot.readings("odometry")[0][0]
        t_us = robot.host.plant.t_us

    assert 3_600_000_000 <= first < 3_602_000_000
    assert first < t_us < 3_620_000_000


def test_a_plant_answers_questions_from_here(load, world):
    bearings = np.linspace(-3, 3, 1000, dtype=np.float32)
    kept = {}

    def before(host):
        plant = host.plant
        kept["first"], kept["start"] = plant.snapshot(), plant.pose()
        plant.place((1.0, -1.0, 0.5), (2.0, 2.0))
        kept["pose"], kept["goal"] = plant.pose(), plant.world.goal
        kept["scan"] = plant.scan((0.0, 0.0, 0.0), bearings)
        kept["picture"] = plant.picture((0.0, 0.0, 0.3, 0.0), (600, 800), 1.2)
        plant.restore(kept["first"])
        kept["back"] = plant.pose()

    with living(load(world), before=before) as robot:
        plant = robot.host.plant
        assert wait_for(lambda: plant.t_us > 0)
        assert plant.body.channels == ("left", "right")
        for call in (lambda: plant.place((0.0, 0.0, 0.0), None), lambda: plant.restore(b"")):
            with pytest.raises(PartError, match="while it lives in real time"):
                call()
        assert len(plant.snapshot()) > 8
        with pytest.raises(PartError, match="takes commands from the tick alone"):
            plant.command(np.zeros(2, np.float32))
        before_us = plant.t_us
        plant.advance(before_us + 10_000_000)
        assert plant.t_us < before_us + 5_000_000

    assert kept["pose"] == pytest.approx((1.0, -1.0, 0.5), abs=1e-3)
    assert kept["back"] == kept["start"]
    assert kept["goal"] == (2.0, 2.0)
    assert kept["scan"].shape == (1000,)
    assert kept["scan"].min() > 0
    assert kept["picture"].shape == (600, 800)
    assert kept["picture"].std() > 0


def test_hosted_sensors_draw_the_numbers_that_they_draw_in_this_process(load):
    lidar = '\n[sensor.scan]\nkind = "plant.lidar"\nmount = "lidar"\nnoise_m = 0.1\n'
    run = load(PLANE, lidar)
    with living(run) as robot:
        assert wait_for(lambda: robot.host.ages()["scan"][0] > 0)
        stamp, numbers = robot.readings("scan")[0]

    with ExitStack() as stack:
        parts = Parts(run, DT_US, stack)
        parts.plant = parts.open(run.plant)
        scan = parts.open(run.sensors[0][0])
        parts.plant.advance(stamp)
        (here,) = scan.read(stamp + 1)
    assert numbers[: len(here.metres)].tobytes() == here.metres.tobytes()
    assert np.std(here.metres - parts.plant.scan((0.0, 0.0, 0.0), here.bearing_rad)) > 0.05


# sensors in processes of their own


def test_a_killed_sensor_is_started_again_into_the_same_ring(load):
    with living(load(counting())) as robot:
        assert wait_for(lambda: robot.host.ages()["bumper"][0] > 10)
        first = robot.host.pid
        os.kill(first, signal.SIGKILL)
        lost = robot.until(lambda c: c.what == "lost")
        back = robot.until(lambda c: c.what == "back")
        assert robot.host.pid not in (0, first)
        before = robot.readings("bumper")
        now_us = robot.now_us
        assert wait_for(lambda: not robot.rings["bumper"].empty)
        after = robot.readings("bumper")

    assert lost.text == 'sensor "bumper": its process was killed by signal 9'
    assert back.text == 'sensor "bumper": its process runs again'
    assert (lost.name, back.name, robot.host.dead) == ("bumper", "bumper", "")
    assert before[0][1][0] == np.float32(first)
    assert after[-1][1][0] != np.float32(first)
    assert now_us - 500_000 < after[0][0]
    stamps = [t for t, _ in before + after]
    assert stamps == sorted(set(stamps))


def test_a_frozen_sensor_is_noticed_and_goes_on(load):
    with living(load(counting())) as robot:
        assert wait_for(lambda: robot.host.ages()["bumper"][0] > 3)
        os.kill(robot.host.pid, signal.SIGSTOP)
        lost = robot.until(lambda c: c.what == "lost")
        os.kill(robot.host.pid, signal.SIGCONT)
        back = robot.until(lambda c: c.what == "back")

    assert lost.text == 'sensor "bumper": its process has not answered for 0.2 s'
    assert back.name == "bumper"


@pytest.mark.slow
def test_a_sensor_that_hangs_for_seconds_is_started_anew(load):
    with living(load(counting())) as robot:
        first = robot.host.pid
        os.kill(first, signal.SIGSTOP)
        robot.until(lambda c: c.what == "lost")
        robot.until(lambda c: c.what == "back")
        assert robot.host.pid not in (0, first)
        assert not is_running(first)


def test_a_sensor_that_comes_back_with_other_readings_is_not_taken(load, tmp_path, caplog):
    with living(load(counting(grows=True))) as robot:
        (tmp_path / "grown").touch()
        os.kill(robot.host.pid, signal.SIGKILL)
        refused = 'sensor "bumper": its readings are of another type or size now'

        def looked():
            robot.look()
            return refused in caplog.messages

        assert wait_for(looked)
        assert [c.what for c in robot.changes] == ["lost"]
        assert {len(v) for _, v in robot.readings("bumper")} <= {1}
        (tmp_path / "grown").unlink()
        robot.until(lambda c: c.what == "back")


@pytest.mark.parametrize("beside", [(), (PLANE, ODOMETRY)], ids=["alone", "beside a plant"])
def test_a_sensor_that_raises_is_named_with_its_line_and_opened_again(load, beside):
    with living(load(*beside, counting(fails_once=True))) as robot:
        lost = robot.until(lambda c: c.what == "lost")
        back = robot.until(lambda c: c.what == "back")
        pushed = robot.host.ages()
        assert wait_for(lambda: all(n > pushed[k][0] for k, (n, _) in robot.host.ages().items()))
        assert [c.what for c in robot.changes] == ["lost", "back"]

    line = COUNTING.splitlines().index('            raise ValueError("no more")') + 1
    assert lost.name == back.name == "bumper"
    assert lost.text.startswith('sensor "bumper" failed: ValueError: no more (')
    assert lost.text.endswith(f"counting.py:{line})")
    assert back.text == 'sensor "bumper" is back'


def test_a_recording_says_when_it_has_ended_and_drops_what_was_before_its_time(load):
    scripted = (
        '\n[sensor.goal]\nkind = "neuroloop.testing.scripted"\nrate_hz = 50\nprocess = true\n'
        "values = [[0.0], [1.0], [2.0], [3.0], [4.0]]\n"
    )
    with living(load(scripted), at_us=50_000) as robot:
        source = robot.host.source("goal")
        assert wait_for(lambda: source.ended)
        assert source.read(10**9) == ()
        found = robot.readings("goal")

    assert [(t, v[0]) for t, v in found] == [(60_000, 3.0), (80_000, 4.0)]
    assert source.spec.rate_hz == 50


def test_what_parts_log_comes_out_here(load, caplog, capfd):
    with caplog.at_level(logging.WARNING), living(load(counting())) as robot:
        robot.look()

    assert ("neuroloop.mine", logging.WARNING, "open bumper") in caplog.record_tuples
    assert "not for the terminal" not in "".join(capfd.readouterr())


# what fails while it is being built


@pytest.mark.parametrize("how", ["config", "machine", "bug", "nothing"])
@pytest.mark.parametrize("beside", [(), (PLANE,)], ids=["alone", "beside a plant"])
def test_an_error_of_a_part_is_the_one_it_raises_here(load, how, beside):
    run = load(*beside, counting(fails_in_build=how))
    with ExitStack() as stack, pytest.raises(NeuroloopError) as here:
        Parts(run, DT_US, stack).open(run.sensors[0][0])
    with pytest.raises(NeuroloopError) as there, living(run):
        raise AssertionError("it opened")

    assert type(there.value) is type(here.value)
    assert str(there.value) == str(here.value)
    assert there.value.exit_code == here.value.exit_code


def test_an_error_of_the_plant_is_the_one_it_raises_here(load):
    run = load(PLANE.replace("empty", "nowhere"))
    with ExitStack() as stack, pytest.raises(ConfigError) as here:
        Parts(run, DT_US, stack).open(run.plant)
    with pytest.raises(ConfigError) as there, living(run):
        raise AssertionError("it opened")
    assert str(there.value) == str(here.value)


def test_a_process_that_ends_while_it_is_built_is_named(load):
    run = load(counting(fails_in_build="exit"))
    with pytest.raises(PartError, match='sensor "bumper": its process ended with 9'), living(run):
        raise AssertionError("it opened")


def test_a_black_box_that_cannot_be_written_is_an_error_of_the_machine(load, tmp_path):
    run = load(PLANE)
    with pytest.raises(MachineError, match="No such file"), living(run, box=tmp_path / "no" / "b"):
        raise AssertionError("it opened")


def test_a_plant_is_not_read_more_often_than_it_lives(load):
    run = load(PLANE + "step_us = 200\n", ODOMETRY.replace("100", "2000"))
    with (
        pytest.raises(ConfigError, match=r"\[sensor.odometry\]: `rate_hz`: 2000;.* at most 1000"),
        Host("plant", run, 200, plant=run.plant, sensors=[run.sensors[0][0]]),
    ):
        raise AssertionError("it opened")


def test_nothing_is_left_behind(load, world):
    with living(load(world, ODOMETRY)) as robot:
        pid = robot.host.pid
        files = open_files()
        assert is_running(pid)
    assert not is_running(pid)
    assert open_files() < files
