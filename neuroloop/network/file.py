"""A network in one file: a zip of plain arrays with a JSON description, never pickled objects.

A file that somebody else made can do no more than name kinds that come with the project, or a
Python file ``./x.py`` that lies beside it; that one runs, so read it first.  What it unpacks to and
the units it asks for are bounded.
"""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.config import array_file, resolve
from neuroloop.core.errors import ConfigError, MachineError, NeuroloopError
from neuroloop.network.forms import pack, unpack, unpack_pairs
from neuroloop.network.graph import Input, Network, Population, Projection

FORMAT = 2
"""1 named the source of each synapse, and knew neither values, settings of synapses nor kernels"""
MOST_BYTES = 1 << 30
"""of all arrays of a file together: some fifty million synapses"""
MOST_UNITS = 1 << 24
"""of all inputs and populations of a file together"""
MOST_WAITING = 1 << 28
"""units of a file's populations, each times the longest delay that reaches it in milliseconds: at
ticks of 1 ms the numbers in which arriving spikes wait"""

_READ = (1, 2)
_NEWER = range(FORMAT + 1, 1000)
_SHIPPED = re.compile(r"[A-Za-z]\w*", re.ASCII)
_BESIDE = re.compile(r"\./[\w-]+\.py", re.ASCII)


def save(network: Network, path: Path | str) -> None:
    """Write a network to ``path``; a file that is there is replaced in one step.

    Raises
    ------
    ConfigError
        Where an array of the network holds something other than numbers, or `load` would refuse
        the file: a kind that is neither shipped nor a file beside it, more than it may hold.
    MachineError
        Where the file cannot be written.
    """
    path = Path(path)
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    description: dict[str, Any] = {
        "format": FORMAT,
        "inputs": [{"name": i.name, "n": i.n, "signal": i.signal} for i in network.inputs],
        "populations": [],
        "projections": [],
    }
    for k, p in enumerate(network.populations):
        for name, value in p.arrays.items():
            arrays[f"population.{k}.{name}"] = _numbers(value, f'population "{p.name}": {name}')
        description["populations"].append(
            {
                "name": p.name,
                "n": p.n,
                "kind": _named(p.kind, path),
                "params": dict(p.params),
                "update": p.update,
            }
        )
    for k, j in enumerate(network.projections):
        where = f"projection {j.name}"
        form, own = pack(j.connections, where)
        own = {**own, "delay_ms": _numbers(j.delay_ms, f"{where}: delay_ms")}
        arrays |= {f"projection.{k}.{name}": np.asarray(value) for name, value in own.items()}
        description["projections"].append(
            {
                "source": j.source,
                "target": j.target,
                "connections": form,
                "receptor": j.receptor,
                "kind": _named(j.kind, path),
                "params": dict(j.params),
                "layout": _layout(j.layout),
            }
        )
    _check_size(network, str(path))
    n_bytes = sum(array.nbytes for array in arrays.values())
    if n_bytes > MOST_BYTES:
        raise ConfigError(f"{path}: {n_bytes} bytes of arrays; a file holds {MOST_BYTES} at most")
    text = json.dumps(description, default=_plain)
    arrays["description"] = np.frombuffer(text.encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(buffer.getvalue())
        partial.replace(path)
    except OSError as error:
        raise MachineError(f"cannot write {path}: {error.strerror}") from error


def load(path: Path | str) -> Network:
    """Read a network.

    Raises
    ------
    ConfigError
        Where the file is missing, is something else, or its parts do not fit together.
    """
    path = Path(path)
    arrays = array_file.read_all(path, MOST_BYTES, str(path), "network file")
    try:
        return _network(json.loads(arrays.pop("description").tobytes()), arrays, path)
    except NeuroloopError as error:
        raise ConfigError(f"{path}: {error}") from error
    except MemoryError as error:
        raise MachineError(f"{path}: this network does not fit into memory") from error
    except Exception as error:  # JSON of another shape fails in a dozen ways
        raise ConfigError(f"{path}: not a network file, or a damaged one ({error})") from error


def _network(
    description: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]], path: Path
) -> Network:
    def of(prefix: str) -> dict[str, np.ndarray[Any, Any]]:
        return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}

    version = description["format"]
    if version not in _READ:
        raise ConfigError(
            f"format {version}; this version reads format {' and '.join(map(str, _READ))}"
            + ("; a newer one of neuroloop may read this" if version in _NEWER else "")
        )
    network = Network(
        tuple(Input(i["name"], i["n"], i.get("signal", "spikes")) for i in description["inputs"]),
        tuple(
            Population(
                *(p["name"], p["n"], _kind(p["kind"], path), p["params"]),
                of(f"population.{k}."),
                p.get("update", "auto"),
            )
            for k, p in enumerate(description["populations"])
        ),
        tuple(
            _projection(j, of(f"projection.{k}."), path)
            for k, j in enumerate(description["projections"])
        ),
    )
    _check_size(network, "the network")
    return network


