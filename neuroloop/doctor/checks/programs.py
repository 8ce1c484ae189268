"""Programs that are useful beside neuroloop; nothing here needs them to run."""

import os
import shutil
from collections.abc import Iterator

from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.doctor.remedy import system_package

_USES = {"git": "to update the checkout", "mosquitto": "an MQTT broker for robots and twins"}
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


def findings() -> Iterator[Finding]:
    """Look for each along the path."""
    for name, use in _USES.items():
        place = shutil.which(name, path=_PATH)
        if place:
            yield ok(name, place)
        else:
            remedy = system_package(name, f"install {name} with your system's tools")
            yield note(name, f"not found ({use})", remedy)
