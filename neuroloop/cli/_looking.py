"""Devices that are connected now: each kind of sensor that can look for its own is asked."""

import ast
from dataclasses import dataclass
from pathlib import Path

from neuroloop.config import resolve
from neuroloop.core.device import Device
from neuroloop.core.errors import ConfigError, NeuroloopError, nearest


@dataclass(frozen=True)
class Answer:
    """What one kind of sensor found."""

    kind: str
    devices: tuple[Device, ...] = ()
    lacks: str = ""
    """why it could not look"""


def kinds(kind: str = "") -> list[str]:
    """Return the kinds of sensors that can look for devices, or ``kind`` alone; imports none.

    Raises
    ------
    ConfigError
        Where ``kind`` is none of them.
    """
    looking = [k for k in resolve.kinds("sensor") if _looks(resolve.source("sensor", k))]
    if kind and kind not in looking:
        raise ConfigError(f'no kind of sensor "{kind}" looks for devices{nearest(kind, looking)}')
    return [kind] if kind else looking


def asked(kind: str) -> Answer:
    """Ask a kind of sensor for its devices."""
    try:
        module = resolve.module("sensor", kind, Path(), kind)
        return Answer(kind, tuple(module.devices()))
    except NeuroloopError as error:
        return Answer(kind, lacks=str(error))
    except Exception as error:  # what a driver's library does must not hide the other devices
        return Answer(kind, lacks=f"{type(error).__name__}: {error}")


def _looks(path: Path) -> bool:
    tree = ast.parse(path.read_text("utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == "devices" for node in tree.body)
