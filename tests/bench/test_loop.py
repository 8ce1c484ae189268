"""What the bench of the loop does and says; no time is asserted."""

import json
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from neuroloop.bench.loop import around, live, plain, stress, touch, whole
from neuroloop.bench.loop.around import Around
from neuroloop.bench.loop.stretch import Stretch, quantiles
from neuroloop.bench.loop.whole import ASYNCIO, METHODS, OURS, THREAD, Task
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.message import (
    R_BYTES,
    R_INDEX,
    R_LATE_NS,
    R_SENT_NS,
    R_T_US,
    RECORD_BYTES,
    RECORD_WORDS,
    Kind,
    pack,
)
from neuroloop.core.ports import Site
from neuroloop.runtime.realtime import Granted

pytestmark = pytest.mark.real_time

GRANTED = Granted(fifo=True, locked=False, core=None, refused=("memory locking: limited",))
SHORT = Task(seconds=0.3, repeat=1)


def stretch(late_us, skipped=0, reaction_us=(), phases=None):
    late = np.asarray(late_us, np.float64)
    return Stretch(
        1000, late, late + 10.0, skipped, GRANTED, np.asarray(reaction_us, float), phases or {}
    )


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("none", ()),
        ("gil", ("gil",)),
        ("gc+gil+gc", ("gc", "gil")),
        ("all", ("gil", "gc", "cpu")),
    ],
)
def test_stress_is_named(text, kinds):
    assert stress.parsed(text) == kinds


@pytest.mark.parametrize("text", ["", "gill", "gil+", "none+gil", "all+gc"])
def test_unknown_stress_names_the_known_ones(text):
    with pytest.raises(ConfigError, match="--stress"):
        stress.parsed(text)


