"""The truth report: ``python tests/peers/truth.py [--only cuba] [--output docs/truth.md]``.

Rates, irregularity and synchrony of ours beside ten seeds of Brian2 and NEST.  What the peers said
is kept in the cache folder; ours is always run anew.
"""

import argparse
import sys
from pathlib import Path

import measure
import truth_runs
import truth_table
from install import PINS
from studies import SEEDS, STUDIES, WARM_S

DRAWN = (1, 2, 3)
"""seeds of the networks that all tools run alike"""


def options():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="networks, with commas between")
    default = Path(__file__).parents[2] / "docs" / "truth.md"
    parser.add_argument("--output", type=Path, default=default)
    return parser.parse_args()


def compare(study):
    """Return the study, our statistics and those of each peer that can be had."""
    found = {}
    for peer in ("", *study.peers):
        numbers = _gather(lambda seed, peer=peer: truth_runs.statistics(study, peer, seed), SEEDS)
        if numbers is not None:
            found[peer] = numbers
    return study, found.pop(""), found


def compare_same(study):
    """Return the study and each tool's rates of the very same networks."""
    found = {}
    for peer in ("", *study.peers):
        numbers = _gather(lambda seed, peer=peer: truth_runs.rates(study, peer, seed), DRAWN)
        if numbers is not None:
            found[peer] = numbers
    return study, found


def _gather(run, seeds):
    try:
        return [run(seed) for seed in seeds]
    except measure.NotInstalledError as error:
        _say(f"  left out: {error}")
        return None


def _versions(studies):
    pins = {peer: (PINS / f"{peer}.txt").read_text() for study in studies for peer in study.peers}
    return [text.splitlines()[1].replace("==", " ") for _, text in sorted(pins.items())]


def main():
    """Run everything, write the page."""
    given = options()
    names = given.only.split(",") if given.only else [study.workload for study in STUDIES]
    studies = [study for study in STUDIES if study.workload in names]
    blocks, same = [], []
    for study in studies:
        _say(f"{study.title}: ten seeds")
        blocks.append(compare(study))
        _say(f"{study.title}: the same network")
        same.append(compare_same(study))
    page = truth_table.report(blocks, same, _versions(studies), WARM_S)
    given.output.write_text(page)
    _say(f"wrote {given.output}")


def _say(line):
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
