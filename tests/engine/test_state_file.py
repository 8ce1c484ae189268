"""The state of a run in one file: it goes on to the bit, and refuses in words."""

import os
import struct

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.engine import state_file
from neuroloop.network import one_to_one, pairs
from neuroloop.runtime.saved import load_state, save
from neuroloop.runtime.snapshot import snapshot

N = 12


def make(seed=1, n=N, weight=0.5, kind="lif_exp", **options):
    """Return a network of several kinds, with spikes in flight of different delays."""
    rng = np.random.default_rng(7)
    some = pairs(rng.integers(0, N, 60), rng.integers(0, n, 60), rng.normal(0.4, 0.2, 60))
    network = Network(
        (Input("in", N),),
        (
            Population("noise", N, "poisson", {"rate_hz": 300.0}),
            Population("one", n, "lif", {"tau_m_ms": 15.0, "refractory_ms": 2.0}),
            Population("two", N, kind),
        ),
        (
            Projection("noise", "one", some, rng.integers(1, 9, 60) * 1.0),
            Projection("in", "one", one_to_one(min(N, n), weight), 3.0),
            Projection("one", "two", one_to_one(min(N, n), 900.0), 2.0),
        ),
    )
    return Simulator(network, seed=seed, watch=["one", "two", "noise"], **options)


def drive(simulator, ticks):
    """Run on; returns everything that left."""
    left = []
    for _ in range(ticks):
        fired = simulator.step({"in": [simulator.index % N]})
        left.append({name: units.tolist() for name, units in fired.items()})
    return left


@pytest.fixture(scope="module")
def middle(tmp_path_factory):
    """Return a file of a run's middle, and how the run went on."""
    path = tmp_path_factory.mktemp("state") / "middle.state"
    simulator = make()
    drive(simulator, 80)
    simulator.edit("one.bias", 0.3)  # waits for the next tick
    simulator.save(path)
    left = drive(simulator, 60)
    return path, left, simulator.arena.memory.tobytes()


def test_run_goes_on_to_the_bit_in_a_fresh_simulator(middle):
    path, left, end = middle
    fresh = make(seed=99)
    fresh.load_state(path)

    assert fresh.index == 80
    assert drive(fresh, 60) == left
    assert fresh.arena.memory.tobytes() == end
    assert sum(len(units) for tick in left for units in tick.values()) > 100


def test_it_goes_on_whatever_is_done_about_what_is_no_number(middle):
    path, left, _ = middle
    other = make(not_a_number="clamp")
    other.load_state(path)

    assert drive(other, 60) == left


def test_description_says_what_is_in_it(middle):
    said = state_file.describe(middle[0])

    assert (said.tick, said.dt_us, said.seed) == (80, 1000, 1)
    assert said.kinds["one"] == "lif"
    assert said.kinds["in-one.1"] == "static"
    assert said.layouts.keys() == {"noise-one.0", "in-one.1", "one-two.2"}
    assert next(f.form for f in said.fields if f.name == "one.v") == f"float32[{N}]"
    assert [section.name for section in said.sections][:2] == ["network", "rings"]
    assert said.written.endswith("+00:00")


def test_description_reads_the_header_alone(middle, tmp_path):
    whole = middle[0].read_bytes()
    length = struct.unpack_from("<I", whole, 12)[0]
    sparse = tmp_path / "sparse.state"
    sparse.write_bytes(whole[: 32 + length])
    os.truncate(sparse, len(whole))  # nothing but zeros follow

    assert state_file.describe(sparse).tick == 80
    with pytest.raises(ConfigError, match="checksum of `network`"):
        make().load_state(sparse)


def test_fixed_weights_are_not_in_the_file_and_must_be_the_same(middle):
    with pytest.raises(ConfigError, match=r"other fixed weights: in-one\.1\.\w+ differs"):
        make(weight=0.25).load_state(middle[0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": N + 1}, rf"one\.fires is uint8\[{N}\] there and uint8\[{N + 1}\] here"),
        ({"kind": "lif"}, "two is of kind lif_exp there and lif here"),
        ({"dt_us": 500}, "saved with ticks of 1000 us; this loop has 500 us"),
    ],
)
def test_state_of_another_network_is_refused_with_what_differs(middle, options, words):
    simulator = make(**options)
    before = simulator.arena.memory.tobytes()

    with pytest.raises(ConfigError, match=words):
        simulator.load_state(middle[0])

    assert simulator.arena.memory.tobytes() == before


