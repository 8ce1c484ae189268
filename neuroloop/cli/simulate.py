"""``neuroloop simulate``: run a network on its own, without a robot."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from neuroloop.cli._stimulus import Files, Rates, Values, Wanted


def command(
    network: Annotated[str, typer.Argument(help="A network file, or FILE.py:FUNCTION.")],
    seconds: Annotated[float | None, typer.Option(help="How long; 1 if nothing is said.")] = None,
    ticks: Annotated[int | None, typer.Option(min=1, help="How long, in ticks.")] = None,
    dt_us: Annotated[int, typer.Option(min=1, help="Length of a tick in microseconds.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same run.")] = 0,
    rate: Rates = None,
    files: Files = None,
    value: Values = None,
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
    from neuroloop.cli._network import check_there
    from neuroloop.report import output, picture, raster
    from neuroloop.runtime import networks
    from neuroloop.runtime.simulate import simulate, total_ticks

    if plot is not None:
        output.check_writable(plot)
        picture.check_installed()
    check_there(network)
    built = networks.of(network, Path.cwd(), {}, "simulate")
    names = watch or networks.spiking(built, Path.cwd())
    length = 1.0 if seconds is None and ticks is None else seconds
    total = total_ticks(length, ticks, dt_us)
    wanted = Wanted(files or (), rate or (), value or ())
    stimulus = wanted.stimulus(built, wanted.recorded(built), total, dt_us, seed)
    with raster.progress_bar(shown=not as_json and sys.stderr.isatty()) as progress:
        result = simulate(
            built,
            ticks=total,
            dt_us=dt_us,
            seed=seed,
            inputs={**stimulus.spikes, **stimulus.values},
            watch=names,
            backend=backend,
            progress=progress,
        )
    if plot is not None:
        raster.save(result, plot)
    if as_json:
        typer.echo(json.dumps(raster.as_json(result, stimulus.silent)))
        return
    typer.echo(raster.as_text(result, stimulus.silent))
    if plot is not None:
        typer.echo(f"  picture        {plot}")
