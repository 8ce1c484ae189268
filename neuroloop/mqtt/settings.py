"""How to reach a broker: the settings that every part with a connection has."""

import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from neuroloop.config import toml
from neuroloop.core.errors import ConfigError
from neuroloop.core.secret import Secret

PLAIN_PORT, TLS_PORT = 1883, 8883

_log = logging.getLogger("neuroloop.mqtt")

RobotName = Annotated[str, Meta(pattern=r"^[^/+#$\x00-\x1f\x7f][^/+#\x00-\x1f\x7f]{0,63}\Z")]
"""one level of a topic"""
Topic = Annotated[str, Meta(pattern=r"^[^+#\x00-\x1f\x7f]{1,200}\Z")]
"""a whole topic, without wildcards"""


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """Encryption; paths begin beside the run file."""

    ca_file: str | None = None
    """whose signature a broker's certificate must carry; without it one that this machine knows"""
    cert_file: str | None = None
    key_file: str | None = None
    """the brain's own certificate, for brokers that ask for one"""


class Broker(Struct, frozen=True, forbid_unknown_fields=True):
    """``broker = { host = "10.0.0.2", user = "brain", password = { env = "PASSWORD" } }``."""

    host: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:%-]{1,253}\Z")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    """without it 1883, with TLS 8883"""
    user: str | None = None
    password: Secret | None = None
    tls: Tls | None = None
    client_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")] = "neuroloop"
    """beginning of what the broker knows a connection by; the rest makes it unique"""

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        port = self.port or (TLS_PORT if self.tls else PLAIN_PORT)
        return f"{self.host}:{port}"

    def login(self, folder: Path, where: str) -> "Login":
        """Read what a connection needs; paths begin at ``folder``.

        Raises
        ------
        ConfigError
            Where, what is wrong, and what would be right.
        """
        if self.password is not None and self.user is None:
            raise ConfigError(f"{where}: a password needs a `user`")
        try:
            self.host.encode("idna")
        except UnicodeError as error:
            raise ConfigError(f'{where}.host: "{self.host}" is no name of a machine') from error
        port = self.port or (TLS_PORT if self.tls else PLAIN_PORT)
        tls = None if self.tls is None else tls_context(self.tls, folder, where)
        if self.password is None:
            return Login(port, self.user, None, tls)
        if tls is None and not self.local:
            _log.warning("%s: without `tls` the password can be read on its way", where)
        return Login(port, self.user, self.password.reveal(folder, f"{where}.password"), tls)

    @property
    def local(self) -> bool:
        """Whether nothing leaves this machine on the way to it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def broker_of(
    host: str,
    port: int | None,
    user: str | None,
    password_file: str | None,
    files: Mapping[str, str | None],
    *,
    tls: bool = False,
) -> Broker:
    """Return what options of a command line say, as a run file's part would say it.

    Raises
    ------
    ConfigError
        What is wrong with them.
    """
    settings: dict[str, object] = {"host": host, "port": port, "user": user}
    given = {name: file for name, file in files.items() if file is not None}
    if tls or given:
        settings["tls"] = given
    if password_file is not None:
        settings["password"] = {"file": password_file}
    return toml.convert(settings, Broker, "the broker")


def robot_name(name: str) -> str:
    """Return a robot's name in topics, or say in a `ConfigError` why it cannot be one."""
    return toml.convert({"robot": name}, _Named, "the robot").robot


class _Named(Struct, frozen=True):
    robot: RobotName


@dataclass(frozen=True)
class Login:
    """What a connection needs beside the host."""

    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: ssl.SSLContext | None


def tls_context(tls: Tls, folder: Path, where: str) -> ssl.SSLContext:
    """Read certificates and keys; what the broker shows is always checked, its name too.

    Raises
    ------
    ConfigError
        Where a file is missing or is not what it should be.
    """
    if (tls.cert_file is None) != (tls.key_file is None):
        raise ConfigError(f"{where}.tls: `cert_file` and `key_file` go together")
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if tls.ca_file is not None:
            context = ssl.create_default_context(cafile=str(folder / tls.ca_file))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        if tls.cert_file is not None and tls.key_file is not None:
            context.load_cert_chain(folder / tls.cert_file, folder / tls.key_file)
    except (OSError, ssl.SSLError) as error:
        named = ", ".join(str(folder / f) for f in (tls.ca_file, tls.cert_file, tls.key_file) if f)
        raise ConfigError(
            f"{where}.tls: cannot be used: {error}; {named}: PEM files that can be read are wanted"
        ) from error
    return context
