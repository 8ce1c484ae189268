"""Cochleas side by side: ``python tests/peers/hearing.py [--seconds 4] [--json rows.json]``.

Sound of 16 kHz, 64 channels, one thread; each tool in a process and an environment of its own, one
after another in one go.  What counts is processor time: *times ours* is that of a row over that of
neuroloop's blocks of 100 ms, spikes included.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import machine
from install import NotInstalledError, interpreter

HERE = Path(__file__).parent
TOOLS = {
    "hearing_ours.py": "",
    "hearing_gammatone.py": "hearing_gammatone",
    "hearing_brian2hears.py": "hearing_brian2hears",
}
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
OURS = "neuroloop: spikes, blocks of 100 ms"


def rows(seconds, repeats):
    """Yield what each tool measured, ``repeats`` rounds of all."""
    for _ in range(repeats):
        for script, peer in TOOLS.items():
            try:
                python = interpreter(peer) if peer else sys.executable
            except NotInstalledError as error:
                yield {"name": peer, "missing": str(error)}
                continue
            done = subprocess.run(
                [str(python), str(HERE / script), str(seconds)],
                env={**os.environ, **ONE_THREAD},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                said = done.stderr.strip().splitlines() or ["it said nothing"]
                yield {"name": peer or "neuroloop", "missing": said[-1]}
            yield from map(json.loads, done.stdout.splitlines())


def lines(found):
    """Return the table; of several rounds the shortest time counts for all tools alike."""
    best = {}
    for row in found:
        if row["name"] not in best or row.get("cpu_s", 0) < best[row["name"]].get("cpu_s", 0):
            best[row["name"]] = row
    ours_s = best[OURS]["cpu_s"]
    yield f"{'':66}{'x real time':>12}{'times ours':>12}{'spikes':>10}"
    for name, row in best.items():
        if "missing" in row:
            yield f"{name:66}  {row['missing']}"
            continue
        times = row["cpu_s"] / ours_s
        yield f"{name:66}{row['times_real_time']:12.1f}{times:12.1f}{row['spikes']:10,}"


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of sound")
    parser.add_argument("--repeats", type=int, default=2, help="rounds of all tools")
    parser.add_argument("--json", type=Path, help="write every row here")
    given = parser.parse_args()
    before = machine.Usage.now()
    found = list(rows(given.seconds, given.repeats))
    steal = machine.Usage.now().steal_since(before)
    sys.stdout.write(f"{machine.processor()}; {machine.software()}; load {machine.load():.1f},")
    sys.stdout.write(f" {steal:.1%} stolen\n\n" + "\n".join(lines(found)) + "\n")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
