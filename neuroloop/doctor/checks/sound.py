"""PortAudio and its Python package, for microphones; libsndfile's, for compressed recordings."""

import ctypes.util
import importlib.util
import sys
from collections.abc import Iterator

from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.doctor.remedy import pip_install, system_package


def findings() -> Iterator[Finding]:
    """Look for them; nothing is loaded."""
    for package in ("sounddevice", "soundfile"):
        if importlib.util.find_spec(package) is None:
            yield note(package, "not installed", pip_install(package))
        else:
            yield ok(package, "installed")
    # elsewhere the library travels in the wheel
    if sys.platform.startswith("linux"):
        library = ctypes.util.find_library("portaudio")
        if library is None:
            remedy = system_package("libportaudio2", "install PortAudio with your system's tools")
            yield note("PortAudio", "library not found", remedy)
        else:
            yield ok("PortAudio", library)
