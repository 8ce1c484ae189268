"""OpenCV, for cameras and video files, and the right to open the cameras that there are."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.doctor.remedy import as_root, pip_install

_SECONDS = 30
_NODES = Path("/dev")


def findings() -> Iterator[Finding]:
    """Load OpenCV in a process of its own, and look at the devices; nothing is opened."""
    yield _opencv()
    nodes = sorted(_NODES.glob("video[0-9]*"))
    if nodes:
        yield _devices(nodes)


def _opencv() -> Finding:
    """Load it where nothing is lost: a wheel that does not fit may end the process."""
    installed = [d for d in metadata.distributions() if d.name.startswith("opencv-")]
    if not installed:
        return note("OpenCV", "not installed", pip_install("opencv-python-headless"))
    names = ", ".join(f"{d.name} {d.version}" for d in installed)
    command = [sys.executable, "-c", "import cv2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        remedy = pip_install("opencv-python-headless") + " --force-reinstall"
        return note("OpenCV", f"{names} does not load: {said}", remedy)
    return ok("OpenCV", names)


def _devices(nodes: list[Path]) -> Finding:
    names = ", ".join(str(node) for node in nodes)
    if all(os.access(node, os.R_OK | os.W_OK) for node in nodes):
        return ok("cameras", f"{names}; `neuroloop list devices` shows what they offer")
    remedy = as_root("usermod -aG video $USER") + "   # then log in again"
    return note("cameras", f"{names}: not allowed", remedy)
