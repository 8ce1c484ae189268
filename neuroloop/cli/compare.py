"""``neuroloop compare``: what a chip's arithmetic changes in a network."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from neuroloop.cli._stimulus import Files, Rates, Values, Wanted
from neuroloop.core.errors import ConfigError, Exit

_MOST_TICKS = 10_000_000


def command(
    network: Annotated[
        str, typer.Argument(help="A network file, FILE.py:FUNCTION, or a run file.")
    ],
    files: Files = None,
    rate: Rates = None,
    value: Values = None,
    chips: Annotated[
        str, typer.Option(metavar="A,B,...", help="Backends to compare; all if left out.")
    ] = "",
    seconds: Annotated[
        float | None, typer.Option(help="How long; as long as the recording, or 1.")
    ] = None,
    ticks: Annotated[int | None, typer.Option(min=1, help="How long, in ticks.")] = None,
    dt_us: Annotated[
        int | None,
        typer.Option(min=1, help="Length of a tick in microseconds; the run file's, or 1000."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same run.")] = 0,
    distance: Annotated[
        str, typer.Option(help="Of spike trains: van-rossum or victor-purpura.")
    ] = "van-rossum",
    tau_ms: Annotated[float, typer.Option(help="Time constant of the distance.")] = 20.0,
    energy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHIP=TABLE",
            help="Figures of your own: a TOML file, or a table's name; may be repeated.",
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the rates.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Run a network in floating point and on chips, and say layer by layer what is different.

    Example: `neuroloop compare configs/nets.py:navigate --rate heading=100 --chips loihi1
    --plot out/chips.png`
    """
    from neuroloop.cli._network import named
    from neuroloop.cli._tables import tables_of
    from neuroloop.compare import picture, words
    from neuroloop.compare.comparison import Measure, compare
    from neuroloop.compare.run import Conditions
    from neuroloop.report import output
    from neuroloop.report.picture import check_installed

    if plot is not None:
        output.check_writable(plot)
        check_installed()
    chosen = _chips(chips)
    found = named(network, "compare")
    wanted = Wanted(files or (), rate or (), value or ())
    recorded = wanted.recorded(found.network)
    tick_us = dt_us or found.dt_us or 1000
    total = _ticks(
        seconds, ticks, tick_us, [int(s.t_us[-1]) for s in recorded.values() if len(s.t_us)]
    )
    stimulus = wanted.stimulus(found.network, recorded, total, tick_us, seed)

    def progress(backend: str) -> None:
        if not as_json and sys.stderr.isatty():
            typer.echo(f"\r{backend:40}\r", nl=False, err=True)

    result = compare(
        network,
        found.network,
        chosen,
        Conditions(total, tick_us, seed, stimulus.spikes, stimulus.values, found.folder),
        measure=Measure(distance, tau_ms),
        tables=tables_of(energy or (), chosen),
        progress=progress,
    )
    progress("")
    if plot is not None:
        picture.save(result, plot)
    if as_json:
        said = {**result.as_json(), "silent_inputs": stimulus.silent}
        typer.echo(json.dumps(said))
    else:
        typer.echo(words.text(result, stimulus.silent))
        if plot is not None:
            typer.echo(f"  picture        {plot}")
    if all(chip.refused for chip in result.chips):
        raise typer.Exit(Exit.USAGE)


def _chips(text: str) -> list[str]:
    """Return the backends that are meant, each once."""
    from neuroloop.cli._chip import backend_of, backends

    chosen = [backend_of(name.strip(), "--chips") for name in text.split(",") if name.strip()]
    return list(dict.fromkeys(chosen)) or backends()


def _ticks(seconds: float | None, ticks: int | None, dt_us: int, last_us: Sequence[int]) -> int:
    """Return how long a comparison is: as asked, to the last recorded spike, or a second."""
    from neuroloop.runtime.simulate import total_ticks

    if seconds is None and ticks is None and last_us:
        total = max(last_us) // dt_us + 1
    else:
        total = total_ticks(1.0 if seconds is None and ticks is None else seconds, ticks, dt_us)
    if total > _MOST_TICKS:
        raise ConfigError(
            f"a comparison of {total:,} ticks keeps all of their spikes, and {_MOST_TICKS:,} are "
            "the most: give --seconds or --ticks for a part of it, or longer ticks (--dt-us)"
        )
    return total
