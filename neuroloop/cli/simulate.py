"""``neuroloop simulate``: run a network on its own, without a robot."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.network import Input


def command(
    network: Annotated[str, typer.Argument(help="A network file, or FILE.py:FUNCTION.")],
    seconds: Annotated[float | None, typer.Option(help="How long; 1 if nothing is said.")] = None,
    ticks: Annotated[int | None, typer.Option(min=1, help="How long, in ticks.")] = None,
    dt_us: Annotated[int, typer.Option(min=1, help="Length of a tick in microseconds.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same run.")] = 0,
    rate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT=HZ",
            help="Let each unit of an input fire at random at this mean rate; may be repeated.",
        ),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT=NUMBER",
            help="Let all units of an input of values carry this number; may be repeated.",
        ),
    ] = None,
    watch: Annotated[
        list[str] | None,
        typer.Option(help="A population whose spikes are kept; may be repeated. All if left out."),
    ] = None,
    backend: Annotated[str, typer.Option(help="What the network runs on.")] = "float",
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the spikes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Run a network on its own and say how its populations fired.

    Example: `neuroloop simulate configs/nets.py:navigate --rate heading=100 --plot out/raster.png`
    """
    import numpy as np

    from neuroloop.report import output, picture, raster
    from neuroloop.runtime import networks
    from neuroloop.runtime.simulate import simulate, total_ticks
    from neuroloop.runtime.stimulus import bernoulli

    if plot is not None:
        output.check_writable(plot)
        picture.check_installed()
    _check_there(network)
    built = networks.of(network, Path.cwd(), {}, "simulate")
    names = watch or networks.spiking(built, Path.cwd())
    length = 1.0 if seconds is None and ticks is None else seconds
    total = total_ticks(length, ticks, dt_us)
    rates = _numbers("--rate", rate or (), "INPUT=HZ", [i for i in built.inputs if not i.values])
    values = _numbers("--value", value or (), "INPUT=NUMBER", [i for i in built.inputs if i.values])
    trains = {
        i.name: bernoulli(i, rates.get(i.name, 0.0), total, dt_us, seed)
        for i in built.inputs
        if not i.values
    }
    silent = [name for name, spikes in trains.items() if not len(spikes.unit)]
    held = {i.name: np.full(i.n, values.get(i.name, 0.0)) for i in built.inputs if i.values}
    with raster.progress_bar(shown=not as_json and sys.stderr.isatty()) as progress:
        result = simulate(
            built,
            ticks=total,
            dt_us=dt_us,
            seed=seed,
            inputs={**trains, **held},
            watch=names,
            backend=backend,
            progress=progress,
        )
    if plot is not None:
        raster.save(result, plot)
    if as_json:
        typer.echo(json.dumps(raster.as_json(result, silent)))
        return
    typer.echo(raster.as_text(result, silent))
    if plot is not None:
        typer.echo(f"  picture        {plot}")


def _check_there(network: str) -> None:
    """Refuse a file that is not there, with those that could be meant."""
    from neuroloop.core.errors import ConfigError, nearest

    name, colon, _ = network.partition(":")
    path = Path(name)
    if path.suffix == ".py" and not colon:
        raise ConfigError(f"{name} is a Python file: name a function in it, as in {name}:build")
    if not path.exists():
        beside = path.parent.glob(f"*{path.suffix}") if path.suffix else ()
        known = [str(p) for p in (*beside, *path.parent.glob(f"*/{path.name}"))]
        raise ConfigError(f"no file {name} in {Path.cwd()}{nearest(name, known)}")


def _numbers(
    option: str, texts: Sequence[str], form: str, inputs: Sequence["Input"]
) -> dict[str, float]:
    """Return what ``INPUT=...`` texts say."""
    from neuroloop.core.errors import ConfigError, nearest

    numbers, known = {}, [i.name for i in inputs]
    for text in texts:
        name, _, number = text.rpartition("=")
        try:
            numbers[name] = float(number)
        except ValueError:
            raise ConfigError(f"{option} {text}: {form} is wanted, as in touch=50") from None
        if name not in known:
            raise ConfigError(
                f'{option} {text}: the network has no such input "{name}"{nearest(name, known)}'
            )
    return numbers
