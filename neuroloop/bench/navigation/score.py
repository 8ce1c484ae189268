"""``neuroloop bench navigation``: choose the run file, run the pairs, keep the results."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from neuroloop.bench.navigation import course, paths
from neuroloop.bench.navigation.course import Result, Score
from neuroloop.bench.navigation.fleet import run_fleet
from neuroloop.config import runfile, world_file
from neuroloop.config.world_file import WorldFile
from neuroloop.core.errors import ConfigError
from neuroloop.report import output, picture
from neuroloop.runtime.episodes import Trial

_FAST = ["plant.lidar=outlines", "plant.step_us=10000"]


@dataclass(frozen=True)
class Task:
    """One bench."""

    world: Path
    actor: Path | None
    network: str | None
    plant: str
    pairs: str
    seed: int
    workers: int
    changes: tuple[str, ...]

    def run_file(self) -> tuple[str, list[str]]:
        """Return the name of the run file and what the bench changes in it."""
        # PyBullet's rays would cost more than all the rest, and shorter steps twice as much
        fast = _FAST if self.plant == "bullet" else []
        changes = [*fast, f"plant.kind={self.plant}", f'plant.world="{self.world.absolute()}"']
        if self.actor is not None:
            changes.append(f'engine.network_options.actor="{self.actor.absolute()}"')
            return "published_actor", [*changes, *self.changes]
        if self.network is not None:
            place = Path(self.network.partition(":")[0])
            found = f"{place.absolute()}{self.network[len(str(place)) :]}"
            changes.append(f'engine.network="{found}"')
        return "navigate", [*changes, 'plant.body="bench_rover"', *self.changes]


def measure(
    task: Task,
    *,
    progress: bool,
    plot: Path | None,
    trace: Path | None,
    keep: list[Result] | None = None,
) -> Score:
    """Run the pairs of a task and sum up; ``keep`` gets the results of the pairs."""
    if plot is not None:
        picture.check_installed()
    file = world_file.load(task.world)
    name, changes = task.run_file()
    run = runfile.load(name, changes)
    if run.run.seconds is None:
        raise ConfigError(f"{run.path}: a bench needs run.seconds, the time an episode may take")
    closed = set(world_file.unreachable(file))
    jobs = [
        (pair, trial) for pair, trial in _chosen(file, task.pairs, task.seed) if pair not in closed
    ]
    with _bar(len(jobs), progress) as advance:
        results, wall_s = course.clocked(
            lambda: (
                run_fleet(name, changes, jobs, task.workers, advance)
                if task.workers > 1
                else course.run_pairs(run, jobs, advance)
            )
        )
    found = course.score(results, wall_s, sorted(closed))
    if plot is not None:
        paths.draw(file, results, found, plot)
    if keep is not None:
        keep.extend(results)
    if trace is not None:
        output.write(trace, lambda partial: course.save_trace(results, partial))
    return found


def _chosen(file: WorldFile, text: str, seed: int) -> list[tuple[int, Trial]]:
    first, colon, last = text.partition(":")
    try:
        low, high = int(first or 0), int(last or len(file.starts))
    except ValueError:
        colon = ""
        low = high = 0
    if not colon or not 0 <= low < high <= len(file.starts):
        raise ConfigError(
            f"--pairs {text}: FIRST:LAST is wanted, within 0:{len(file.starts)}, as in 0:50"
        )
    return course.trials(file.starts, file.goals, seed)[low:high]


@contextmanager
def _bar(total: int, shown: bool) -> Iterator[Callable[[Result], None]]:
    """Show how far the bench is, on standard error."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    good = 0
    with Progress(
        *Progress.get_default_columns()[:2],
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        line = bar.add_task("pairs", total=total)

        def advance(result: Result) -> None:
            nonlocal good
            good += result.outcome == course.SUCCESS
            bar.update(line, advance=1, description=f"{good} at their goal")

        yield advance
