"""Find out what a file of events is, and open it."""

from pathlib import Path

from neuroloop.core.errors import ConfigError
from sensors.event_camera import _aedat4, _csv, _dat, _es, _evt2, _evt3, _text
from sensors.event_camera._recording import Recording

_FORMATS = {
    "evt2": _evt2,
    "evt3": _evt3,
    "dat": _dat,
    "aedat4": _aedat4,
    "es": _es,
    "csv": _csv,
}
_START_BYTES = 1 << 16
_LARGEST = 1 << 14


def recording(path: Path, kind: str = "auto", width: int = 0, height: int = 0) -> Recording:
    """Return the recording in a file; a size that the file says counts more than one given.

    Raises
    ------
    ConfigError
        Where the file cannot be read, is of no known format, or does not say how many pixels the
        camera had and ``width`` and ``height`` do not either.
    MachineError
        Where a package that unpacks the file is missing.
    """
    start = _start(path)
    kind = _format(start, path) if kind == "auto" else kind
    given = (width, height) if width and height else None
    layout = _FORMATS[kind].layout(start, path, given)
    if not 0 < min(layout.size) <= max(layout.size) <= _LARGEST:
        wide, high = layout.size
        raise ConfigError(f"`source`: {path}: says that its camera has {wide} x {high} pixels")
    return Recording(path, kind, layout)


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
            if start.startswith(_aedat4.MAGIC):
                start += file.read(_aedat4.header_bytes(start) - len(start))
    except OSError as error:
        raise ConfigError(f"`source`: {path}: cannot be read: {error.strerror}") from error
    if not start:
        raise ConfigError(f"`source`: {path}: is empty (0 bytes); a recording of events is wanted")
    return start


def _format(start: bytes, path: Path) -> str:
    """Return the name of a format by the file's first bytes, then by its name."""
    if start.startswith(_es.MAGIC):
        return "es"
    if start.startswith(_aedat4.MAGIC):
        return "aedat4"
    header, ending = _text.header(start), path.suffix.lower()
    if header.encoding in ("2.0", "3.0", "2", "3"):
        return "evt" + header.encoding[0]
    if ending == ".dat":
        return "dat"
    if ending in (".csv", ".txt"):
        return "csv"
    known = ", ".join(_FORMATS)
    said = f" (encoding EVT {header.encoding})" if header.encoding else ""
    raise ConfigError(
        f"`source`: {path}: not a recording that is known by its first bytes or its name{said};"
        f" set `format` where it is one of {known}"
    )
