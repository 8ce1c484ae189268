"""A network file from somebody else: what it may ask for, and what it cannot make happen."""

import io
import json
import os
import zipfile

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.engine import arena
from neuroloop.network import Network, Population, Projection, file, load, one_to_one, save
from neuroloop.runtime.simulate import Simulator, simulate

NEURON = """
from pathlib import Path
Path(__file__).with_name("ran").touch()
from neuroloop.neurons.lif import *
"""


def _network(kind="lif", synapse="static"):
    link = Projection("cell", "cell", one_to_one(2), 1.0, kind=synapse)
    return Network(populations=(Population("cell", 2, kind, {"bias": 2.0}),), projections=(link,))


def _changed(path, change):
    """Save a network, then change its description by hand."""
    save(_network(), path)
    arrays = dict(np.load(path))
    description = json.loads(arrays["description"].tobytes())
    change(description)
    arrays["description"] = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "/tmp/x.py",
        "../x.py",
        "./../x.py",
        "./below/x.py",
        "x.py",
        "antigravity.x",
        "os.path",
        "",
        "./x.py\n",
        7,
        ["lif"],
    ],
)
@pytest.mark.parametrize("part", ["populations", "projections"])
def test_a_kind_from_elsewhere_is_refused(tmp_path, part, kind):
    path = _changed(tmp_path / "net.npz", lambda d: d[part][0].update(kind=kind))
    with pytest.raises(ConfigError, match=r"net\.npz: kind .*beside the file"):
        load(path)


@pytest.mark.parametrize("kind", ["/tmp/x.py", "some.module", "./below/x.py"])
def test_what_would_not_load_is_not_saved(tmp_path, kind):
    with pytest.raises(ConfigError, match="beside the file"):
        save(_network(kind), tmp_path / "net.npz")
    with pytest.raises(ConfigError, match="beside the file"):
        save(_network(synapse=kind), tmp_path / "net.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_kind_beside_the_file_is_found_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(NEURON)
    save(_network("./mine.py"), tmp_path / "net.npz")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    network = load("../net.npz")

    assert not (tmp_path / "ran").exists()
    assert simulate(network, 0.1, watch=["cell"]).total_spikes > 0
    assert (tmp_path / "ran").exists()
    save(network, tmp_path / "again.npz")
    assert load(tmp_path / "again.npz").populations[0].kind == network.populations[0].kind


def test_more_units_than_a_file_may_have_are_refused(tmp_path):
    path = _changed(tmp_path / "net.npz", lambda d: d["populations"][0].update(n=10**15))
    with pytest.raises(ConfigError, match=r"net\.npz: .*1000000000000000 units; .*at most"):
        load(path)


def test_delays_that_would_fill_the_memory_are_refused(tmp_path):
    population = Population("cell", file.MOST_UNITS)
    link = Projection("cell", "cell", one_to_one(1), 60_000.0)
    network = Network(populations=(population,), projections=(link,))
    with pytest.raises(ConfigError, match="delays up to 60000 ms"):
        save(network, tmp_path / "net.npz")


def test_a_network_that_does_not_fit_into_memory_says_what_it_needs(monkeypatch):
    def full(n_bytes):
        raise MemoryError

    monkeypatch.setattr(arena, "aligned", full)
    with pytest.raises(MachineError, match=r"needs \d+\.\d GB of memory"):
        Simulator(_network())


def test_a_file_that_unpacks_to_more_than_it_may_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(file, "MOST_BYTES", 1 << 16)
    path = tmp_path / "net.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(3):
            archive.writestr(f"population.{k}.v.npy", _npy(np.zeros(4000)))
    assert path.stat().st_size < 1000
    with pytest.raises(ConfigError, match=r"net\.npz: more than 65536 bytes of arrays"):
        load(path)
    with pytest.raises(ConfigError, match="at most"):
        save(Network(populations=(Population("c", 1, arrays={"v": np.zeros(9000)}),)), path)


def test_a_header_that_promises_more_than_there_is_costs_no_memory(tmp_path):
    path, header = tmp_path / "net.npz", io.BytesIO()
    said = {"descr": "<f8", "fortran_order": False, "shape": (10**17,)}
    np.lib.format.write_array_header_1_0(header, said)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("description.npy", header.getvalue() + bytes(32))
    with pytest.raises(ConfigError, match=r"net\.npz: .*damaged: 32 bytes of numbers"):
        load(path)


def test_a_pipe_and_a_folder_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    for name in ("pipe.npz", "."):
        with pytest.raises(ConfigError, match="not a file"):
            load(tmp_path / name)


def test_a_missing_file_is_answered_with_those_beside_it(tmp_path):
    save(_network(), tmp_path / "mine.npz")
    with pytest.raises(ConfigError, match=r'cannot be read: No such file.*did you mean "mine.npz"'):
        load(tmp_path / "mime.npz")


def _npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()
