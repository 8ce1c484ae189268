"""How a drill tells a part, in whatever process it lives, to begin to fail: a word in a file.

A part whose failing does not show in the robot answers with a file of its own, so that a drill in
which nothing was done does not look like one in which nothing happened.
"""

from pathlib import Path


class Trigger:
    """Reads the word; a file that is not there says nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def word(self) -> str:
        """What the file says now."""
        try:
            return self._path.read_text("ascii")
        except OSError:
            return ""

    def obeyed(self) -> None:
        """Say that the harm is done."""
        _answer(self._path).touch()


def pull(path: Path, word: str) -> None:
    """Let the file say a word, at once and as a whole; "" ends it."""
    if not word:
        path.unlink(missing_ok=True)
        return
    _answer(path).unlink(missing_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(word, "ascii")
    new.replace(path)


def was_obeyed(path: Path) -> bool:
    """Whether a part said that it did harm since the last word."""
    return _answer(path).exists()


def _answer(path: Path) -> Path:
    return path.with_name(path.name + ".obeyed")
