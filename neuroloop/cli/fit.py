"""``neuroloop fit``: does a network fit a chip, where does it lie there, what would make it fit."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.chips.quantised import Quantised
    from neuroloop.network import Network


def command(
    network: Annotated[
        str, typer.Argument(help="A network file, FILE.py:FUNCTION, a run file or its name.")
    ],
    chip: Annotated[
        str, typer.Option(help="A backend that is a chip: loihi1, loihi1-nengo, loihi2 ...")
    ],
    dt_us: Annotated[
        int | None,
        typer.Option(min=1, help="Length of a tick in microseconds; the run file's, or 1000."),
    ] = None,
    rate_hz: Annotated[
        float, typer.Option(help="At which each input and neuron is taken to fire.")
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Say whether a network fits a chip, how full it is, and what would make it fit.

    The network is put into the chip's whole numbers, cut over its cores and placed; nothing is run.
    For example `neuroloop fit configs/nets.py:navigate --chip loihi1`,
    `neuroloop fit navigate --chip loihi2 --json`, or, with more traffic,
    `neuroloop fit weights.npz --chip loihi1 --rate-hz 200`.

    Exit codes: 0 it fits, 1 it does not, 2 wrong file or options, or no form on the chip at all.
    """
    from neuroloop.chips import profile
    from neuroloop.chips.energy.tariff import chip_of
    from neuroloop.chips.fit import fit
    from neuroloop.cli._network import named
    from neuroloop.config import resolve
    from neuroloop.core.errors import ConfigError, nearest
    from neuroloop.report import fit as report

    backend = chip.replace("-", "_")
    known = [kind for kind in resolve.kinds("engine") if chip_of(kind)]
    if backend not in known:
        raise ConfigError(f'--chip: no chip "{chip}"{nearest(backend, known)}')
    found = named(network, "fit")
    tick_us = dt_us or found.dt_us or 1000
    with _Progress(shown=not as_json and sys.stderr.isatty()) as say:
        say(f"turning the network into whole numbers of {chip}")
        made = _quantised(found.network, backend, tick_us, found.folder)
        result = fit(made, profile.load(made.chip), tick_us, rate_hz, say)
    typer.echo(json.dumps(report.as_json(result)) if as_json else report.as_text(result))
    raise typer.Exit(0 if result.fits else 1)


def _quantised(network: "Network", backend: str, dt_us: int, folder: Path) -> "Quantised":
    """Return the network as a backend would run it, whether it fits or not."""
    from neuroloop.config import resolve
    from neuroloop.core.ports import Site

    module = resolve.module("engine", backend, folder, "--chip")
    library = module.build(module.Config(), Site("engine", 0, dt_us, folder, role="engine"))
    made: Quantised = library.quantised(network, dt_us)
    return made


class _Progress:
    """One line on stderr that says what is being done, once a second has passed."""

    def __init__(self, *, shown: bool) -> None:
        self._shown, self._start, self._drawn = shown, time.monotonic(), False

    def __enter__(self) -> Callable[[str], None]:
        return self._say

    def __exit__(self, *error: object) -> None:
        if self._drawn:
            typer.echo(f"\r{'':60}\r", nl=False, err=True)

    def _say(self, what: str) -> None:
        if self._shown and time.monotonic() - self._start > 1.0:
            typer.echo(f"\r{what[:58]:60}", nl=False, err=True)
            self._drawn = True
