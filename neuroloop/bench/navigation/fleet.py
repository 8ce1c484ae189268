"""Episodes in parallel worker processes; the results do not depend on how many there are.

Each trial carries its own seed, and each worker has a loop of its own, so a result depends on its
trial alone.  A worker that dies is replaced, and its trial is run again.
"""

import contextlib
import logging
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from neuroloop.bench.navigation.course import Result, course
from neuroloop.config import runfile
from neuroloop.core.errors import NeuroloopError, PartError
from neuroloop.runtime.episodes import Trial

_log = logging.getLogger("neuroloop.fleet")
_spawn = multiprocessing.get_context("spawn")
_MOST_DEATHS = 3
"""of one trial, before it is given up"""

Job = tuple[int, Trial]


@dataclass
class _Worker:
    process: Any
    pipe: "Connection[Any, Any]"
    job: Job | None = None


def run_fleet(
    name: str,
    changes: Sequence[str],
    jobs: Sequence[Job],
    workers: int,
    done: Callable[[Result], None],
) -> list[Result]:
    """Run the trials of a run file on ``workers`` processes; results in the order of ``jobs``.

    Raises
    ------
    PartError
        Where the same trial ended its worker again and again, or a part failed in a worker.
    """
    fleet = _Fleet(name, changes, jobs)
    try:
        for _ in range(min(workers, len(jobs))):
            fleet.hire()
        while len(fleet.results) < len(jobs):
            for result in fleet.step():
                done(result)
    finally:
        fleet.dismiss()
    return [fleet.results[pair] for pair, _ in jobs]


class _Fleet:
    """The workers, and what is still to do."""

    def __init__(self, name: str, changes: Sequence[str], jobs: Sequence[Job]) -> None:
        self._name, self._changes = name, list(changes)
        self._waiting = deque(jobs)
        self._deaths = dict.fromkeys((pair for pair, _ in jobs), 0)
        self._workers: list[_Worker] = []
        self.results: dict[int, Result] = {}

    def hire(self) -> None:
        """Start a worker."""
        self._workers.append(_start(self._name, self._changes))

    def step(self) -> list[Result]:
        """Hand out trials, wait for something to happen, and return the results that came."""
        for worker in self._workers:
            if worker.job is None and self._waiting:
                worker.job = self._waiting.popleft()
                _give(worker)
        ready = wait([end for w in self._workers for end in (w.pipe, w.process.sentinel)])
        came = []
        for worker in list(self._workers):
            result = _answer(worker) if worker.pipe in ready else None
            if result is not None:
                worker.job = None
                self.results[result.pair] = result
                came.append(result)
            elif not worker.process.is_alive():
                self._workers.remove(worker)
                self._mourn(worker)
                self.hire()
        return came

    def _mourn(self, worker: _Worker) -> None:
        """Put the trial of a dead worker first in line again."""
        code = worker.process.exitcode
        if worker.job is None:
            raise PartError(f"a worker ended with {code} between two episodes")
        pair = worker.job[0]
        self._deaths[pair] += 1
        if self._deaths[pair] >= _MOST_DEATHS:
            raise PartError(f"pair {pair} ended its worker {_MOST_DEATHS} times, with {code}")
        _log.warning("a worker ended with %s in pair %d; the episode is run again", code, pair)
        self._waiting.appendleft(worker.job)

    def dismiss(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()


def _start(name: str, changes: Sequence[str]) -> _Worker:
    ours, theirs = _spawn.Pipe()
    process = _spawn.Process(target=_work, args=(name, list(changes), theirs), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _give(worker: _Worker) -> None:
    with contextlib.suppress(OSError):  # it died; its sentinel says so
        worker.pipe.send(worker.job)


def _answer(worker: _Worker) -> Result | None:
    """Return the result that came; None where the worker died instead."""
    try:
        answer = worker.pipe.recv()
    except (EOFError, OSError):
        worker.process.join(1.0)
        return None
    if isinstance(answer, NeuroloopError):
        raise answer
    result: Result = answer
    return result


def _work(name: str, changes: Sequence[str], pipe: "Connection[Any, Any]") -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    try:
        with course(runfile.load(name, changes)) as open_course:
            while True:
                pair, trial = pipe.recv()
                pipe.send(open_course.run(pair, trial))
    except EOFError:
        return
    except NeuroloopError as error:
        pipe.send(error)