def test_stress_is_there_and_then_gone(monkeypatch):
    started = []
    popen = subprocess.Popen

    def start(*args, **options):
        started.append(popen(*args, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    names = {"_multiply", "_churn"}
    with stress.stressed(("gil", "gc", "cpu")):
        assert names <= {thread.name for thread in threading.enumerate()}
        assert started
        assert all(process.poll() is None for process in started)
    assert not names & {thread.name for thread in threading.enumerate()}
    assert all(process.poll() is not None for process in started)


def test_a_busy_process_ends_with_its_parent():
    command = [sys.executable, "-c", stress._BURNER]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as burner:
        assert burner.poll() is None
        burner.stdin.close()  # as when the parent is gone
        assert burner.wait(20) == 0


@pytest.mark.parametrize(
    ("stolen", "tries", "disturbed"),
    [([0], 1, False), ([9, 0], 2, False), ([9, 9, 9], 3, True)],
)
def test_a_stretch_with_stolen_time_is_run_again(monkeypatch, stolen, tries, disturbed):
    # before and after each try, of 100 ticks of the processor's clock
    readings = [r for n in stolen for r in ([0] * 8, [100 - n, 0, 0, 0, 0, 0, 0, n])]
    monkeypatch.setattr(around, "_jiffies", lambda: readings.pop(0))
    runs = []
    found, seen = around.undisturbed(lambda: runs.append(1) or len(runs))
    assert found == len(runs) == seen.tries == tries
    assert seen.disturbed == disturbed
    assert seen.steal_percent == stolen[-1]


def test_quantiles_of_nothing_are_zero():
    assert quantiles(np.empty(0)).max_us == 0.0


def test_ticks_that_nobody_was_told_of_count_as_run():
    found = replace(stretch([0, 990], skipped=6), unseen=4)
    assert found.ran == 6
    assert found.on_time_percent == pytest.approx(25.0)


def test_on_time_is_out_before_the_next_deadline_and_skipped_is_not():
    # out at 10, 989 + 10 and 990 + 10 us
    assert stretch([0, 989, 990], skipped=1).on_time_percent == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("task", "word"),
    [
        (Task(rate_hz=0.5), "--rate-hz"),
        (Task(rate_hz=1e6), "--rate-hz"),
        (Task(rate_hz=float("nan")), "--rate-hz"),
        (Task(seconds=0.05), "--seconds"),
    ],
)
def test_what_cannot_be_measured_is_refused(task, word):
    with pytest.raises(ConfigError, match=word):
        whole.measure(task)


def test_elsewhere_it_says_that_it_needs_linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(MachineError, match="Linux"):
        whole.measure(SHORT)


def test_the_run_file_follows_the_task():
    task = Task(rate_hz=4000.0, seconds=2.0, neurons=300, pin=True)
    run = task.run("wall")
    ((part, timing),) = run.sensors
    assert (run.clock.kind, run.clock.config.dt_us, run.clock.config.pin) == ("wall", 250, True)
    assert run.clock.config.spin_us == 62  # a quarter of a tick
    assert SHORT.spin_us == 100
    assert run.run.seconds == 2.0
    assert (timing.latency_ms, timing.process) == (0.25, True)
    assert part.config.rate_hz == pytest.approx(0.997 * 4000)
    assert run.wiring.network_options == {"neurons": 300}
    assert task.run("step").clock.kind == "step"


def test_the_sensor_stamps_a_reading_when_it_is_asked_and_keeps_its_rate():
    sensor = touch.build(touch.Config(rate_hz=1000.0), Site("touch", 1, 1000))
    found = [(t, reading) for t in range(10, 10_001, 50) for reading in sensor.read(t)]
    assert [t for t, _ in found] == [10, *range(1010, 10_001, 1000)]
    for t, reading in found:
        assert (reading.t_us == t - 1).all()
        assert len(reading.unit) == pytest.approx(64, abs=1)
        assert len(set(reading.unit.tolist())) == len(reading.unit)
    assert not sensor.read(9_999)


def test_a_sensor_that_was_not_asked_for_long_makes_up_the_events_alone():
    sensor = touch.build(touch.Config(rate_hz=1000.0), Site("touch", 1, 1000))
    sensor.read(1000)
    assert [len(reading.unit) for reading in sensor.read(4000)] == [192]
    assert [len(reading.unit) for reading in sensor.read(400_000)] == [touch.UNITS]


def tick(index, sent_us, *entered):
    """Return record and outcome of a tick of 1 ms, 700 ns late, in which readings entered."""
    body = [pack(Kind.READING, port, t_us, np.zeros(8, np.uint8)) for port, t_us in entered]
    head = np.zeros(RECORD_WORDS, np.int64)
    head[R_INDEX], head[R_T_US], head[R_LATE_NS] = index, 1000 * index, 700
    head[R_BYTES] = RECORD_BYTES + sum(map(len, body))
    outcome = head.copy()
    outcome[R_SENT_NS], outcome[R_BYTES] = 1000 * sent_us, RECORD_BYTES
    return np.concatenate([head.view(np.uint8), *body]), outcome.view(np.uint8)


def test_the_onlooker_keeps_lateness_and_the_way_from_stamp_to_motion():
    loop = SimpleNamespace(
        sources=[SimpleNamespace(spec=SimpleNamespace(name="touch"))],
        intake=SimpleNamespace(
            feeds=[SimpleNamespace(name="touch", port=3), SimpleNamespace(name="edits", port=4)]
        ),
    )
    kept = live.Punctual(loop)
    kept.take(*tick(5, 5012, (3, 4400)))  # it waited for the run to begin
    kept.take(*tick(6, 6012, (3, 5400), (4, 5900), (3, 5950)))
    kept.take(*tick(8, 8030))
    assert kept.heads()[:, R_LATE_NS].tolist() == [700, 700, 700]
    assert list(kept.reactions_ns()) == [612_000, 62_000]


def test_figures_are_medians_of_stretches_and_ratios_are_taken_stretch_by_stretch():
    quiet, again = Around(0.0, 0.5, 1), Around(0.5, 1.0, 2)
    found = {
        OURS: [
            (stretch([1.0] * 9, 1, [500.0], {"the network": 1}), quiet),
            (stretch([2.0] * 9, 3, [700.0], {"the network": 2, "what came in": 1}), again),
            (stretch([9.0] * 9, 2, [600.0]), quiet),
        ],
        THREAD: [(stretch([us] * 9), quiet) for us in (30.0, 20.0, 9.0)],
        ASYNCIO: [(stretch([us] * 9), quiet) for us in (100.0, 400.0, 900.0)],
    }
    cost = whole.summed(SHORT, found)
    assert cost.methods[OURS].late.p99_us == 2.0
    assert cost.methods[OURS].skipped == 2
    assert [a.tries for a in cost.methods[OURS].around] == [1, 2, 1]
    assert cost.times_worse_at_p99 == {THREAD: 10.0, ASYNCIO: 100.0}
    assert cost.sensor_to_motor.p50_us == 600.0
    assert cost.phases == {"the network": 3, "what came in": 1}


@pytest.mark.parametrize("wait", [plain.in_thread, plain.in_asyncio])
def test_a_plain_loop_runs_or_skips_every_deadline(wait):
    found = plain.measure(SHORT.run("step"), wait, spin_us=100, pin=False)
    ran = len(found.late_us)
    assert ran > 0
    assert len(found.out_us) == ran
    # the last one it ran may have left some behind that lie beyond the end
    assert ran + found.skipped >= 300
    assert (found.late_us >= 0).all()
    # stamped by two clock readings of a microsecond's resolution
    assert (found.out_us >= found.late_us - 1.0).all()


def test_a_plain_loop_skips_what_has_passed_by_more_than_a_tick():
    polls, indices = [], []

    class Loop:
        dt_us, next_index = 1000, 0
        sources = (SimpleNamespace(poll=polls.append),)

        def step(self):
            indices.append(self.next_index)

    loop, now = Loop(), [0]

    def clock():
        return now[0]

    beat = plain.Beat(loop, 0.006)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain.time, "monotonic_ns", clock)
        for deadline in beat.deadlines():
            # tick 1 comes 2.5 ticks late
            now[0] = deadline + (2_500_000 if len(indices) == 1 else 7_000)
    found = beat.found(GRANTED)
    assert indices == [0, 1, 3, 4, 5]
    assert found.skipped == 1
    assert found.late_us.tolist() == [7.0, 2500.0, 7.0, 7.0, 7.0]
    assert polls == [7, 3500, 3007, 4007, 5007]


