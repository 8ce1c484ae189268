"""``neuroloop view``: what a sensor and its spikes look like now."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from neuroloop.view.watch import Watch

_LOOK_S, _DRAW_S = 0.004, 0.08
_GLANCE_S = 2.0
"""where nobody sits before it"""
_COMPILED_S = 0.2
"""a look that takes longer is one in which something is compiled"""


def command(
    sensor: Annotated[
        str,
        typer.Argument(
            metavar="SENSOR",
            help="A kind of sensor, a run file, or RUNFILE:SENSOR with its encoders.",
        ),
    ],
    png: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw this instead of the terminal.")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, max=86_400, help="How long; 2 with --png, else until Ctrl-C."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, as in source=1."),
    ] = None,
) -> None:
    """Show a sensor and what its encoders make of it: pictures, sound, scans, numbers, spikes.

    Nothing runs and nothing moves: the sensor is opened and looked at.  ON events are green, OFF
    events red; the units of other encoders are drawn over time, the first lowest.

    Examples: `neuroloop view camera --set source=1`, `neuroloop view live_camera`,
    `neuroloop view live_camera:camera --png out/camera.png`
    """
    from neuroloop.cli._logging import set_up
    from neuroloop.report import output
    from neuroloop.report.picture import check_installed
    from neuroloop.view.subject import subject
    from neuroloop.view.watch import Watch

    set_up(0, quiet=False)
    if png is not None:
        check_installed()
        output.check_writable(png)
    with Watch(subject(sensor, changes or [])) as watch:
        if png is None:
            _in_terminal(watch, seconds)
        else:
            from neuroloop.view import picture

            _looked(watch, _GLANCE_S if seconds is None else seconds)
            picture.save(watch.scene(), png)
            typer.echo(f"picture {png}")


def _looked(watch: "Watch", seconds: float) -> None:
    """Look at a sensor for a while, from the first reading on.

    A look that takes long is one in which encoders are compiled; it does not count.
    """
    import time

    end, begun = time.monotonic() + seconds, False
    while time.monotonic() < end and not watch.ended:
        before = time.monotonic()
        came = watch.look()
        took = time.monotonic() - before
        if came and not begun:
            begun, end = True, time.monotonic() + seconds
        elif took > _COMPILED_S:
            end += took
        time.sleep(_LOOK_S)


def _in_terminal(watch: "Watch", seconds: float | None) -> None:
    import time

    from rich.console import Console
    from rich.live import Live

    from neuroloop.view.terminal import drawn

    console = Console()
    coloured = console.color_system is not None

    def now() -> "RenderableType":
        return drawn(watch.scene(), console.width, console.height, coloured=coloured)

    if not console.is_terminal:
        _looked(watch, _GLANCE_S if seconds is None else seconds)
        console.print(now())
        return
    end = None if seconds is None else time.monotonic() + seconds
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while not watch.ended and (end is None or time.monotonic() < end):
            _looked(watch, _DRAW_S)
            live.update(now(), refresh=True)
    console.print(now())
