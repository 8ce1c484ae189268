"""Where running loops listen for requests, and how to ask one.

Each has a Unix-domain stream socket ``NAME-PID.sock`` in a folder that only its user may enter.  A
request is one line of JSON, an answer is one line of JSON (`runtime.control_verbs`).
"""

import contextlib
import json
import os
import re
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroloop.core.errors import MachineError

LINE_BYTES = 1 << 16
"""longest request"""
_ANSWER_BYTES = 1 << 20
_PATH_BYTES = 107
"""longest path of a socket that Linux takes"""
_CONNECT_S = 1.0
_FILE = re.compile(r"(?P<name>.+)-(?P<pid>\d+)\.sock")


@dataclass(frozen=True)
class Running:
    """A loop that listens."""

    name: str
    pid: int
    path: Path


def folder() -> Path:
    """Return the folder of the sockets of this user, made where it is not there.

    Raises
    ------
    MachineError
        Where it cannot be made, and where anybody else could enter it.
    """
    uid = os.geteuid()
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    place = Path(given, "neuroloop") if Path(given).is_dir() and given else None
    place = place or Path("/tmp", f"neuroloop-{uid}")
    try:
        with contextlib.suppress(FileExistsError):
            place.mkdir(mode=0o700)
        found = place.lstat()
    except OSError as error:
        raise MachineError(f"{place}: no folder for control sockets: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise MachineError(
            f"{place}: control sockets are wanted in a folder of this user alone; remove it, or "
            f"chmod 700 it where it is yours"
        )
    return place


def path_of(name: str) -> Path:
    """Return where a loop of this process that is called ``name`` listens."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:40] or "loop"
    path = folder() / f"{plain}-{os.getpid()}.sock"
    if len(os.fsencode(path)) > _PATH_BYTES:
        raise MachineError(
            f"{path}: longer than the {_PATH_BYTES} bytes of a socket's path; a shorter "
            "XDG_RUNTIME_DIR is wanted"
        )
    return path


def running() -> list[Running]:
    """Return the loops that listen, by name; what dead ones left behind is removed."""
    found = []
    for path in sorted(folder().glob("*.sock")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            continue
        if _listens(path):
            found.append(Running(match["name"], int(match["pid"]), path))
        elif not _lives(int(match["pid"])):
            path.unlink(missing_ok=True)
    return found


def ask(path: Path, request: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Send a request and return the answer.

    Raises
    ------
    MachineError
        Where nobody listens, and where no answer comes in ``seconds``.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_CONNECT_S)
            connection.connect(str(path))
            connection.settimeout(seconds)
            connection.sendall(json.dumps(request).encode() + b"\n")
            line = _line(connection)
    except TimeoutError as error:
        raise MachineError(f"{path}: no answer for {seconds:g} s") from error
    except OSError as error:
        raise MachineError(f"{path}: {error.strerror}; is the run over?") from error
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise MachineError(f"{path}: an answer that is not one line of JSON") from error
    if not isinstance(answer, dict):
        raise MachineError(f"{path}: an answer that is no JSON object")
    return answer


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < _ANSWER_BYTES:
        part = connection.recv(_ANSWER_BYTES)
        if not part:
            break
        line += part
    return line


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_CONNECT_S)
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OverflowError:
        return False
    except OSError:  # of another user
        return True
    return True