def test_the_live_loop_is_measured_by_what_its_ticks_say():
    found = live.measure(SHORT.run("wall"))
    ran = len(found.late_us)
    assert ran > 0
    assert len(found.out_us) == ran
    assert (found.out_us >= found.late_us).all()
    assert len(found.reaction_us) > 0
    assert (found.reaction_us > 0).all()


def test_ctrl_c_ends_the_bench_not_only_the_stretch(monkeypatch):
    run = Task(seconds=30.0).run("wall")
    signals = [signal.SIGTERM]  # a second one would end it by itself

    def take(*_):
        if signals:
            signal.raise_signal(signals.pop())

    monkeypatch.setattr(live.Punctual, "take", take)
    with pytest.raises(KeyboardInterrupt):
        live.measure(run)


def test_the_table_and_the_numbers_say_the_same(command, monkeypatch):
    code, out, _ = command("bench", "loop", "--seconds", 0.2, "--repeat", 1, "--json")
    cost = json.loads(out)
    assert code == 0
    assert set(cost["methods"]) == set(METHODS)
    for method in cost["methods"].values():
        late = method["late"]
        assert 0 <= late["p50_us"] <= late["p99_us"] <= late["p999_us"] <= late["max_us"]
        assert method["ran"] > 0
        assert method["around"][0]["tries"] >= 1
    assert cost["sensor_to_motor"]["p99_us"] > 0
    assert cost["task"]["rate_hz"] == 1000

    kept = stretch([5.0] * 99, 2, [800.0], {"the network": 2})
    rows = {name: [(kept, Around(2.0, 3.0, 3))] for name in METHODS}
    monkeypatch.setattr(whole, "measure", lambda task, _: whole.summed(task, rows))
    code, out, _ = command("bench", "loop", "--stress", "gil+gc")
    assert code == 0
    for word in (
        "gil + gc",
        "sensor to motor, us",
        "thread is 1.0 times as late",
        "the network 2",
        "SCHED_FIFO",
        "not granted: memory locking: limited",
        "6 stretches were run again",
        "too much of it to the end",
    ):
        assert word in out


def test_a_rate_out_of_bounds_is_an_error_in_words(command):
    code, _, err = command("bench", "loop", "--rate-hz", 1e6)
    assert code == 2
    assert "--rate-hz" in err
