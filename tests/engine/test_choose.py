"""A projection gets the layout it asks for, or the one the constants say is cheapest."""

import dataclasses
import json

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Bundle
from neuroloop.engine import choose, speed
from neuroloop.engine.measure import measure
from neuroloop.engine.speed import Speed
from neuroloop.network import Input, Network, Population, Projection, pairs
from neuroloop.runtime.simulator import Simulator


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "neuroloop" / "speed.json"


def _bundle(n=200, probability=0.1, weight=0.3, delays=(1, 1), layout="auto"):
    rng = np.random.default_rng(0)
    pre, post = np.nonzero(rng.random((n, n)) < probability)
    value = rng.random(len(pre)) if weight is None else weight
    delay = rng.integers(delays[0], delays[1] + 1, len(pre)).astype(np.int32)
    return Bundle(pairs(pre, post, value), n, n, delay, layout=layout)


def test_plan_names_every_layout_cheapest_first_and_the_refused_last():
    found = choose.plan(_bundle())

    able = [c for c in found if not c.refusal]
    assert {c.name for c in found} == set(choose.known())
    assert [c.cost_ns for c in able] == sorted(c.cost_ns for c in able)
    assert found[: len(able)] == able
    assert all(c.n_bytes > 0 and c.cost_ns > 0 for c in able)


def test_plan_follows_the_rate_and_the_constants():
    bundle = _bundle()

    assert choose.plan(bundle, 100.0)[0].cost_ns > choose.plan(bundle, 10.0)[0].cost_ns
    slow_bits = dataclasses.replace(Speed(), bits=100.0)
    assert choose.plan(bundle, speed=slow_bits)[0].name != "bits"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"n": 1000, "probability": 0.3}, "bits"),
        ({"n": 1000, "probability": 0.005}, "constant"),
        ({"n": 1000, "probability": 0.005, "weight": None}, "csr"),
        ({"n": 500, "probability": 0.9, "weight": None}, "dense"),
        ({"n": 300, "probability": 0.01, "delays": (1, 9)}, "ring"),
    ],
)
def test_shipped_constants_choose_the_layout_for_the_shape(given, wanted):
    assert choose.plan(_bundle(**given))[0].name == wanted


def test_buckets_are_taken_where_the_ring_does_not_fit_into_the_cache():
    # one synapse in a thousand that is there stands for the whole
    n, k = 77_000, 400
    post = np.sort(np.random.default_rng(0).integers(0, n, (n, k)).astype(np.uint32), axis=1)
    wired = pairs(np.repeat(np.arange(n), k), post.reshape(-1), 0.5)
    delay = (np.arange(n * k) % 6 + 55).astype(np.int32)

    found = choose.plan(Bundle(wired, n, n, delay, dt_ms=0.1))

    assert found[0].name == "buckets"


def test_note_says_what_was_taken_what_the_others_cost_and_why_some_were_not():
    note = choose.build(_bundle(delays=(1, 9))).note

    assert note.startswith("ring: ")
    assert "us a tick expected at 10 Hz; buckets " in note
    assert "(bits: the delays differ; " in note


def test_same_synapses_and_constants_give_the_same_layout():
    notes = {choose.build(_bundle()).note for _ in range(3)}

    assert len(notes) == 1


def test_layout_asked_for_is_taken():
    for name in ("csr", "constant", "dense", "bits", "ring", "buckets"):
        assert choose.build(_bundle(layout=name)).note == f"{name}: asked for"


def test_unknown_layout_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r'no layout "buckts" .*did you mean "buckets"\? known: '):
        choose.build(_bundle(layout="buckts"))


def test_layout_that_cannot_hold_them_names_those_that_can():
    with pytest.raises(ConfigError, match="the delays differ; buckets, ring can"):
        choose.build(_bundle(delays=(1, 9), layout="csr"))


def test_simulator_says_how_each_projection_lies_in_memory():
    link = Projection("in", "cells", _bundle().connections, 1.0, layout="csr")
    network = Network((Input("in", 200),), (Population("cells", 200),), (link,))

    assert Simulator(network).layouts == {"in-cells.0": "csr: asked for"}


def test_constants_are_kept_and_found(cache):
    kept = dataclasses.replace(Speed(), csr=3.5)

    assert speed.load() == Speed()
    assert speed.keep(kept) == cache
    assert speed.load() == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "\x00\x01",
        '{"csr": 1.0}',
        json.dumps(dataclasses.asdict(Speed()) | {"csr": -1.0}),
        json.dumps(dataclasses.asdict(Speed()) | {"csr": "fast"}),
        json.dumps(dataclasses.asdict(Speed()) | {"csr": 1e300}),
        json.dumps(dataclasses.asdict(Speed()) | {"other": 1.0}),
        json.dumps(dataclasses.asdict(Speed())) + " " * 5000,
    ],
)
def test_damaged_constants_are_ignored_with_a_warning(cache, caplog, text):
    cache.parent.mkdir()
    cache.write_text(text)

    assert speed.load() == Speed()
    assert "speed.json is damaged" in caplog.text


def test_folder_in_place_of_the_file_is_ignored_with_a_warning(cache, caplog):
    cache.mkdir(parents=True)

    assert speed.load() == Speed()
    assert "cannot be read" in caplog.text


@pytest.mark.slow
def test_measured_constants_are_numbers_one_can_keep():
    found = measure()

    speed.keep(found)
    assert speed.load() == found
