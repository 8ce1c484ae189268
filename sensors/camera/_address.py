"""Where a camera is: what `source` in a run file means."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from urllib.parse import urlsplit

from neuroloop.core.errors import ConfigError, nearest


class Way(Enum):
    """How a camera is reached."""

    DEVICE = auto()
    HTTP = auto()
    NETWORK = auto()
    """any other stream that FFmpeg knows"""
    FILM = auto()


@dataclass(frozen=True)
class Address:
    """One camera."""

    way: Way
    text: str
    """a path or a URL"""

    @property
    def shown(self) -> str:
        """The same for messages, without a password."""
        return shown(self.text)


_SCHEMES = {
    "http": Way.HTTP,
    "https": Way.HTTP,
    **dict.fromkeys(("rtsp", "rtsps", "rtmp", "udp", "tcp"), Way.NETWORK),
}


def address(source: int | str, folder: Path) -> Address:
    """Return where ``source`` leads; paths start at ``folder``.

    Raises
    ------
    ConfigError
        Where it is a URL of a kind that no camera has.
    """
    if isinstance(source, int) or (source.isascii() and source.isdigit()):
        return Address(Way.DEVICE, f"/dev/video{int(source)}")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", source)
    if scheme:
        return _of_url(source, scheme[1].lower())
    way = Way.DEVICE if source.startswith("/dev/") else Way.FILM
    return Address(way, str(folder / source))


def _of_url(source: str, scheme: str) -> Address:
    if scheme not in _SCHEMES:
        raise ConfigError(
            f"`source`: {shown(source)}: no camera speaks {scheme}{nearest(scheme, _SCHEMES)}"
        )
    try:
        place = urlsplit(source)
        named = bool(place.hostname) and place.port != 0
    except ValueError:
        named = False
    if not named:
        raise ConfigError(
            f"`source`: {shown(source)}: is no address; {scheme}://HOST:PORT/PATH is wanted"
        )
    return Address(_SCHEMES[scheme], source)


def shown(url: str) -> str:
    """Return a URL without user and password."""
    return re.sub(r"(?<=://)[^/?#]*@", "", url)
