"""The side-by-side speed table: ``python tests/peers/run.py [--only cuba,brunel] [--full]``.

Ours and all peers in one go, interleaved, each in a process of its own; the table goes to standard
output, progress to standard error.
"""

import argparse
import json
import sys
from pathlib import Path

import machine
import measure
import plan
import table


def options():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="cases, with commas between")
    parser.add_argument("--repeats", type=int, default=3, help="processes a row, each its own seed")
    parser.add_argument("--full", action="store_true", help="the full-scale microcircuit, too")
    parser.add_argument("--json", type=Path, help="write every process's row here")
    parser.add_argument("--markdown", type=Path, help="write the table here")
    return parser.parse_args()


def run_case(case, repeats):
    """Return the rows of a case's processes, and ``(tool, why)`` of those that cannot run."""
    rows, missing = [], {}
    if case.metric == "first_s":
        _round(case, 0, missing)  # fills the caches
    for repeat in range(repeats):
        rows += _round(case, repeat + 1, missing)
    return rows, list(missing.items())


def _round(case, seed, missing):
    rows = []
    for job in case.jobs:
        name = " ".join([job.peer or "neuroloop", *job.options])
        if name in missing:
            continue
        _say(f"{case.title}: {name}, seed {seed}")
        try:
            given = (case.name, *case.options, *job.options, "--seed", str(seed))
            rows.append(measure.run(job.peer, job.script, *given))
        except measure.NotInstalledError as error:
            missing[name] = f"not installed: {error}"
        except measure.FailedError as error:
            missing[name] = f"FAILED: {error}"
        if name in missing:
            _say(f"  {missing[name]}")
    return rows


def main():
    """Run the cases, print the table."""
    given = options()
    cases = plan.chosen([name for name in given.only.split(",") if name], given.full)
    load, before = machine.load(), machine.Usage.now()
    blocks, every = [], []
    for case in cases:
        rows, missing = run_case(case, given.repeats)
        every += [{"title": case.title, **row} for row in rows]
        blocks.append((case, table.lines(case, rows, missing)))
    steal = machine.Usage.now().steal_since(before)
    about = [
        machine.processor(),
        machine.software(),
        f"load {load:.2f} before; {steal:.1%} of processor time stolen meanwhile",
        f"medians of {given.repeats} processes; lower is better unless it counts events",
    ]
    report = table.markdown(blocks, about)
    sys.stdout.write(report)
    if given.markdown:
        given.markdown.write_text(report)
    if given.json:
        given.json.write_text(json.dumps({"machine": about, "rows": every}, indent=1))


def _say(line):
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
