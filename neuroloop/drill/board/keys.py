"""Who may do what at the drills' broker: the access list that is shipped, passwords, certificates.

The brain's connection is encrypted, the firmware's is not; both give a name and a password.
"""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from neuroloop.core.errors import MachineError
from neuroloop.core.robot_protocol import VERSION

NAME, OTHER = "rover1", "rover2"
"""the drills' robot, and one that has nothing to do with it"""
BRAIN, PANEL, INTRUDER = f"brain-{NAME}", "panel", "intruder"
PASSWORD_VARIABLE = "NEUROLOOP_DRILL_PASSWORD"
HOST = "localhost"
_PACKAGE = Path(__file__).parents[2]
_TOOLS = {"openssl": "openssl", "mosquitto_passwd": "mosquitto"}
"""programs, and the packages that bring them"""
_DAYS = 2


def lacking() -> Iterator[str]:
    """Yield the packages whose programs are missing."""
    yield from (package for tool, package in _TOOLS.items() if shutil.which(tool) is None)


def shipped_acl() -> str:
    """Return the access list that comes with the run files."""
    for shelf in (_PACKAGE.parent / "configs", _PACKAGE / "configs"):
        path = shelf / "mosquitto" / "acl"
        if path.is_file():
            return path.read_text("utf-8")
    raise MachineError(f"the access list is not here: no {_PACKAGE.parent}/configs/mosquitto/acl")


class Keys:
    """Passwords and certificates of one broker, in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        users = (NAME, OTHER, BRAIN, PANEL, INTRUDER)
        self._passwords = {user: secrets.token_hex(8) for user in users}

    def make(self) -> None:
        """Write all files; the intruder is somebody with every right."""
        acl = f"{shipped_acl()}\nuser {INTRUDER}\ntopic readwrite nl/{VERSION}/#\n"
        self._path("acl").write_text(acl, "utf-8")
        self._path("acl").chmod(0o600)
        self.write_passwords()
        for name, host in (("broker", HOST), ("stranger", HOST), ("elsewhere", "broker.invalid")):
            self._certificate(name, host)
        self.show("broker")

    def login(self, user: str) -> tuple[str, str]:
        """Return a user and the password."""
        return user, self._passwords[user]

    def write_passwords(self, **others: str) -> None:
        """Write the broker's file of passwords, with other ones for some."""
        path = self._path("passwords")
        path.touch(0o600)
        lines = (f"{user}:{word}\n" for user, word in {**self._passwords, **others}.items())
        path.write_text("".join(lines), "utf-8")
        _run("mosquitto_passwd", "-U", str(path))

    def show(self, certificate: str) -> None:
        """Let the broker have another certificate when it is started again."""
        for end in ("crt", "key"):
            shutil.copy(self._path(f"{certificate}.{end}"), self._path(f"shown.{end}"))

    def authority(self, certificate: str = "broker") -> Path:
        """Return the file with which a certificate is checked."""
        return self._path(f"{certificate}.crt")

    def lines(self) -> tuple[str, ...]:
        """Return the broker's configuration."""
        return (
            "listener {port} 127.0.0.1",
            "listener {tls_port} 127.0.0.1",
            f"certfile {self._path('shown.crt')}",
            f"keyfile {self._path('shown.key')}",
            "allow_anonymous false",
            f"password_file {self._path('passwords')}",
            f"acl_file {self._path('acl')}",
            "message_size_limit 8192",
        )

    def _certificate(self, name: str, host: str) -> None:
        """Make one that signs itself."""
        _run(
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:prime256v1", "-nodes", "-days", str(_DAYS), "-subj"),
            *(f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
            *("-keyout", str(self._path(f"{name}.key")), "-out", str(self._path(f"{name}.crt"))),
        )

    def _path(self, name: str) -> Path:
        return self._folder / name


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(f"{' '.join(command[:2])} failed: {done.stderr.strip()[-300:]}")