def test_missing_population_is_named(middle):
    small = Simulator(Network((Input("in", N),), (Population("one", N),)))

    with pytest.raises(ConfigError, match=r"noise \(poisson\) is only there; two \(lif_exp\) is"):
        small.load_state(middle[0])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda b: b"", "not a state file"),
        (lambda b: b"PK\x03\x04" + b, "not a state file"),
        (lambda b: b[:20], "cut short"),
        (lambda b: b[:40], "cut short"),
        (lambda b: b[:-1], "cut short"),
        (lambda b: b + b"\0", "cut short or damaged"),
        (lambda b: b[:8] + b"\x09" + b[9:], "written in format 9; this version reads 1"),
        (lambda b: b[:12] + b"\xff\xff\xff\xff" + b[16:], "header of 4,294,967,295 bytes"),
        (lambda b: b[:50] + b"#" + b[51:], "checksum of its header"),
        (lambda b: b[:-1] + bytes([b[-1] ^ 1]), "checksum of `parameters`"),
    ],
)
def test_damaged_file_is_refused_in_words(middle, tmp_path, damage, words):
    path = tmp_path / "bad.state"
    path.write_bytes(damage(middle[0].read_bytes()))

    with pytest.raises(ConfigError, match=rf"bad\.state: .*{words}"):
        make().load_state(path)


@pytest.mark.parametrize(
    "change",
    [
        {"sections": [state_file.SectionLine("network", 1 << 60, "")]},
        {"sections": [state_file.SectionLine("network", -5, "")]},
        {"sections": [state_file.SectionLine("plant", 1 << 40, "")]},
        {"sections": []},
        {"fields": []},
    ],
)
def test_header_that_lies_with_a_right_checksum_is_refused(middle, tmp_path, change):
    path = tmp_path / "lies.state"
    header = msgspec.structs.replace(state_file.describe(middle[0]), **change)
    _forge(path, msgspec.json.encode(header))

    with pytest.raises(ConfigError):
        make().load_state(path)


@pytest.mark.parametrize("text", [b"", b"[" * 100_000, b'{"tick": "x"}', b"\xff\xfe", b"null"])
def test_header_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "odd.state"
    _forge(path, text)

    with pytest.raises(ConfigError, match=r"odd\.state: its header is none"):
        state_file.describe(path)


def _forge(path, text):
    prefix = struct.Struct("<8sII16s")
    digest = state_file.checksum([text])
    path.write_bytes(
        prefix.pack(state_file.MAGIC, state_file.FORMAT, len(text), bytes.fromhex(digest)) + text
    )


