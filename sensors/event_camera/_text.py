"""The lines of text at the start of Prophesee's files: ``% keyword value``, then the events."""

import re
from dataclasses import dataclass, field

_MOST_BYTES = 1 << 16

_SENSORS = {
    "gen3": (640, 480),
    "gen4": (1280, 720),
    "gen41": (1280, 720),
    "imx636": (1280, 720),
    "genx320": (320, 320),
}
"""pixels by what stands in a plugin's name; recordings of older cameras say no more"""


@dataclass(frozen=True, slots=True)
class Header:
    """What the lines say."""

    n_bytes: int
    values: dict[str, str] = field(default_factory=dict)

    @property
    def encoding(self) -> str:
        """``"2.0"``, ``"3.0"`` ... of a RAW file, "" where it is not said."""
        name = re.match(r"EVT(\d)(\d?)", self.values.get("format", ""))
        if name:
            return f"{name[1]}.{name[2] or 0}"
        return self.values.get("evt", "")

    @property
    def version(self) -> int:
        """Of a DAT file."""
        said = self.values.get("version", "2").partition(".")[0]
        return int(said) if said.isdigit() else 2

    @property
    def start_us(self) -> int:
        """Time at which the file's clock was 0."""
        said = self.values.get("t0", "")
        return int(said) if said.isdigit() and len(said) < 16 else 0

    @property
    def size(self) -> tuple[int, int] | None:
        """Columns and rows of the camera, None where nothing tells."""
        values = self.values
        said = re.search(r"height=(\d+);width=(\d+)", values.get("format", ""))
        if said:
            return int(said[2]), int(said[1])
        said = re.fullmatch(r"(\d+)x(\d+)", values.get("geometry", ""))
        if said:
            return int(said[1]), int(said[2])
        if values.get("width", "").isdigit() and values.get("height", "").isdigit():
            return int(values["width"]), int(values["height"])
        words = values.get("plugin_name", "").split("_")
        return next((_SENSORS[word] for word in words if word in _SENSORS), None)


def header(start: bytes) -> Header:
    """Read the lines at the start of a file."""
    values: dict[str, str] = {}
    at = 0
    while start[at : at + 1] == b"%" and at < _MOST_BYTES:
        end = start.find(b"\n", at)
        if end < 0 or (start[at + 1 : at + 2] not in b" \r\n"):
            break
        word, _, value = start[at + 1 : end].decode("ascii", "replace").strip().partition(" ")
        at = end + 1
        if word == "end":
            break
        values[word.lower()] = value.strip()
    return Header(at, values)
