"""Recorded spikes for a network's inputs, out of a file that anybody may have made.

======== ==========================================================================================
``.npz`` ``NAME.t_ms`` or ``NAME.t_us``, and ``NAME.unit``, for each input; where the network has
         one input, or ``--input`` names one, also without ``NAME.``
``.npy`` ``float[k, 2]``: time in milliseconds, unit; or an array with fields ``t_ms`` or ``t_us``,
         and ``unit``
text     two columns, as in ``.npy``, apart by spaces or commas; a first line ``t_us unit`` says
         that times are in microseconds; with a third column ``input`` a line names its input
======== ==========================================================================================

Times start at 0, units too.  Nothing is unpickled.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.config import array_file
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.values import Spikes
from neuroloop.network.graph import Input

MOST_BYTES = 1 << 30
"""of a file, and of what it unpacks to"""
MOST_TEXT_BYTES = 1 << 27
_MOST_US = 1 << 53
"""of a time: whole numbers up to here are exact as floating-point ones"""
_SCALE = {"t_ms": 1000.0, "t_us": 1.0}


def read(path: Path, inputs: Sequence[Input]) -> dict[str, Spikes]:
    """Return the spikes of each of ``inputs`` that the file has some for.

    Parameters
    ----------
    path
        ``.npz``, ``.npy``, or text.
    inputs
        Which may be meant; of a file that names none, the only one.

    Raises
    ------
    ConfigError
        Where the file cannot be read, is something else or too large, names no input of these, or
        holds a time or a unit that cannot be.
    """
    where = str(path)
    try:
        if not path.is_file():
            beside = [p.name for p in path.parent.glob(f"*{path.suffix}") if p.is_file()]
            raise ConfigError(f"{where}: no such file{nearest(path.name, beside)}")
        reader = _READERS.get(path.suffix.lower(), _text)
        size, most = path.stat().st_size, MOST_TEXT_BYTES if reader is _text else MOST_BYTES
        if size > most:
            raise ConfigError(f"{where}: {size:,} bytes long; at most {most:,} are read")
        columns = reader(path, inputs, where)
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror or error}") from error
    by_name = {i.name: i for i in inputs}
    return {
        name: _checked(by_name[name], *pair, f'{where}: input "{name}"')
        for name, pair in columns.items()
    }


Columns = dict[str, tuple[NDArray[Any], NDArray[Any]]]
"""by input: times in microseconds, and units"""


def _npz(path: Path, inputs: Sequence[Input], where: str) -> Columns:
    arrays = array_file.read_all(path, MOST_BYTES, where, "recording of spikes")
    stems = {name.rpartition(".")[0] for name in arrays}
    known = {i.name for i in inputs}
    if stems - known - {""}:
        stranger = min(stems - known - {""})
        raise ConfigError(
            f'{where}: the network has no input "{stranger}"{nearest(stranger, known)}'
        )
    return {
        (stem or _only(inputs, where)): _pair(
            {n.rpartition(".")[2]: a for n, a in arrays.items() if n.rpartition(".")[0] == stem},
            f"{where}: {stem}" if stem else where,
        )
        for stem in sorted(stems)
    }


def _npy(path: Path, inputs: Sequence[Input], where: str) -> Columns:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ConfigError(f"{where}: not an array of numbers (.npy): {error}") from error
    name = _only(inputs, where)
    if array.dtype.names:
        if array.ndim != 1:
            raise ConfigError(f"{where}: of shape {array.shape}; a row a spike is wanted")
        return {name: _pair({n: array[n] for n in array.dtype.names}, where)}
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iuf":
        raise ConfigError(
            f"{where}: {array.dtype}{list(array.shape)}; a row a spike is wanted: time in ms, unit"
        )
    return {name: _pair({"t_ms": array[:, 0], "unit": array[:, 1]}, where)}


def _text(path: Path, inputs: Sequence[Input], where: str) -> Columns:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{where}: byte {error.start} is not UTF-8; .npz, .npy or lines of text are wanted"
        ) from error
    lines = [_words(line.partition("#")[0]) for line in text.splitlines()]
    filled = [(k, row) for k, row in enumerate(lines, 1) if row]
    titles = ["t_ms", "unit"]
    if filled and any(_number(word) is None for word in filled[0][1][:2]):
        titles = filled.pop(0)[1]
    return _by_input(titles, filled, inputs, where)


_READERS = {".npz": _npz, ".npy": _npy}


def _by_input(
    titles: Sequence[str],
    rows: Sequence[tuple[int, list[str]]],
    inputs: Sequence[Input],
    where: str,
) -> Columns:
    """Sort lines of text by the input they name."""
    wanted = {"unit", "input"} | set(_SCALE)
    if not set(titles) <= wanted or len(set(titles)) != len(titles):
        raise ConfigError(
            f"{where}: the first line names columns {' '.join(titles)}; t_ms or t_us, unit, and "
            "perhaps input are wanted"
        )
    known = [i.name for i in inputs]
    only = _only(inputs, where) if "input" not in titles else ""
    found: dict[str, dict[str, list[float]]] = {}
    for line, row in rows:
        if len(row) != len(titles):
            raise ConfigError(f"{where}: line {line}: {len(row)} columns, not {len(titles)}")
        named = dict(zip(titles, row, strict=True))
        name = named.pop("input", only)
        if name not in known:
            raise ConfigError(
                f'{where}: line {line}: the network has no input "{name}"{nearest(name, known)}'
            )
        own = found.setdefault(name, {title: [] for title in named})
        for title, word in named.items():
            number = _number(word)
            if number is None:
                raise ConfigError(f'{where}: line {line}: "{word}" is not a number')
            own[title].append(number)
    return {
        name: _pair({t: np.asarray(v) for t, v in own.items()}, where)
        for name, own in found.items()
    }


def _pair(columns: Mapping[str, NDArray[Any]], where: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return times in microseconds, and units."""
    times = [name for name in _SCALE if name in columns]
    if len(times) != 1 or "unit" not in columns:
        raise ConfigError(
            f"{where}: has {', '.join(sorted(columns)) or 'nothing'}; t_ms or t_us, and unit, are "
            "wanted"
        )
    t, unit = columns[times[0]], columns["unit"]
    if t.ndim != 1 or t.shape != unit.shape:
        raise ConfigError(f"{where}: times of shape {t.shape} for units of shape {unit.shape}")
    if t.dtype.kind not in "iuf" or unit.dtype.kind not in "iuf":
        raise ConfigError(f"{where}: {t.dtype} and {unit.dtype}; numbers are wanted")
    return np.asarray(t, np.float64) * _SCALE[times[0]], unit


