"""Whether a tick visits all neurons of a population, or those that something reached."""

from collections.abc import Sequence
from types import ModuleType

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Int32s
from neuroloop.network.graph import Population, Projection


def visits_events(
    p: Population,
    module: ModuleType,
    arriving: Sequence[tuple[Projection, Int32s]],
    where: str,
) -> bool:
    """Decide for a population, whose incoming projections and their delays are ``arriving``."""
    del arriving
    able = getattr(module, "EVENTS", False)
    if p.update == "events" and not able:
        raise ConfigError(f'{where}: kind {p.kind} cannot be updated by "events", only in "full"')
    return p.update == "events"
