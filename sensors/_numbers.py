"""Numbers in a line of text: separated ones, or those of a JSON object."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from neuroloop.core.values import Float32s

MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "?"}
"""what stands for a number that is not there"""
_LARGEST = float(np.finfo(np.float32).max)


def fields(line: bytes, separator: str) -> list[str] | None:
    """Return the fields of a line, None where it is no text.

    ``separator`` is one character; "" stands for white space, with or without commas.
    """
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    if not text.isprintable() and not text.replace("\t", " ").isprintable():
        return None  # a table holds no control characters; noise on a line does
    if not separator:
        return text.replace(",", " ").split()
    return [part.strip().strip('"') for part in text.split(separator)]


def number(text: str) -> float | None:
    """Return the number a field says, NaN where it is missing, None where it is something else."""
    if text.lower() in MISSING:
        return math.nan
    try:
        return float(text)
    except ValueError:
        return None


def numbers(line: bytes, separator: str, most: int) -> list[float] | None:
    """Return all numbers of a line, None where a field is none or there are more than ``most``."""
    parts = fields(line, separator)
    if not parts or len(parts) > most:
        return None
    found = [number(part) for part in parts]
    return [n for n in found if n is not None] if None not in found else None


def of_json(line: bytes, labels: Sequence[str]) -> list[float] | None:
    """Return the numbers of a JSON object by their labels, or of an array; NaN for a missing one.

    None where the line is neither, or holds none of them.
    """
    try:
        said: Any = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(said, dict):
        said = [said.get(label) for label in labels] if any(n in said for n in labels) else None
    if not isinstance(said, list) or len(said) != len(labels):
        return None
    return [_plain(value) for value in said] if all(map(_known, said)) else None


def to_float32(values: Sequence[float]) -> Float32s:
    """Return numbers as ``float32[k]``; those too large for it are infinite."""
    wide = np.asarray(values, np.float64)
    return np.where(np.abs(wide) > _LARGEST, np.copysign(np.inf, wide), wide).astype(np.float32)


def _known(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _plain(value: Any) -> float:
    if value is None:
        return math.nan
    return float(value) if abs(value) < 1e300 else math.copysign(math.inf, value)