def _checked(to: Input, t_us: NDArray[Any], unit: NDArray[Any], where: str) -> Spikes:
    """Return spikes that the input can have, in order of time."""
    if not np.isfinite(t_us).all():
        raise ConfigError(f"{where}: a time is not a finite number")
    if len(t_us) and not 0 <= t_us.min() <= t_us.max() < _MOST_US:
        raise ConfigError(
            f"{where}: a spike at {t_us.min() * 1e-3:g} ms, one at {t_us.max() * 1e-3:g} ms; a run "
            "starts at 0"
        )
    if unit.dtype.kind == "f":
        if not (np.isfinite(unit).all() and (unit == np.floor(unit)).all()):
            raise ConfigError(f"{where}: a unit is not a whole number")
        unit = np.clip(unit, -1, float(1 << 32)).astype(np.int64)
    if len(unit) and unit.min() < 0:
        raise ConfigError(f"{where}: unit {unit.min()}; units count from 0 on")
    if len(unit) and unit.max() >= to.n:
        raise ConfigError(f"{where}: has no unit {unit.max()}, only 0...{to.n - 1}")
    order = np.lexsort((unit, t_us))
    return Spikes(np.rint(t_us[order]).astype(np.int64), unit[order].astype(np.uint32))


def _only(inputs: Sequence[Input], where: str) -> str:
    """Return the input of a file that names none."""
    if len(inputs) != 1:
        names = ", ".join(i.name for i in inputs) or "none"
        raise ConfigError(
            f"{where}: it names no input, and the network has {names}; --input NAME=FILE says which"
        )
    return inputs[0].name


def _words(line: str) -> list[str]:
    return line.replace(",", " ").replace(";", " ").split()


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
