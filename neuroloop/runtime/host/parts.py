"""Parts in another process: decoded again from plain data, built and opened as everywhere."""

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from neuroloop.config import resolve, toml
from neuroloop.config.runfile import Part
from neuroloop.core.errors import NeuroloopError
from neuroloop.core.ports import Site
from neuroloop.runtime.boundary import blame, check_part
from neuroloop.runtime.host.wire import PartData


def decoded(data: PartData, path: Path) -> Part:
    """Return the part of the run file ``path`` that travelled as ``data``."""
    name = f"{data.role}.{data.name}" if data.name != data.role else data.role
    where = f"{path}: [{name}]"
    module = resolve.module(data.role, data.kind, path.parent, where)
    config = toml.convert(data.settings, module.Config, where)
    return Part(data.role, data.name, data.kind, module, config)


def opened(part: Part, site: Site, path: Path, stack: ExitStack) -> Any:
    """Build a part and, where it holds something open, enter it in ``stack``.

    Raises
    ------
    NeuroloopError
        Of the kind that the part raised, with its place in the run file ``path``.
    PartError
        Where it raised anything else.
    """
    try:
        built = part.module.build(part.config, site)
        if isinstance(built, AbstractContextManager):
            built = stack.enter_context(built)
        check_part(part.role, part.name, built)
    except NeuroloopError as error:
        raise type(error)(f"{path}: {part.where}: {error}") from error
    except Exception as error:
        blame(part.role, part.name, error)
    return built
