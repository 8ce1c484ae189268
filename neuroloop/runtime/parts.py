"""The parts of a run, built and open: each once, however often a program is laid out for them."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from neuroloop.config.runfile import Part, RunFile
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Plant, Site
from neuroloop.runtime.host.parts import opened


@dataclass
class Parts:
    """Builds parts and keeps them; what is open stays open until the stack is left."""

    run: RunFile
    dt_us: int
    stack: ExitStack
    plant: Plant | None = None
    _built: dict[str, Any] = field(default_factory=dict)
    _units: dict[str, int] = field(default_factory=dict)

    def open(self, part: Part, stack: ExitStack | None = None, **known: Any) -> Any:
        """Build a part and, where it holds something open, enter it in a stack, or in that of all.

        ``known`` is what the part may know of its surroundings, `Site`.
        """
        site = Site(
            part.name,
            self.run.run.seed,
            self.dt_us,
            self.run.folder,
            self.plant,
            role=part.role,
            **known,
        )
        return opened(part, site, self.run.path, stack or self.stack)

    def once(self, part: Part, **known: Any) -> Any:
        """Build a part the first time it is asked for."""
        key = f"{part.role}.{part.name}"
        if key not in self._built:
            self._built[key] = self.open(part, **known)
        return self._built[key]

    def decoder(self, part: Part, **known: Any) -> Any:
        """Build a decoder, which belongs to a population of one size."""
        units = self._units.setdefault(part.name, known["units"])
        if units != known["units"]:
            raise ConfigError(
                f'{part.where}: it reads {units} units of "{part.config.input}", and the network '
                f"to be swapped in has {known['units']} there"
            )
        return self.once(part, **known)
