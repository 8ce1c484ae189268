"""Frames to events, ours beside others: ``python tests/peers/sight.py [--seconds 3 --repeats 3]``.

All get the same frames, one thread each, a process a run, interleaved; the figures are frames a
second of processor time, the median of the repeats.  ``--markdown FILE`` writes the tables too.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import install
import machine
import numpy as np

HERE = Path(__file__).parent
PYTHONS = {"evlib": "sight-evlib", "eventify": "sight-eventify", "eventify_0_2": "sight-eventify"}
NAMES = {
    "clean": "neuroloop, clean",
    "noisy": "neuroloop, noisy",
    "loop": "a plain compiled loop",
    "evlib": "evlib 0.13.2, ESIM",
    "eventify": "eventify-dvs 0.2.0, its threshold of 0.05",
    "eventify_0_2": "eventify-dvs 0.2.0, 0.2",
}
CASES = (
    ("discs", 640, 480, ("clean", "noisy", "loop", "evlib", "eventify", "eventify_0_2")),
    ("quiet", 640, 480, ("clean", "noisy", "loop", "evlib", "eventify", "eventify_0_2")),
    ("quiet", 1280, 720, ("clean", "loop")),
    ("texture", 1280, 720, ("clean", "noisy", "loop", "evlib", "eventify", "eventify_0_2")),
)


def measured(tool, case, seconds):
    """Run one tool once; returns its row, or in words why there is none."""
    pattern, width, height, _ = case
    try:
        python = install.interpreter(PYTHONS[tool]) if tool in PYTHONS else sys.executable
    except install.NotInstalledError as error:
        return str(error)
    words = [HERE / "sight_run.py", tool, pattern, width, height, seconds]
    done = subprocess.run(
        [str(python), *map(str, words)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return json.loads(done.stdout.strip().splitlines()[-1])


def read_rate():
    """Return how many bytes a second one core reads from memory."""
    block = np.ones(1 << 24, np.uint64)
    took = []
    for _ in range(8):
        begin = time.process_time()
        block.max()
        took.append(time.process_time() - begin)
    return block.nbytes / min(took)


def table(case, rows, bytes_per_s):
    """Return the lines of one case as a Markdown table."""
    pattern, width, height, _ = case
    ours = rows["clean"]["fps"]
    lines = [
        f"**{pattern}, {width} x {height}**",
        "",
        "| | frames/s of processor | events/frame | M events/s | ours is |",
        "|---|---|---|---|---|",
    ]
    for tool, row in rows.items():
        if isinstance(row, str):
            lines.append(f"| {NAMES[tool]} | not run: {row} | | | |")
            continue
        fps, events = row["fps"], row["events"]
        times = f"{ours / fps:,.0f}" if ours > 10 * fps else f"{ours / fps:.1f}"
        ratio = "" if tool == "clean" else f"{times} x as fast"
        lines.append(
            f"| {NAMES[tool]} | {fps:,.0f} | {events:,.0f} | {fps * events / 1e6:.1f} | {ratio} |"
        )
    if pattern == "quiet":
        limit = bytes_per_s / (3 * width * height)
        note = f"{limit / ours:.1f} x as fast as ours" if limit > ours else "in the cache"
        lines.append(f"| reading 3 bytes a pixel from memory | {limit:,.0f} | | | {note} |")
    return [*lines, ""]


def main():
    """Run all cases and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of processor time, each")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--markdown", type=Path)
    chosen = parser.parse_args()
    before = machine.Usage.now()
    lines = []
    for case in CASES:
        runs = {tool: [] for tool in case[3]}
        for _ in range(chosen.repeats):
            for tool, rows in runs.items():
                rows.append(measured(tool, case, chosen.seconds))
        new = table(case, {tool: _median(rows) for tool, rows in runs.items()}, read_rate())
        sys.stdout.write("\n".join(new) + "\n")
        lines += new
    lines.append(
        f"{machine.processor()}; {machine.software()}; load {machine.load():.1f}, "
        f"steal {machine.Usage.now().steal_since(before):.0%}."
    )
    sys.stdout.write(lines[-1] + "\n")
    if chosen.markdown:
        chosen.markdown.write_text("\n".join(lines) + "\n", "utf-8")


def _median(rows):
    """Return the row of the median frame rate, or why there is none."""
    good = [row for row in rows if not isinstance(row, str)]
    if not good:
        return rows[0]
    middle = statistics.median_low(row["fps"] for row in good)
    return next(row for row in good if row["fps"] == middle)


if __name__ == "__main__":
    main()
