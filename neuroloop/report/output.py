"""Files that a run leaves: checked before it starts, written in one step."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from neuroloop.core.errors import ConfigError, MachineError


def check_writable(path: Path) -> None:
    """Refuse, before a long run, a file that could not be written after it."""
    folder = path.parent
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; give the name of a file in it")
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise ConfigError(f"{path}: the picture's name must end in .png, .svg or .pdf")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"cannot make the folder {folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise MachineError(f"no permission to write {path}; choose another place")


def write(path: Path, save: Callable[[Path], None]) -> None:
    """Write a file beside its place, then move it there."""
    partial = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        save(partial)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise MachineError(f"cannot write {path}: {error.strerror or error}") from error
