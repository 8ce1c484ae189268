"""Recordings of spikes out of files that anybody may have made."""

import pickle

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.network import Input
from neuroloop.runtime import spike_file

TOUCH, TASTE = Input("touch", 4), Input("taste", 2)


def write(path, **arrays):
    np.savez(path, **{name.replace("__", "."): value for name, value in arrays.items()})
    return path


def test_spikes_are_sorted_and_in_microseconds(tmp_path):
    path = write(tmp_path / "r.npz", touch__t_ms=[2.5, 0.0, 2.5], touch__unit=[3, 1, 0])
    (spikes,) = spike_file.read(path, [TOUCH, TASTE]).values()
    assert spikes.t_us.tolist() == [0, 2500, 2500]
    assert spikes.unit.tolist() == [1, 0, 3]
    assert (spikes.t_us.dtype, spikes.unit.dtype) == (np.int64, np.uint32)


def test_each_input_has_its_own(tmp_path):
    path = write(
        tmp_path / "r.npz",
        touch__t_us=[7],
        touch__unit=[0],
        taste__t_ms=np.empty(0),
        taste__unit=np.empty(0, int),
    )
    found = spike_file.read(path, [TOUCH, TASTE])
    assert found["touch"].t_us.tolist() == [7]
    assert len(found["taste"].unit) == 0


def test_a_structured_array_names_its_columns(tmp_path):
    rows = np.array([(5, 1), (2, 0)], [("t_us", np.int64), ("unit", np.uint16)])
    np.save(tmp_path / "r.npy", rows)
    assert spike_file.read(tmp_path / "r.npy", [TOUCH])["touch"].t_us.tolist() == [2, 5]


def test_lines_of_text_name_their_input(tmp_path):
    (tmp_path / "r.csv").write_text("\ufeffinput;unit;t_ms\ntaste;1;0.5\n\ntouch;2;1 # late\n")
    found = spike_file.read(tmp_path / "r.csv", [TOUCH, TASTE])
    assert {n: (s.t_us.tolist(), s.unit.tolist()) for n, s in found.items()} == {
        "taste": ([500], [1]),
        "touch": ([1000], [2]),
    }


def test_an_empty_text_has_no_spikes(tmp_path):
    (tmp_path / "r.txt").write_text("# nothing\n")
    assert spike_file.read(tmp_path / "r.txt", [TOUCH]) == {}


TEXTS = [
    ("0 4\n", r"has no unit 4, only 0\.\.\.3"),
    ("0 -1\n", "unit -1; units count from 0 on"),
    ("0 0.5\n", "not a whole number"),
    ("-1 0\n", "a run starts at 0"),
    ("nan 0\n", "not a finite number"),
    ("inf 0\n", "not a finite number"),
    ("1e300 0\n", "a run starts at 0|1e"),
    ("0 nan\n", "not a whole number"),
    ("0 1e30\n", "has no unit"),
    ("0\n", "line 1: 1 columns"),
    ("0 1 2\n", "line 1: 3 columns"),
    ("0 1\n2 x\n", 'line 2: "x" is not a number'),
    ("t_s unit\n0 1\n", "t_ms or t_us"),
    ("t_ms t_us unit\n0 0 1\n", "t_ms or t_us"),
    ("t_ms unit input\n0 1 tuch\n", 'did you mean "touch"'),
]


@pytest.mark.parametrize(("text", "words"), TEXTS)
def test_lines_that_cannot_be_are_named(tmp_path, text, words):
    (tmp_path / "r.txt").write_text(text)
    with pytest.raises(ConfigError, match=words) as error:
        spike_file.read(tmp_path / "r.txt", [TOUCH])
    assert "r.txt" in str(error.value)


ARRAYS = [
    ({"touch__t_ms": [0.0]}, "t_ms or t_us, and unit"),
    ({"touch__unit": [0]}, "t_ms or t_us, and unit"),
    ({"touch__t_ms": [0.0], "touch__unit": [0, 1]}, "shape"),
    ({"touch__t_ms": [[0.0]], "touch__unit": [[0]]}, "shape"),
    ({"touch__t_ms": ["a"], "touch__unit": [0]}, "numbers"),
    ({"tuch__t_ms": [0.0], "tuch__unit": [0]}, 'did you mean "touch"'),
    ({"t_ms": [0.0], "unit": [0]}, "it names no input"),
    ({"touch__t_ms": [0.0], "touch__t_us": [0], "touch__unit": [0]}, "t_ms or t_us"),
]


@pytest.mark.parametrize(("arrays", "words"), ARRAYS)
def test_arrays_that_cannot_be_are_named(tmp_path, arrays, words):
    path = write(tmp_path / "r.npz", **arrays)
    with pytest.raises(ConfigError, match=words):
        spike_file.read(path, [TOUCH, TASTE])


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("it was unpickled",))

    np.savez(tmp_path / "r.npz", **{"touch.t_ms": np.array([Trap()]), "touch.unit": [0]})
    np.save(tmp_path / "r.npy", np.array([[Trap(), 0]]), allow_pickle=True)
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Trap()))
    for name in ("r.npz", "r.npy", "raw.npy"):
        with pytest.raises(ConfigError, match=name):
            spike_file.read(tmp_path / name, [TOUCH])


def test_what_is_no_file_or_too_large_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="no such file"):
        spike_file.read(tmp_path, [TOUCH])
    (tmp_path / "r.txt").write_text("0 1\n")
    with pytest.raises(ConfigError, match=r'did you mean "r\.txt"'):
        spike_file.read(tmp_path / "rr.txt", [TOUCH])
    monkeypatch.setattr(spike_file, "MOST_TEXT_BYTES", 3)
    with pytest.raises(ConfigError, match="at most 3 are read"):
        spike_file.read(tmp_path / "r.txt", [TOUCH])
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        spike_file.read(tmp_path / "bytes.txt", [TOUCH])
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04cut")
    with pytest.raises(ConfigError, match=r"cut\.npz"):
        spike_file.read(tmp_path / "cut.npz", [TOUCH])
