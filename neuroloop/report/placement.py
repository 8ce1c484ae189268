"""Where the network of a run lies on its chip."""

from neuroloop.chips.energy.counts import Counts
from neuroloop.chips.energy.tariff import chip_of
from neuroloop.chips.energy.traffic import Traffic, place, traffic
from neuroloop.config.runfile import RunFile
from neuroloop.core.ports import Site
from neuroloop.runtime import networks


def travelled(run: RunFile, dt_us: int, counts: Counts) -> Traffic | str:
    """Return how far the spikes of a run that has ended travelled, or why that is not known.

    The network is made once more for it, and placed: work that a run does not wait for.
    """
    chip = chip_of(run.engine.kind, getattr(run.engine.config, "variant", ""))
    if chip is None:
        return "no limits of it are known"
    wiring, where = run.wiring, f"{run.path}: [engine]"
    network = networks.of(wiring.network, run.folder, wiring.network_options, where)
    site = Site("engine", run.run.seed, dt_us, run.folder, role="engine")
    adapted = run.engine.module.build(run.engine.config, site).adapt(network, dt_us)
    placed = place(adapted.network, chip, dt_us)
    return placed if isinstance(placed, str) else traffic(placed, adapted.network, counts)
