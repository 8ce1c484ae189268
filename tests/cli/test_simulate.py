"""``neuroloop simulate``: what it prints, draws and refuses."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neuroloop.core.errors import Exit
from neuroloop.network import Network, Population, save

NETS = """
from neuroloop.network import Input, Network, Population, Projection, one_to_one

def build():
    cells = (Population("cell", 3, "lif", {"bias": 2.0}), Population("b", 2))
    link = Projection("touch", "b", one_to_one(2, 1.5))
    return Network((Input("touch", 2), Input("taste", 1)), cells, (link,))
"""


@pytest.fixture
def simulate(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "deep.py").write_text(NETS)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "neuroloop", "simulate", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )

    return run


def test_json_is_one_object_and_nothing_else(simulate):
    done = simulate("nets.py:build", "--ticks", 1000, "--dt-us", 100, "--watch", "cell", "--json")

    result = json.loads(done.stdout)
    assert done.returncode == Exit.OK
    assert done.stderr == ""
    assert (result["ticks"], result["seconds"]) == (1000, pytest.approx(0.1))
    assert result["populations"]["cell"]["spikes"] == 3 * 7
    assert list(result["populations"]) == ["cell"]


def test_network_file_runs_for_a_second_and_is_drawn(simulate, tmp_path):
    save(Network(populations=(Population("noise", 5, "poisson"),)), tmp_path / "net.npz")

    done = simulate("net.npz", "--seed", 3, "--plot", "raster.png")

    assert done.returncode == Exit.OK, done.stderr
    assert "1,000 ticks of 1000 us: 1 s" in done.stdout
    assert (tmp_path / "raster.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.npz"], Exit.USAGE, "no file none.npz"),
        (["nest.py:build"], Exit.USAGE, 'did you mean "nets.py"'),
        (["deep.py:build"], Exit.USAGE, 'did you mean "below/deep.py"'),
        (["nets.py"], Exit.USAGE, "name a function in it, as in nets.py:build"),
        (["nets.py:build", "--rate", "touhc=5"], Exit.USAGE, 'did you mean "touch"'),
        (["nets.py:build", "--rate", "touch"], Exit.USAGE, "INPUT=HZ is wanted"),
        (["nets.py:build", "--rate", "touch=x"], Exit.USAGE, "INPUT=HZ is wanted"),
        (["nets.py:build", "--rate", "touch=1001"], Exit.USAGE, "0 to 1000"),
        (["nets.py:build", "--rate", "touch=-1"], Exit.USAGE, "0 to 1000"),
        (["nets.py:biuld"], Exit.USAGE, 'did you mean "build"'),
        (["nets.py:build", "--watch", "cel"], Exit.USAGE, 'did you mean "cell"'),
        (["nets.py:build", "--seconds", "1", "--ticks", "3"], Exit.USAGE, "either seconds or"),
        (["nets.py:build", "--backend", "flaot"], Exit.USAGE, 'did you mean "float"'),
        (["nets.py:build", "--plot", "x.txt"], Exit.USAGE, "must end in .png"),
        (["nets.py:build", "--plot", "/proc/none/x.png"], Exit.MACHINE, "/proc/none"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(simulate, arguments, code, words):
    done = simulate(*arguments)

    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_inputs_fire_at_the_rate_asked_for_and_silent_ones_are_named(simulate):
    arguments = ("nets.py:build", "--seconds", 20, "--rate", "touch=50", "--watch", "b")

    done = simulate(*arguments, "--json")

    result = json.loads(done.stdout)
    assert result["populations"]["b"]["rate_hz"] == pytest.approx(50, rel=0.1)
    assert result["silent_inputs"] == ["taste"]
    assert (
        simulate(*arguments, "--json").stdout.split('"tick_us"')[0]
        == (done.stdout.split('"tick_us"')[0])
    )
    silent = simulate("nets.py:build").stdout
    assert "silent inputs  touch, taste" in silent
    assert "--rate touch=HZ" in silent
    every = simulate("nets.py:build", "--rate", "touch=50", "--rate", "taste=1000").stdout
    assert "silent" not in every


def test_the_example_of_the_help_runs_in_the_checkout(tmp_path, command, monkeypatch):
    from neuroloop.cli import simulate as verb

    (line,) = re.findall(r"`neuroloop (simulate .*)`", verb.command.__doc__)
    (tmp_path / "configs").symlink_to(Path(__file__).parents[2] / "configs")
    monkeypatch.chdir(tmp_path)

    code, out, err = command(*line.split())

    assert code == 0, err
    assert "motor" in out
    assert [p.name for p in tmp_path.iterdir() if p.name != "configs"] == ["out"]


def test_missing_matplotlib_is_a_word_about_the_package(tmp_path, monkeypatch):
    from neuroloop.cli import simulate as verb
    from neuroloop.core.errors import MachineError

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(MachineError, match=r"pip install matplotlib"):
        verb.command("nets.py:build", plot=tmp_path / "x.png")
