"""A Mosquitto of one's own, on a free port of this machine."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from neuroloop.core.errors import MachineError
from neuroloop.core.orphan import die_with_parent

START_S = 5.0
OPEN = ("listener {port} 127.0.0.1", "allow_anonymous true")
"""anybody on this machine may do anything"""


def mosquitto() -> str:
    """Return where Mosquitto is.

    Raises
    ------
    MachineError
        It is not on this machine.
    """
    # Debian puts it where the paths of ordinary users do not lead
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise MachineError("Mosquitto is not on this machine; Debian: apt-get install mosquitto")
    return found


class Broker:
    """Start it with ``with``; its ports stay the same over restarts.

    Parameters
    ----------
    folder : Path
        For its configuration file.
    lines : sequence of str
        Who may do what: lines of that file; ``{port}`` and ``{tls_port}`` in them are free ones.
    """

    def __init__(self, folder: Path, lines: Sequence[str] = OPEN) -> None:
        self.folder, self._lines = folder, lines
        self.port = self.tls_port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.port, self.tls_port = _free_ports()
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
        """Start it and wait until it takes connections.

        Raises
        ------
        MachineError
            It does not start, or takes no connection.
        """
        # started by root it would give up its rights, and be no child of ours for the kernel then
        config = self.folder / "mosquitto.conf"
        common = ("persistence false", "set_tcp_nodelay true", "log_type none", "user root")
        text = "\n".join((*self._lines, *common, ""))
        text = text.replace("{port}", str(self.port)).replace("{tls_port}", str(self.tls_port))
        config.write_text(text, "utf-8")
        command = [mosquitto(), "-c", str(config)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - whoever starts it has one thread
        )
        until = time.monotonic() + START_S
        while time.monotonic() < until and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        self.kill()
        raise MachineError(f"Mosquitto does not start: {' '.join(command)}")

    @property
    def pid(self) -> int:
        """Number of its process, 0 where there is none."""
        return self._process.pid if self._process is not None else 0

    def stop(self) -> None:
        """End it in order: it takes leave of its clients."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_S)
            self._process = None

    def kill(self) -> None:
        """End it without warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal: SIGSTOP freezes it, SIGCONT lets it go on."""
        if self._process is not None:
            self._process.send_signal(number)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
