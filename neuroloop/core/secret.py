"""A password or token: a run file says where it is, never what it is."""

import os
from pathlib import Path

from msgspec import Struct

from neuroloop.core.errors import ConfigError


class Secret(Struct, frozen=True, forbid_unknown_fields=True):
    """``password = { env = "ROBOT_PASSWORD" }`` or ``{ file = "password.txt" }``.

    The text itself is in no setting, so nothing that prints or records settings can show it.
    """

    env: str | None = None
    """name of an environment variable"""
    file: str | None = None
    """beside the run file; its last newline does not count"""

    def reveal(self, folder: Path, where: str) -> str:
        """Return the text; ``where`` is the place in the run file, for messages."""
        if (self.env is None) == (self.file is None):
            raise ConfigError(f'{where}: give either env or file, as in {{ env = "NAME" }}')
        if self.env is not None:
            if self.env not in os.environ:
                raise ConfigError(f"{where}: the environment variable {self.env} is not set")
            return os.environ[self.env]
        path = folder / str(self.file)
        try:
            return path.read_text("utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{where}: {path} cannot be read as text") from error
