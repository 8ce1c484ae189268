"""What is looked at: a kind of sensor, or a sensor of a run file with its encoders."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neuroloop.config import find, resolve, runfile, toml
from neuroloop.config.runfile import Part
from neuroloop.core.errors import ConfigError, nearest

_DT_US = 1000


@dataclass(frozen=True)
class Subject:
    """A sensor, and the encoders that read it."""

    path: Path
    """of the run file, where relative paths start; of a mere kind, any name in the user's folder"""
    sensor: Part
    encoders: tuple[Part, ...] = ()
    seed: int = 0
    dt_us: int = _DT_US


def subject(name: str, changes: Sequence[str] = ()) -> Subject:
    """Return what ``name`` means.

    Parameters
    ----------
    name
        ``camera`` or ``./mine.py``, a kind of sensor; or ``live_camera``, a run file, whose first
        sensor is meant; or ``live_camera:camera``, one of its sensors.
    changes
        ``path=value``: settings of the kind (``source=1``) or of the run file
        (``sensor.camera.source=1``).

    Raises
    ------
    ConfigError
        Where there is no such thing, or a setting is wrong.
    """
    if name in resolve.kinds("sensor") or name.endswith(".py"):
        return _of_kind(name, changes)
    file, _, sensor = name.partition(":")
    if not sensor and Path(file).suffix != ".toml" and file not in _run_files():
        known = {*resolve.kinds("sensor"), *_run_files()}
        raise ConfigError(
            f'neither a kind of sensor nor a run file: "{name}"{nearest(name, known)}'
        )
    return _of_run_file(file, sensor, changes)


def _of_kind(kind: str, changes: Sequence[str]) -> Subject:
    _check_real(kind, kind)
    module = resolve.module("sensor", kind, Path.cwd(), "view")
    settings = find.with_changes({}, changes)
    toml.check_finite(settings, f'kind "{kind}"')
    config = toml.convert(settings, module.Config, f'kind "{kind}"')
    name = Path(kind).stem if kind.endswith(".py") else kind
    return Subject(Path("view"), Part("sensor", name, kind, module, config))


def _of_run_file(file: str, sensor: str, changes: Sequence[str]) -> Subject:
    run = runfile.load(file, changes)
    parts = {part.name: part for part, _ in run.sensors}
    if not parts:
        raise ConfigError(f"{run.path}: has no sensor to look at")
    if sensor and sensor not in parts:
        raise ConfigError(f'{run.path}: no sensor "{sensor}"{nearest(sensor, parts)}')
    chosen = parts[sensor] if sensor else next(iter(parts.values()))
    _check_real(chosen.kind, f"{run.path}: {chosen.where}")
    encoders = tuple(part for part in run.encoders if part.config.input == chosen.name)
    return Subject(run.path, chosen, encoders, run.run.seed, run.clock.config.dt_us)


def _check_real(kind: str, where: str) -> None:
    if kind.partition(".")[0] == "plant":
        raise ConfigError(
            f"{where}: sees a simulated world, which there is only in a run: "
            "neuroloop run RUNFILE --plot FILE.png"
        )


def _run_files() -> list[str]:
    return [path.stem for path in find.run_files()]
