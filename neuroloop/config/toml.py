"""TOML files into typed values; whatever is wrong with one becomes a `ConfigError` in words."""

import math
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from neuroloop.core.errors import ConfigError, nearest

T = TypeVar("T")

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<place>.*)`)?$", re.DOTALL)


def decode(path: Path, kind: type[T], where: str = "") -> T:
    """Return the file as a value of ``kind``; ``where`` names the place that asked for it."""
    asker = f"{where}: " if where else ""
    return convert(read(path, where), kind, f"{asker}{path}")


def read(path: Path, where: str = "") -> dict[str, Any]:
    """Return the tables of a file that is readable, in UTF-8, not empty and valid TOML."""
    place = f"{where}: {path}" if where else str(path)
    try:
        text = path.read_bytes().decode("utf-8")
        tables = tomllib.loads(text)
    except FileNotFoundError as error:
        beside = [p.name for p in path.parent.glob("*.toml")]
        raise ConfigError(
            f"{place}: cannot be read: {error.strerror}{nearest(path.name, beside)}"
        ) from error
    except OSError as error:
        raise ConfigError(f"{place}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{place}: byte {error.start} is not UTF-8; a text file in TOML is wanted"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{place}: not valid TOML: {error}") from error
    if not tables:
        raise ConfigError(f"{place}: holds no settings; a text file in TOML is wanted")
    return tables


def convert(data: object, kind: type[T], where: str) -> T:
    """Return plain tables, lists and numbers as a value of ``kind``, nothing guessed or dropped."""
    _check_names(data, kind, where, "")
    return _convert(data, kind, where, "")


def _convert(data: object, kind: type[T], where: str, place: str) -> T:
    try:
        return msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        what, inner = (found["what"], found["place"] or "") if found else (str(error), "")
        given = "" if ", got " in what else _given(data, inner)
        raise ConfigError(_message(where, _join(place, inner), what + given)) from error


def _given(data: Any, place: str) -> str:
    """Return ', not 400' for the number at ``place``; '' for all else, which may be a secret."""
    for name, index in _STEP.findall(place):
        try:
            data = data[name or int(index)]
        except (LookupError, TypeError):
            return ""
    return f", not {data}" if type(data) in (int, float) else ""


def _check_names(data: object, kind: object, where: str, place: str) -> None:
    """Refuse unknown field names, with the path that msgspec cannot name inside tables."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    inner = get_args(kind)
    if get_origin(kind) in (Union, UnionType) and isinstance(data, dict):
        kind = _chosen(data, inner)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(data, dict):
        _check_fields(data, kind, where, place)
    elif get_origin(kind) is dict and isinstance(data, dict):
        for name, value in data.items():
            _check_names(value, inner[1], where, _join(place, str(name)))
            _convert(value, inner[1], where, _join(place, str(name)))
    elif get_origin(kind) is list and isinstance(data, list):
        for i, value in enumerate(data):
            _check_names(value, inner[0], where, f"{place}[{i}]")


def _chosen(data: dict[str, Any], kinds: Sequence[object]) -> object:
    """Return the struct of a union that ``data`` is meant for: the only one, or by its tag."""
    structs = [k for k in kinds if isinstance(k, type) and issubclass(k, msgspec.Struct)]
    if len(structs) == 1:
        return structs[0]
    tagged = [
        k
        for k in structs
        if data.get(k.__struct_config__.tag_field or "") == k.__struct_config__.tag
    ]
    return tagged[0] if tagged else None


def _check_fields(data: dict[str, Any], kind: type[msgspec.Struct], where: str, place: str) -> None:
    settings = kind.__struct_config__
    hints = get_type_hints(kind, include_extras=True)
    known = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
    for name, value in data.items():
        if name in known:
            _check_names(value, hints[known[name]], where, _join(place, name))
        elif settings.forbid_unknown_fields and name != settings.tag_field:
            raise ConfigError(
                _message(where, _join(place, name), f"no such setting{nearest(name, known)}")
            )


def check_finite(data: object, where: str, place: str = "") -> None:
    """Refuse ``nan`` and ``inf``, which TOML can spell, anywhere in plain tables and lists."""
    if isinstance(data, float) and not math.isfinite(data):
        raise ConfigError(_message(where, place, f"is {data}; a finite number is wanted"))
    if isinstance(data, dict):
        for name, value in data.items():
            check_finite(value, where, _join(place, str(name)))
    elif isinstance(data, list | tuple):
        for i, value in enumerate(data):
            check_finite(value, where, f"{place}[{i}]")


def _join(place: str, inner: str) -> str:
    return f"{place}.{inner}" if place and inner and inner[0] != "[" else place + inner


def _message(where: str, place: str, what: str) -> str:
    what = what[:1].lower() + what[1:]
    return f"{where}: `{place}`: {what}" if place else f"{where}: {what}"
