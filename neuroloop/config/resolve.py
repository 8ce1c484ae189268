"""Where a ``kind`` in a run file leads: it is a file name, so no list of parts exists anywhere.

``kind = "camera"`` in ``[sensor.x]`` is ``sensors/camera.py``; ``kind = "./mine.py"`` is a file
beside the run file; a dotted kind may be a module of any installed package.  Only this file, the
tests and pyproject name the top-level packages ``sensors`` and ``sims``.
"""

import importlib
import importlib.util
import sys
import zlib
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from neuroloop.core.errors import ConfigError, PartError, nearest

PACKAGES = {
    "sensor": "sensors",
    "plant": "sims",
    "encoder": "neuroloop.encode",
    "decoder": "neuroloop.decode",
    "guard": "neuroloop.guard",
    "actuator": "neuroloop.actuate",
    "engine": "neuroloop.backends",
    "clock": "neuroloop.runtime.clocks",
    "sink": "neuroloop.record",
    "neuron": "neuroloop.neurons",
    "synapse": "neuroloop.synapses",
    "network": "neuroloop.network",
}


def kinds(role: str) -> list[str]:
    """Return the kinds that come with the project for a role, without importing one.

    A kind is a file, or a folder whose ``__init__.py`` defines ``Config``; other folders hold kinds
    of their own (``plant.lidar``).  Names that start with ``_`` are nobody's, and a folder with a
    ``__main__.py`` is a program.
    """
    found: set[str] = set()
    for folder in _folders(PACKAGES[role]):
        found |= set(_kinds_in(folder, ""))
    return sorted(found)


def _kinds_in(folder: Path, prefix: str) -> Iterator[str]:
    for path in folder.iterdir():
        inner = path / "__init__.py"
        is_program = (path / "__main__.py").is_file()
        if path.name.startswith("_") or "." in path.stem or is_program:
            continue
        if path.suffix == ".py":
            yield prefix + path.stem
        elif inner.is_file() and "class Config" in inner.read_text("utf-8"):
            yield prefix + path.name
        elif inner.is_file():
            yield from _kinds_in(path, f"{prefix}{path.name}.")


def source(role: str, kind: str) -> Path:
    """Return the file of a kind that comes with the project, without importing it."""
    for folder in _folders(PACKAGES[role]):
        place = folder.joinpath(*kind.split("."))
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return path
    raise ConfigError(f'no {role} kind "{kind}"{nearest(kind, kinds(role))}')


def _folders(package: str) -> Sequence[Path]:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return ()
    return [Path(place) for place in spec.submodule_search_locations]


def module(role: str, kind: str, folder: Path, where: str) -> ModuleType:
    """Import the module of a kind; ``where`` is the place in the run file, for messages."""
    if kind.startswith((".", "/")) or kind.endswith(".py"):
        return _from_file(folder / kind, where)
    if role == "engine":
        kind = kind.replace("-", "_")  # loihi1-nengo
    for name in (f"{PACKAGES[role]}.{kind}", kind if "." in kind else ""):
        if name and _find(name) is not None:
            return _import(name, where)
    raise ConfigError(f'{where}: no {role} kind "{kind}"{nearest(kind, kinds(role))}')


def _find(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None


def _import(name: str, where: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise PartError(f"{where}: cannot import {name}: {_last_line(error)}") from error


def _from_file(path: Path, where: str) -> ModuleType:
    if not path.is_file():
        beside = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise ConfigError(f"{where}: no file {path}{nearest(path.name, beside)}")
    path = path.resolve()
    name = "neuroloop_file_" + "".join(c if c.isalnum() else "_" for c in str(path))
    name += f"_{zlib.crc32(str(path).encode()):08x}"  # a-b.py and a_b.py are two
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{where}: {path} is not a Python file")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    # what a user's file imports from beside it is found last, so it can hide nothing
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    try:
        spec.loader.exec_module(loaded)
    except Exception as error:
        del sys.modules[name]
        raise PartError(f"{where}: {path} failed to load: {_last_line(error)}") from error
    return loaded


def _last_line(error: BaseException) -> str:
    if isinstance(error, SyntaxError):  # it names its own line
        return f"{type(error).__name__}: {error}"
    line = error.__traceback__
    while line is not None and line.tb_next is not None:
        line = line.tb_next
    place = f" (line {line.tb_lineno})" if line is not None else ""
    return f"{type(error).__name__}: {error}{place}"


def data_file(subfolder: str, name: str, folder: Path, where: str) -> Path:
    """Find ``name`` (a path beside the run file, or the name of a file that comes with sims)."""
    for path in (folder / name, folder / f"{name}.toml"):
        if path.is_file():
            return path
    shipped = [p for place in _folders("sims") for p in (place / subfolder).glob("*.toml")]
    for path in shipped:
        if path.stem == name:
            return path
    raise ConfigError(f'{where}: no file "{name}"{nearest(name, [p.stem for p in shipped])}')
