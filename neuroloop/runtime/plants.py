"""A plant that cannot run on this machine is replaced by the one it names, and a line says so."""

import logging
from dataclasses import replace
from pathlib import Path

import msgspec

from neuroloop.config import resolve
from neuroloop.config.runfile import Part
from neuroloop.core.errors import MachineError

_log = logging.getLogger("neuroloop.plant")


def that_runs_here(part: Part, path: Path) -> Part:
    """Return ``part``, or its module's ``FALLBACK`` with the settings that both know.

    A plant's module may define ``unavailable()``, which returns why it cannot run here or None,
    and ``FALLBACK``, the kind that takes its place.
    """
    unavailable = getattr(part.module, "unavailable", None)
    reason = unavailable() if unavailable is not None else None
    if reason is None:
        return part
    fallback = getattr(part.module, "FALLBACK", None)
    if fallback is None:
        raise MachineError(f"{path}: {part.where}: {reason}")
    module = resolve.module("plant", fallback, path.parent, f"{path}: {part.where}")
    settings = msgspec.structs.asdict(part.config)
    known = {n: v for n, v in settings.items() if n in module.Config.__struct_fields__}
    _log.warning('%s; the plant "%s" takes its place', reason, fallback)
    return replace(part, kind=fallback, module=module, config=module.Config(**known))