def _projection(
    words: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]], path: Path
) -> Projection:
    form = words.get("connections")
    return Projection(
        source=words["source"],
        target=words["target"],
        connections=unpack(form, arrays) if form else unpack_pairs(arrays, MOST_UNITS),
        delay_ms=arrays["delay_ms"],
        receptor=words["receptor"],
        kind=_kind(words["kind"], path),
        params=words.get("params", {}),
        layout=_layout(words.get("layout", "auto")),
    )


def _check_size(network: Network, where: str) -> None:
    units = sum(int(part.n) for part in network.spiking)
    if units > MOST_UNITS:
        raise ConfigError(f"{where}: {units} units; a file holds {MOST_UNITS} at most")
    longest: dict[str, float] = {}
    for j in network.projections:
        delay_ms = float(np.max(j.delay_ms, initial=0.0))
        longest[j.target] = max(delay_ms, longest.get(j.target, 0.0))
    waiting = sum(network.size(name) * delay_ms for name, delay_ms in longest.items())
    if waiting > MOST_WAITING:
        raise ConfigError(
            f"{where}: delays up to {max(longest.values()):g} ms for so many units; units times"
            f" milliseconds are {MOST_WAITING} at most in a file"
        )


def _plain(value: object) -> object:
    """Turn a NumPy number into the Python number that JSON holds."""
    if isinstance(value, np.generic):
        return value.item()
    raise ConfigError(f"{value!r} is no parameter; a number or a text is wanted")


def _numbers(value: ArrayLike, where: str) -> NDArray[Any]:
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "biuf":
        raise ConfigError(f"{where} is not an array of numbers")
    return numbers


def _layout(layout: object) -> str:
    """Return a layout that comes with the project: no file of somebody else's."""
    if isinstance(layout, str) and _SHIPPED.fullmatch(layout):
        return layout
    raise ConfigError(f"layout {layout!r}: in a network file it is one that comes with the project")


def _kind(kind: object, path: Path) -> str:
    """Return a kind as the engine takes it; a file beside ``path`` by its full path."""
    if isinstance(kind, str) and (_SHIPPED.fullmatch(kind) or _of_a_chip(kind)):
        return kind
    if isinstance(kind, str) and _BESIDE.fullmatch(kind):
        return str(path.resolve().parent / kind[2:])
    raise ConfigError(
        f"kind {kind!r}: in a network file a kind is the name of one that comes with the project,"
        ' or "./x.py" beside the file'
    )


def _of_a_chip(kind: str) -> bool:
    """Whether a dotted name is one of a folder of kinds that comes with the project.

    Any other would be a module of some package that is installed.
    """
    return "." in kind and any(kind in resolve.kinds(role) for role in ("neuron", "synapse"))


def _named(kind: str, path: Path) -> str:
    """Return a kind as it stands in the file ``path``; what `load` gave goes back to its name."""
    if kind.startswith("/") and Path(kind).parent == path.resolve().parent:
        kind = f"./{Path(kind).name}"
    _kind(kind, path)
    return kind