@given(data=st.data())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_damage_is_refused_or_harmless(middle, data):
    whole = bytearray(middle[0].read_bytes())
    simulator = _shared()
    before = simulator.arena.memory.tobytes()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "zero"])):
            case "flip":
                whole[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del whole[at : at + data.draw(st.integers(1, len(whole)))]
                whole = whole or bytearray(1)
            case "insert":
                whole[at:at] = data.draw(st.binary(min_size=1, max_size=40))
            case "zero":
                whole[at : at + 64] = bytes(len(whole[at : at + 64]))
    path = middle[0].with_name("fuzzed.state")
    path.write_bytes(whole)

    try:
        simulator.load_state(path)
    except ConfigError as error:
        assert str(path) in str(error)  # noqa: PT017
        assert simulator.arena.memory.tobytes() == before
    else:
        assert whole == middle[0].read_bytes()
        assert drive(simulator, 60) == middle[1]


_made = []


def _shared():
    _made[:] = _made or [make()]
    return _made[0]


@pytest.mark.parametrize("name", ["absent.state", "."])
def test_what_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(ConfigError, match=r"cannot be read|not a file"):
        make().load_state(tmp_path / name)


def test_a_pipe_is_refused_before_it_is_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(ConfigError, match="not a file"):
        state_file.describe(tmp_path / "pipe")


def test_file_is_replaced_in_one_step_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "run.state"
    simulator = make()
    simulator.save(path)
    drive(simulator, 5)
    simulator.save(path)

    assert state_file.describe(path).tick == 5
    assert [p.name for p in tmp_path.iterdir()] == ["run.state"]


def test_what_was_there_stays_where_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "run.state"
    simulator = make()
    simulator.save(path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match="No space left"):
        simulator.save(path)

    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.state"]


def test_no_folder_is_said(tmp_path):
    with pytest.raises(MachineError, match="cannot write"):
        make().save(tmp_path / "no" / "run.state")


def test_learned_weights_and_traces_go_on(tmp_path):
    stdp = pytest.importorskip("neuroloop.synapses.stdp")
    wired = pairs(np.repeat(np.arange(6), 6), np.tile(np.arange(6), 6), 0.4)
    network = Network(
        (Input("in", 6),),
        (Population("cells", 6, "lif"),),
        (Projection("in", "cells", wired, 2.0, kind="stdp"),),
    )
    rng = np.random.default_rng(3)
    inputs = [np.flatnonzero(rng.random(6) < 0.3) for _ in range(200)]

    def go(simulator, first, last):
        return [simulator.step({"in": inputs[k]})["cells"].tolist() for k in range(first, last)]

    simulator, fresh = (Simulator(network, watch=["cells"]) for _ in range(2))
    go(simulator, 0, 100)
    simulator.save(tmp_path / "learning.state")
    fresh.load_state(tmp_path / "learning.state")

    assert stdp.__name__
    assert go(fresh, 100, 200) == go(simulator, 100, 200)
    assert fresh.arena.memory.tobytes() == simulator.arena.memory.tobytes()


def test_neurons_that_no_tick_visited_go_on(tmp_path):
    cells = Population("cells", 200, "lif", update="events")
    network = Network((Input("in", 200),), (cells,), (Projection("in", "cells", one_to_one(200)),))

    def go(simulator, first, last):
        return [
            simulator.step({"in": [37 * k % 200]})["cells"].tolist() for k in range(first, last)
        ]

    simulator, fresh = (Simulator(network, watch=["cells"]) for _ in range(2))
    go(simulator, 0, 100)
    simulator.save(tmp_path / "lazy.state")
    fresh.load_state(tmp_path / "lazy.state")

    assert go(fresh, 100, 400) == go(simulator, 100, 400)
    assert fresh.arena.memory.tobytes() == simulator.arena.memory.tobytes()


def test_changed_parameters_go_on(tmp_path):
    simulator, fresh = make(), make()
    simulator.edit_parameters("one", tau_m_ms=40.0)
    drive(simulator, 10)
    simulator.save(tmp_path / "run.state")
    fresh.load_state(tmp_path / "run.state")
    for other in (simulator, fresh):
        other.edit_parameters("one", v_threshold=0.7)

    assert drive(fresh, 40) == drive(simulator, 40)
    assert fresh.arena.memory.tobytes() == simulator.arena.memory.tobytes()


def test_snapshot_of_rings_is_as_large_as_what_waits():
    simulator = make()
    empty = len(simulator.snapshot()["rings"])
    simulator.edit("one.v", 0.5)

    assert empty < 200
    assert empty < len(simulator.snapshot()["rings"]) < empty + 200


def test_whole_loop_goes_on_with_its_world(tmp_path):
    from neuroloop.config import runfile
    from neuroloop.report.meter import Meter
    from neuroloop.runtime.session import played

    run = runfile.load("navigate_by_hand", ["plant.kind=plane", "run.stop_at_goal=false"])
    path = tmp_path / "robot.state"

    def on(loop):
        meter = Meter()
        for _ in range(1000):
            loop.sense(loop.next_index * loop.dt_us)
            loop.step()
            loop.move(loop.outcome)
            loop.show(loop.intake.record, loop.outcome)
            meter.take(loop.intake.record, loop.outcome)
        return meter.fingerprint, loop.plant.pose()

    def until(ticks):
        def onlookers(loop):
            loop.episode.most_us = ticks * loop.dt_us
            return ()

        return onlookers

    with played(run, until(1500)) as session:
        save(session.loop, path)
        first = on(session.loop)
    with played(run, until(10)) as session:
        load_state(session.loop, path)
        assert session.loop.next_index == 1500
        second = on(session.loop)
        again = snapshot(session.loop)

    with played(run, until(10)) as session:
        session.loop.plant = None
        with pytest.raises(ConfigError, match=r"of another loop: plant.* only there"):
            load_state(session.loop, path)
        load_state(session.loop, path, parts=False)
        assert session.loop.next_index == 1500

    assert second == first
    assert "plant" in again
    assert state_file.describe(path).feeds[-1] == "edits"
