"""``neuroloop compare``: what it says, draws, reads and refuses."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from neuroloop.core.errors import Exit

NETS = """
import numpy as np
from neuroloop.network import Input, Network, Population, Projection, dense, one_to_one

CUBA = {"current_decay": 0.5, "voltage_decay": 0.75, "v_threshold": 0.5}

def layers(scale=1.0):
    rng = np.random.default_rng(1)
    first, second = (dense(scale * rng.normal(0.1, 0.2, shape)) for shape in ((20, 8), (4, 20)))
    return Network(
        inputs=(Input("touch", 8),),
        populations=(Population("hidden", 20, "current_lif", CUBA),
                     Population("out", 4, "current_lif", CUBA)),
        projections=(Projection("touch", "hidden", first),
                     Projection("hidden", "out", second, 1.0)),
    )

def learning():
    cells = (Population("cell", 2),)
    link = Projection("touch", "cell", one_to_one(2, 0.5), kind="stdp")
    return Network((Input("touch", 2),), cells, (link,))

def two_inputs():
    cells = (Population("cell", 2, "current_lif", CUBA),)
    links = tuple(Projection(n, "cell", one_to_one(2, 1.5)) for n in ("touch", "taste"))
    return Network((Input("touch", 2), Input("taste", 2)), cells, links)
