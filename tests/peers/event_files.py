"""Decoders of event files side by side: ``python tests/peers/event_files.py [RECORDING ...]``.

A real recording (``events/evt2.raw`` of the folder in NEUROLOOP_DATA) is written in every format by
faery, and decoded by neuroloop and by the peers of ``environments/events.txt``, in turn; other
recordings can be named.  The table tells how many million events each decodes in a second of
processor time, the best of some runs, and whether it finds the same events as neuroloop.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import machine
from install import NotInstalledError, interpreter

HERE = Path(__file__).parent
DATA = Path(os.environ.get("NEUROLOOP_DATA", HERE.parents[2] / "shared" / "data"))


def rows(python, script, *files):
    """Return what a script says of files, a row for each decoder."""
    command = [str(python), str(HERE / script), *map(str, files)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def compare(found):
    """Return the lines of the table of one file: neuroloop first, then the fastest."""
    ours = {row["how"]: row for row in found if row["tool"] == "neuroloop"}
    for row in sorted(found, key=lambda row: (row["tool"] != "neuroloop", row.get("cpu_s", 9e9))):
        label = f"{row['tool']} {row['version']}, {row['how']}"
        if "error" in row:
            yield f"| {row['file']} | {label} | - | - | {row['error']} |"
            continue
        own = ours[row["how"]]
        times = row["cpu_s"] / own["cpu_s"]
        same = "the same" if row["digest"] == own["digest"] else f"others ({row['events']:,})"
        rate = row["events"] / row["cpu_s"] / 1e6
        yield f"| {row['file']} | {label} | {rate:.1f} | {times:.2f} | {same} |"


def main():
    """Convert, decode, print the table."""
    try:
        python = interpreter("events")
    except NotInstalledError as error:
        sys.exit(f"the peers cannot be had here: {error}")
    raw = DATA / "events" / "evt2.raw"
    if not raw.exists():
        sys.exit(f"no recording {raw} (set NEUROLOOP_DATA)")
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python), str(HERE / "event_files_peer.py"), "convert", str(raw), folder]
        subprocess.run(command, check=True)
        files = [*sorted(Path(folder).iterdir()), *map(Path, sys.argv[1:])]
        load, lines = machine.load(), []
        for file in files:
            found = rows(sys.executable, "event_files_ours.py", file)
            found += rows(python, "event_files_peer.py", file)
            lines += compare(found)
    head = (
        f"{machine.processor()}, {machine.software()}, load {load:.2f}\n\n"
        "| file | decoder | Mev/s | times ours | events |\n|---|---|--:|--:|---|\n"
    )
    sys.stdout.write(head + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
