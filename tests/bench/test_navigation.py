"""The navigation bench: the user's loop, the same results on any number of workers."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from neuroloop.bench.navigation import fleet
from neuroloop.bench.navigation.course import ROW
from neuroloop.bench.worlds import generate_to
from neuroloop.cli.main import main

DATA = Path(os.environ.get("NEUROLOOP_DATA", Path(__file__).parents[3] / "shared" / "data"))
PUBLISHED = DATA / "sddpg"
needs_data = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="no published world; set NEUROLOOP_DATA to the folder of data"
)
FIELDS = {
    "pairs",
    "success",
    "collision",
    "timeout",
    "mean_path_m",
    "mean_time_s",
    "wall_s",
    "synops_per_decision",
}


@pytest.fixture
def bench(capsys):
    """Call the bench in this process; returns exit code, stdout and stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["bench", "navigation", *(str(a) for a in arguments)])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    path = tmp_path_factory.mktemp("worlds") / "clutter.npz"
    generate_to("clutter", 3, path, 12)
    return path


def without_time(text):
    report = json.loads(text)
    report.pop("wall_s")
    return report


def test_a_world_is_made_and_scored_and_the_report_has_its_fields(bench, tmp_path):
    made = tmp_path / "boxes.npz"
    assert bench("--generate", "boxes", "--seed", 4, "--out", made)[0] == 0
    code, out, err = bench("--world", made, "--pairs", "0:2", "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report.keys() >= FIELDS
    assert report["pairs"] == report["success"] + report["collision"] + report["timeout"] == 2
    assert report["synops_per_decision"] > 0


def test_the_results_do_not_depend_on_the_number_of_workers(bench, world, tmp_path):
    reports, traces = [], []
    for workers in (1, 2):
        trace = tmp_path / f"{workers}.npz"
        options = ("--pairs", "0:5", "--seed", 9, "--workers", workers, "--trace", trace)
        reports.append(without_time(bench("--world", world, *options, "--json")[1]))
        with np.load(trace) as file:
            traces.append({name: file[name] for name in file.files})
    assert reports[0] == reports[1]
    assert set(traces[0]) == set(ROW.names)
    for name in ROW.names:
        np.testing.assert_array_equal(traces[0][name], traces[1][name])


def test_a_trace_can_be_scored_again(bench, world, tmp_path):
    trace = tmp_path / "trace.npz"
    _, out, _ = bench("--world", world, "--pairs", "1:4", "--trace", trace, "--json")
    report = json.loads(out)
    with np.load(trace) as rows, np.load(world) as file:
        reached = 0
        for pair in (1, 2, 3):
            own = rows["pair"] == pair
            last = np.array([rows["x_m"][own][-1], rows["y_m"][own][-1]])
            reached += np.hypot(*(file["goals"][pair] - last)) < 0.55
            assert (np.abs(np.diff(rows["t_s"][own]) - 0.1) < 1e-9).all()
        assert (np.abs(rows["v_left_mps"]) <= 0.5).all()
    assert reached == report["success"]


def test_another_seed_is_other_noise(bench, world):
    runs = [bench("--world", world, "--pairs", "0:2", "--seed", s, "--json")[1] for s in (1, 2)]
    assert without_time(runs[0]) != without_time(runs[1])


def test_the_picture_is_drawn(bench, world, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "paths.png"
    bench("--world", world, "--pairs", "0:2", "--plot", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_worker_killed_in_mid_episode_is_replaced_and_nothing_is_lost(
    bench, world, caplog, monkeypatch
):
    options = ("--world", world, "--pairs", "0:4", "--workers", 2, "--json")
    undisturbed = without_time(bench(*options)[1])
    started = []
    start = fleet._start

    def remember(name, changes):
        worker = start(name, changes)
        started.append(worker)
        if len(started) == 1:
            threading.Thread(target=kill, args=(worker,)).start()
        return worker

    def kill(worker):
        while worker.job is None:
            time.sleep(0.01)
        time.sleep(0.3)
        os.kill(worker.process.pid, signal.SIGKILL)

    monkeypatch.setattr(fleet, "_start", remember)
    assert without_time(bench(*options)[1]) == undisturbed
    assert len(started) == 3
    assert "the episode is run again" in caplog.text


@needs_data
@pytest.mark.parametrize("plant", ["plane", "bullet"])
def test_the_published_actor_finds_its_way_in_the_published_world(bench, plant):
    if plant == "bullet":
        pytest.importorskip("pybullet", reason="no PyBullet wheel for this Python")
    options = ("--world", PUBLISHED / "world.npz", "--actor", PUBLISHED / "actor.npz")
    pairs = "0:30" if plant == "plane" else "0:6"
    _, out, _ = bench(*options, "--plant", plant, "--pairs", pairs, "--json")
    report = json.loads(out)
    assert report["success"] >= report["pairs"] - 2
    # its 24-256-256-256-2 synapses, used about half of the time
    assert 250_000 < report["synops_per_decision"] < 400_000


@needs_data
def test_an_actor_with_shuffled_weights_finds_nothing(bench, tmp_path):
    rng = np.random.default_rng(0)
    with np.load(PUBLISHED / "actor.npz") as file:
        shuffled = {n: rng.permutation(file[n].ravel()).reshape(file[n].shape) for n in file.files}
    np.savez(tmp_path / "actor.npz", **shuffled)
    options = ("--world", PUBLISHED / "world.npz", "--actor", tmp_path / "actor.npz")
    _, out, _ = bench(*options, "--pairs", "0:20", "--json")
    assert json.loads(out)["success"] < 4


def _actor(path, **changes):
    rng = np.random.default_rng(0)
    sizes = [24, 8, 8, 8, 2]
    arrays = {}
    for k in range(1, 5):
        arrays[f"w{k}"] = rng.normal(0, 0.1, (sizes[k], sizes[k - 1])).astype(np.float32)
        arrays[f"b{k}"] = np.zeros(sizes[k], np.float32)
    for name, value in changes.items():
        if value is None:
            del arrays[name]
        else:
            arrays[name] = value
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"w1": None}, "no array `w1`"),
        ({"b2": None}, "`b2` is not"),
        ({"w2": np.zeros((8, 7), np.float32)}, "7 columns, the layer before it 8"),
        ({"w1": np.zeros((8, 23), np.float32)}, "23 inputs"),
        ({"w3": np.full((8, 8), np.nan, np.float32)}, "not finite"),
        ({"b1": np.zeros((8, 1), np.float32)}, "`b1` is float32[8, 1]"),
        ({"b1": np.array(["x"] * 8, object)}, "`b1`: of object"),
    ],
)
def test_an_actor_that_is_none_is_refused(bench, world, tmp_path, changes, words):
    code, _, err = bench("--world", world, "--actor", _actor(tmp_path / "a.npz", **changes))
    assert code == 2
    assert words in err
    assert "a.npz" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "--world is wanted"),
        (("--world", "absent.npz"), "absent.npz"),
        (("--world", "{world}", "--pairs", "5"), "FIRST:LAST"),
        (("--world", "{world}", "--pairs", "3:99"), "within 0:12"),
        (("--world", "{world}", "--network", "{actor}"), "not a network file"),
        (("--world", "{world}", "--network", "x.npz", "--actor", "{actor}"), "two networks"),
        (("--world", "{world}", "--plant", "plain"), 'did you mean "plane"'),
        (("--generate", "boxes"), "--out is wanted"),
        (("--world", "{world}", "--backend", "lohi1"), 'did you mean "loihi1"'),
        (("--world", "{world}", "--backend", "loihi1", "--plot", "x.png"), "of one backend"),
        (("--world", "{world}", "--energy", "loihi1=x.toml"), "--energy is for --backend"),
        (("--world", "{world}", "--backend", "loihi1", "--energy", "xylo=x"), "does not run"),
        (("--world", "{world}", "--backend", "loihi1", "--energy", "loihi1=x"), "no table"),
        (("--generate", "box", "--out", "x.npz"), 'did you mean "boxes"'),
    ],
)
def test_wrong_options_are_named(bench, world, tmp_path, options, words):
    actor = _actor(tmp_path / "actor.npz")
    code, out, err = bench(*(str(o).format(world=world, actor=actor) for o in options))
    assert (code, out) == (2, "")
    assert words in err


