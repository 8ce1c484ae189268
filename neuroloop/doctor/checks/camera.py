"""OpenCV, for cameras and video files."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata

from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.doctor.remedy import pip_install

_SECONDS = 30


def findings() -> Iterator[Finding]:
    """Load OpenCV in a process of its own: a wheel that does not fit may end it."""
    installed = [d for d in metadata.distributions() if d.name.startswith("opencv-")]
    if not installed:
        yield note("OpenCV", "not installed", pip_install("opencv-python-headless"))
        return
    names = ", ".join(f"{d.name} {d.version}" for d in installed)
    command = [sys.executable, "-c", "import cv2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        remedy = pip_install("opencv-python-headless") + " --force-reinstall"
        yield note("OpenCV", f"{names} does not load: {said}", remedy)
    else:
        yield ok("OpenCV", names)
