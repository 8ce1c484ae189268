"""Worlds for the navigation bench, drawn by a seed: each file is a kind, no list of them exists.

A kind is a file here with ``generate(seed) -> World``: a room of 20 m x 20 m with polygons in it.
Names that start with ``_`` are no kinds.  Every kind must leave gaps that a disc of 0.30 m passes;
pairs are drawn where it does.
"""

import importlib
import pkgutil
from pathlib import Path

import msgspec

from neuroloop.bench.worlds import _pairs
from neuroloop.config import world_file
from neuroloop.config.world_file import MOST_PAIRS, WorldFile
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.world import World

PAIRS = 200


def kinds() -> list[str]:
    """Return the kinds of worlds, without importing one."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if not name.startswith("_"))


def generate(kind: str, seed: int, pairs: int = PAIRS) -> WorldFile:
    """Return the world of a kind and a seed, with pairs that a disc of 0.30 m can drive.

    The same three values give the same file, bit for bit.

    Raises
    ------
    ConfigError
        Where there is no such kind, the seed is below 0 or the number of pairs out of range.
    """
    if kind not in kinds():
        raise ConfigError(f'no kind of world "{kind}"{nearest(kind, kinds())}')
    if seed < 0:
        raise ConfigError(f"seed: {seed}; 0 or more is wanted")
    if not 1 <= pairs <= MOST_PAIRS:
        raise ConfigError(f"pairs: {pairs}; 1 to {MOST_PAIRS} are wanted")
    world: World = importlib.import_module(f"{__name__}.{kind}").generate(seed)
    starts, goals = _pairs.draw(world, seed, pairs)
    x, y, yaw = starts[0].tolist()
    first = msgspec.structs.replace(world, start=(x, y, yaw), goal=tuple(goals[0].tolist()))
    return WorldFile(first, starts, goals)


def generate_to(kind: str, seed: int, out: Path | str, pairs: int = PAIRS) -> WorldFile:
    """Generate a world, write it to ``out`` and return it.

    Raises
    ------
    ConfigError
        As `generate`, and where ``out`` does not end in ``.npz``, by which it is known later.
    MachineError
        Where the file cannot be written.
    """
    if Path(out).suffix != ".npz":
        raise ConfigError(f"{out}: the name of a world file must end in .npz")
    file = generate(kind, seed, pairs)
    world_file.save(out, file)
    return file