"""
LAYERS = ("nets.py:layers", "--chips", "loihi1")


@pytest.fixture
def compare(command, tmp_path, monkeypatch):
    (tmp_path / "nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        return command("compare", *arguments)

    return call


def test_each_layer_is_compared_by_its_own_time(compare):
    code, out, err = compare(*LAYERS, "--rate", "touch=80", "--ticks", 400, "--json")
    assert (code, err) == (Exit.OK, "")
    report = json.loads(out)
    found = report["chips"]["loihi1"]
    hidden, output = found["layers"]
    assert (hidden["name"], output["name"]) == ("hidden", "out")
    assert 1 <= hidden["late_ticks"] <= output["late_ticks"]
    for layer in (hidden, output):
        assert layer["rate_float_hz"] > 10
        assert layer["rate_error_hz"] < 0.1 * layer["rate_float_hz"]
        assert layer["distance"] < 0.3 * layer["distance_of_silence"]
        assert layer["overflows"] == 0
    energy = found["energy"]
    assert energy["joules"] > energy["event_joules"] > 0
    assert {t["name"] for t in energy["terms"]} >= {"synaptic operations", "static power"}
    assert report["float"]["energy"]["tariff"] == "cpu_i7_4960x"


def test_the_report_reads_well(compare):
    code, out, _ = compare(*LAYERS, "--rate", "touch=80", "--ticks", 200)
    assert code == Exit.OK
    assert out.startswith("nets.py:layers: 200 ticks of 1000 us, 0.2 s")
    for said in ("loihi1: ", "late; that is taken out", "hidden", "wrapped", "energy", "23.6 pJ"):
        assert said in out
    assert max(len(line) for line in out.splitlines()) < 170


def test_the_same_call_says_the_same(compare):
    call = (*LAYERS, "--rate", "touch=80", "--ticks", 100, "--json")
    assert compare(*call) == compare(*call)
    assert compare(*call, "--seed", 1) != compare(*call)


def test_a_silent_layer_is_named(compare):
    # silent input: nothing fires anywhere
    _, out, _ = compare(*LAYERS, "--ticks", 50)
    assert "silent inputs: touch" in out
    assert out.count("silent in both") == 2


def test_a_chip_that_cannot_run_it_says_why_and_another_still_does(compare, tmp_path):
    code, out, _ = compare("nets.py:learning", "--chips", "loihi1", "--ticks", 20)
    assert code == Exit.USAGE
    assert "loihi1: cannot run it: " in out
    assert "touch-cell" in out
    code, out, _ = compare("nets.py:learning", "--chips", "loihi1", "--ticks", 20, "--json")
    assert code == Exit.USAGE
    assert "touch-cell" in json.loads(out)["chips"]["loihi1"]["refused"]


def test_the_picture_is_a_picture(compare, tmp_path):
    pytest.importorskip("matplotlib")
    code, out, _ = compare(*LAYERS, "--rate", "touch=80", "--ticks", 60, "--plot", "new/c.png")
    assert code == Exit.OK
    assert "new/c.png" in out
    assert (tmp_path / "new" / "c.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("measure", ["van-rossum", "victor-purpura"])
def test_either_distance_is_0_between_equals_and_more_else(compare, measure):
    call = (*LAYERS, "--ticks", 150, "--distance", measure, "--json", "--rate", "touch=80")
    layers = json.loads(compare(*call)[1])["chips"]["loihi1"]["layers"]
    for layer in layers:
        assert (layer["distance"] > 0) == (layer["first_tick"] is not None)
        assert layer["distance_of_silence"] > layer["distance"]


def test_a_recording_is_as_long_as_it_lasts_and_gives_what_it_holds(compare, tmp_path):
    t_ms, unit = np.array([0.0, 10.0, 49.0]), np.array([0, 3, 7])
    np.savez(tmp_path / "r.npz", **{"touch.t_ms": t_ms, "touch.unit": unit})
    np.save(tmp_path / "r.npy", np.column_stack((t_ms, unit)))
    (tmp_path / "r.txt").write_text("# mine\n0 0\n10.0, 3\n49 7\n")
    (tmp_path / "named.csv").write_text(
        "t_us,unit,input\n49000,7,touch\n0,0,touch\n10000,3,touch\n"
    )
    reports = []
    for text in ("r.npz", "r.npy", "r.txt", "named.csv", "touch=r.npy"):
        code, out, err = compare(*LAYERS, "--input", text, "--json")
        assert (code, err) == (Exit.OK, ""), text
        reports.append(json.loads(out))
    assert reports[0]["ticks"] == 50
    assert all(report == reports[0] for report in reports)


def test_figures_of_the_user_price_the_run(compare, tmp_path):
    (tmp_path / "mine.toml").write_text(
        '[synop_pj]\nvalue = 1e6\nstatus = "measured"\nsource = "my bench"\n'
    )
    call = (*LAYERS, "--rate", "touch=80", "--ticks", 50)
    _, out, _ = compare(*call, "--energy", "loihi1=mine.toml")
    assert "measured: my bench" in out
    assert "(loihi1 with mine.toml)" in out


def test_silence_is_not_called_the_same_spikes(compare):
    code, out, err = compare(*LAYERS, "--ticks", 50)
    assert (code, err) == (Exit.OK, "")
    assert "loihi1: nothing fired, here or there" in out
    assert "every spike is the same" not in out


def test_a_run_file_gives_the_network_and_the_tick(compare):
    rates = [f"--rate={n}=30" for n in ("near", "far", "heading", "distance", "speed")]
    code, out, err = compare("navigate", *rates, "--chips", "loihi1", "--ticks", 30, "--json")
    assert (code, err) == (Exit.OK, "")
    report = json.loads(out)
    assert report["dt_us"] == 20_000
    assert report["silent_inputs"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.npz"], "no file none.npz"),
        (["nets.py"], "nets.py:build"),
        ([*LAYERS[:1], "--chips", "lohi1"], 'did you mean "loihi1"'),
        ([*LAYERS, "--input", "none.npz"], "no such file"),
        ([*LAYERS, "--input", "tuch=r.npz"], 'did you mean "touch"'),
        ([*LAYERS, "--input", "touch=r.txt", "--rate", "touch=5"], "has a recording"),
        ([*LAYERS, "--input", "r.txt", "--input", "touch=r.txt"], "has a recording already"),
        (["nets.py:two_inputs", "--input", "r.txt"], "--input NAME=FILE"),
        ([*LAYERS, "--rate", "touch=9999"], "0 to 1000"),
        ([*LAYERS, "--distance", "van-rosum"], 'did you mean "van-rossum"'),
        ([*LAYERS, "--tau-ms", "0"], "more than 0"),
        ([*LAYERS, "--energy", "loihi1"], "CHIP=TABLE"),
        ([*LAYERS, "--energy", "xylo=x.toml"], '"xylo" does not run'),
        ([*LAYERS, "--energy", "loihi1=x.toml"], "x.toml"),
        ([*LAYERS, "--seconds", "1", "--ticks", "3"], "either seconds or"),
        ([*LAYERS, "--seconds", "1e12"], "10,000,000 are the most"),
        (["nets.py:layers", "--chips", "speck"], 'DYNAP-CNN (Speck) is "dynapcnn"'),
        (["navigat", "--chips", "loihi1"], 'did you mean "navigate"'),
        ([*LAYERS, "--plot", "x.txt"], "must end in .png"),
    ],
)
def test_what_is_wrong_is_said(compare, tmp_path, arguments, words):
    (tmp_path / "r.txt").write_text("0 0\n")
    code, out, err = compare(*arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert words in err


def test_the_example_of_the_help_runs(compare, tmp_path):
    from neuroloop.cli import compare as verb

    (tmp_path / "configs").symlink_to(Path(__file__).parents[2] / "configs")
    (line,) = re.findall(r"`neuroloop compare ([^`]*)`", verb.command.__doc__)
    code, out, err = compare(*line.split())
    assert code == Exit.OK, err
    assert "motor" in out
