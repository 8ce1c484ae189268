"""One drive through a broker: twin and brain are started, watched, and ended in order."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroloop.bench.hardware.latency import Latency, latency
from neuroloop.bench.hardware.setting import Setting
from neuroloop.core.errors import Exit, NeuroloopError, PartError
from neuroloop.core.orphan import die_with_parent

_LOOK_S, _END_S = 0.05, 10.0


@dataclass(frozen=True)
class Way:
    """What is driven."""

    plant: str
    world: str
    seed: int
    seconds: float
    start: Sequence[float] | None = None
    goal: Sequence[float] | None = None
    changes: Sequence[str] = ()
    """of the plant"""

    def options(self) -> list[str]:
        """Return the options of the twin."""
        found = ["--plant", self.plant, "--world", self.world, "--seed", str(self.seed)]
        found += ["--seconds", str(self.seconds), "--until-goal"]
        for name, place in (("--start", self.start), ("--goal", self.goal)):
            found += [] if place is None else [f"{name}={','.join(map(str, place))}"]
        for change in self.changes:
            found += ["--set", change]
        return found


@dataclass(frozen=True)
class Drive:
    """How it went."""

    twin: dict[str, Any]
    """what the twin said of the drive: it knows where it really was"""
    brain: dict[str, Any]
    """report of the brain's run"""
    latency: Latency

    @property
    def reached(self) -> bool:
        """Whether the goal was reached, and nothing touched on the way."""
        return self.twin["reached_s"] is not None and not self.twin["contacts"]


def drive(setting: Setting, way: Way, port: int, folder: Path) -> Drive:
    """Drive once, by the broker at ``port``; ``folder`` takes what the two say.

    Raises
    ------
    NeuroloopError
        What ended one of them too early, in its own words.
    """
    log = folder / "stamps.npz"
    twin_command = ["sims.twin", *setting.twin, *way.options()]
    twin_command += ["--port", str(port), "--log", str(log)]
    brain_command = ["neuroloop", "run", str(setting.run.path), "--json"]
    changes = [*setting.changes, f"run.seed={way.seed}", f"run.seconds={way.seconds + _END_S}"]
    for change in (*changes, *setting.broker(port)):
        brain_command += ["--set", change]
    with (
        _started("twin", twin_command, folder) as twin,
        _started("brain", brain_command, folder) as brain,
    ):
        while twin.poll() is None:
            if brain.poll() is not None:
                raise _error("brain", brain.returncode, folder)
            time.sleep(_LOOK_S)
        if twin.returncode not in (Exit.OK, Exit.GOAL_MISSED):
            raise _error("twin", twin.returncode, folder)
        brain.send_signal(signal.SIGTERM)
        try:
            brain.wait(_END_S)
        except subprocess.TimeoutExpired:
            raise PartError(f"the brain did not end in {_END_S:g} s") from None
    said, report = _said("twin", folder), _said("brain", folder)
    return Drive(said, report, latency(log, report, setting.range_name))


@contextlib.contextmanager
def _started(name: str, module: Sequence[str], folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start ``python -m module`` and kill it at the end, where it still lives."""
    out, errors = (folder / f"{name}.{end}" for end in ("out", "errors"))
    with out.open("wb") as stdout, errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
            start_new_session=True,  # Ctrl-C at the terminal is for us: we end it in order
            preexec_fn=die_with_parent,  # noqa: PLW1509 - there is one thread
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _said(name: str, folder: Path) -> dict[str, Any]:
    text = (folder / f"{name}.out").read_text("utf-8", "replace")
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        raise PartError(f"the {name} said no JSON: {text[-500:]!r}") from None
    return found


def _error(name: str, code: int | None, folder: Path) -> NeuroloopError:
    """Return why a process ended, with the exit code that it had."""
    said = (folder / f"{name}.errors").read_text("utf-8", "replace").strip()
    error = PartError(f"the {name} ended with {code}: {said[-1000:] or 'without a word'}")
    if code in (Exit.USAGE, Exit.MACHINE):
        error.exit_code = Exit(code)
    return error
