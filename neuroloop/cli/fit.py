"""``neuroloop fit``: does a network fit a chip, where does it lie there, what would make it fit."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.chips.quantised import Quantised
    from neuroloop.cli._network import Named


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
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting of the chip, as in weight_bits=4 or variant=imu; may be repeated.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Say whether a network fits a chip, how full it is, and what would make it fit.

    The network is put into the chip's whole numbers, cut over its cores and placed; nothing is run.
    One that is given in kinds of the chip is made, so that a number the chip cannot hold is found.
    For example `neuroloop fit configs/nets.py:navigate --chip loihi1`,
    `neuroloop fit navigate --chip loihi2 --json`, or, with more traffic,
    `neuroloop fit weights.npz --chip loihi1 --rate-hz 200`.

    Exit codes: 0 it fits, 1 it does not, 2 wrong file or options, or no form on the chip at all.
    """
    from neuroloop.chips import profile
    from neuroloop.chips.fit import fit
    from neuroloop.cli._chip import backend_of
    from neuroloop.cli._network import named
    from neuroloop.report import fit as report
    from neuroloop.runtime.simulator import Simulator

    backend = backend_of(chip, "--chip")
    found = named(network, "fit")
    tick_us = dt_us or found.dt_us or 1000
    with _Progress(shown=not as_json and sys.stderr.isatty()) as say:
        say(f"turning the network into whole numbers of {chip}")
        made = _quantised(found, backend, changes or (), tick_us)
        result = fit(made, profile.load(made.chip), tick_us, rate_hz, say)
        if result.fits and not made.layers:
            say("making it, as its numbers are its own")
            Simulator(made.network, dt_us=tick_us, folder=found.folder)
    typer.echo(json.dumps(report.as_json(result)) if as_json else report.as_text(result))
    raise typer.Exit(0 if result.fits else 1)


def _quantised(found: "Named", backend: str, changes: Sequence[str], dt_us: int) -> "Quantised":
    """Return the network as a backend would run it, whether it fits or not.

    A run file on this backend has settings of its own, and ``changes`` are laid on them.
    """
    import msgspec

    from neuroloop.config import resolve, toml
    from neuroloop.config.find import with_changes
    from neuroloop.core.ports import Site

    module = resolve.module("engine", backend, found.folder, "--chip")
    own = found.engine is not None and found.engine.module is module
    settings = msgspec.to_builtins(found.engine.config) if found.engine and own else {}
    changed = with_changes(settings, [change.removeprefix("engine.") for change in changes])
    config = toml.convert(changed, module.Config, "--set")
    library = module.build(config, Site("engine", 0, dt_us, found.folder, role="engine"))
    made: Quantised = library.quantised(found.network, dt_us)
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
