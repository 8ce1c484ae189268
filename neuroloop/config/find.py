"""Where a run file is, what it extends, and what the command line changes in it."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuroloop.config import toml
from neuroloop.core.errors import ConfigError, nearest

_PACKAGE = Path(__file__).resolve().parents[1]


def _shelves() -> list[Path]:
    """Return the folders of run files: beside the user, of the checkout, of the wheel."""
    return [Path("configs").absolute(), _PACKAGE.parent / "configs", _PACKAGE / "configs"]


def run_files() -> list[Path]:
    """Return the run files that ``run NAME`` finds, by name; the first of a name wins."""
    found: dict[str, Path] = {}
    for shelf in _shelves():
        for path in sorted(shelf.glob("*.toml")):
            found.setdefault(path.stem, path)
    return [found[name] for name in sorted(found)]


def run_file(name: str) -> Path:
    """Return the run file called ``name``: a path, or the name of one on a shelf."""
    here = Path(name)
    if here.is_file() or here.suffix == ".toml" or len(here.parts) > 1:
        return here.absolute()
    for path in run_files():
        if path.stem == name:
            return path
    known = [path.stem for path in run_files()]
    raise ConfigError(f'no run file "{name}" here or in configs/{nearest(name, known)}')


def with_bases(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a file and what it ``extends``, the file winning, table by table.

    Of what it extends it leaves out the tables that it names in ``without``.
    """
    if path in seen:
        ring = " -> ".join(p.name for p in (*seen[seen.index(path) :], path))
        raise ConfigError(f"{path}: `extends` goes round in a ring: {ring}")
    tables = toml.read(path)
    base, without = tables.pop("extends", None), tables.pop("without", [])
    names = isinstance(without, list) and all(isinstance(name, str) for name in without)
    if not names or (without and base is None):
        raise ConfigError(f"{path}: `without`: expected names of tables of the file it extends")
    if base is None:
        return tables
    if not isinstance(base, str):
        raise ConfigError(f"{path}: `extends`: expected the name of a file")
    below = with_bases((path.parent / base).absolute(), (*seen, path))
    for name in without:
        if name not in below:
            raise ConfigError(f"{path}: `without`: {base} has no [{name}]{nearest(name, below)}")
        del below[name]
    return merged(below, tables)


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``over`` laid on it; tables merge, all else is replaced."""
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        both = isinstance(value, dict) and isinstance(below, dict)
        # another kind has other settings: those of the old kind would only be refused
        if both and value.get("kind", below.get("kind")) == below.get("kind"):  # type: ignore[union-attr]
            result[name] = merged(below, value)  # type: ignore[arg-type]
        else:
            result[name] = value
    return result


def with_changes(tables: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """Apply ``path=value`` texts: the value in TOML, or a bare word for a text."""
    for change in changes:
        place, equals, text = change.partition("=")
        names = [n.strip() for n in place.split(".")]
        if not equals or not all(names):
            raise ConfigError(f"--set {change}: expected path=value, as in run.seed=3")
        value: Any = _value(text.strip())
        at = tables
        for name in names[:-1]:
            at = at.setdefault(name, {})
            if not isinstance(at, dict):
                raise ConfigError(f'--set {change}: "{name}" is a value, not a table')
        at[names[-1]] = value
    return tables


def _value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
