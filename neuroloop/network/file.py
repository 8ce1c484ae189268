"""A network in one file: a zip of plain arrays with a JSON description, never pickled objects."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.core.errors import ConfigError, MachineError, NeuroloopError
from neuroloop.network.connect import pairs
from neuroloop.network.graph import Input, Network, Population, Projection

FORMAT = 1


def save(network: Network, path: Path | str) -> None:
    """Write a network to ``path``; a file that is there is replaced in one step.

    Raises
    ------
    ConfigError
        Where an array of the network holds something other than numbers.
    MachineError
        Where the file cannot be written.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    description = {
        "format": FORMAT,
        "inputs": [{"name": i.name, "n": i.n} for i in network.inputs],
        "populations": [],
        "projections": [],
    }
    for k, p in enumerate(network.populations):
        for name, value in p.arrays.items():
            numbers = np.asarray(value)
            if numbers.dtype.hasobject:
                raise ConfigError(f'population "{p.name}": {name} is not an array of numbers')
            arrays[f"population.{k}.{name}"] = numbers
        description["populations"].append(  # type: ignore[attr-defined]
            {"name": p.name, "n": p.n, "kind": p.kind, "params": dict(p.params)}
        )
    for k, j in enumerate(network.projections):
        for name in ("pre", "post", "weight"):
            arrays[f"projection.{k}.{name}"] = getattr(j.connections, name)
        arrays[f"projection.{k}.delay_ms"] = np.asarray(j.delay_ms, np.float64)
        description["projections"].append(  # type: ignore[attr-defined]
            {"source": j.source, "target": j.target, "receptor": j.receptor, "kind": j.kind}
        )
    text = json.dumps(description, default=lambda number: number.item())
    arrays["description"] = np.frombuffer(text.encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    path = Path(path)
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
    try:
        # opened here: np.load leaves a damaged file open
        with Path(path).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _network(json.loads(arrays.pop("description").tobytes()), arrays)
    except NeuroloopError as error:
        raise ConfigError(f"{path}: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # zip, npy and JSON readers fail in a dozen ways on foreign bytes
        raise ConfigError(f"{path}: not a network file, or a damaged one ({error})") from error


def _network(description: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> Network:
    def of(prefix: str) -> dict[str, np.ndarray[Any, Any]]:
        return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}

    if description["format"] != FORMAT:
        raise ConfigError(f"format {description['format']}; this version reads format {FORMAT}")
    projections = []
    for k, j in enumerate(description["projections"]):
        a = of(f"projection.{k}.")
        connections = pairs(a["pre"], a["post"], a["weight"])
        projections.append(
            Projection(
                j["source"], j["target"], connections, a["delay_ms"], j["receptor"], j["kind"]
            )
        )
    return Network(
        tuple(Input(i["name"], i["n"]) for i in description["inputs"]),
        tuple(
            Population(p["name"], p["n"], p["kind"], p["params"], of(f"population.{k}."))
            for k, p in enumerate(description["populations"])
        ),
        tuple(projections),
    )
