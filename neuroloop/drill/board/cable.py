"""A network of its own for the board, with a cable that can be pulled."""

import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from neuroloop.core.errors import MachineError
from neuroloop.core.orphan import die_with_parent
from neuroloop.drill.permissions import NET_ADMIN, SYS_ADMIN
from neuroloop.drill.permissions import lacks as lacks_capability

_TOOLS = {"ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux"}
_START_S, _LOOK_S = 5.0, 0.005


def lacks() -> str:
    """Return what is missing for it, empty where it is possible."""
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            return f"{tool} (apt-get install {package})"
    missing = lacks_capability(SYS_ADMIN, NET_ADMIN)
    if missing:
        return missing
    trial = ("unshare", "--net", "ip", "link", "add", "type", "veth")
    done = subprocess.run(trial, capture_output=True, text=True, check=False)
    return f"a network namespace with a veth pair ({done.stderr.strip()})" * bool(done.returncode)


class Cable:
    """A network namespace and a veth pair; both are gone with the process that holds it.

    Start it with ``with``.
    """

    def __enter__(self) -> Self:
        """Lay it.

        Raises
        ------
        MachineError
            Where that is not possible.
        """
        holder = ("unshare", "--net", "sleep", "infinity")
        self._holder = subprocess.Popen(holder, preexec_fn=die_with_parent)  # noqa: PLW1509
        self._wait()
        pid = self._holder.pid
        number = pid % 0x4000
        self._here, there = f"nld{number}", f"nlt{number}"
        # the block for tests of network devices (RFC 2544): four addresses a cable
        first = 4 * number
        stem = f"198.{18 + (first >> 16)}.{first >> 8 & 255}"
        self.address = f"{stem}.{(first & 255) + 1}"
        """of this end"""
        self.within = ("nsenter", f"--net=/proc/{pid}/ns/net", "--")
        """what a command begins with that runs at the other end"""
        try:
            _run("ip", "link", "add", self._here, "type", "veth", "peer", there, "netns", str(pid))
            _run("ip", "addr", "add", f"{self.address}/30", "dev", self._here)
            _run("ip", "link", "set", self._here, "up")
            other = f"{stem}.{(first & 255) + 2}/30"
            _run(*self.within, "ip", "addr", "add", other, "dev", there)
            _run(*self.within, "ip", "link", "set", there, "up")
        except MachineError:
            self._holder.kill()
            self._holder.wait()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take it away."""
        self._holder.kill()
        self._holder.wait()
        # the kernel clears a namespace away later, and with it the pair
        subprocess.run(("ip", "link", "del", self._here), capture_output=True, check=False)

    def pull(self) -> None:
        """Let nothing through any more; nobody is told."""
        _run("ip", "link", "set", self._here, "down")

    def plug(self) -> None:
        """Let everything through again."""
        _run("ip", "link", "set", self._here, "up")

    def _wait(self) -> None:
        """Wait until the holder is in its network."""
        ours = Path("/proc/self/ns/net").readlink()
        end = time.monotonic() + _START_S
        place = Path(f"/proc/{self._holder.pid}/ns/net")
        while time.monotonic() < end and self._holder.poll() is None:
            if place.readlink() != ours:
                return
            time.sleep(_LOOK_S)
        self._holder.kill()
        raise MachineError("no network namespace could be made")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(f"{' '.join(command)} failed: {done.stderr.strip()}")
