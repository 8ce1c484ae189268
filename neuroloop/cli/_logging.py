"""How much the command line says, in which form, and a brake on what repeats."""

import json
import logging
import os
import re
import sys
import time
from datetime import UTC, datetime
from enum import StrEnum

_PAUSE_S = 60.0
_DIGITS = re.compile(r"\d+")
_MOST_SEEN = 1000
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""of syslog, by the least level that has it"""
_DEBUG = 7


class Form(StrEnum):
    """What a line of the log looks like."""

    TEXT = "text"
    """for people"""
    JSON = "json"
    """one object a line, for the journal and for programs"""


class Brake:
    """Lets a repeating message through once a minute, with its count; a ``logging`` filter."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, int]] = {}

    def __call__(self, record: logging.LogRecord) -> bool:
        """Say whether a record is shown."""
        # numbers change from time to time; "%s" alone says nothing about what repeats
        key = f"{record.name}:{record.levelno}:{_DIGITS.sub('#', record.getMessage())}"
        if len(self._seen) > _MOST_SEEN:
            self._seen.clear()
        last, held = self._seen.get(key, (-_PAUSE_S, 0))
        now = time.monotonic()
        if now - last < _PAUSE_S:
            self._seen[key] = (last, held + 1)
            return False
        self._seen[key] = (now, 0)
        if held:
            record.msg = f"{record.msg} (and {held} times more)"
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time`` in UTC, ``level``, ``logger``, ``message``, ``trace``.

    Parameters
    ----------
    prefixed
        Begin each line with its priority, as in ``<4>``, which the journal takes off again.
    """

    def __init__(self, *, prefixed: bool) -> None:
        super().__init__()
        self._prefixed = prefixed

    def format(self, record: logging.LogRecord) -> str:  # type: ignore[explicit-override]
        """Return the line."""
        found = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            found["trace"] = self.formatException(record.exc_info)
        return f"<{_priority(record.levelno)}>" * self._prefixed + json.dumps(found)


def set_up(verbose: int, *, quiet: bool, form: Form = Form.TEXT) -> None:
    """Send the log to stderr: warnings, ``-v`` more, ``-vv`` all; ``-q`` errors only."""
    handler = logging.StreamHandler()
    handler.addFilter(Brake())
    if form is Form.JSON:
        handler.setFormatter(JsonLines(prefixed=_to_the_journal()))
    else:
        handler.setFormatter(logging.Formatter("neuroloop: %(levelname)s: %(message)s"))
    root = logging.getLogger("neuroloop")
    root.handlers = [handler]
    root.propagate = False
    root.setLevel(logging.ERROR if quiet else logging.WARNING - 10 * min(verbose, 2))
    # how full a chip is, is said in any case
    logging.getLogger("neuroloop.chip").setLevel(logging.ERROR if quiet else logging.INFO)


def _priority(level: int) -> int:
    return next((number for least, number in _PRIORITIES if level >= least), _DEBUG)


def _to_the_journal() -> bool:
    """Whether stderr is the stream that the journal opened for this process."""
    told = os.environ.get("JOURNAL_STREAM", "")
    try:
        found = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):  # no file, as under pytest
        return False
    return told == f"{found.st_dev}:{found.st_ino}"
