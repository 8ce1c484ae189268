"""How much the command line says, and a brake on what repeats."""

import logging
import time


class Brake(logging.Filter):
    """Lets a repeating message through once a minute, with its count."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is shown."""
        key = f"{record.name}:{record.msg}"
        last, held = self._seen.get(key, (0.0, 0))
        now = time.monotonic()
        if last and now - last < 60:
            self._seen[key] = (last, held + 1)
            return False
        if held:
            record.msg = f"{record.msg} (and {held} times more)"
        self._seen[key] = (now, 0)
        return True


def set_up(verbose: int, *, quiet: bool) -> None:
    """Send the log to stderr: errors only, warnings, ``-v`` more, ``-vv`` all."""
    level = logging.WARNING - 10 * min(verbose, 2)
    handler = logging.StreamHandler()
    handler.addFilter(Brake())
    handler.setFormatter(logging.Formatter("neuroloop: %(levelname)s: %(message)s"))
    root = logging.getLogger("neuroloop")
    root.handlers = [handler]
    root.propagate = False
    root.setLevel(logging.ERROR if quiet else level)
