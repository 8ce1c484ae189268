"""``python -m neuroloop.train.navigation``: train the network of the navigation run file."""

import argparse
import os
import sys
import time
from pathlib import Path

from neuroloop.bench import worlds
from neuroloop.bench.navigation.score import Task, measure
from neuroloop.core.errors import ConfigError, NeuroloopError
from neuroloop.network import save
from neuroloop.train.navigation import checkpoint, courses, imitate
from neuroloop.train.navigation.expert import Expert
from neuroloop.train.navigation.imitate import Mark, Plan, Round
from neuroloop.train.navigation.rollout import GOAL
from neuroloop.train.navigation.student import network

EXAM_WORLDS, EXAM_PAIRS = 6, 5
"""of each kind, after every `EXAM_EVERY` rounds"""
EXAM_EVERY = 3
REAL_SEED, REAL_PAIRS = 90_000, 60
"""of the worlds driven in the loop itself at the end"""
BEST = "best.npz"
"""of the round that did best in an exam, the later of two; its mark stands in ``best.txt``"""
NETWORK = "network.npz"
"""the network after the last round, in the folder of the training"""


def main(arguments: list[str] | None = None) -> int:
    """Train until the rounds or the hours are over; returns the exit code.

    Each round ends with files from which ``--resume`` continues to the same bits; ``--hours`` ends
    the training between rounds, and what is done so far is a network too.
    """
    options = _options(arguments)
    try:
        _train(options)
    except KeyboardInterrupt:
        _say(f"stopped; continue with --resume --out {options.out}")
        return 130
    except NeuroloopError as error:
        _say(str(error))
        return 2
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="train_navigation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of everything (0)")
    parser.add_argument("--rounds", type=int, default=Plan.rounds, help="of driving and learning")
    parser.add_argument("--hours", type=float, default=24.0, help="stop after the round in which")
    parser.add_argument("--out", type=Path, default=Path("out/train_navigation"))
    parser.add_argument("--resume", action="store_true", help="continue what is in --out")
    return parser.parse_args(arguments)


def _train(options: argparse.Namespace) -> None:
    plan = Plan(seed=options.seed, rounds=options.rounds)
    progress, rounds = imitate.begin(plan), list[Round]()
    if options.resume:
        plan, progress, rounds = checkpoint.load(options.out)
    elif (options.out / checkpoint.STATE).exists():
        raise ConfigError(f"{options.out} holds a training: --resume it, or choose another --out")
    options.out.mkdir(parents=True, exist_ok=True)
    expert, tasks = Expert(), courses.exam(EXAM_WORLDS, EXAM_PAIRS)
    marked = (options.out / BEST).with_suffix(".txt")
    began, best = time.monotonic(), float(marked.read_text()) if marked.exists() else 0.0
    _say(f"seed {plan.seed}, {plan.rounds} rounds, into {options.out}")
    while progress.done < plan.rounds and time.monotonic() - began < 3600 * options.hours:
        seen, drives = imitate.lesson(plan, progress, expert)
        rounds.append(seen)
        progress, loss = imitate.learn(plan, progress, rounds)
        checkpoint.save(options.out, plan, progress, seen)
        save(network(progress.student), options.out / NETWORK)
        won = sum(d.outcome == GOAL for d in drives) / len(drives)
        line = f"round {progress.done:3d}  loss {loss:.4f}  lesson {won:4.0%}"
        if progress.done % EXAM_EVERY == 0 or progress.done == plan.rounds:
            marks = imitate.examine(progress.student, tasks)
            mean = sum(mark.success for mark in marks.values()) / len(marks)
            if mean >= best:
                best = mean
                save(network(progress.student), options.out / BEST)
                marked.write_text(f"{mean!r}\n")
            line += "".join(f"  {kind} {_text(mark)}" for kind, mark in marks.items())
        _say(f"{line}  {(time.monotonic() - began) / 60:.1f} min")
    _say(f"{progress.done} rounds are done; the last network is {options.out / NETWORK}")
    if (options.out / BEST).exists():
        _say(f"the best in an exam is {options.out / BEST}")
        _drive_for_real(options.out)


def _drive_for_real(out: Path) -> None:
    """Score the best network in the loop that users run, in worlds it has never seen."""
    for kind in worlds.kinds():
        place = out / f"{kind}.npz"
        worlds.generate_to(kind, REAL_SEED, place, REAL_PAIRS)
        task = Task(place, None, str(out / BEST), "plane", ":", 0, os.cpu_count() or 1, ())
        score = measure(task, progress=False, plot=None, trace=None)
        _say(f"in the loop, {kind}: {score.success} of {score.pairs}, {score.collision} hit")


def _text(mark: Mark) -> str:
    return f"{mark.success:.0%} ({mark.collisions:.0%} hit, {mark.synops / 1000:.0f}k synops)"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
