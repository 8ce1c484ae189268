"""The guide to a neuron model of one's own shows what runs."""

import re
import shlex
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLE = DOCS / "examples" / "my_neuron.py"
GUIDE = (DOCS / "neuron_model.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
COMMANDS = re.findall(r"^neuroloop .*?(?=\s*(?:#|$))", GUIDE, re.MULTILINE)


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """Be in a folder with the files of the guide."""
    (tmp_path / "my_neuron.py").write_text(BLOCKS[0])
    (tmp_path / "my_nets.py").write_text(BLOCKS[1])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("my_nets", None)


def test_the_guide_shows_the_example_and_it_is_short():
    assert EXAMPLE.read_text("utf-8") == BLOCKS[0]
    assert len(BLOCKS[0].splitlines()) < 60


def test_the_network_of_the_guide_runs(beside, capsys):
    exec(BLOCKS[2], {"__name__": "guide"})
    out = capsys.readouterr().out
    rate, shape = out.splitlines()[0].split(" ", 1)
    assert 20 < float(rate) < 200
    assert shape == "(1000, 100)"
    assert "us of a 1 ms tick" in out


def test_the_checks_of_the_guide_pass(beside):
    exec(BLOCKS[3], {"__name__": "guide"})


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_of_the_guide_work(command, beside, line):
    code, out, err = command(*shlex.split(line)[1:])
    assert code == 0, err
    assert "my_neuron" in out or "cells" in out or "lif" in out
