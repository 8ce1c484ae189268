"""How a drill tells a part, in whatever process it lives, to begin to fail: a word in a file."""

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


def pull(path: Path, word: str) -> None:
    """Let the file say a word, at once and as a whole; "" ends it."""
    if not word:
        path.unlink(missing_ok=True)
        return
    new = path.with_name(path.name + ".new")
    new.write_text(word, "ascii")
    new.replace(path)
