"""What a fit finds: how full a chip is, what does not fit on it, and what would make it fit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from neuroloop.chips.fit.placed import Placed

WORDS = {
    "neurons": "neurons",
    "axons_in": "input axons",
    "axons_out": "output axons",
    "synapse_bits": "synapse memory",
    "compartment_profiles": "compartment profiles",
    "thresholds": "thresholds",
    "synapse_formats": "synapse formats",
    "kernel_words": "kernel memory",
    "neuron_words": "neuron memory",
    "bias_words": "bias memory",
    "chip_cores": "cores",
    "chip_neurons": "neurons of the chip",
    "chip_synapses": "synapses of the chip",
    "fan_out": "fan-out",
    "chip_mean_fan_out": "mean fan-out",
    "chip_inputs": "input channels",
    "chip_hidden": "hidden neurons",
    "chip_outputs": "output neurons",
}
"""limits in words"""
THE_NETWORK = "the network"


@dataclass(frozen=True)
class Use:
    """How much of a limit is used."""

    what: str
    """the limit's name in the chip's profile; `chip_cores` for the cores"""
    used: int
    most: int | None
    """None where it is not known"""

    @property
    def share(self) -> float | None:
        """Return the part that is used, 1 for all of it; None where the limit is not known."""
        return None if self.most is None else self.used / self.most if self.most else float("inf")

    @property
    def words(self) -> str:
        """The limit in words."""
        return WORDS.get(self.what, self.what.replace("_", " "))


@dataclass(frozen=True)
class Misfit:
    """What does not fit, and what would make it fit."""

    where: str
    """a population or projection by the user's name, or `THE_NETWORK`"""
    use: Use | None
    """the limit that is passed, where it is a number"""
    why: str
    remedies: Sequence[str] = ()

    def __str__(self) -> str:  # type: ignore[explicit-override]  # `override` is of Python 3.12
        return "; ".join([f"{self.place}{self.why}", *self.remedies])

    @property
    def place(self) -> str:
        """Where it is, before a colon; nothing where it is all of the network."""
        return "" if self.where == THE_NETWORK else f"{self.where}: "


@dataclass(frozen=True)
class LayerUse:
    """A population on the chip."""

    name: str
    kind: str
    neurons: int
    cores: Sequence[int]
    split: str
    """how it was cut: ``one core``, ``in order``, ``blocks of ROWS x COLUMNS x MAPS``"""
    synapses: int
    """that reach it"""
    fan_in: int | None
    """most synapses at one neuron; None where they are not counted one by one"""
    fan_out: int | None
    """most synapses that one neuron drives"""
    uses: Mapping[str, int]
    """by limit: what its parts use on all their cores"""
    tightest: str
    """the limit of a core that it comes closest to, on its fullest core"""


@dataclass(frozen=True)
class CoreUse:
    """A core."""

    number: int
    tile: tuple[int, int] | None
    """column and row on the mesh, where that is known"""
    parts: Sequence[tuple[str, int]]
    """populations and how many of their neurons (words of neuron memory on some chips)"""
    uses: Sequence[Use]

    @property
    def fullest(self) -> Use:
        """The limit that it comes closest to."""
        return max(self.uses, key=lambda use: use.share or 0.0)


@dataclass(frozen=True)
class Tick:
    """How long the chip is expected to take for a tick."""

    us: float
    parts: Mapping[str, float]
    """in microseconds"""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Fit:
    """All of it."""

    chip: str
    title: str
    dt_us: int
    rate_hz: float
    """at which every input and neuron is taken to fire"""
    layers: Sequence[LayerUse]
    cores: Sequence[CoreUse]
    uses: Sequence[Use]
    """of the whole chip"""
    misfits: Sequence[Misfit] = ()
    unknown: Sequence[str] = ()
    """what could not be checked, in sentences"""
    warnings: Sequence[str] = ()
    """of quantising"""
    notes: Sequence[str] = ()
    """what else is worth knowing"""
    tick: Tick | None = None
    """None where the chip's times are not known"""
    placed: Placed | None = None
    """None where it does not fit"""
    late: Mapping[str, int] = field(default_factory=dict)
    """ticks by which populations lag behind, of `Quantised`"""

    @property
    def fits(self) -> bool:
        """Whether nothing is too large."""
        return not self.misfits

    @property
    def tightest(self) -> tuple[str, Use] | None:
        """The limit that is closest to its end, and where; the number of cores is none of them."""
        return max(self._known(), key=lambda found: found[1].share or 0.0, default=None)

    def _known(self) -> Iterator[tuple[str, Use]]:
        chip = (use for use in self.uses if use.what != "chip_cores")
        yield from (("the chip", use) for use in chip if use.share is not None)
        for core in self.cores:
            yield from ((f"core {core.number}", u) for u in core.uses if u.share is not None)

    def line(self) -> str:
        """Return it in one line."""
        cores = next((use for use in self.uses if use.what == "chip_cores"), None)
        on = f" on {cores.used} of {cores.most} cores" if cores is not None else ""
        if not self.fits:
            first, more = self.misfits[0], len(self.misfits) - 1
            tail = f" (and {more} more)" if more else ""
            return f"does not fit {self.title}: {first.place}{first.why}{tail}"
        found = self.tightest
        if found is None:
            return f"fits {self.title}{on}"
        where, use = found
        share = f"{100 * (use.share or 0.0):.0f} % of the {use.words}"
        return f"fits {self.title}{on}; fullest: {where} with {share}"
