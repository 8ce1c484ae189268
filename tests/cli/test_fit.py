"""``neuroloop fit``: its report, its JSON, its exit codes and what it refuses."""

import json

import pytest

from neuroloop.cli import fit as verb
from neuroloop.config import find
from neuroloop.core.errors import Exit

NETS = """
import numpy as np
from neuroloop.network import Input, Network, Population, Projection, all_to_all, dense

def _cells(name, n):
    return Population(name, n, "loihi1.cuba", {"du": 100, "dv": 10, "vth": 50})

def small():
    wires = (
        Projection("eye", "left", all_to_all(20, 600, 3.0), 1.0, kind="loihi1.synapses"),
        Projection("left", "right", all_to_all(600, 700, 3.0), 4.0, kind="loihi1.synapses"),
    )
    return Network((Input("eye", 20),), (_cells("left", 600), _cells("right", 700)), wires)

def large():
    wires = (Projection("eye", "v1", all_to_all(5000, 2, 3.0), 1.0, kind="loihi1.synapses"),)
    return Network((Input("eye", 5000),), (_cells("v1", 2),), wires)

def floating():
    link = Projection("eye", "cell", all_to_all(20, 30, 0.1))
    return Network((Input("eye", 20),), (Population("cell", 30, "lif"),), (link,))

def heavy():
    wires = (Projection("eye", "v1", all_to_all(20, 2, 300.0), 1.0, kind="loihi1.synapses"),)
    return Network((Input("eye", 20),), (_cells("v1", 2),), wires)

def negative():
    cells = Population("v1", 2, "loihi1.cuba", {"vth": -5})
    return Network((Input("eye", 20),), (cells,), ())

def strange():
    return Network((), (Population("cell", 30, "adex"),))
"""


