"""Run a run file with everything that looks on: meter, trace, status line."""

import logging
from dataclasses import replace
from pathlib import Path

import msgspec

from neuroloop.config.runfile import RunFile
from neuroloop.core.ports import Sink
from neuroloop.report import picture
from neuroloop.report.meter import Meter
from neuroloop.report.status import StatusLine
from neuroloop.report.summary import Summary, summary
from neuroloop.report.trace import Trace
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import played

_log = logging.getLogger("neuroloop.run")


def reported(
    run: RunFile,
    *,
    ticks: int | None = None,
    plot: Path | None = None,
    status: bool = False,
    headless: bool = False,
) -> Summary:
    """Run to the end and return the report; draw it where a picture is asked for."""
    meter, traces, lines = Meter(), list[Trace](), list[StatusLine]()
    if plot is not None:
        picture.check_installed()
    run = _without_window(run) if headless else run

    def onlookers(loop: Loop) -> list[Sink]:
        if ticks is not None:
            loop.episode.most_us = ticks * loop.dt_us
        sinks: list[Sink] = [meter]
        if plot is not None:
            traces.append(Trace(loop))
        if status:
            lines.append(StatusLine(loop))
        return [*sinks, *traces, *lines]

    try:
        with played(run, onlookers) as session:
            result = summary(session, meter)
            for trace in traces:
                world = session.loop.plant.world if session.loop.plant else None
                drawing = picture.Drawing(result, trace, world, session.loop.bearings)
                if plot is not None:
                    _draw(drawing, plot)
            return result
    finally:
        for line in lines:
            line.clear()


def _draw(drawing: picture.Drawing, plot: Path) -> None:
    drawing.save(plot)
    if drawing.trace.truncated:
        _log.warning("the run was too long for one picture; it shows the beginning")


def _without_window(run: RunFile) -> RunFile:
    plant = run.plant
    if plant is None or not getattr(plant.config, "gui", False):
        return run
    return replace(
        run, plant=replace(plant, config=msgspec.structs.replace(plant.config, gui=False))
    )
