"""The parts that fail when they are told to are good parts as long as nobody tells them."""

from itertools import pairwise

import numpy as np
import pytest

from neuroloop.core.ports import Site
from neuroloop.drill.parts import button, fuse, pulse
from neuroloop.drill.parts.trigger import Trigger, pull, was_obeyed
from neuroloop.testing.kernels import check_neuron
from neuroloop.testing.ports import check_source


def _built(module, folder):
    return module.build(module.Config(), Site("it", 0, 1000, folder, role="sensor"))


@pytest.mark.parametrize("module", [pulse, button])
def test_a_sensor_keeps_its_promises(module, tmp_path):
    assert check_source(_built(module, tmp_path)) >= 50


def test_a_fuse_keeps_the_promises_of_a_neuron():
    check_neuron(fuse, {"what": "spin", "spin_ms": 1e-3})


def test_no_reading_of_the_pulse_is_the_one_before(tmp_path):
    values = [reading.values for reading in _built(pulse, tmp_path).read(60_000_000)]

    assert all((a != b).any() for a, b in pairwise(values))


@pytest.mark.parametrize(
    ("word", "true"),
    [
        ("silent", lambda r: not r),
        ("repeat", lambda r: len({x.values.tobytes() for x in r}) == 1),
        ("nan", lambda r: all(np.isnan(x.values).all() for x in r)),
        ("out", lambda r: all((x.values > 1).all() for x in r)),
        ("fast", lambda r: len(r) == 500),
        ("burst", lambda r: len(r) == 20_000),
    ],
)
def test_the_pulse_fails_as_it_is_told(word, true, tmp_path):
    pull(tmp_path / "trigger", word)

    assert true(_built(pulse, tmp_path).read(1_000_000))


def test_a_trigger_says_its_word_until_it_is_taken_back(tmp_path):
    path = tmp_path / "trigger"
    trigger = Trigger(path)
    assert trigger.word == ""

    pull(path, "hang")
    assert trigger.word == "hang"
    assert not was_obeyed(path)
    trigger.obeyed()
    assert was_obeyed(path)

    pull(path, "")
    assert trigger.word == ""
