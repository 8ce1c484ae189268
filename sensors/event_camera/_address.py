"""Where events come from over UDP: ``udp://127.0.0.1:3333?format=spif``."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from neuroloop.core.errors import ConfigError, nearest
from sensors.event_camera._payload import FORMATS

_SCHEME = "udp://"


@dataclass(frozen=True, slots=True)
class Address:
    """An address to listen on, and how the events are written."""

    host: str
    port: int
    format: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{_SCHEME}{host}:{self.port}"


def address(source: str) -> Address | None:
    """Return the address that a source is, None where it is a path.

    Raises
    ------
    ConfigError
        Where it begins as one and is none.
    """
    if not source.startswith(_SCHEME):
        return None
    try:
        parts = urlsplit(source)
        host, port = parts.hostname, parts.port
        said = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    except ValueError as error:
        raise ConfigError(f"`source`: {source}: {error}; {_EXAMPLE}") from error
    if not host or port is None or parts.path not in ("", "/") or set(said) != {"format"}:
        raise ConfigError(f"`source`: {source}: is no address of events; {_EXAMPLE}")
    name = said["format"][-1]
    if name not in FORMATS:
        raise ConfigError(f'`source`: {source}: unknown format "{name}"{nearest(name, FORMATS)}')
    return Address(host, port, name)


_EXAMPLE = "udp://127.0.0.1:3333?format=spif would be right"
