"""The example of a neuron model in one file runs, and keeps the promises of its role."""

from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate
from neuroloop.testing.kernels import check_neuron

FOLDER = Path(__file__).parents[2] / "docs" / "examples"


def test_example_keeps_the_promises_of_its_role():
    check_neuron(resolve.module("neuron", "./my_neuron.py", FOLDER, "here"), strength=10.0)


def test_example_fires_regularly_under_a_constant_input():
    cell = Population("cell", 1, "./my_neuron.py")
    link = Projection("in", "cell", one_to_one(1, 10.0))
    inputs = {"in": (np.arange(1000.0), np.zeros(1000, int))}
    network = Network((Input("in", 1),), (cell,), (link,))

    result = simulate(network, seconds=1.0, inputs=inputs, watch=["cell"], folder=FOLDER)

    intervals = np.diff(result.spikes["cell"].t_us)[3:]
    assert result.rates_hz("cell")[0] == pytest.approx(23, abs=3)
    assert np.ptp(intervals) < 0.15 * intervals.mean()


def test_program_of_the_readme_runs(monkeypatch, capsys):
    root = FOLDER.parents[1]
    monkeypatch.chdir(root)
    program = (root / "neuroloop" / "README.md").read_text().split("```python\n")[1]

    exec(program.split("```")[0], {"__name__": "readme"})

    assert float(capsys.readouterr().out.strip(" []\n").rstrip(".")) > 10
