"""How much the command line says, and a brake on what repeats."""

import logging
import time

_PAUSE_S = 60.0


class Brake:
    """Lets a repeating message through once a minute, with its count; a ``logging`` filter."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, int]] = {}

    def __call__(self, record: logging.LogRecord) -> bool:
        """Say whether a record is shown."""
        key = f"{record.name}:{record.msg}"
        last, held = self._seen.get(key, (-_PAUSE_S, 0))
        now = time.monotonic()
        if now - last < _PAUSE_S:
            self._seen[key] = (last, held + 1)
            return False
        self._seen[key] = (now, 0)
        if held:
            record.msg = f"{record.msg} (and {held} times more)"
        return True


def set_up(verbose: int, *, quiet: bool) -> None:
    """Send the log to stderr: warnings, ``-v`` more, ``-vv`` all; ``-q`` errors only."""
    handler = logging.StreamHandler()
    handler.addFilter(Brake())
    handler.setFormatter(logging.Formatter("neuroloop: %(levelname)s: %(message)s"))
    root = logging.getLogger("neuroloop")
    root.handlers = [handler]
    root.propagate = False
    root.setLevel(logging.ERROR if quiet else logging.WARNING - 10 * min(verbose, 2))
