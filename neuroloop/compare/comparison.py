"""Float against chips, on one network and one input."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from neuroloop.chips.energy.account import Account, account
from neuroloop.chips.energy.tariff import PROCESSOR, Tariff, chip_of, of_table, tariff
from neuroloop.chips.energy.traffic import place, traffic
from neuroloop.compare.distance import van_rossum, victor_purpura
from neuroloop.compare.layer import Distance, Layer, layer
from neuroloop.compare.run import Conditions, Run, run
from neuroloop.compare.trains import Trains
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.network.graph import Network
from neuroloop.runtime import networks

FLOAT = "float"
MEASURES = ("van-rossum", "victor-purpura")


@dataclass(frozen=True, eq=False)
class Chip:
    """What one backend made of the network."""

    name: str
    refused: str = ""
    """why it cannot run it; all else is empty then"""
    layers: Sequence[Layer] = ()
    notes: Sequence[str] = ()
    account: Account | None = None
    trains: Mapping[str, Trains] = field(default_factory=dict)

    @property
    def silent(self) -> list[str]:
        """Populations that fire in floating point and never on the chip."""
        return [one.name for one in self.layers if one.spikes_float and not one.spikes_chip]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        if self.refused:
            return {"refused": self.refused}
        return {
            "layers": [one.as_json() for one in self.layers],
            "silent": self.silent,
            "notes": list(self.notes),
            "energy": self.account and self.account.as_json(),
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """All of it."""

    title: str
    ticks: int
    dt_us: int
    measure: str
    tau_ms: float
    reference: Mapping[str, Trains]
    """in floating point, by population"""
    processor: Account | None
    """what the table of a processor says of the float network"""
    chips: Sequence[Chip]

    @property
    def seconds(self) -> float:
        """Simulated time."""
        return self.ticks * self.dt_us * 1e-6

    def as_json(self) -> dict[str, Any]:
        """Return plain values for one JSON object."""
        return {
            "network": self.title,
            "ticks": self.ticks,
            "dt_us": self.dt_us,
            "distance": {"measure": self.measure, "tau_ms": self.tau_ms},
            "float": {"energy": self.processor and self.processor.as_json()},
            "chips": {chip.name: chip.as_json() for chip in self.chips},
        }


@dataclass(frozen=True)
class Measure:
    """How far apart two spike trains are."""

    name: str = MEASURES[0]
    tau_ms: float = 20.0
    """time constant of van Rossum's filter; 2 of them is what a spike may be shifted by before
    Victor and Purpura rather remove it"""

    def of(self, dt_us: int) -> Distance:
        """Return the measure for trains in ticks; ConfigError where it is none."""
        if self.name not in MEASURES:
            raise ConfigError(f'no distance "{self.name}"{nearest(self.name, MEASURES)}')
        if not 0.0 < self.tau_ms < float("inf"):
            raise ConfigError(f"a time constant of {self.tau_ms:g} ms; more than 0 is wanted")
        tau_ticks = self.tau_ms * 1e3 / dt_us
        if self.name == MEASURES[0]:
            return partial(van_rossum, tau_ticks=tau_ticks)
        return partial(victor_purpura, cost_per_tick=1.0 / tau_ticks)


def compare(  # noqa: PLR0913
    title: str,
    network: Network,
    chips: Sequence[str],
    given: Conditions,
    *,
    measure: Measure | None = None,
    tables: Mapping[str, str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Run a network in floating point and on each chip, and say what the chips changed.

    Parameters
    ----------
    title
        What to call the network.
    network
        What to run.
    chips
        Backends, files in ``neuroloop/backends``.
    given
        Length, seed and inputs.
    measure
        Of the distance of spike trains.
    tables
        Files or names of tables of figures in place of a chip's own, by backend.
    progress
        Called with the name of each backend before it runs.

    Raises
    ------
    ConfigError
        Where the network, an input or a table is wrong; a chip that cannot run the network is no
        error, it says so in its place.
    """
    wanted, own = measure or Measure(), tables or {}
    distance = wanted.of(given.dt_us)
    prices = {chip: tariff(chip, own.get(chip)) for chip in chips}
    watch = networks.spiking(network, given.folder)
    progress(FLOAT)
    reference = run(network, FLOAT, watch, given)
    found = []
    for chip in chips:
        progress(chip)
        try:
            changed = run(network, chip, watch, given)
        except ConfigError as error:
            found.append(Chip(chip, refused=str(error)))
            continue
        layers = [_layer(name, reference, changed, distance, given.dt_us) for name in watch]
        cost = _account(prices[chip], chip, changed, given.dt_us)
        found.append(Chip(chip, "", layers, changed.notes, cost, changed.trains))
    return Comparison(
        title,
        given.ticks,
        given.dt_us,
        wanted.name,
        wanted.tau_ms,
        reference.trains,
        account(of_table(PROCESSOR), reference.counts, reference.seconds),
        found,
    )


def _account(price: Tariff | None, backend: str, changed: Run, dt_us: int) -> Account | None:
    """Return what the run would have cost on the chip; None where none is known."""
    if price is None:
        return None
    chip = chip_of(backend)
    placed = "no limits of it are known" if chip is None else place(changed.network, chip, dt_us)
    way = placed if isinstance(placed, str) else traffic(placed, changed.network, changed.counts)
    return account(price, changed.counts, changed.seconds, way)


def _layer(name: str, reference: Run, changed: Run, distance: Distance, dt_us: int) -> Layer:
    return layer(
        name,
        reference.trains[name],
        changed.trains[name],
        distance,
        dt_us,
        late=changed.late.get(name, 0),
        counted=changed.counts.populations.get(name),
    )
