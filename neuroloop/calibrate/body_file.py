"""Change the two lengths in a body file and nothing else: comments and layout stay."""

import os
import re
import shutil
import tempfile
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from neuroloop.calibrate.formula import Lengths
from neuroloop.config import body as bodies
from neuroloop.config import resolve
from neuroloop.config.runfile import RunFile
from neuroloop.core.errors import ConfigError, MachineError

NAMES = ("wheel_radius_m", "wheel_separation_m")
_NUMBER = r"(?P<before>\s*{key}\s*=\s*)(?P<number>[-+.\w]+)(?P<after>\s*(?:#.*)?)"


def of(run: RunFile, limb: str) -> Path | None:
    """Return the body file of a limb of a run; None where its actuator has a body of its own."""
    actuator = next(part for part in run.actuators if part.name == limb)
    for part in (actuator, run.plant):
        name = getattr(part.config, "body", None) if part is not None else None
        if part is not None and isinstance(name, str):
            return resolve.data_file("bodies", name, run.folder, f"{run.path}: {part.where}")
    return None


def shipped(path: Path) -> bool:
    """Whether a file comes with the package, whose next version would replace it."""
    spec = find_spec(resolve.PACKAGES["plant"])
    places = [] if spec is None else spec.submodule_search_locations or []
    return any(path.resolve().is_relative_to(Path(place).resolve()) for place in places)


def target(source: Path | None, asked: Path | None) -> Path:
    """Return the file to write, ``asked`` where it is given.

    Raises
    ------
    ConfigError
        Where it comes with the package, or would be another file that is there already.
    """
    if source is None:
        raise ConfigError(
            "the run file names no body file, because its actuator brings a body of its own: "
            "write the two numbers there"
        )
    if asked is None or asked.resolve() == source.resolve():
        if shipped(source):
            raise ConfigError(
                f"{source}: comes with the package and is left alone; --body my_{source.name} "
                "writes a copy"
            )
        return source
    if asked.exists():
        raise ConfigError(
            f"{asked}: is there already; to calibrate that one, --set plant.body={asked.resolve()}"
        )
    return asked


def write(source: Path, to: Path, found: Lengths) -> None:
    """Write ``source`` with two other numbers to ``to``, in one step.

    Raises
    ------
    ConfigError
        Where the numbers stand in another form than ``name = number``, or the body would be
        impossible; nothing has changed then.
    MachineError
        Where the file cannot be written.
    """
    to = to.resolve()  # a link stays one
    try:
        text = source.read_bytes().decode("utf-8")
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=".calibrate-") as folder:
            beside = Path(folder, to.name)
            beside.write_bytes(changed(text, found, str(source)).encode())
            bodies.load(beside.name, Path(folder), str(source))
            shutil.copymode(to if to.exists() else source, beside)
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            beside.replace(to)
    except OSError as error:
        raise MachineError(f"{to}: cannot be written: {error.strerror}") from error


def changed(text: str, found: Lengths, where: str) -> str:
    """Return the text of a body file with the two numbers replaced."""
    wanted = {name: float(f"{getattr(found, name):.6g}") for name in NAMES}
    lines, table = text.splitlines(keepends=True), ""
    for at, line in enumerate(lines):
        content = line.rstrip("\r\n")
        header = re.fullmatch(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?", content)
        if header is not None:
            table = header[1]
        for name, number in wanted.items():
            key = {"drive": name, "": rf"drive\s*\.\s*{name}"}.get(table)
            match = key and re.fullmatch(_NUMBER.format(key=key), content)
            if match:
                end = line[len(content) :]
                lines[at] = f"{match['before']}{number!r}{match['after']}{end}"
    result = "".join(lines)
    _check(text, result, wanted, where)
    return result


def _check(before: str, after: str, wanted: dict[str, float], where: str) -> None:
    """Refuse a change that is not exactly that of the two numbers."""
    tables: dict[str, Any] = tomllib.loads(before)
    tables["drive"] = {**tables["drive"], **wanted}
    try:
        same = tomllib.loads(after) == tables
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        numbers = ", ".join(f"{name} = {number!r}" for name, number in wanted.items())
        raise ConfigError(
            f"{where}: its [drive] is not written as `name = number` in lines of their own; write "
            f"{numbers} there by hand"
        )
