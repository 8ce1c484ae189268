"""Training on disk: after each round a file of the state, and one of what the round saw."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.train.navigation.imitate import Plan, Progress, Round
from neuroloop.train.navigation.student import Student
from neuroloop.train.navigation.surrogate import Adam

STATE = "state.npz"


def save(folder: Path, plan: Plan, progress: Progress, last: Round) -> None:
    """Write the last round and the state after it; each file appears whole or not at all."""
    _write(folder / f"round_{progress.done - 1:03d}.npz", last._asdict())
    arrays: dict[str, Any] = {"plan": np.frombuffer(json.dumps(asdict(plan)).encode(), np.uint8)}
    arrays["counts"] = np.array([progress.done, progress.adam.steps])
    for part, values in _parts(progress).items():
        arrays |= {f"{part}.{name}": value for name, value in values._asdict().items()}
    _write(folder / STATE, arrays)


def load(folder: Path) -> tuple[Plan, Progress, list[Round]]:
    """Read what `save` wrote.

    Raises
    ------
    ConfigError
        Where a file is missing or something else.
    """
    try:
        arrays = _read(folder / STATE)
        plan = Plan(**json.loads(arrays["plan"].tobytes()))
        done, steps = (int(n) for n in arrays["counts"])
        student, mean, square = (
            Student(*(arrays[f"{part}.{name}"] for name in Student._fields))
            for part in ("student", "mean", "square")
        )
        rounds = [Round(**_read(folder / f"round_{k:03d}.npz")) for k in range(done)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder}: not a training that can be resumed ({error})") from error
    return plan, Progress(done, student, Adam(mean, square, steps)), rounds


def _parts(progress: Progress) -> dict[str, Student]:
    return {
        "student": progress.student,
        "mean": progress.adam.mean,
        "square": progress.adam.square,
    }


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _write(path: Path, arrays: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(buffer.getbuffer())
        partial.replace(path)
    except OSError as error:
        raise MachineError(f"cannot write {path}: {error.strerror}") from error
