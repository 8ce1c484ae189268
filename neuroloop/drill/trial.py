"""Carry a drill out: as often as this machine disturbs it, in a folder that is gone afterwards."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from neuroloop.core.errors import NeuroloopError
from neuroloop.drill import judge
from neuroloop.drill.drill import Drill, Finding, Result
from neuroloop.drill.robot import RUN_FILE, Robot

TRIES = 3


def carried_out(drill: Drill, plant: str = "plane", keep: Path | None = None) -> Result:
    """Carry a drill out and judge it.

    A try in which the body itself was not given a core for `judge.GAP_MS` around the fault, or that
    did not get as far as its fault, is repeated, `TRIES` in all; the last one counts.

    Parameters
    ----------
    plant
        Kind of the world.
    keep
        A folder for the black box, the report and the errors of the last try.
    """
    lacks = drill.lacks()
    if lacks:
        return _result(drill, Finding(), "", 0, skipped=lacks)
    found, tries = Finding(gap_ms=judge.GAP_MS), 0
    while found.gap_ms >= judge.GAP_MS and tries < TRIES:
        tries += 1
        with _folder(drill.name, keep) as folder:
            found = _once(drill, plant, folder)
            found.lines = [_shorter(line, folder) for line in found.lines]
    named = _named(drill, found)
    if not named:
        said = "; ".join(found.lines) or "nothing"
        found.wrong.append(f"nobody named it: /{drill.named}/ is not in: {said}")
    return _result(drill, found, named, tries)


def _once(drill: Drill, plant: str, folder: Path) -> Finding:
    with _terminal(wanted=drill.terminal) as (keyboard, stdin):
        robot = Robot(
            folder,
            plant,
            drill.changes,
            options=drill.options,
            module=drill.module,
            stdin=stdin,
            keyboard=keyboard,
        )
        try:
            with robot:
                return drill.play(robot)
        except NeuroloopError as error:
            # one that did not get as far as its fault was no drill
            gap_ms = 0.0 if robot.fault_ns else judge.GAP_MS
            return Finding(wrong=[str(error)], gap_ms=gap_ms)


def _shorter(line: str, folder: Path) -> str:
    """Leave out of a line what is another in every run, and on every machine."""
    for prefix in (f"{folder}/", f"{RUN_FILE.parent}/", "neuroloop: ", "WARNING: "):
        line = line.replace(prefix, "")
    return line


def _named(drill: Drill, found: Finding) -> str:
    """Return the first line that names the fault, "" where none does."""
    return next((line for line in found.lines if re.search(drill.named, line)), "")


def _result(drill: Drill, found: Finding, named: str, tries: int, *, skipped: str = "") -> Result:
    result = Result(
        name=drill.name,
        injected=drill.injected,
        expects=drill.expects,
        happened=found.happened.value,
        ms=found.ms,
        still_ms=found.still_ms,
        named=named,
        wrong=tuple(found.wrong),
        tries=tries,
        gap_ms=found.gap_ms,
    )
    return replace(result, skipped=skipped, happened="skipped") if skipped else result


@contextmanager
def _folder(name: str, keep: Path | None) -> Iterator[Path]:
    """Make a folder with a short name, because the path of a socket is limited."""
    with tempfile.TemporaryDirectory(prefix="nl-drill-") as place:
        folder = Path(place)
        try:
            yield folder
        finally:
            if keep is not None:
                (keep / name).mkdir(parents=True, exist_ok=True)
                for file in folder.iterdir():
                    if file.is_file():
                        shutil.copy(file, keep / name / file.name)


@contextmanager
def _terminal(*, wanted: bool) -> Iterator[tuple[int | None, int | None]]:
    """Open a terminal: the end that a person types at, and that of the run."""
    if not wanted:
        yield None, None
        return
    ours, theirs = os.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)
