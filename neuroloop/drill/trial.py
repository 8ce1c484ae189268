"""Carry drills out: as often as this machine disturbs them, in folders that are gone afterwards."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from neuroloop.drill import judge
from neuroloop.drill.drill import Drill, Finding, Result
from neuroloop.drill.life import lived, lives
from neuroloop.drill.robot import FOLDER

TRIES = 3


def carried_out(
    drills: Sequence[Drill], plant: str = "plane", keep: Path | None = None
) -> Iterator[Result]:
    """Carry drills out and judge them; those that want the same robot share it.

    A try in which the body itself was not given a core for `judge.GAP_MS` around the fault, or that
    did not get as far as its fault, is repeated with a new robot, `TRIES` in all; the last one
    counts.

    Parameters
    ----------
    plant
        Kind of the world.
    keep
        A folder for the black box, the report and the errors of the last try of each drill.

    Yields
    ------
    Result
        Of each drill, as soon as the life of its robot is over.
    """
    possible = []
    for drill in drills:
        lacks = drill.lacks()
        if lacks:
            yield _result(drill, Finding(), "", 0, skipped=lacks)
        else:
            possible.append(drill)
    for life in lives(possible):
        yield from _carried_out(life, plant, keep)


def _carried_out(life: Sequence[Drill], plant: str, keep: Path | None) -> Iterator[Result]:
    tries = dict.fromkeys((drill.name for drill in life), 0)
    waiting = list(life)
    while waiting:
        with _folder(keep) as (folder, played):
            findings = lived(waiting, plant, folder)
            played += [drill.name for drill in waiting[: len(findings)]]
        again = []
        for drill, found in zip(waiting, findings, strict=False):
            tries[drill.name] += 1
            if found.gap_ms >= judge.GAP_MS and tries[drill.name] < TRIES:
                again.append(drill)
            else:
                yield _judged(drill, found, folder, tries[drill.name])
        waiting = again + waiting[len(findings) :]


def _judged(drill: Drill, found: Finding, folder: Path, tries: int) -> Result:
    found.lines = [_shorter(line, folder) for line in found.lines]
    named = _named(drill, found)
    if not named:
        said = "; ".join(found.lines) or "nothing"
        found.wrong.append(f"nobody named it: /{drill.named}/ is not in: {said}")
    return _result(drill, found, named, tries)


def _shorter(line: str, folder: Path) -> str:
    """Leave out of a line what is another in every run, and on every machine."""
    for prefix in (f"{folder}/", f"{FOLDER}/", "neuroloop: ", "WARNING: "):
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
        body=drill.body.value,
    )
    return replace(result, skipped=skipped, happened="skipped") if skipped else result


@contextmanager
def _folder(keep: Path | None) -> Iterator[tuple[Path, list[str]]]:
    """Make a folder with a short name, because the path of a socket is limited.

    Its files are kept under the names of the drills that are put into the list.
    """
    with tempfile.TemporaryDirectory(prefix="nl-drill-") as place:
        folder, names = Path(place), list[str]()
        yield folder, names
        if keep is not None and names:
            first = keep / names[0]
            shutil.rmtree(first, ignore_errors=True)
            first.mkdir(parents=True)
            for file in folder.iterdir():
                if file.is_file():
                    shutil.copy(file, first / file.name)
            for name in names[1:]:
                shutil.rmtree(keep / name, ignore_errors=True)
                shutil.copytree(first, keep / name, copy_function=os.link)
