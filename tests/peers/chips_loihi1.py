"""Loihi 1 beside Lava and NengoLoihi: ``python tests/peers/chips_loihi1.py [--cases 40]``.

Random networks run in each peer and here, and every current, potential and spike of every tick is
compared.  Then the time of a tick of a network of 256-256-256, all in one go: the same spikes in
each tool, in stretches of many ticks in one call, the fastest stretch of some rounds for all alike.
Each tool runs in a process and an environment of its own, one after another.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import machine
import numpy as np
from chips_loihi1_case import (
    SPEED_N,
    flood_case,
    lava_case,
    nengo_case,
    refractory_case,
    speed_case,
)
from install import NotInstalledError, interpreter

HERE = Path(__file__).parent
PEERS = {"lava": "lava", "nengo": "nengo_loihi"}
"""the peer's environment, by reading"""
TIMED_TICKS = {"ours": 40_000, "lava": 2_000, "nengo": 6_000}
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}


class FailedError(Exception):
    """A process ended badly; the message is the last line it said."""


def answers(python, script, cases, *options):
    """Return what a script answers to the cases."""
    with tempfile.TemporaryDirectory() as folder:
        given, into = Path(folder, "cases.json"), Path(folder, "answers.json")
        given.write_text(json.dumps(cases))
        done = subprocess.run(
            [str(python), str(HERE / script), str(given), str(into), *options],
            env={**os.environ, **ONE_THREAD},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
            raise FailedError(f"{script}: {said[-1]}")
        return json.loads(into.read_text())


def ours(reading, cases):
    """Return what neuroloop answers."""
    return answers(sys.executable, "chips_loihi1_ours.py", cases, reading)


def theirs(reading, cases):
    """Return what the peer answers."""
    python = interpreter(PEERS[reading])
    return answers(python, f"chips_loihi1_{reading}.py", cases)


def difference(found, wanted):
    """Return how many numbers were compared, and where the first one that differs is, or ''."""
    compared, where = 0, ""
    for name, seen in wanted.items():
        for what, numbers in seen.items():
            a, b = np.array(found[name][what]), np.array(numbers)
            compared += b.size
            if not np.array_equal(a, b) and not where:
                tick, unit = np.argwhere(a != b)[0]
                where = (
                    f"{name}.{what}[{unit}] in tick {tick}: {a[tick, unit]}, not {b[tick, unit]}"
                )
    return compared, where


def truth(reading, n):
    """Yield lines: of each case that differs, and how much was compared."""
    short = speed_case(reading, 20)
    draw = lava_case if reading == "lava" else nengo_case
    cases = [short, *map(draw, range(n))]
    if reading == "lava":
        cases += [flood_case(), *map(refractory_case, range(1 + n // 10))]
    pairs = zip(ours(reading, cases)[1:], theirs(reading, cases)[1:], strict=True)
    n, compared, differing, spikes = len(cases) - 1, 0, 0, 0
    for seed, (found, wanted) in enumerate(pairs):
        numbers, where = difference(found, wanted)
        compared += numbers
        spikes += sum(int(np.abs(seen["spikes"]).sum()) for seen in wanted.values())
        if where:
            differing += 1
            yield f"  case {seed}: {where}"
    yield (
        f"{reading}: {n - differing} of {n} networks equal; {compared:,} numbers compared"
        f" (u, v and spikes of each tick, with {spikes:,} spikes)"
    )


def round_of_times():
    """Return seconds a tick by tool, one process each, and check that all fired alike."""
    ticks = TIMED_TICKS
    found = {}
    for reading, peer in (("lava", "Lava"), ("nengo", "NengoLoihi")):
        mine = ours(reading, [speed_case(reading, ticks["ours"])])[0]
        found[f"neuroloop, {reading}'s reading"] = mine["tick_s"]
        active = [k / ticks["ours"] / SPEED_N for k in mine["spikes"].values()]
        _say(f"{reading}: of 256 neurons a tick, " + " and ".join(f"{k:.1%}" for k in active))
        if "float" in mine:
            found["neuroloop, floating point"] = mine["float"]["tick_s"]
        try:
            short = speed_case(reading, ticks[reading])
            same = ours(reading, [short])[0]["spikes"]
            other = theirs(reading, [short])[0]
        except (NotInstalledError, FailedError) as error:
            _say(f"{peer}: {error}")
            continue
        if other["spikes"] != same:
            _say(f"{peer} fired {other['spikes']}, neuroloop {same}")
        found[peer] = other["tick_s"]
    return found


def speed(rounds):
    """Yield the table of times."""
    best = {}
    for _ in range(rounds):
        for tool, tick_s in round_of_times().items():
            best[tool] = min(tick_s, best.get(tool, tick_s))
    yield f"{'':34}{'us a tick':>12}{'times ours':>12}"
    base = {
        "Lava": "neuroloop, lava's reading",
        "NengoLoihi": "neuroloop, nengo's reading",
        "neuroloop, floating point": "neuroloop, lava's reading",
    }
    for tool, tick_s in best.items():
        times = f"{tick_s / best[base[tool]]:12.1f}" if tool in base else ""
        yield f"{tool:34}{1e6 * tick_s:12.2f}{times}"


def main():
    """Compare, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=40, help="random networks a reading")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of all timed tools")
    given = parser.parse_args()
    before, load = machine.Usage.now(), machine.load()
    failed = False
    for reading in PEERS:
        try:
            for line in truth(reading, given.cases) if given.cases else ():
                failed |= line.startswith("  case")
                sys.stdout.write(line + "\n")
        except (NotInstalledError, FailedError) as error:
            sys.stdout.write(f"{reading}: not compared: {error}\n")
    if given.rounds:
        sys.stdout.write("\n".join(speed(given.rounds)) + "\n")
    steal = machine.Usage.now().steal_since(before)
    sys.stdout.write(f"{machine.processor()}; {machine.software()}; load {load:.1f},")
    sys.stdout.write(f" {steal:.1%} stolen\n")
    return int(failed)


def _say(line):
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
