"""When readings were taken and commands came, for whoever measures the way between them."""

from pathlib import Path

import numpy as np

COMMANDS, SCANS = "commands", "scans"
_MOST = 1_000_000


class Log:
    """Rows of the robot's clock in us; what is beyond a million of either kind is not kept.

    ``commands`` ``int64[n, 4]``: sequence, when it was sent, how uncertain that is, when it was
    taken; ``scans`` ``int64[n, 2]``: stamp, when it was handed to the network.
    """

    def __init__(self) -> None:
        self._commands: list[tuple[int, int, int, int]] = []
        self._scans: list[tuple[int, int]] = []

    def command(self, sequence: int, sent_us: int, uncertainty_us: int, taken_us: int) -> None:
        """Note a command that was taken."""
        if len(self._commands) < _MOST:
            self._commands.append((sequence, sent_us, uncertainty_us, taken_us))

    def scan(self, stamp_us: int, told_us: int) -> None:
        """Note a scan that was told."""
        if len(self._scans) < _MOST:
            self._scans.append((stamp_us, told_us))

    def save(self, path: Path) -> None:
        """Write both as arrays of an ``.npz``."""
        commands = np.array(self._commands, np.int64).reshape(-1, 4)
        scans = np.array(self._scans, np.int64).reshape(-1, 2)
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, commands=commands, scans=scans)
