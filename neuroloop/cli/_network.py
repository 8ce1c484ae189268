"""The network that a verb is given: a network file, a function in a Python file, or a run file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroloop.config.runfile import Part
    from neuroloop.network import Network


@dataclass(frozen=True)
class Named:
    """A network, and what its run file says of it."""

    network: "Network"
    folder: Path
    """where paths of its kinds start"""
    dt_us: int | None = None
    """length of a tick in the run file; None where there is none"""
    engine: "Part | None" = None
    """what the run file runs it on"""


def named(text: str, verb: str) -> Named:
    """Return the network of ``weights.npz``, ``nets.py:build``, or a run file or its name.

    Raises
    ------
    ConfigError
        Where there is no such file or function, or it makes no network.
    """
    from neuroloop.config import find, runfile
    from neuroloop.core.errors import ConfigError, nearest
    from neuroloop.runtime import networks

    path = Path(text.partition(":")[0])
    bare = not path.suffix and ":" not in text and not path.exists()
    runs = {p.stem for p in find.run_files()} if bare else set()
    if bare and text not in runs:
        raise ConfigError(
            f'no run file "{text}"{nearest(text, runs)}; a network on its own is FILE.npz or '
            "FILE.py:FUNCTION"
        )
    if bare or path.suffix == ".toml":
        run = runfile.load(text)
        where = f"{run.path}: [engine]"
        built = networks.of(run.wiring.network, run.folder, run.wiring.network_options, where)
        dt_us: int = run.clock.config.dt_us
        return Named(built, run.folder, dt_us, run.engine)
    check_there(text)
    return Named(networks.of(text, Path.cwd(), {}, verb), Path.cwd())


def check_there(text: str) -> None:
    """Refuse a file that is not there, with those that could be meant."""
    from neuroloop.core.errors import ConfigError, nearest

    name, colon, _ = text.partition(":")
    path = Path(name)
    if path.suffix == ".py" and not colon:
        raise ConfigError(f"{name} is a Python file: name a function in it, as in {name}:build")
    if not path.exists():
        beside = path.parent.glob(f"*{path.suffix}") if path.suffix else ()
        known = [str(p) for p in (*beside, *path.parent.glob(f"*/{path.name}"))]
        raise ConfigError(f"no file {name} in {Path.cwd()}{nearest(name, known)}")
