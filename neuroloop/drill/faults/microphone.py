"""A microphone that the robot listens to is pulled out."""

import importlib.util
import shutil
from ctypes.util import find_library

from neuroloop.drill.drill import Drill
from neuroloop.drill.plays import Stops, pulled

_LASTS_S = 1.0


def _lacks() -> str:
    if importlib.util.find_spec("sounddevice") is None:
        return "sounddevice: pip install sounddevice"
    if find_library("portaudio") is None:
        return "PortAudio: apt-get install libportaudio2 libasound2-plugins"
    if shutil.which("pulseaudio") is None:
        return "PulseAudio: apt-get install pulseaudio pulseaudio-utils"
    return ""


DRILLS = (
    Drill(
        "microphone-unplugged",
        "a microphone is pulled out in mid-run",
        "stops; moves again when it is back and armed",
        'sensor "microphone" (failed|silent)|sensor "microphone": the device',
        Stops(pulled("unplug"), lasts_s=_LASTS_S),
        changes=(
            "sensor.device.kind=neuroloop.drill.parts.sound_device",
            "sensor.device.trigger={folder}/trigger",
            "sensor.device.silent_ms=5000",
            "sensor.microphone.kind=microphone",
            "sensor.microphone.repeats=true",
        ),
        lacks=_lacks,
    ),
)
