"""One bench on several backends, floating point first: success and energy of a decision, each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

from neuroloop.bench.navigation.course import Result, Score
from neuroloop.bench.navigation.score import Task, measure
from neuroloop.chips.energy.account import Account, account
from neuroloop.chips.energy.counts import Counts
from neuroloop.chips.energy.tariff import PROCESSOR, Tariff, chip_of, of_table, tariff
from neuroloop.config import resolve, runfile
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.report.placement import travelled

FLOAT = "float"


@dataclass(frozen=True)
class OnBackend:
    """What came of the bench on one backend."""

    backend: str
    refused: str = ""
    """why it cannot run the network; all else is empty then"""
    score: Score | None = None
    decisions: int = 0
    account: Account | None = None
    """of all pairs together; None where no figure is known for the backend"""

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        if self.score is None:
            return {"refused": self.refused}
        found = self.account
        each = found.joules / self.decisions if found is not None and self.decisions else None
        return {
            **self.score.as_json(),
            "decisions": self.decisions,
            "joules_per_decision": each,
            "energy": found and found.as_json(),
        }


def chosen(texts: Sequence[str]) -> list[str]:
    """Return the backends that ``A,B`` texts name, floating point first, each once.

    Raises
    ------
    ConfigError
        Where there is no such backend.
    """
    names = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    known = resolve.kinds("engine")
    for name in names:
        if name.replace("-", "_") not in known:
            raise ConfigError(f'--backend: no backend "{name}"{nearest(name, known)}')
    return list(dict.fromkeys([FLOAT, *(name.replace("-", "_") for name in names)]))


def measure_each(
    task: Task, backends: Sequence[str], tables: Mapping[str, str], *, progress: bool
) -> list[OnBackend]:
    """Run the pairs of a task on each backend; one that cannot run the network says why.

    Parameters
    ----------
    task
        The bench.
    backends
        As `chosen` returns them.
    tables
        Files or names of tables of figures in place of a chip's own, by backend.
    progress
        Whether to show how far it is, on standard error.
    """
    prices = {b: tariff(b, tables.get(b)) for b in backends}
    found = []
    for backend in backends:
        own = replace(task, changes=(*task.changes, f"engine.kind={backend}"))
        results: list[Result] = []
        try:
            score = measure(own, progress=progress, plot=None, trace=None, keep=results)
        except ConfigError as error:
            if backend == FLOAT:  # what is wrong there is wrong everywhere
                raise
            found.append(OnBackend(backend, refused=str(error)))
            continue
        price = prices[backend] or (of_table(PROCESSOR) if backend == FLOAT else None)
        decisions = sum(len(result.rows) for result in results)
        cost = _account(own, price, results)
        found.append(OnBackend(backend, "", score, decisions, cost))
    return found


def _account(task: Task, price: Tariff | None, results: Sequence[Result]) -> Account | None:
    """Return the account of all pairs together."""
    if price is None:
        return None
    counts = reduce(add, (result.counts for result in results), Counts())
    seconds = sum(result.time_s for result in results)
    name, changes = task.run_file()
    run = runfile.load(name, changes)
    if chip_of(run.engine.kind) is None:
        return account(price, counts, seconds)
    clock_us: int = run.clock.config.dt_us
    return account(price, counts, seconds, travelled(run, clock_us, counts))
