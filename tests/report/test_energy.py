"""What a run on a chip's backend would have cost there: at the end, once a second, over swaps."""

import pytest

from neuroloop.config import runfile
from neuroloop.report.energy import EnergyMeter
from neuroloop.runtime.assemble import opened

DT_US = 20_000
NEURONS = 353
"""of the network of configs/navigate.toml on Loihi 1"""


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def run():
    return runfile.load("navigate", ["engine.kind=loihi1"])


@pytest.fixture
def loop(run):
    with opened(run, DT_US) as loop:
        yield loop


def drive(loop, ticks):
    for _ in range(ticks):
        loop.sense(loop.next_index * loop.dt_us)
        loop.step()
        loop.move(loop.outcome)


def test_an_account_has_every_tick_and_every_decision(loop, run):
    meter = EnergyMeter(loop, run)
    drive(loop, 51)
    found = meter.energy()
    terms = {t.name: t for t in found.account.energy}
    assert found.account.ticks == 51
    assert found.account.seconds == pytest.approx(1.02)
    assert terms["active updates"].count + terms["inactive updates"].count == 51 * NEURONS
    assert terms["synaptic operations"].count > 1000
    # windows of five ticks, the first of which begin when the population does
    assert found.decisions in {9, 10}
    assert found.account.cores == 1


def test_what_was_before_the_start_is_not_in_it(loop, run):
    drive(loop, 30)
    meter = EnergyMeter(loop, run)
    drive(loop, 10)
    found = meter.energy()
    assert found.account.ticks == 10
    assert found.decisions == 2


def test_the_status_line_is_made_once_a_second(loop, run):
    clock = Clock()
    meter = EnergyMeter(loop, run, clock)
    drive(loop, 20)
    meter.take(None, None)
    assert meter.line == ""
    clock.now += 1.1
    meter.take(None, None)
    first = meter.line
    assert first.startswith("at least 104 mW (events ")
    assert "a decision" in first
    clock.now += 0.5
    drive(loop, 20)
    meter.take(None, None)
    assert meter.line is first
    clock.now += 0.6
    meter.take(None, None)
    assert meter.line != first


def test_power_is_that_of_the_last_second_alone(loop, run):
    clock = Clock()
    meter = EnergyMeter(loop, run, clock)
    loop.step()  # nothing was sensed: hardly an event
    clock.now += 1.1
    meter.take(None, None)
    quiet = meter.line
    drive(loop, 40)
    clock.now += 1.1
    meter.take(None, None)
    events = [float(line.split("events ")[1].split()[0]) for line in (quiet, meter.line)]
    assert events[1] > 2 * events[0]


def test_a_network_that_takes_over_goes_on_with_the_account(loop, run):
    meter = EnergyMeter(loop, run)
    drive(loop, 20)
    before = meter.energy()
    with opened(run, DT_US) as other:
        other.program.arena.restore(loop.program.arena.snapshot())
        loop.program = other.program
        carried = meter.energy()
        assert carried.account.event_joules == pytest.approx(before.account.event_joules)
        other.next_index = loop.next_index
        drive(other, 15)
        after = meter.energy()
    assert after.account.ticks == 35
    assert after.account.event_joules > 1.3 * before.account.event_joules
    assert after.account.unplaced == "networks were swapped"
    assert after.account.at_least


def test_floating_point_has_no_account():
    plain = runfile.load("navigate")
    with opened(plain, DT_US) as loop:
        meter = EnergyMeter(loop, plain)
        drive(loop, 5)
        found = meter.energy()
    assert found.account is None
    assert found.as_json()["chip"] is None
    assert found.lines() == [] or found.processor_joules is not None


def test_a_table_of_the_run_file_replaces_figures(tmp_path):
    (tmp_path / "mine.toml").write_text(
        '[synop_pj]\nvalue = 1000.0\nstatus = "measured"\nsource = "my bench"\n'
    )
    (tmp_path / "engine.py").write_text(
        "from msgspec import Struct\n"
        "from neuroloop.backends import loihi1\n"
        "class Config(Struct):\n    energy: str\n"
        "def build(config, site):\n    return loihi1.build(loihi1.Config(), site)\n"
    )
    network = (runfile.find.run_file("navigate").parent / "data" / "navigate.npz").absolute()
    (tmp_path / "run.toml").write_text(
        f'extends = "{runfile.find.run_file("navigate")}"\n'
        f'[engine]\nkind = "./engine.py"\nnetwork = "{network}"\nenergy = "mine.toml"\n'
    )
    run = runfile.load(str(tmp_path / "run.toml"))
    with opened(run, DT_US) as loop:
        meter = EnergyMeter(loop, run)
        drive(loop, 20)
        found = meter.energy()
    synops = found.account.energy[0]
    assert synops.total == pytest.approx(synops.count * 1e-9)
    assert "measured: my bench" in "\n".join(found.lines())
