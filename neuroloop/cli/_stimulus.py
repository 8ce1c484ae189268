"""What a network on its own is given: recordings, spikes at random, values that hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from neuroloop.core.values import Spikes
    from neuroloop.network import Input, Network

Files = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="[INPUT=]FILE",
        help="Recorded spikes: .npz, .npy, or lines of time in ms and unit; may be repeated.",
    ),
]
Rates = Annotated[
    list[str] | None,
    typer.Option(
        metavar="INPUT=HZ",
        help="Let each unit of an input fire at random at this mean rate; may be repeated.",
    ),
]
Values = Annotated[
    list[str] | None,
    typer.Option(
        metavar="INPUT=NUMBER",
        help="Let all units of an input of values carry this number; may be repeated.",
    ),
]


@dataclass(frozen=True)
class Stimulus:
    """What every input of a network is given, by name."""

    spikes: "Mapping[str, Spikes]"
    values: Mapping[str, Any]

    @property
    def silent(self) -> list[str]:
        """Inputs that have no spikes."""
        return [name for name, spikes in self.spikes.items() if not len(spikes.unit)]


@dataclass(frozen=True)
class Wanted:
    """The texts of ``--input``, ``--rate`` and ``--value``."""

    files: Sequence[str]
    rates: Sequence[str]
    values: Sequence[str]

    def recorded(self, network: "Network") -> "dict[str, Spikes]":
        """Read the recordings that ``--input`` names."""
        from neuroloop.core.errors import ConfigError, nearest
        from neuroloop.runtime import spike_file

        inputs = {i.name: i for i in network.inputs if not i.values}
        found: dict[str, Spikes] = {}
        for text in self.files:
            name, equals, place = text.partition("=")
            if not equals or Path(text).is_file():
                name, place = "", text
            if name and name not in inputs:
                raise ConfigError(
                    f'--input {text}: the network has no such input "{name}"{nearest(name, inputs)}'
                )
            chosen = [inputs[name]] if name else list(inputs.values())
            read = spike_file.read(Path(place), chosen)
            twice = sorted(found.keys() & read.keys())
            if twice:
                raise ConfigError(f'--input {text}: the input "{twice[0]}" has a recording already')
            found |= read
        return found

    def stimulus(
        self,
        network: "Network",
        recorded: "Mapping[str, Spikes]",
        ticks: int,
        dt_us: int,
        seed: int,
    ) -> Stimulus:
        """Return what each input is given for so many ticks; random where nothing was recorded."""
        import numpy as np

        from neuroloop.core.errors import ConfigError
        from neuroloop.runtime.stimulus import bernoulli

        spiking = [i for i in network.inputs if not i.values]
        valued = [i for i in network.inputs if i.values]
        rates = numbers("--rate", self.rates, "INPUT=HZ", spiking)
        held = numbers("--value", self.values, "INPUT=NUMBER", valued)
        both = sorted(rates.keys() & recorded.keys())
        if both:
            raise ConfigError(f'--rate {both[0]}=...: the input "{both[0]}" has a recording')
        spikes = {
            i.name: recorded[i.name]
            if i.name in recorded
            else bernoulli(i, rates.get(i.name, 0.0), ticks, dt_us, seed)
            for i in spiking
        }
        return Stimulus(spikes, {i.name: np.full(i.n, held.get(i.name, 0.0)) for i in valued})


def numbers(
    option: str, texts: Sequence[str], form: str, inputs: Sequence["Input"]
) -> dict[str, float]:
    """Return what ``INPUT=...`` texts say."""
    from neuroloop.core.errors import ConfigError, nearest

    said, known = {}, [i.name for i in inputs]
    for text in texts:
        name, _, number = text.rpartition("=")
        try:
            said[name] = float(number)
        except ValueError:
            raise ConfigError(f"{option} {text}: {form} is wanted, as in touch=50") from None
        if name not in known:
            raise ConfigError(
                f'{option} {text}: the network has no such input "{name}"{nearest(name, known)}'
            )
    return said
