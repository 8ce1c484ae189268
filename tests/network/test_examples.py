"""The examples in docstrings and on the page about networks are true."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from neuroloop import network

PAGE = Path(__file__).parents[2] / "docs/networks.md"
MODULES = [m.name for m in pkgutil.iter_modules(network.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name):
    module = importlib.import_module(f"neuroloop.network.{name}")

    assert doctest.testmod(module).failed == 0


def test_examples_of_the_page_run_one_after_the_other():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names = {}
    for block in blocks:
        exec(block, names)

    from neuroloop.runtime.simulate import Simulator

    assert len(blocks) >= 6
    assert names["result"].total_spikes > 0
    for name in ("seeing", "driven"):
        Simulator(names[name])


def test_page_and_package_name_every_connector():
    made = {n for n in network.__all__ if not n[0].isupper()} | {"Convolution", "Pooling"}
    told = set(re.findall(r"\w+", PAGE.read_text("utf-8")))

    assert made - told <= {"load_layers", "quantise"}
