"""What each process of `event_files.py` shares: time a decoder, and say what it found."""

import hashlib
import importlib.metadata
import json
import sys
import time
from pathlib import Path

import numpy as np

REPEATS = 7
BATCHES, WHOLE = "in batches", "whole"


def digest(parts):
    """Return a hash of t, x, y, p, times counted from the first; ``parts`` are such fours."""
    kinds = (np.int64, np.uint16, np.uint16, np.uint8)
    t, x, y, p = (np.concatenate([each[k] for each in parts]).astype(kinds[k]) for k in range(4))
    arrays = (t - t[0], x, y, p)
    return hashlib.blake2b(b"".join(a.tobytes() for a in arrays), digest_size=6).hexdigest()


def emit(tool, package, path, how, decode):
    """Print a row: least processor seconds of some runs, and what was found.

    ``decode`` yields the events of the file as ``(t, x, y, p)``, in one part or more.
    """
    path, best = Path(path), float("inf")
    try:
        found = [tuple(map(np.array, part)) for part in decode(path)]
        for _ in range(REPEATS):
            start = time.process_time()
            n = sum(len(part[0]) for part in decode(path))
            best = min(best, time.process_time() - start)
        row = {"events": n, "cpu_s": best, "digest": digest(found)}
    except Exception as error:  # a peer that fails is a row as well
        row = {"error": f"{type(error).__name__}: {error}"}
    version = importlib.metadata.version(package) if package else ""
    row |= {"tool": tool, "version": version, "file": path.name, "how": how}
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()