def test_backends_are_scored_beside_float_with_energy_of_a_decision(bench, world):
    call = ("--world", world, "--pairs", "0:2", "--backend", "loihi1,dynapcnn", "--json")
    code, out, err = bench(*call)
    assert (code, err) == (0, "")
    found = json.loads(out)["backends"]
    plain, chip, refused = (found[name] for name in ("float", "loihi1", "dynapcnn"))
    assert chip.keys() >= FIELDS
    assert chip["success"] == plain["success"] == 2
    each = chip["energy"]["joules"] / chip["decisions"]
    assert chip["joules_per_decision"] == pytest.approx(each)
    # every synaptic operation of every pair is in the account
    synops = chip["energy"]["terms"][0]["count"]
    assert synops == pytest.approx(chip["synops_per_decision"] * chip["decisions"])
    assert plain["energy"]["tariff"] == "cpu_i7_4960x"
    assert "recurrence" in refused["refused"]


def test_the_table_of_backends_reads_well(bench, world):
    options = ("--backend", "loihi1", "--energy", "loihi1=keras_spiking_loihi", "--workers", 2)
    code, out, _ = bench("--world", world, "--pairs", "0:1", *options)
    assert code == 0
    for said in ("float ", "loihi1 ", "(100.0 %)", "a decision", "27.1 pJ", "keras_spiking_loihi"):
        assert said in out


def test_the_lesion_curve_falls_with_the_neurons(world, tmp_path, capsys):
    picture = tmp_path / "lesion.png"
    arguments = ["--world", str(world), "--pairs", "0:4", "--parts", "0,1", "--seeds", "1"]
    main_of = ["bench", "lesion", *arguments, "--plot", str(picture), "--json"]
    with pytest.raises(SystemExit) as ended:
        main(main_of)
    points = json.loads(capsys.readouterr().out)["points"]
    assert ended.value.code == 0
    assert [p["silenced"] for p in points] == [0.0, 1.0]
    assert points[0]["success"] > points[1]["success"] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_lesion_of_nobody_is_refused(bench, world):
    code, _, err = bench("--world", world, "--set", "engine.silence.hiden=0.1")
    assert code == 2
    assert 'did you mean "hidden"' in err