@pytest.fixture
def fit(tmp_path, monkeypatch, command):
    (tmp_path / "nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: command("fit", *arguments)


def test_a_report_names_populations_cores_and_the_tightest_limit(fit):
    code, out, err = fit("nets.py:small", "--chip", "loihi1")
    assert code == Exit.OK, err
    assert out.splitlines()[0].startswith("fits Loihi 1 on 5 of 128 cores; fullest: core ")
    for word in ("left", "right", "input axons", "synapse memory", "a tick takes about"):
        assert word in out


def test_json_says_the_same_and_nothing_else(fit):
    code, out, err = fit("nets.py:small", "--chip", "loihi1-nengo", "--rate-hz", "50", "--json")
    told = json.loads(out)
    assert (code, err) == (Exit.OK, "")
    assert (told["chip"], told["fits"], told["rate_hz"]) == ("loihi1", True, 50)
    assert [layer["name"] for layer in told["layers"]] == ["left", "right"]
    assert sum(core["parts"].get("right", 0) for core in told["cores"]) == 700
    assert len(told["routes"]) == 2
    assert told["tick"]["us"] == pytest.approx(sum(told["tick"]["parts"].values()))


def test_what_does_not_fit_ends_with_1_and_remedies(fit):
    code, out, _ = fit("nets.py:large", "--chip", "loihi1")
    assert code == 1
    assert out.startswith("does not fit Loihi 1")
    assert "v1: neuron 0 alone needs 5,000 of input axons; a core has 4,096" in out
    assert "- let it hear 4,096 sources at most" in out


def test_a_network_in_floating_point_is_put_into_whole_numbers(fit):
    code, out, err = fit("nets.py:floating", "--chip", "loihi1")
    assert code == Exit.OK, err
    assert "cell" in out
    assert "ticks that populations lag behind the network: cell" in out


def test_settings_of_the_chip_are_those_of_the_run_file_and_of_the_options(fit, tmp_path):
    def bits(*arguments):
        code, out, err = fit(*arguments, "--chip", "loihi1", "--json")
        assert code == Exit.OK, err
        return sum(layer["uses"]["synapse_bits"] for layer in json.loads(out)["layers"])

    whole, four = bits("navigate"), bits("navigate", "--set", "weight_bits=4")
    own = tmp_path / "own.toml"
    (near,) = (path for path in find.run_files() if path.stem == "navigate")
    network = near.parent / "data" / "navigate.npz"
    engine = f'kind = "loihi1"\nweight_bits = 4\nnetwork = "{network}"\n'
    own.write_text(f'extends = "{near}"\n[engine]\n{engine}', "utf-8")
    assert four < whole
    assert bits(own) == four
    assert bits(own, "--set", "engine.weight_bits=8") == whole
    code, out, _ = fit("navigate_by_hand", "--chip", "xylo", "--set", "variant=imu")
    assert (code, out.split(";")[0]) == (Exit.OK, "fits Xylo IMU")


def test_a_run_file_is_taken_by_its_name(fit):
    code, out, err = fit("navigate", "--chip", "loihi1", "--json")
    assert code == Exit.OK, err
    assert json.loads(out)["dt_us"] == 20_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nets.py:small", "--chip", "lohi1"), 'did you mean "loihi1"'),
        (("nets.py:small", "--chip", "float"), 'no chip "float"'),
        (("nets.py:smal", "--chip", "loihi1"), 'did you mean "small"'),
        (("nests.py:small", "--chip", "loihi1"), 'did you mean "nets.py"'),
        (("nets.py:small", "--chip", "loihi1", "--rate-hz", "-1"), "0 to 1000"),
        (("nets.py:strange", "--chip", "loihi1"), "adex"),
        (("nets.py:heavy", "--chip", "loihi1"), "eye-v1: its weights: a weight of 300"),
        (("nets.py:negative", "--chip", "loihi1"), 'population "v1" (loihi1.cuba)'),
        (("navigat", "--chip", "loihi1"), 'did you mean "navigate"'),
        (("nets.py:small", "--chip", "loihi1", "--set", "bits=4"), "no such setting"),
        (("nets.py:small", "--chip", "loihi1", "--set", "weight_bits=9"), "<= 8, not 9"),
        (("nets.py:small", "--chip", "xylo", "--set", "variant=audio3"), "variant"),
        (("nets.py:small", "--chip", "Loihi"), 'Loihi 2 is "loihi2"'),
        (("nets.py:small", "--chip", "LOIHI1-NENGO"), 'did you mean "loihi1_nengo"'),
    ],
)
def test_mistakes_are_refused_in_words(fit, arguments, words):
    code, out, err = fit(*arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert words in err
    assert "Traceback" not in err


def test_work_of_more_than_a_second_is_said_in_one_line(monkeypatch, capsys):
    times = iter([0.0, 0.9, 1.1])
    monkeypatch.setattr(verb.time, "monotonic", lambda: next(times))
    with verb._Progress(shown=True) as say:
        say("sorting")
        assert capsys.readouterr().err == ""
        say("cutting")
        assert capsys.readouterr().err.strip() == "cutting"
    assert capsys.readouterr().err.strip() == ""


def test_simulation_of_what_does_not_fit_is_refused_in_the_same_words(fit, command):
    code, _, err = command("simulate", "nets.py:large", "--backend", "loihi1")
    assert code == Exit.USAGE
    assert "v1: neuron 0 alone needs 5,000 of input axons; a core has 4,096" in err
    assert "let it hear 4,096 sources at most" in err


def test_check_and_run_say_how_full_the_chip_is(command):
    full = "fits Loihi 1 on 1 of 128 cores; fullest: core 0 with"
    code, out, err = command("check", "navigate", "--backend", "loihi1")
    assert code == Exit.OK, err
    assert f"the chip: {full}" in out
    code, _, err = command("run", "navigate", "--backend", "loihi1", "--ticks", "2")
    assert full in err
    code, _, err = command("run", "navigate", "--backend", "xylo", "--ticks", "5")
    assert code == Exit.USAGE
    assert "does not fit Xylo Audio 2" in err
    assert "142 input channels" in err


def test_what_does_not_fit_is_emulated_where_that_is_wanted(command):
    changes = ("--set", "engine.fit=false", "--ticks", "2", "--quiet")
    code, _, err = command("run", "navigate", "--backend", "xylo", *changes)
    assert "does not fit" not in err
    assert code != Exit.USAGE, err
