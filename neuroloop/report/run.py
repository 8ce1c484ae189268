"""Run a run file with everything that looks on: meter, trace, status line."""

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from neuroloop.config.runfile import RunFile
from neuroloop.core.ports import Sink
from neuroloop.report.energy import EnergyMeter
from neuroloop.report.meter import Meter
from neuroloop.report.status import StatusLine
from neuroloop.report.summary import Summary, summary
from neuroloop.report.trace import Trace
from neuroloop.runtime import notify, saved
from neuroloop.runtime.control import Control
from neuroloop.runtime.keyboard import Keyboard
from neuroloop.runtime.live.keeping import keeping
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import Session, played

_log = logging.getLogger("neuroloop.run")


def reported(  # noqa: PLR0913
    run: RunFile,
    *,
    ticks: int | None = None,
    plot: Path | None = None,
    status: bool = False,
    headless: bool = False,
    resume: Path | None = None,
    save: Path | None = None,
    save_every: float | None = None,
    keys: bool = False,
) -> Summary:
    """Run to the end and return the report; draw it where a picture is asked for.

    ``resume`` is a state file to go on from, ``save`` one to write at the end, and every
    ``save_every`` seconds of a live run; ``keys`` lets a person steer from the terminal.
    """
    if plot is not None:
        from neuroloop.report import picture

        picture.check_installed()
    audience = _Audience(run, ticks, resume, traced=plot is not None, status=status)
    try:
        chosen = _without_window(run) if headless else run
        companions = _Companions(run, save if save_every else None, save_every or 0.0, keys=keys)
        with played(chosen, audience, companions) as session:
            result = summary(session, audience.meter, audience.energy)
            if plot is not None:
                _draw(result, session, audience, plot)
            if save is not None:
                saved.save(session.loop, save)
            return result
    finally:
        audience.leave()


@dataclass(frozen=True)
class _Companions:
    """What works beside a live run and reaches into it."""

    run: RunFile
    save: Path | None
    every_s: float
    keys: bool

    def __call__(self, loop: Loop) -> list[AbstractContextManager[object]]:
        found: list[AbstractContextManager[object]] = []
        if loop.live is not None:
            found.append(Control(loop, self.run.path.stem))
        if (manager := notify.manager()) is not None:
            found.append(notify.Notices(loop, manager))
        if self.save is not None:
            found.append(keeping(loop, self.save, self.every_s))
        if self.keys:
            found.append(Keyboard(loop))
        return found


class _Audience:
    """Everything that looks on."""

    def __init__(
        self, run: RunFile, ticks: int | None, resume: Path | None, *, traced: bool, status: bool
    ) -> None:
        self._run, self._ticks, self._resume = run, ticks, resume
        self._traced, self._status = traced, status
        self.meter = Meter()
        self.energy: EnergyMeter | None = None
        self.trace: Trace | None = None
        self._line: StatusLine | None = None

    def __call__(self, loop: Loop) -> list[Sink]:
        if self._resume is not None:
            saved.load_state(loop, self._resume)
        if self._ticks is not None:
            loop.episode.most_us = self._ticks * loop.dt_us
        self.trace = Trace(loop) if self._traced else None
        self.energy = EnergyMeter(loop, self._run)
        self._line = StatusLine(loop, self.energy) if self._status else None
        more = (s for s in (self.trace, self._line) if s is not None)
        return [self.meter, self.energy, *more]

    def leave(self) -> None:
        if self._line is not None:
            self._line.clear()


def _draw(result: Summary, session: Session, audience: _Audience, plot: Path) -> None:
    loop, trace = session.loop, audience.trace
    if trace is None:
        return
    from neuroloop.report import picture

    world = loop.plant.world if loop.plant else None
    picture.Drawing(result, trace, world, loop.bearings).save(plot)
    if trace.truncated:
        _log.warning("the run was too long for one picture; it shows the beginning")


def _without_window(run: RunFile) -> RunFile:
    plant = run.plant
    if plant is None or not getattr(plant.config, "gui", False):
        return run
    return replace(
        run, plant=replace(plant, config=msgspec.structs.replace(plant.config, gui=False))
    )
